//! Durable turns per second: each acknowledged only when it is on the disk, with its journal row and its mark for the
//! assistant; against plain SQLite doing the same statements with `synchronous = FULL`, one commit per turn.

use std::time::{Duration, Instant};

use desk::ports::conversations::Conversations;
use hiqlite::rusqlite::{Connection, params};
use store::{Store, StoreConfig};

use crate::member::{new_conversation, new_turn};

const TIME: Duration = Duration::from_secs(5);

pub(crate) async fn run() -> anyhow::Result<()> {
    let scratch = crate::scratch()?;
    let folder = crate::path(&scratch)?;
    println!("durable turns per second, {} s each", TIME.as_secs());
    println!("  plain SQLite, WAL, synchronous=FULL, one writer: {:>8.0}", plain(&folder.join("plain.db"))?);
    let store = Store::open(StoreConfig::single(folder.join("store"))).await?;
    for writers in [1, 32, 256] {
        let (rate, p50, p99) = ours(&store, writers).await?;
        println!("  the store, {writers:>3} writers: {rate:>8.0}   p50 {p50:.2?}   p99 {p99:.2?}");
    }
    store.close().await?;
    Ok(())
}

fn plain(file: &camino::Utf8Path) -> anyhow::Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    connection.execute_batch(include_str!("../../migrations/1_foundation.sql"))?;
    let conversation = uuid::Uuid::now_v7();
    connection.execute(
        "INSERT INTO conversations (id, key, secret_digest, contact, channel, language, state, owner_kind, owner_id,
         version, turns, created_at, updated_at)
         VALUES (?1, 'k', x'00', ?1, 'chat', 'ro', 'open', 'assistant', '', 1, 0, 0, 0)",
        params![conversation.as_bytes()],
    )?;
    let content = serde_json::to_string(&new_turn(desk::ids::ConversationId(conversation)).content)?;
    let (begin, mut turns) = (Instant::now(), 0_u32);
    while begin.elapsed() < TIME {
        turns += 1;
        let id = uuid::Uuid::now_v7();
        let transaction = connection.transaction()?;
        let run = |sql: &str, params: &[&dyn hiqlite::rusqlite::ToSql]| -> anyhow::Result<()> {
            transaction.prepare_cached(sql)?.execute(params)?;
            Ok(())
        };
        run("INSERT INTO applied (id) VALUES (?1)", params![id.as_bytes()])?;
        run("UPDATE conversations SET turns = ?2 WHERE id = ?1", params![conversation.as_bytes(), turns])?;
        run(
            "INSERT INTO turns (id, conversation, number, key, author_kind, author_id, language, content, salt, at)
             VALUES (?1, ?2, ?3, ?4, 'citizen', '', 'ro', ?5, ?1, 0)",
            params![id.as_bytes(), conversation.as_bytes(), turns, id.to_string(), content],
        )?;
        run(
            "INSERT INTO journal (at, actor_kind, actor_id, event, conversation, subject, detail)
             VALUES (0, 'citizen', '', 'turn_added', ?1, ?2, ?3)",
            params![conversation.as_bytes(), id.to_string(), "0".repeat(80)],
        )?;
        run(
            "INSERT INTO pending (turn, conversation, since) VALUES (?1, ?2, 0)",
            params![id.as_bytes(), conversation.as_bytes()],
        )?;
        transaction.commit()?;
    }
    Ok(f64::from(turns) / begin.elapsed().as_secs_f64())
}

async fn ours(store: &Store, writers: usize) -> anyhow::Result<(f64, Duration, Duration)> {
    let mut tasks = Vec::new();
    let begin = Instant::now();
    for _ in 0..writers {
        let conversations = store.conversations();
        tasks.push(tokio::spawn(async move {
            let conversation = conversations.start(new_conversation()).await?.id;
            let mut times = Vec::new();
            while begin.elapsed() < TIME {
                let at = Instant::now();
                conversations.record(new_turn(conversation)).await?;
                times.push(at.elapsed());
            }
            anyhow::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    Ok((rate, at(50), at(99)))
}
