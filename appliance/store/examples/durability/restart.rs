//! One process, killed while it writes. How long until it serves again, and is everything acknowledged there?

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use desk::ports::cases::{CaseFilter, Cases};
use desk::ports::conversations::{ConversationFilter, Conversations};
use store::{Store, StoreConfig};
use tokio::sync::mpsc;

use crate::failover::{Heard, check, start, stop};
use crate::member::Member;

pub(crate) async fn run(cases: u64) -> anyhow::Result<()> {
    let scratch = crate::scratch()?;
    let folder = crate::path(&scratch)?;
    crate::seed::fill(&folder, cases).await?;
    let config = StoreConfig::single(folder.join("seeded"));
    let size = || std::fs::metadata(config.folder.join("state_machine/db/store.db")).map_or(0, |file| file.len());

    let member = Member { store: config.clone(), writers: 32 };
    let (sender, receiver) = mpsc::channel(10_000);
    let mut heard = Heard::new(receiver);
    let taking = Instant::now();
    let mut child = start(&folder, 1, &member, sender.clone()).await?;
    let ready = heard.wait(|said| said.line == "ready").await?;
    println!(
        "restart with {cases} cases ({} MB); taken over from a restored file in {:.2?}",
        size() / 1_000_000,
        ready.at.duration_since(taking)
    );
    heard.listen(Duration::from_secs(8)).await?;
    println!("  {} turns acknowledged by 32 writers in 8 s, then kill -9", heard.acknowledged.len());
    child.start_kill()?;
    child.wait().await?;
    let at = Instant::now();
    let member = Member { store: config.clone(), writers: 1 };
    let mut children = BTreeMap::from([(1, start(&folder, 1, &member, sender.clone()).await?)]);
    let ready = heard.wait(|said| said.line == "ready").await?;
    let acknowledged = heard.wait(|said| said.line.starts_with("ack") && said.at > ready.at).await?;
    println!(
        "  ready {:.2?} after the restart, the next write acknowledged after {:.2?}",
        ready.at.duration_since(at),
        acknowledged.at.duration_since(at)
    );
    stop(&mut heard, &mut children).await?;
    for (node, mut child) in children {
        check(&mut heard, &mut child, node).await?;
        child.wait().await?;
    }
    let at = Instant::now();
    let store = Store::open(config.clone()).await?;
    store.wait_until_ready(Duration::from_secs(60)).await?;
    println!("  after an orderly stop: ready in {:.2?}", at.elapsed());
    lists(&store).await?;
    store.close().await?;
    Ok(())
}

/// What an operator's first page asks.
async fn lists(store: &Store) -> anyhow::Result<()> {
    let at = Instant::now();
    let open = CaseFilter { open: true, limit: 50, ..CaseFilter::default() };
    let cases = store.cases().list(open).await?.len();
    let listed = at.elapsed();
    let at = Instant::now();
    let waiting = ConversationFilter { waiting: true, open: true, limit: 50, ..ConversationFilter::default() };
    let conversations = store.conversations().list(waiting).await?.len();
    let waited = at.elapsed();
    let at = Instant::now();
    let watched = store.cases().watched(1000).await?.len();
    println!(
        "  {cases} urgent cases in {listed:.2?}, {conversations} waiting conversations in {waited:.2?}, \
         {watched} watched cases in {:.2?}",
        at.elapsed()
    );
    Ok(())
}
