//! How many nodes: the answer is the least that keeps the targets, and more people need more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step fails the test")]

use policy::PolicyConfig;
use simulator::size::{Demand, SizeError, requests, size};
use simulator::{CostModel, Scenario, simulate};

fn demand(calls: u32, chats: u32) -> Demand {
    Demand { calls, chats, seconds: 120.0, ..Demand::default() }
}

#[test]
fn the_answer_keeps_the_targets_and_one_node_less_does_not() {
    let (demand, config, cost) = (demand(60, 400), PolicyConfig::default(), CostModel::default());
    let sizing = size(&demand, &cost, &config, 64).unwrap();
    assert!(sizing.nodes > 1, "{sizing:?}");
    let arrivals = requests(&demand);
    let costs = vec![cost; sizing.nodes as usize - 1];
    let scenario = Scenario { arrivals: &arrivals, costs: &costs, faults: &[], config: &config, seed: 1 };
    let fewer = simulate("sfetnic", &scenario).unwrap();
    assert!(fewer.goodput.classes.values().any(|goodput| *goodput < demand.goodput), "{fewer:?}");
}

#[test]
fn a_node_too_slow_for_the_targets_is_said_to_be() {
    let slow = CostModel { prefill_rate: 100.0, ..CostModel::default() };
    assert!(matches!(size(&demand(2, 2), &slow, &PolicyConfig::default(), 4), Err(SizeError::TooLarge(4))));
}
