//! What holds whatever happens: a random world of arrivals, failures and replicas that come and go, played against the
//! dispatcher by a driver that keeps its own books.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use policy::{
    BlockHash, Decision, Dispatcher, Event, Health, Moment, PolicyConfig, ReplicaId, Request, RequestId, SessionKey,
};
use proptest::prelude::*;
use protocol::Class;

#[derive(Debug, Clone, Copy)]
enum Step {
    Arrive { class: Class, prompt: u32, output: u32, family: u64, patience_ms: Option<u32> },
    FirstToken(usize),
    Finish(usize),
    Fail(usize, bool),
    Cancel(usize),
    Join { replica: u32, slots: u32 },
    Health { replica: u32, health: Health },
    Heartbeat(u32),
    Pass { ms: u64 },
}

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(Class::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (class(), 1_u32..20_000, 1_u32..500, 0_u64..6, prop::option::of(1_u32..60_000))
            .prop_map(|(class, prompt, output, family, patience_ms)| Step::Arrive { class, prompt, output, family, patience_ms }),
        6 => (0_usize..64).prop_map(Step::FirstToken),
        6 => (0_usize..64).prop_map(Step::Finish),
        1 => (0_usize..64, any::<bool>()).prop_map(|(at, suspect)| Step::Fail(at, suspect)),
        1 => (0_usize..64).prop_map(Step::Cancel),
        1 => (0_u32..4, 0_u32..6).prop_map(|(replica, slots)| Step::Join { replica, slots }),
        1 => (0_u32..4, prop::sample::select(vec![Health::Ok, Health::AdmitNothing, Health::Draining, Health::Gone]))
            .prop_map(|(replica, health)| Step::Health { replica, health }),
        3 => (0_u32..4).prop_map(Step::Heartbeat),
        4 => (0_u64..800).prop_map(|ms| Step::Pass { ms }),
    ]
}

