//! Three processes; the leader is killed again and again. How long until the next acknowledged write, and is every
//! acknowledged turn there exactly once?

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use store::{Peer, StoreConfig};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::member::Member;

/// What a member said, and when it was heard.
pub(crate) struct Said {
    pub(crate) node: u64,
    pub(crate) at: Instant,
    pub(crate) line: String,
}

/// Starts a member; its words go to `said`.
pub(crate) async fn start(
    folder: &Utf8Path,
    node: u64,
    member: &Member,
    said: mpsc::Sender<Said>,
) -> anyhow::Result<Child> {
    let file = folder.join(format!("member-{node}.json"));
    std::fs::write(&file, serde_json::to_string(member)?)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["member", file.as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if said.send(Said { node, at: Instant::now(), line }).await.is_err() {
                break;
            }
        }
    });
    Ok(child)
}

/// What the members have said so far.
pub(crate) struct Heard {
    pub(crate) said: mpsc::Receiver<Said>,
    pub(crate) acknowledged: BTreeSet<(String, String)>,
    pub(crate) leaders: BTreeMap<u64, u64>,
}

impl Heard {
    pub(crate) fn new(said: mpsc::Receiver<Said>) -> Self {
        Self { said, acknowledged: BTreeSet::new(), leaders: BTreeMap::new() }
    }

    /// The next words; acknowledged turns and leaders are noted.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Said> {
        let said = tokio::time::timeout(Duration::from_secs(120), self.said.recv()).await.context("silence")?;
        let said = said.context("all members have ended")?;
        let words: Vec<&str> = said.line.split(' ').collect();
        match words.as_slice() {
            ["ack", conversation, key] => {
                self.acknowledged.insert(((*conversation).to_owned(), (*key).to_owned()));
            }
            ["leader", leader] => {
                self.leaders.insert(said.node, leader.parse()?);
            }
            _ => {}
        }
        Ok(said)
    }

    pub(crate) async fn wait(&mut self, mut until: impl FnMut(&Said) -> bool) -> anyhow::Result<Said> {
        loop {
            let said = self.next().await?;
            if until(&said) {
                return Ok(said);
            }
        }
    }

    /// Lets the members write for a while.
    pub(crate) async fn listen(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.next().await?;
        }
        Ok(())
    }
}

/// Ends the writing of all members.
pub(crate) async fn stop(heard: &mut Heard, children: &mut BTreeMap<u64, Child>) -> anyhow::Result<()> {
    for child in children.values_mut() {
        child.stdin.as_mut().context("no input")?.write_all(b"stop\n").await?;
    }
    let mut stopped = BTreeSet::new();
    while stopped.len() < children.len() {
        stopped.insert(heard.wait(|said| said.line == "stopped").await?.node);
    }
    Ok(())
}

/// Compares what was acknowledged with what a member has stored; turns must be there once and numbered without gaps.
pub(crate) async fn check(heard: &mut Heard, child: &mut Child, node: u64) -> anyhow::Result<()> {
    child.stdin.as_mut().context("no input")?.write_all(b"dump\n").await?;
    let mut stored: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    loop {
        let said = heard.next().await?;
        let words: Vec<&str> = said.line.split(' ').collect();
        match words.as_slice() {
            ["end"] if said.node == node => break,
            ["turn", conversation, key, number] if said.node == node => {
                *stored.entry(((*conversation).to_owned(), (*key).to_owned())).or_default() += 1;
                numbers.entry((*conversation).to_owned()).or_default().push(number.parse()?);
            }
            _ => {}
        }
    }
    let lost = heard.acknowledged.iter().filter(|turn| !stored.contains_key(*turn)).count();
    let twice = stored.values().filter(|count| **count > 1).count();
    let gaps = numbers.values().filter(|numbers| !numbers.iter().copied().eq(1..=numbers.len() as u64)).count();
    println!(
        "  node {node}: acknowledged {} · stored {} · lost {lost} · twice {twice} · conversations with gaps {gaps}",
        heard.acknowledged.len(),
        stored.len()
    );
    ensure!(lost == 0 && twice == 0 && gaps == 0, "the database broke its promise");
    Ok(())
}

