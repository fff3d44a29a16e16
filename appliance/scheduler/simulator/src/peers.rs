//! The policies that others use: each request goes to a replica the moment it comes, and waits there.
//!
//! They are given more than their originals have: exact outstanding tokens without delay, prefix indices without limit, and
//! news of a dead or unwell replica at once. None of them rejects, holds a queue or knows classes.

use std::collections::BTreeMap;
use std::str::FromStr;

use policy::{BlockHash, Decision, Event, Health, Moment, ReplicaId, Request, RequestId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::scheduler::Scheduler;

/// Which peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerRule {
    /// One after the other.
    RoundRobin,
    /// The replica with the fewest tokens before it: prompts to read, and answers to come at the usual length.
    LeastLoad,
    /// The better of two drawn by chance, by requests outstanding (Mitzenmacher 2001).
    PowerOfTwo,
    /// The replica that holds most of the prompt; the first of equals.
    Affinity,
    /// The least of tokens to read plus half of the tokens outstanding there: the score of the cache-aware routers.
    CacheAware,
}

/// A peer's state.
#[derive(Debug)]
pub struct Peer {
    rule: PeerRule,
    replicas: BTreeMap<ReplicaId, View>,
    requests: FxHashMap<RequestId, Sent>,
    next: usize,
    chance: StdRng,
}

/// A request at a replica.
#[derive(Debug)]
struct Sent {
    request: Request,
    replica: ReplicaId,
    attempt: u32,
    tokens: f64,
    begun: bool,
}

#[derive(Debug, Default)]
struct View {
    up: bool,
    requests: usize,
    tokens: f64,
    blocks: FxHashSet<BlockHash>,
}

impl Peer {
    /// A peer without replicas; `seed` for what it draws by chance.
    #[must_use]
    pub fn new(rule: PeerRule, seed: u64) -> Self {
        Self {
            rule,
            replicas: BTreeMap::new(),
            requests: FxHashMap::default(),
            next: 0,
            chance: StdRng::seed_from_u64(seed),
        }
    }

    fn uncached(view: &View, request: &Request) -> f64 {
        let held = request.prefix.iter().take_while(|block| view.blocks.contains(block)).count();
        #[expect(clippy::cast_precision_loss, reason = "no prompt has 2^52 blocks")]
        let hit = if held == 0 { 0.0 } else { held as f64 / request.prefix.len() as f64 };
        (f64::from(request.prompt_tokens) * (1.0 - hit)).max(1.0)
    }

    fn choose(&mut self, request: &Request) -> Option<ReplicaId> {
        let up: Vec<(ReplicaId, &View)> =
            self.replicas.iter().filter(|(_, view)| view.up).map(|(id, view)| (*id, view)).collect();
        if up.is_empty() {
            return None;
        }
        let least = |score: &dyn Fn(&View) -> f64| {
            up.iter().min_by(|one, other| score(one.1).total_cmp(&score(other.1))).map(|(id, _)| *id)
        };
        match self.rule {
            PeerRule::RoundRobin => {
                self.next += 1;
                up.get((self.next - 1) % up.len()).map(|(id, _)| *id)
            }
            PeerRule::LeastLoad => least(&|view| view.tokens),
            PeerRule::PowerOfTwo => {
                let (one, other) = (self.chance.random_range(0..up.len()), self.chance.random_range(0..up.len()));
                let better = if up[one].1.requests <= up[other].1.requests { one } else { other };
                Some(up[better].0)
            }
            PeerRule::Affinity => least(&|view| Self::uncached(view, request)),
            PeerRule::CacheAware => least(&|view| Self::uncached(view, request) + 0.5 * view.tokens),
        }
    }

    fn route(&mut self, request: Request, attempt: u32) -> Vec<Decision> {
        let id = request.id;
        let Some(replica) = self.choose(&request) else {
            let retry_after = std::time::Duration::from_secs(1);
            return vec![Decision::Reject { request: id, reason: policy::Rejection::NoReplica, retry_after }];
        };
        let Some(view) = self.replicas.get_mut(&replica) else { return Vec::new() };
        let tokens = Self::uncached(view, &request) + 4.0 * f64::from(request.expected_output_tokens);
        view.requests += 1;
        view.tokens += tokens;
        view.blocks.extend(request.prefix.iter().copied());
        self.requests.insert(id, Sent { request, replica, attempt, tokens, begun: false });
        vec![Decision::Dispatch { request: id, replica, attempt }]
    }

    fn end(&mut self, id: RequestId) -> Option<Sent> {
        let ended = self.requests.remove(&id)?;
        if let Some(view) = self.replicas.get_mut(&ended.replica) {
            view.requests = view.requests.saturating_sub(1);
            view.tokens = (view.tokens - ended.tokens).max(0.0);
        }
        Some(ended)
    }
}

impl Scheduler for Peer {
    fn handle(&mut self, _now: Moment, event: Event) -> Vec<Decision> {
        match event {
            Event::Arrival(request) => return self.route(request, 1),
            Event::FirstToken { request, .. } => {
                // Read: only the answer is before it.
                if let Some(sent) = self.requests.get_mut(&request) {
                    let rest = 4.0 * f64::from(sent.request.expected_output_tokens);
                    if let Some(view) = self.replicas.get_mut(&sent.replica) {
                        view.tokens = (view.tokens - (sent.tokens - rest)).max(0.0);
                    }
                    sent.tokens = rest;
                    sent.begun = true;
                }
            }
            Event::Finished { request, .. } | Event::Cancel { request } => {
                self.end(request);
            }
            Event::Failed { request, replica_suspect, .. } => {
                if let Some(sent) = self.end(request) {
                    if replica_suspect && let Some(view) = self.replicas.get_mut(&sent.replica) {
                        view.up = false;
                        view.blocks.clear();
                    }
                    if sent.begun {
                        return vec![Decision::Lost { request, replica: sent.replica }];
                    }
                    return self.route(sent.request, sent.attempt + 1);
                }
            }
            Event::ReplicaJoined { replica, .. } | Event::Heartbeat { replica } => {
                self.replicas.entry(replica).or_default().up = true;
            }
            Event::ReplicaHealth { replica, health } => {
                if let Some(view) = self.replicas.get_mut(&replica) {
                    view.up = health == Health::Ok;
                }
            }
            Event::Wake => {}
        }
        Vec::new()
    }

    fn next_wake(&self) -> Option<Moment> {
        None
    }
}

impl FromStr for PeerRule {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "round-robin" => Ok(Self::RoundRobin),
            "least-load" => Ok(Self::LeastLoad),
            "power-of-two" => Ok(Self::PowerOfTwo),
            "affinity" => Ok(Self::Affinity),
            "cache-aware" => Ok(Self::CacheAware),
            _ => Err(()),
        }
    }
}