/// The driver: what the gateway would know.
struct World {
    dispatcher: Dispatcher,
    now: Moment,
    slots: BTreeMap<u32, u32>,
    health: BTreeMap<u32, Health>,
    waiting: BTreeSet<u64>,
    at: BTreeMap<u64, (u32, u32)>,
    streaming: BTreeSet<u64>,
    ended: BTreeMap<u64, u32>,
    log: Vec<Decision>,
    next: u64,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            dispatcher: Dispatcher::new(PolicyConfig::default()),
            now: Moment(1_000_000),
            slots: BTreeMap::new(),
            health: BTreeMap::new(),
            waiting: BTreeSet::new(),
            at: BTreeMap::new(),
            streaming: BTreeSet::new(),
            ended: BTreeMap::new(),
            log: Vec::new(),
            next: 0,
        };
        for replica in 0..2 {
            world.join(replica, 4);
        }
        world
    }

    fn join(&mut self, replica: u32, slots: u32) {
        self.slots.insert(replica, slots);
        self.health
            .entry(replica)
            .and_modify(|health| {
                if *health == Health::Gone {
                    *health = Health::Ok;
                }
            })
            .or_insert(Health::Ok);
        self.tell(Event::ReplicaJoined {
            replica: ReplicaId(replica),
            slots,
            prefill_rate: None,
            cache_blocks: Some(64),
        });
    }

    fn end(&mut self, request: u64) {
        self.waiting.remove(&request);
        self.streaming.remove(&request);
        *self.ended.entry(request).or_default() += 1;
    }

    fn tell(&mut self, event: Event) {
        let before: BTreeSet<u32> = (0..4).filter(|replica| self.over(*replica)).collect();
        let decisions = self.dispatcher.handle(self.now, event);
        for decision in decisions {
            self.log.push(decision);
            match decision {
                Decision::Dispatch { request, replica, attempt } => {
                    assert!(self.waiting.remove(&request.0), "{request:?} was dispatched but did not wait");
                    assert_eq!(
                        self.health.get(&replica.0),
                        Some(&Health::Ok),
                        "dispatched to a replica that is not well"
                    );
                    self.at.insert(request.0, (replica.0, attempt));
                    assert!(
                        !self.over(replica.0) || before.contains(&replica.0),
                        "{replica:?} has more than its slots"
                    );
                    assert!(self.used(replica.0) <= self.slots[&replica.0], "{replica:?} got more than its slots");
                }
                Decision::Withdraw { request, replica, attempt, reason } => {
                    assert_eq!(self.at.remove(&request.0), Some((replica.0, attempt)));
                    if reason == policy::WithdrawReason::Cancelled {
                        self.end(request.0);
                    } else {
                        assert!(!self.streaming.contains(&request.0), "a request moved after its first token");
                        self.waiting.insert(request.0);
                    }
                }
                Decision::Reject { request, .. } => {
                    assert!(self.waiting.contains(&request.0), "{request:?} was rejected but did not wait");
                    self.end(request.0);
                }
                Decision::Lost { request, replica } => {
                    assert_eq!(self.at.remove(&request.0).map(|(at, _)| at), Some(replica.0));
                    self.end(request.0);
                }
            }
        }
        let open = self.waiting.len() + self.at.len();
        assert_eq!(self.dispatcher.open_requests(), open, "requests were lost or made up");
    }

    fn used(&self, replica: u32) -> u32 {
        u32::try_from(self.at.values().filter(|(at, _)| *at == replica).count()).unwrap()
    }

    fn over(&self, replica: u32) -> bool {
        self.used(replica) > self.slots.get(&replica).copied().unwrap_or(0)
    }

    fn pick(&self, at: usize, streaming: bool) -> Option<(u64, u32)> {
        let of: Vec<(u64, u32)> = self
            .at
            .iter()
            .filter(|(request, _)| self.streaming.contains(request) == streaming)
            .map(|(request, (_, attempt))| (*request, *attempt))
            .collect();
        (!of.is_empty()).then(|| of[at % of.len()])
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Arrive { class, prompt, output, family, patience_ms } => {
                self.next += 1;
                let id = self.next;
                self.waiting.insert(id);
                self.tell(Event::Arrival(Request {
                    id: RequestId(id),
                    class,
                    deadline: patience_ms.map(|ms| self.now.plus_secs(f64::from(ms) / 1e3)),
                    prompt_tokens: prompt,
                    expected_output_tokens: output,
                    prefix: (0..prompt / 512).map(|block| BlockHash(family * 1_000 + u64::from(block))).collect(),
                    session: (family > 3).then_some(SessionKey(family)),
                }));
            }
            Step::FirstToken(at) => {
                if let Some((request, attempt)) = self.pick(at, false) {
                    self.streaming.insert(request);
                    self.tell(Event::FirstToken { request: RequestId(request), attempt, cached_tokens: None });
                }
            }
            Step::Finish(at) => {
                if let Some((request, attempt)) = self.pick(at, true) {
                    self.at.remove(&request);
                    self.end(request);
                    self.tell(Event::Finished { request: RequestId(request), attempt, output_tokens: 10 });
                }
            }
            Step::Fail(at, replica_suspect) => {
                let found = self.pick(at, at % 2 == 0);
                if let Some((request, attempt)) = found {
                    if !self.streaming.contains(&request) {
                        self.at.remove(&request);
                        self.waiting.insert(request);
                    }
                    self.tell(Event::Failed { request: RequestId(request), attempt, replica_suspect });
                }
            }
            Step::Cancel(at) => {
                let open: Vec<u64> = self.waiting.iter().chain(self.at.keys()).copied().collect();
                if !open.is_empty() {
                    let request = open[at % open.len()];
                    if self.waiting.contains(&request) {
                        self.end(request);
                    }
                    self.tell(Event::Cancel { request: RequestId(request) });
                }
            }
            Step::Join { replica, slots } => self.join(replica, slots),
            Step::Health { replica, health } => {
                if let Some(known) = self.health.get_mut(&replica) {
                    *known = health;
                    self.tell(Event::ReplicaHealth { replica: ReplicaId(replica), health });
                }
            }
            Step::Heartbeat(replica) => self.tell(Event::Heartbeat { replica: ReplicaId(replica) }),
            Step::Pass { ms } => self.pass(ms),
        }
    }

    /// Lets time pass, waking the dispatcher whenever it asked to be.
    fn pass(&mut self, ms: u64) {
        let until = Moment(self.now.0 + ms * 1_000);
        let mut wakes = 0;
        while let Some(wake) = self.dispatcher.next_wake().filter(|wake| *wake <= until) {
            assert!(wake > self.now || wakes < 3, "it asks to be woken without end at {:?}", self.now);
            wakes = if wake > self.now { 0 } else { wakes + 1 };
            self.now = self.now.max(wake);
            self.tell(Event::Wake);
        }
        self.now = until;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Each request ends exactly once, no replica gets more than its slots, nothing goes to one that is not well, nothing moves
    /// after its first token: the driver's assertions. In the end, with well replicas and time, all have ended.
    #[test]
    fn every_request_ends_exactly_once_and_no_slot_is_sold_twice(steps in prop::collection::vec(step(), 1..250)) {
        let mut world = World::new();
        for step in steps {
            world.step(&step);
        }
        for replica in 0..2 {
            world.join(replica, 4);
            world.step(&Step::Health { replica, health: Health::Ok });
        }
        for _ in 0..4_000 {
            if world.waiting.is_empty() && world.at.is_empty() {
                break;
            }
            for replica in 0..4 {
                world.step(&Step::Heartbeat(replica));
            }
            world.step(&Step::FirstToken(0));
            world.step(&Step::Finish(0));
            world.step(&Step::Pass { ms: 200 });
        }
        prop_assert!(world.waiting.is_empty() && world.at.is_empty(), "{:?} still wait", world.waiting);
        prop_assert_eq!(world.ended.len() as u64, world.next);
        prop_assert!(world.ended.values().all(|times| *times == 1));
    }

    /// The same events at the same moments give the same decisions.
    #[test]
    fn the_same_history_gives_the_same_decisions(steps in prop::collection::vec(step(), 1..150)) {
        let mut one = World::new();
        let mut other = World::new();
        for step in steps {
            one.step(&step);
            other.step(&step);
        }
        prop_assert_eq!(one.log, other.log);
    }
}

