//! What a simulation must show, on small fleets and made-up traces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step fails the test")]

use std::sync::Arc;

use policy::{BlockHash, Decision, Event, Moment, PolicyConfig, ReplicaId};
use proptest::prelude::*;
use protocol::Class;
use simulator::trace::Arrival;
use simulator::{CostModel, Fault, FaultKind, Report, Scenario, Scheduler, bound, ceiling, run, simulate};

fn arrival(at_ms: u64, class: Class, prompt: u32, output: u32) -> Arrival {
    Arrival { at_us: at_ms * 1_000, class, prompt_tokens: prompt, output_tokens: output, blocks: Arc::new([]) }
}

fn play(policy: &str, arrivals: &[Arrival], nodes: usize, faults: &[Fault]) -> Report {
    let costs = vec![CostModel::default(); nodes];
    let config = PolicyConfig::default();
    simulate(policy, &Scenario { arrivals, costs: &costs, faults, config: &config, seed: 1 }).unwrap()
}

#[test]
fn one_request_alone_takes_what_the_cost_model_says() {
    // Two chunks of 512 tokens, then nine steps of 6.35 ms.
    let report = play("round-robin", &[arrival(0, Class::Chat, 1_024, 10)], 1, &[]);
    assert!((report.ttft_ms["chat"].p50 - 128.0).abs() < 0.01, "{report:?}");
    assert!((report.simulated_secs - (0.128 + 9.0 * 0.006_35)).abs() < 1e-4, "{report:?}");
}

#[test]
fn a_newcomer_waits_for_the_iteration_under_way_and_slows_those_that_run() {
    // One answer of 101 tokens; at 100 ms a prompt of one chunk comes while a step of 6.35 ms runs.
    let arrivals = [arrival(0, Class::Chat, 512, 101), arrival(100, Class::Chat, 512, 1)];
    let report = play("round-robin", &arrivals, 1, &[]);
    // The steps end at 64 + 6.35 k: the next after 100 is 102.1, then one iteration of 64 + 6.35.
    assert!((report.ttft_ms["chat"].p99 - (2.1 + 70.35)).abs() < 0.01, "{report:?}");
}

fn conversation(id: u64, turns: u64, every_ms: u64) -> impl Iterator<Item = Arrival> {
    (0..turns).map(move |turn| {
        let blocks: Vec<BlockHash> =
            (0..4 + turn * 2).map(|block| BlockHash(if block == 0 { 0 } else { id * 1_000 + block })).collect();
        Arrival {
            at_us: (turn * every_ms + id * 37) * 1_000,
            class: Class::Chat,
            prompt_tokens: u32::try_from(blocks.len()).unwrap() * 512,
            output_tokens: 50,
            blocks: blocks.into(),
        }
    })
}

fn conversations(count: u64) -> Vec<Arrival> {
    let mut arrivals: Vec<Arrival> = (1..=count).flat_map(|id| conversation(id, 8, 20_000)).collect();
    arrivals.sort_by_key(|arrival| arrival.at_us);
    arrivals
}

#[test]
fn our_policy_finds_nearly_all_that_is_cached_and_keeps_the_load_even() {
    // No multiple of the replicas: taking turns must not be affinity by accident.
    let arrivals = conversations(203);
    let (ours, robin) = (play("sfetnic", &arrivals, 4, &[]), play("round-robin", &arrivals, 4, &[]));
    assert!(ours.prefix_hit_rate >= 0.85 * ceiling(&arrivals), "{ours:?}");
    assert!(ours.prefix_hit_rate > robin.prefix_hit_rate + 0.1, "{ours:?} {robin:?}");
    assert!(ours.load_imbalance <= 1.5, "{ours:?}");
}

#[test]
fn the_same_scenario_gives_the_same_report() {
    let arrivals = conversations(50);
    for policy in ["sfetnic", "power-of-two"] {
        assert_eq!(play(policy, &arrivals, 3, &[]), play(policy, &arrivals, 3, &[]));
    }
}

#[test]
fn whatever_befalls_a_replica_only_what_was_being_answered_is_lost() {
    for kind in [FaultKind::Dies, FaultKind::Silent, FaultKind::Faulty] {
        let arrivals: Vec<Arrival> = (0..600).map(|at| arrival(at * 100, Class::Chat, 1_500, 60)).collect();
        let fault = Fault { replica: 1, kind, at_secs: 20.0, returns_secs: Some(40.0) };
        let report = play("sfetnic", &arrivals, 4, &[fault]);
        let chat = &report.classes["chat"];
        let rejected: usize = chat.rejected.values().sum();
        assert_eq!(chat.finished + chat.lost + rejected, 600, "{kind:?} {chat:?}");
        assert!(chat.lost <= 8 && rejected == 0, "{kind:?} {chat:?}");
        assert!(kind == FaultKind::Dies || chat.lost == 0, "{kind:?} {chat:?}");
    }
}

/// Sends each request, as it comes, to the replica that was chosen for it beforehand, or rejects it.
struct Chosen(Vec<Option<u32>>);

impl Scheduler for Chosen {
    fn handle(&mut self, _now: Moment, event: Event) -> Vec<Decision> {
        let Event::Arrival(request) = event else { return Vec::new() };
        vec![match self.0[usize::try_from(request.id.0).unwrap()] {
            Some(replica) => Decision::Dispatch { request: request.id, replica: ReplicaId(replica), attempt: 1 },
            None => Decision::Reject {
                request: request.id,
                reason: policy::Rejection::DeadlineCannotBeMet,
                retry_after: std::time::Duration::ZERO,
            },
        }]
    }

    fn next_wake(&self) -> Option<Moment> {
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Every assignment of a few requests to two replicas, tried in the simulator itself: none beats the bound.
    #[test]
    fn no_assignment_beats_the_bound(
        asked in prop::collection::vec((0_u64..2_000, prop::sample::select(Class::ALL.to_vec()), 1_u32..16, 1_u32..80, 0_u64..2), 1..5)
    ) {
        let mut arrivals: Vec<Arrival> = asked.into_iter().map(|(at, class, blocks, output, family)| Arrival {
            blocks: (0..u64::from(blocks)).map(|block| BlockHash(family * 100 + block)).collect(),
            ..arrival(at, class, blocks * 512, output)
        }).collect();
        arrivals.sort_by_key(|arrival| arrival.at_us);
        let costs = vec![CostModel { slots: 4, ..CostModel::default() }; 2];
        let mut config = PolicyConfig::default();
        // Tight, so that not everything can be good.
        for class in Class::ALL {
            config.classes.of_mut(class).first_token_ms = 600.0;
            config.classes.of_mut(class).first_token_ms_per_thousand_tokens = 20.0;
        }
        let bound = bound::clairvoyant(&arrivals, &costs, &config.classes).weighted;
        for code in 0..3_usize.pow(u32::try_from(arrivals.len()).unwrap()) {
            let mut left = code;
            let chosen = arrivals.iter().map(|_| {
                let digit = u32::try_from(left % 3).unwrap();
                left /= 3;
                (digit < 2).then_some(digit)
            });
            let report = run::run("chosen", &mut Chosen(chosen.collect()), &arrivals, &costs, &[], &config);
            prop_assert!(report.goodput.weighted <= bound + 1e-9, "{} > {bound}", report.goodput.weighted);
        }
    }
}
