//! One server of a measurement, in a process of its own: writes turns and prints each as soon as it is acknowledged.
//!
//! It prints `ready`, `leader N` on every change, `ack CONVERSATION KEY`. At its standard input, `stop` ends its writing and
//! is answered by `stopped`; `dump` is answered by `turn CONVERSATION KEY NUMBER` for everything stored, then `end`, and
//! ends it in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use desk::contact::{Address, Assurance, Channel};
use desk::ids::{ConversationId, IdempotencyKey, TurnId};
use desk::language::Language;
use desk::ports::conversations::{Conversations, NewConversation};
use desk::turn::{Author, Content, NewTurn};
use store::{Store, StoreConfig};
use tokio::io::{AsyncBufReadExt, BufReader};

/// How a member is told what to be.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Member {
    pub(crate) store: StoreConfig,
    /// How many write at once.
    pub(crate) writers: usize,
}

pub(crate) fn new_conversation() -> NewConversation {
    NewConversation {
        id: ConversationId::new(),
        address: Address {
            channel: Channel::Chat,
            value: uuid::Uuid::now_v7().to_string(),
            assurance: Assurance::Claimed,
        },
        name: None,
        language: Language::Ro,
        secret_digest: [0; 32],
        key: IdempotencyKey(uuid::Uuid::now_v7().to_string()),
    }
}

pub(crate) fn new_turn(conversation: ConversationId) -> NewTurn {
    NewTurn {
        id: TurnId::new(),
        conversation,
        author: Author::Citizen,
        language: Language::Ro,
        content: Content::text("Bună ziua, mi-a expirat buletinul și plec săptămâna viitoare. Ce acte îmi trebuie?"),
        key: IdempotencyKey(uuid::Uuid::now_v7().to_string()),
    }
}

pub(crate) async fn run(file: &str) -> anyhow::Result<()> {
    let member: Member = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let store = Store::open(member.store).await?;
    store.wait_until_ready(Duration::from_secs(60)).await?;
    println!("ready");
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..member.writers).map(|_| tokio::spawn(write(store.clone(), Arc::clone(&stop)))).collect();
    let watching = tokio::spawn(watch(store.clone()));
    let mut writers = Some(writers);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match line.as_str() {
            "stop" => {
                stop.store(true, Ordering::Relaxed);
                for writer in writers.take().unwrap_or_default() {
                    writer.await?;
                }
                println!("stopped");
            }
            "dump" => {
                dump(&store)?;
                break;
            }
            _ => {}
        }
    }
    watching.abort();
    store.close().await?;
    Ok(())
}

async fn write(store: Store, stop: Arc<AtomicBool>) {
    let conversations = store.conversations();
    let start = new_conversation();
    let conversation = start.id;
    while conversations.start(start.clone()).await.is_err() {}
    while !stop.load(Ordering::Relaxed) {
        let turn = new_turn(conversation);
        let key = turn.key.0.clone();
        // As a channel does: the same turn again until it is acknowledged.
        while conversations.record(turn.clone()).await.is_err() {}
        println!("ack {conversation} {key}");
    }
}

async fn watch(store: Store) {
    let mut known = None;
    loop {
        if let Ok(health) = store.health().await
            && health.leader != known
        {
            known = health.leader;
            println!("leader {}", known.unwrap_or(0));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn dump(store: &Store) -> anyhow::Result<()> {
    let file = store.config().folder.join("state_machine/db/store.db");
    let connection = hiqlite::rusqlite::Connection::open(file)?;
    let mut statement =
        connection.prepare("SELECT conversation, key, number FROM turns ORDER BY conversation, number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let conversation = uuid::Uuid::from_slice(&row.get::<_, Vec<u8>>(0)?)?;
        println!("turn {conversation} {} {}", row.get::<_, String>(1)?, row.get::<_, i64>(2)?);
    }
    println!("end");
    Ok(())
}