fn cluster(folder: &Utf8Path) -> anyhow::Result<Vec<StoreConfig>> {
    // Held together, so that all six differ; then free for the members.
    let free = (0..6).map(|_| std::net::TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    let ports = free.iter().map(|socket| socket.local_addr()).collect::<Result<Vec<_>, _>>()?;
    let peers: Vec<Peer> = (1..=3_u64)
        .zip(ports.chunks(2))
        .map(|(id, pair)| Peer { id, raft: pair[0].to_string(), api: pair[1].to_string() })
        .collect();
    let secret = |name: &str| -> anyhow::Result<Utf8PathBuf> {
        let path = folder.join(name);
        std::fs::write(&path, uuid::Uuid::now_v7().to_string())?;
        Ok(path)
    };
    let (raft, api) = (secret("raft")?, secret("api")?);
    Ok((1..=3)
        .map(|node| StoreConfig {
            folder: folder.join(format!("node-{node}")),
            node,
            peers: peers.clone(),
            listen: Some("127.0.0.1".to_owned()),
            tls: store::ClusterTls::SelfSigned,
            raft_secret: Some(raft.clone()),
            api_secret: Some(api.clone()),
            ..StoreConfig::default()
        })
        .collect())
}

pub(crate) async fn run(rounds: u64) -> anyhow::Result<()> {
    let scratch = crate::scratch()?;
    let folder = crate::path(&scratch)?;
    let (sender, receiver) = mpsc::channel(10_000);
    let mut heard = Heard::new(receiver);
    let members: Vec<Member> = cluster(&folder)?.into_iter().map(|store| Member { store, writers: 4 }).collect();
    let mut children = BTreeMap::new();
    for (node, member) in (1..).zip(&members) {
        children.insert(node, start(&folder, node, member, sender.clone()).await?);
    }
    let mut ready = BTreeSet::new();
    while ready.len() < 3 {
        let said = heard.wait(|said| said.line == "ready").await?;
        ready.insert(said.node);
    }
    println!("failover of three processes, {rounds} kills of the leader (election 300 to 700 ms, 12 writers, TLS)");
    let mut worst = Duration::ZERO;
    for round in 1..=rounds {
        heard.listen(Duration::from_secs(3)).await?;
        let leader = *heard.leaders.values().last().context("nobody leads")?;
        let Some(mut killed) = children.remove(&leader) else { bail!("the leader is not ours") };
        let at = Instant::now();
        killed.start_kill()?;
        killed.wait().await?;
        let mut first: BTreeMap<u64, Duration> = BTreeMap::new();
        while first.len() < 2 {
            let said = heard.next().await?;
            if said.node == leader {
                continue;
            }
            // What was acknowledged before the kill may still be on its way here; no election is that fast.
            if said.line.starts_with("ack") && said.at.duration_since(at) > Duration::from_millis(50) {
                first.entry(said.node).or_insert_with(|| said.at.duration_since(at));
            }
        }
        let next = first.values().min().copied().unwrap_or_default();
        let both = first.values().max().copied().unwrap_or_default();
        worst = worst.max(next);
        println!(
            "  kill {round}: node {leader} led; next acknowledged write after {next:.2?}, on both survivors {both:.2?}"
        );
        let index = usize::try_from(leader)? - 1;
        children.insert(leader, start(&folder, leader, &members[index], sender.clone()).await?);
        let back = heard.wait(|said| said.node == leader && said.line == "ready").await?;
        println!("          the killed one was back after {:.2?}", back.at.duration_since(at));
    }
    println!("  slowest failover {worst:.2?}");
    heard.listen(Duration::from_secs(1)).await?;
    stop(&mut heard, &mut children).await?;
    // The followers learn of the last commits with the next heartbeat.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (node, child) in &mut children {
        check(&mut heard, child, *node).await?;
    }
    Ok(())
}