fn request(id: u64, class: Class, prompt: u32) -> Request {
    Request {
        id: RequestId(id),
        class,
        deadline: None,
        prompt_tokens: prompt,
        expected_output_tokens: 50,
        prefix: Vec::new(),
        session: None,
    }
}

fn dispatched(decisions: &[Decision]) -> Vec<u64> {
    decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::Dispatch { request, .. } => Some(request.0),
            _ => None,
        })
        .collect()
}

/// A dispatcher of one replica without heartbeats or floors.
fn alone(slots: u32) -> Dispatcher {
    let mut config = PolicyConfig { silence_ms: None, ..PolicyConfig::default() };
    for class in Class::ALL {
        config.classes.of_mut(class).floor = 0.0;
        config.classes.of_mut(class).first_token_ms = 1e6;
    }
    let mut dispatcher = Dispatcher::new(config);
    let joined = Event::ReplicaJoined { replica: ReplicaId(0), slots, prefill_rate: None, cache_blocks: None };
    dispatcher.handle(Moment(0), joined);
    dispatcher
}

proptest! {
    /// Whatever the order in which they come, they leave by class, and within a class by deadline.
    #[test]
    fn the_higher_class_goes_first_and_within_it_the_earlier_deadline(
        arrivals in prop::collection::vec((class(), 1_000_u64..1_000_000), 2..30)
    ) {
        let mut dispatcher = alone(1);
        // The only slot is taken while they come.
        prop_assert_eq!(dispatched(&dispatcher.handle(Moment(0), Event::Arrival(request(0, Class::Voice, 10)))), [0]);
        dispatcher.handle(Moment(1), Event::FirstToken { request: RequestId(0), attempt: 1, cached_tokens: None });
        let mut expected = Vec::new();
        for (id, (class, seconds)) in (1_u64..).zip(arrivals) {
            let deadline = Moment(seconds * 1_000_000);
            let asked = Request { deadline: Some(deadline), ..request(id, class, 1_000) };
            prop_assert_eq!(dispatched(&dispatcher.handle(Moment(2), Event::Arrival(asked))), Vec::<u64>::new());
            expected.push((class, deadline, id));
        }
        expected.sort();
        let (mut running, mut at) = (0, 3);
        for (_, _, id) in expected {
            let done = Event::Finished { request: RequestId(running), attempt: 1, output_tokens: 1 };
            prop_assert_eq!(dispatched(&dispatcher.handle(Moment(at), done)), [id]);
            at += 1;
            let read = Event::FirstToken { request: RequestId(id), attempt: 1, cached_tokens: None };
            dispatcher.handle(Moment(at), read);
            running = id;
        }
    }
}

