//! Agents that talk to each other without sockets and without waiting: time is told, datagrams are lost on purpose.

mod fuzzing;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::agent::{Agent, Event, Local, Output};
use crate::call::EndedBy;
use crate::command::LegId;
use crate::config::SipConfig;
use crate::dialling::{CallerId, Dial, Target};
use crate::peers::Candidate;
use crate::route::Route;
use crate::{Cause, Rejection, Transport};

const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

fn sdp() -> Bytes {
    Bytes::from_static(SDP)
}

fn at(side: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 5060 + side as u16))
}

/// Two agents, and the network between them.
struct Pair {
    agents: [Agent; 2],
    now: Instant,
    on_the_way: VecDeque<(usize, Bytes)>,
    events: [Vec<Event>; 2],
    chance: StdRng,
    /// How many of a hundred datagrams are lost.
    loss: u32,
    /// What is never delivered, to which side.
    never: Option<(usize, &'static [u8])>,
    delivered: usize,
}

impl Pair {
    fn new(config: &SipConfig) -> Self {
        let now = Instant::now();
        let agent = |side| {
            let locals = vec![Local { transport: Transport::Udp, address: at(side), advertised: None }];
            Agent::new(config.clone(), Vec::new(), Vec::new(), locals, now)
        };
        Self {
            agents: [agent(0), agent(1)],
            now,
            on_the_way: VecDeque::new(),
            events: [Vec::new(), Vec::new()],
            chance: StdRng::seed_from_u64(7),
            loss: 0,
            never: None,
            delivered: 0,
        }
    }

    fn call(&mut self) -> LegId {
        let to = Candidate {
            transport: Transport::Udp,
            address: at(1),
            local: None,
            host: String::new(),
            priority: 0,
            weight: 0,
        };
        let uri = format!("sip:test@{}", at(1));
        let dial = Dial::new(Target::Uri(uri), CallerId::default(), sdp());
        let leg = self.agents[0].dial(dial, vec![to], self.now);
        self.settle();
        leg
    }

    /// Delivers everything, until nobody has anything more to say.
    fn settle(&mut self) {
        loop {
            for side in 0..2 {
                while let Some(output) = self.agents[side].take_output() {
                    match output {
                        Output::Event(event) => self.events[side].push(event),
                        Output::Send { bytes, .. } => self.on_the_way.push_back((1 - side, bytes)),
                    }
                }
            }
            let Some((side, bytes)) = self.on_the_way.pop_front() else { return };
            let lost = self.chance.random_range(0..100) < self.loss;
            if lost || self.never.is_some_and(|(to, start)| to == side && bytes.starts_with(start)) {
                continue;
            }
            self.delivered += 1;
            let route = Route::to(Transport::Udp, at(1 - side), "127.0.0.1");
            self.agents[side].receive(&bytes, &route, self.now);
        }
    }

    /// Lets time pass, from one waker to the next.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.settle();
            let next = self.agents.iter().filter_map(Agent::wake_at).min().filter(|next| *next <= until);
            self.now = next.unwrap_or(until).max(self.now);
            for agent in &mut self.agents {
                agent.wake(self.now);
            }
            if next.is_none() {
                return self.settle();
            }
        }
    }

    fn invited(&mut self) -> Option<LegId> {
        let mut legs = self.events[1].iter().rev();
        legs.find_map(|event| if let Event::Invited(leg, _) = event { Some(*leg) } else { None })
    }

    /// A call that is answered: both sides' legs.
    fn talk(&mut self) -> (LegId, LegId) {
        let ours = self.call();
        let theirs = self.invited().expect("invited");
        let now = self.now;
        self.agents[1].accept(theirs, sdp(), now).expect("accepted");
        self.settle();
        (ours, theirs)
    }

    fn ended(&self, side: usize) -> Vec<(EndedBy, Option<u16>)> {
        let ends = self.events[side].iter();
        ends.filter_map(|event| if let Event::Ended(_, end) = event { Some((end.by, end.status)) } else { None })
            .collect()
    }

    fn answered(&self) -> usize {
        self.events[0].iter().filter(|event| matches!(event, Event::Answered { .. })).count()
    }

    fn counts(&self) -> [[usize; 5]; 2] {
        [self.agents[0].counts(), self.agents[1].counts()]
    }
}

#[test]
fn after_a_thousand_calls_of_every_fate_nothing_is_left() {
    let mut pair = Pair::new(&SipConfig { max_calls: 10, ..SipConfig::default() });
    for turn in 0..1000 {
        let ours = pair.call();
        let theirs = pair.invited().expect("invited");
        let now = pair.now;
        match turn % 5 {
            0 => pair.agents[1].reject(theirs, &Rejection::status(486), now),
            1 => {
                pair.agents[1].ring(theirs, now);
                pair.settle();
                pair.agents[0].cancel(ours, 487, now);
            }
            2 => {
                pair.agents[1].progress(theirs, sdp(), now).expect("early media");
                pair.settle();
                pair.agents[1].accept(theirs, sdp(), now).expect("accepted");
                pair.settle();
                pair.agents[0].hang_up(ours, Cause::normal(), now);
            }
            3 => {
                pair.agents[1].accept(theirs, sdp(), now).expect("accepted");
                pair.settle();
                pair.agents[1].hang_up(theirs, Cause::normal(), now);
            }
            _ => pair.agents[0].cancel(ours, 487, now),
        }
        pair.pass(Duration::from_millis(100));
        pair.events = [Vec::new(), Vec::new()];
    }
    pair.pass(Duration::from_secs(120));
    assert_eq!(pair.counts(), [[0; 5]; 2]);
}

