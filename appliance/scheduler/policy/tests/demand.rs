//! What replicas are asked for, played against replicas that serve as fast as a test says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step fails the test")]

use std::collections::BTreeMap;

use policy::{Decision, Demand, Dispatcher, Event, Moment, PolicyConfig, ReplicaId, Request, RequestId};
use protocol::Class;

/// Tokens that replicas read in a second.
const RATE: f64 = 8_000.0;

/// What one request takes.
#[derive(Debug, Clone, Copy)]
struct Load {
    class: Class,
    prompt: u32,
    /// Seconds from its first token to its last.
    streams: f64,
}

struct World {
    dispatcher: Dispatcher,
    now: Moment,
    due: BTreeMap<(Moment, u64), Event>,
    loads: BTreeMap<RequestId, Load>,
    next: u64,
    served: u32,
    rejected: u32,
}

impl World {
    fn new(replicas: u32, slots: u32) -> Self {
        let mut config = PolicyConfig { silence_ms: None, voice_slots: 0.0, ..PolicyConfig::default() };
        for class in Class::ALL {
            config.classes.of_mut(class).queue = 50;
        }
        let dispatcher = Dispatcher::new(config);
        let (due, loads) = (BTreeMap::new(), BTreeMap::new());
        let mut world = Self { dispatcher, now: Moment(0), due, loads, next: 0, served: 0, rejected: 0 };
        for replica in 0..replicas {
            let replica = ReplicaId(replica);
            world.tell(Event::ReplicaJoined { replica, slots, prefill_rate: Some(RATE), cache_blocks: None });
        }
        world
    }