#[test]
fn a_call_takes_the_place_of_a_letter_that_is_not_begun() {
    let mut dispatcher = alone(4);
    assert_eq!(dispatched(&dispatcher.handle(Moment(0), Event::Arrival(request(1, Class::Mail, 40_000)))), [1]);
    let decisions = dispatcher.handle(Moment(10), Event::Arrival(request(2, Class::Voice, 500)));
    assert!(matches!(decisions[0], Decision::Withdraw { request: RequestId(1), .. }), "{decisions:?}");
    assert_eq!(dispatched(&decisions), [2]);
    // And comes back once the call is read.
    let read = Event::FirstToken { request: RequestId(2), attempt: 1, cached_tokens: None };
    assert_eq!(dispatched(&dispatcher.handle(Moment(60_000), read)), [1]);
}

#[test]
fn a_letter_that_yielded_often_enough_stays() {
    let mut dispatcher = alone(40);
    dispatcher.handle(Moment(0), Event::Arrival(request(1, Class::Mail, 40_000)));
    let mut withdrawn = 0;
    for call in 2..12_u64 {
        let now = Moment(call * 1_000_000);
        let decisions = dispatcher.handle(now, Event::Arrival(request(call, Class::Voice, 500)));
        withdrawn += decisions.iter().filter(|decision| matches!(decision, Decision::Withdraw { .. })).count();
        let read = Event::FirstToken { request: RequestId(call), attempt: 1, cached_tokens: None };
        dispatcher.handle(Moment(now.0 + 60_000), read);
    }
    assert_eq!(withdrawn, 3);
}

#[test]
fn under_endless_calls_and_chats_a_batch_still_gets_its_floor() {
    let mut config = PolicyConfig { silence_ms: None, ..PolicyConfig::default() };
    for class in Class::ALL {
        config.classes.of_mut(class).first_token_ms = 1e9;
        config.classes.of_mut(class).queue = 100_000;
    }
    let mut dispatcher = Dispatcher::new(config);
    let joined = Event::ReplicaJoined { replica: ReplicaId(0), slots: 8, prefill_rate: None, cache_blocks: None };
    dispatcher.handle(Moment(0), joined);
    let mut running = Vec::new();
    let mut id = 0;
    let mut served = BTreeMap::new();
    for _ in 0..500 {
        for class in [Class::Chat, Class::Chat, Class::Mail, Class::Batch] {
            id += 1;
            let decisions = dispatcher.handle(Moment(1), Event::Arrival(request(id * 10 + class as u64, class, 2_000)));
            running.extend(dispatched(&decisions));
        }
    }
    for at in 0..1_000_u64 {
        let now = Moment(1_000_000 + at * 300_000);
        let Some(request) = running.pop() else { break };
        *served.entry(request % 10).or_insert(0) += 1;
        let read = Event::FirstToken { request: RequestId(request), attempt: 1, cached_tokens: None };
        running.extend(dispatched(&dispatcher.handle(now, read)));
        let done = Event::Finished { request: RequestId(request), attempt: 1, output_tokens: 50 };
        running.extend(dispatched(&dispatcher.handle(now, done)));
    }
    for class in [Class::Mail, Class::Batch] {
        assert!(served[&(class as u64)] >= 45, "{served:?}");
    }
}