#[test]
fn calls_are_set_up_and_ended_though_every_fourth_datagram_is_lost() {
    let mut pair = Pair::new(&SipConfig::default());
    pair.loss = 25;
    for _ in 0..50 {
        let ours = pair.call();
        pair.pass(Duration::from_secs(8));
        let Some(theirs) = pair.invited() else { continue };
        let now = pair.now;
        let _ = pair.agents[1].accept(theirs, sdp(), now);
        pair.pass(Duration::from_secs(8));
        let now = pair.now;
        pair.agents[0].hang_up(ours, Cause::normal(), now);
        pair.pass(Duration::from_secs(8));
    }
    assert!(pair.answered() >= 48, "{}", pair.answered());
    pair.pass(Duration::from_secs(2000));
    assert_eq!(pair.counts(), [[0; 5]; 2]);
}

#[test]
fn a_200_is_repeated_until_its_ack_and_without_one_the_call_ends() {
    let mut pair = Pair::new(&SipConfig::default());
    pair.never = Some((1, b"ACK"));
    pair.talk();
    let before = pair.delivered;
    pair.pass(Duration::from_secs(31));
    // 0.5, 1, 2 and then every 4 seconds.
    assert!((9..=12).contains(&(pair.delivered - before)), "{}", pair.delivered - before);
    assert!(pair.ended(1).is_empty());
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.ended(1), [(EndedBy::Timer, Some(408))]);
    assert_eq!(pair.ended(0), [(EndedBy::Them, None)]);
    pair.pass(Duration::from_secs(120));
    assert_eq!(pair.counts(), [[0; 5]; 2]);
}

#[test]
fn whoever_hangs_up_before_the_ack_waits_for_it_with_bye() {
    let mut pair = Pair::new(&SipConfig::default());
    pair.never = Some((1, b"ACK"));
    let (_, theirs) = pair.talk();
    let now = pair.now;
    pair.agents[1].hang_up(theirs, Cause::normal(), now);
    pair.settle();
    assert!(pair.ended(0).is_empty());
    pair.never = None;
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.ended(0), [(EndedBy::Them, None)]);
}

#[test]
fn a_session_is_refreshed_for_hours_and_ends_once_the_other_side_is_gone() {
    let mut pair = Pair::new(&SipConfig::default());
    pair.talk();
    pair.pass(Duration::from_secs(4 * 3600));
    assert_eq!((pair.ended(0), pair.ended(1)), (Vec::new(), Vec::new()));
    pair.loss = 100;
    pair.pass(Duration::from_secs(1900));
    assert_eq!((pair.ended(0).len(), pair.ended(1).len()), (1, 1));
    assert_eq!(pair.ended(1), [(EndedBy::Timer, Some(408))]);
}

#[test]
fn an_invitation_that_nobody_decides_and_one_that_nobody_answers_end_by_themselves() {
    let mut pair = Pair::new(&SipConfig { answer_within_seconds: 20, ..SipConfig::default() });
    pair.call();
    pair.pass(Duration::from_secs(21));
    let failed = |pair: &Pair| {
        pair.events[0]
            .iter()
            .filter_map(|event| if let Event::Failed { status, .. } = event { Some(*status) } else { None })
            .collect::<Vec<_>>()
    };
    assert_eq!(failed(&pair), [480]);
    pair.loss = 100;
    pair.call();
    pair.pass(Duration::from_secs(33));
    assert_eq!(failed(&pair), [480, 503]);
}

#[test]
fn a_reliable_answer_that_is_not_acknowledged_refuses_the_call() {
    let mut pair = Pair::new(&SipConfig::default());
    pair.never = Some((1, b"PRACK"));
    pair.call();
    let theirs = pair.invited().expect("invited");
    let now = pair.now;
    pair.agents[1].progress(theirs, sdp(), now).expect("sent");
    pair.agents[1].accept(theirs, sdp(), now).expect("taken");
    pair.settle();
    assert_eq!(pair.answered(), 0);
    pair.pass(Duration::from_secs(33));
    assert_eq!(pair.answered(), 0);
    assert_eq!(pair.ended(1), [(EndedBy::Timer, Some(504))]);
}

#[test]
fn an_offer_of_both_sides_at_once_is_settled_by_waiting() {
    let mut pair = Pair::new(&SipConfig::default());
    let (ours, theirs) = pair.talk();
    let now = pair.now;
    pair.agents[0].offer(ours, sdp(), now).expect("offered");
    pair.agents[1].offer(theirs, sdp(), now).expect("offered");
    for _ in 0..100 {
        pair.pass(Duration::from_millis(100));
        for side in 0..2 {
            let asked: Vec<_> = pair.events[side]
                .iter()
                .filter_map(
                    |event| if let Event::Offer { leg, request, .. } = event { Some((*leg, *request)) } else { None },
                )
                .collect();
            let now = pair.now;
            for (leg, request) in asked {
                pair.agents[side].decide_offer(leg, request, Ok(sdp()), now);
            }
        }
    }
    for events in &pair.events {
        let done: Vec<_> = events.iter().filter(|event| matches!(event, Event::OfferDone(_, Ok(_)))).collect();
        assert_eq!(done.len(), 1);
    }
}