    fn tell(&mut self, event: Event) {
        for decision in self.dispatcher.handle(self.now, event) {
            match decision {
                Decision::Dispatch { request, attempt, .. } => {
                    let load = self.loads[&request];
                    let read = self.now.plus_secs(f64::from(load.prompt) / RATE);
                    let done = read.plus_secs(load.streams);
                    let first = Event::FirstToken { request, attempt, cached_tokens: None };
                    self.due.insert((read, request.0), first);
                    self.due.insert((done, request.0), Event::Finished { request, attempt, output_tokens: 10 });
                    self.served += 1;
                }
                Decision::Reject { .. } => self.rejected += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Time passes, with a request of this kind every so many seconds.
    fn pass(&mut self, secs: f64, every: f64, load: Load) {
        let until = self.now.plus_secs(secs);
        while self.now < until {
            self.arrive(load);
            self.until(self.now.plus_secs(every).min(until));
        }
    }

    /// Time passes, and nothing new comes.
    fn rest(&mut self, secs: f64) {
        self.until(self.now.plus_secs(secs));
    }

    fn until(&mut self, until: Moment) {
        loop {
            let due = self.due.first_key_value().map(|((at, _), _)| *at);
            let wake = self.dispatcher.next_wake();
            let next = [due, wake].into_iter().flatten().min().filter(|at| *at <= until);
            self.now = self.now.max(next.unwrap_or(until));
            match next {
                None => return,
                Some(at) if due == Some(at) => {
                    let (_, event) = self.due.pop_first().unwrap();
                    self.tell(event);
                }
                Some(_) => self.tell(Event::Wake),
            }
        }
    }

    fn arrive(&mut self, load: Load) {
        self.next += 1;
        self.loads.insert(RequestId(self.next), load);
        self.tell(Event::Arrival(Request {
            id: RequestId(self.next),
            class: load.class,
            deadline: None,
            prompt_tokens: load.prompt,
            expected_output_tokens: 10,
            prefix: Vec::new(),
            session: None,
        }));
    }

    fn demand(&self) -> Demand {
        self.dispatcher.demand(self.now).expect("a window has passed")
    }
}

fn near(demand: f64, expected: f64) {
    assert!((demand - expected).abs() < 0.1 * expected, "{demand}, not {expected}");
}

const CHAT: Load = Load { class: Class::Chat, prompt: 10, streams: 2.0 };

#[test]
fn nothing_is_told_before_a_window_has_passed() {
    let mut world = World::new(1, 4);
    world.pass(59.0, 1.0, CHAT);
    assert_eq!(world.dispatcher.demand(world.now), None);
    world.pass(2.0, 1.0, CHAT);
    near(world.demand().of(Class::Chat), 0.5);
    assert!(world.demand().of(Class::Voice).abs() < f64::EPSILON);
}

#[test]
fn answers_that_take_long_count_by_the_slots_that_they_hold() {
    let mut world = World::new(2, 4);
    world.pass(300.0, 1.0, CHAT);
    near(world.demand().of(Class::Chat), 0.5);
}

#[test]
fn long_prompts_with_short_answers_count_by_what_they_take_to_read() {
    let mut world = World::new(2, 64);
    // Half a second's reading each, and hardly a slot.
    world.pass(300.0, 1.0, Load { class: Class::Mail, prompt: 4_000, streams: 0.1 });
    near(world.demand().of(Class::Mail), 0.5);
}

#[test]
fn an_overload_shows_as_large_as_it_is_and_not_as_what_was_served() {
    let mut world = World::new(1, 4);
    // Six replicas' work on one.
    world.pass(300.0, 1.0 / 12.0, CHAT);
    assert!(world.rejected > 4 * world.served, "{} rejected, {} served", world.rejected, world.served);
    near(world.demand().of(Class::Chat), 6.0);
}

#[test]
fn what_finds_no_replica_at_all_counts_too() {
    let mut world = World::new(0, 0);
    world.pass(120.0, 5.0, CHAT);
    assert_eq!((world.served, world.rejected), (0, 24));
    assert!(world.demand().of(Class::Chat) > 0.0);
}

#[test]
fn who_waits_long_for_little_work_counts_for_the_work() {
    let mut world = World::new(1, 1);
    let mail = Load { class: Class::Mail, prompt: 10, streams: 1.0 };
    let (mut sum, mut most) = (0.0, 0.0_f64);
    for minute in 0..20 {
        // Thirty at once, served one after the other.
        world.pass(0.03, 0.001, mail);
        for _ in 0..6 {
            world.rest(10.0);
            if minute >= 10 {
                let now = world.demand().of(Class::Mail);
                (sum, most) = (sum + now, most.max(now));
            }
        }
    }
    assert_eq!(world.rejected, 0);
    near(sum / 60.0, 0.5);
    assert!(most < 1.0, "{most}");
}

#[test]
fn one_long_answer_comes_as_no_blow_and_is_not_forgotten_while_it_runs() {
    let mut world = World::new(1, 4);
    let long = Load { class: Class::Chat, prompt: 10, streams: 1_200.0 };
    world.pass(3_600.0, 1_300.0, long);
    // By now it is known that they take long.
    world.arrive(long);
    for _ in 0..19 {
        world.rest(60.0);
        let now = world.demand().of(Class::Chat);
        assert!(now < 0.51, "{now}");
    }
    near(world.demand().of(Class::Chat), 0.25);
}

#[test]
fn what_ends_is_forgotten() {
    let mut world = World::new(1, 4);
    world.pass(300.0, 1.0, CHAT);
    world.rest(300.0);
    assert!(world.demand().of(Class::Chat) < 0.01);
    world.rest(1_200.0);
    assert!(world.demand().of(Class::Chat).abs() < f64::EPSILON);
}

#[test]
fn measured_anew_it_knows_nothing_for_a_window_but_how_long_answers_take() {
    let mut world = World::new(1, 4);
    world.pass(300.0, 1.0, CHAT);
    world.dispatcher.measure_anew(world.now);
    assert_eq!(world.dispatcher.demand(world.now), None);
    world.pass(61.0, 1.0, CHAT);
    near(world.demand().of(Class::Chat), 0.5);
}