#[test]
fn a_silent_replica_loses_what_is_not_begun_and_comes_back_slowly() {
    let mut dispatcher = Dispatcher::new(PolicyConfig::default());
    for replica in 0..2 {
        let joined =
            Event::ReplicaJoined { replica: ReplicaId(replica), slots: 16, prefill_rate: None, cache_blocks: None };
        dispatcher.handle(Moment(0), joined);
    }
    let decisions = dispatcher.handle(Moment(1), Event::Arrival(request(1, Class::Chat, 9_000)));
    let Some(Decision::Dispatch { replica: silent, .. }) = decisions.first().copied() else { panic!("{decisions:?}") };
    let other = ReplicaId(1 - silent.0);
    dispatcher.handle(Moment(500_000), Event::Heartbeat { replica: other });
    let wake = dispatcher.next_wake().unwrap();
    assert!(wake <= Moment(700_000), "{wake:?}");
    let decisions = dispatcher.handle(wake, Event::Wake);
    assert!(matches!(decisions[0], Decision::Withdraw { request: RequestId(1), replica, .. } if replica == silent));
    assert!(matches!(decisions[1], Decision::Dispatch { request: RequestId(1), replica, .. } if replica == other));
    // Back again: of ten at once it gets the smallest part.
    dispatcher.handle(Moment(800_000), Event::Heartbeat { replica: silent });
    let mut given = 0;
    for id in 2..12 {
        for decision in dispatcher.handle(Moment(800_001), Event::Arrival(request(id, Class::Chat, 10))) {
            given += u32::from(matches!(decision, Decision::Dispatch { replica, .. } if replica == silent));
        }
    }
    assert_eq!(given, 1);
}

#[test]
fn what_cannot_be_in_time_is_rejected_at_once() {
    let mut dispatcher = Dispatcher::new(PolicyConfig { silence_ms: None, ..PolicyConfig::default() });
    let joined = Event::ReplicaJoined { replica: ReplicaId(0), slots: 8, prefill_rate: None, cache_blocks: None };
    dispatcher.handle(Moment(0), joined);
    let late = Request { deadline: Some(Moment(500_000)), ..request(1, Class::Chat, 80_000) };
    let decisions = dispatcher.handle(Moment(1), Event::Arrival(late));
    assert!(
        matches!(decisions[..], [Decision::Reject { reason: policy::Rejection::DeadlineCannotBeMet, .. }]),
        "{decisions:?}"
    );
}

#[test]
fn a_conversation_returns_to_its_replica_and_new_ones_spread_though_all_begin_alike() {
    let mut dispatcher = Dispatcher::new(PolicyConfig { silence_ms: None, ..PolicyConfig::default() });
    for replica in 0..4 {
        let joined =
            Event::ReplicaJoined { replica: ReplicaId(replica), slots: 16, prefill_rate: None, cache_blocks: None };
        dispatcher.handle(Moment(0), joined);
    }
    let turn = |id: u64, conversation: u64, blocks: u64| Request {
        prompt_tokens: u32::try_from(blocks * 512).unwrap(),
        prefix: (0..blocks).map(|block| BlockHash(if block == 0 { 0 } else { conversation * 100 + block })).collect(),
        ..request(id, Class::Chat, 0)
    };
    let mut homes = BTreeMap::new();
    let mut now = 0;
    let mut id = 0;
    for blocks in [8, 12] {
        for conversation in 1..=60 {
            id += 1;
            now += 1_000_000;
            let decisions = dispatcher.handle(Moment(now), Event::Arrival(turn(id, conversation, blocks)));
            let Some(Decision::Dispatch { replica, .. }) = decisions.first().copied() else { panic!("{decisions:?}") };
            let home = *homes.entry(conversation).or_insert(replica);
            assert_eq!(home, replica, "conversation {conversation} moved");
            let read = Event::FirstToken { request: RequestId(id), attempt: 1, cached_tokens: None };
            dispatcher.handle(Moment(now + 500_000), read);
            let done = Event::Finished { request: RequestId(id), attempt: 1, output_tokens: 1 };
            dispatcher.handle(Moment(now + 1_000_000), done);
        }
    }
    let mut homed = BTreeMap::new();
    for home in homes.values() {
        *homed.entry(*home).or_insert(0) += 1;
    }
    assert!(homed.len() == 4 && homed.values().all(|count| (9..=21).contains(count)), "{homed:?}");
}
