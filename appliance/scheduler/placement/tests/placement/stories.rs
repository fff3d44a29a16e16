//! What happens to a fleet, told one case at a time.

use placement::{Action, Because, Event, Help, Model, Plan, Planner, Settings, Snapshot, Used, Verdict, plan};
use protocol::gpu::{Health, UnixMillis};
use protocol::{Class, ModelState};

use crate::fleet::{GIB, exact, model, node, replica, slot, snapshot};
use crate::world::World;

fn planned(snapshot: &Snapshot) -> Plan {
    let plan = plan(snapshot, &exact()).unwrap();
    World::new(snapshot, &exact()).carry_out(&plan, 7);
    plan
}

/// Where the replicas of a model lie: `a0 b1`.
fn places(plan: &Plan, id: &str) -> String {
    let of = plan.assignments.iter().filter(|assignment| assignment.model.0 == id);
    let place = |slots: &[placement::Slot]| {
        slots.iter().map(|slot| format!("{}{}", slot.node, slot.gpu)).collect::<Vec<_>>().join("+")
    };
    of.map(|assignment| place(&assignment.slots)).collect::<Vec<_>>().join(" ")
}

fn told(plan: &Plan, model: &str, node: &str) -> Verdict {
    plan.why(Some(&model.into()), Some(&node.into())).next().unwrap().verdict.clone()
}

#[test]
fn a_model_takes_the_tightest_gpu() {
    let plan =
        planned(&snapshot(vec![model("m", 20, 1)], vec![node("a", &[80]), node("b", &[24]), node("c", &[16])], vec![]));
    assert_eq!(places(&plan, "m"), "b0");
    assert_eq!(told(&plan, "m", "b"), Verdict::Comes { gpus: vec![0], leaves_bytes: 4 * GIB });
    assert_eq!(told(&plan, "m", "a"), Verdict::NotNeeded { leaves_bytes: 60 * GIB });
    assert_eq!(told(&plan, "m", "c"), Verdict::TooSmall { largest_bytes: 16 * GIB, needs_bytes: 20 * GIB });
}

#[test]
fn replicas_lie_on_different_nodes_then_on_different_gpus_never_on_one_twice() {
    let nodes = || vec![node("a", &[80, 80]), node("b", &[80])];
    assert_eq!(places(&planned(&snapshot(vec![model("m", 10, 2)], nodes(), vec![])), "m"), "a0 b0");
    assert_eq!(places(&planned(&snapshot(vec![model("m", 10, 3)], nodes(), vec![])), "m"), "a0 a1 b0");
    let plan = planned(&snapshot(vec![model("m", 10, 4)], nodes(), vec![]));
    assert_eq!(plan.unplaced[0].replicas, 1);
    assert_eq!(plan.unplaced[0].help, Help::AnotherNode { bytes: 10 * GIB });
}

#[test]
fn one_gpu_is_better_than_several_and_one_node_better_than_two() {
    let large = |nodes| snapshot(vec![model("m", 60, 1).or_split(2, GIB).or_spanning(2, 2, GIB)], nodes, vec![]);
    assert_eq!(places(&planned(&large(vec![node("a", &[40, 40]), node("b", &[80])])), "m"), "b0");
    assert_eq!(places(&planned(&large(vec![node("a", &[40, 40]), node("b", &[24, 24])])), "m"), "a0+a1");
    let fabric = |name: &str| placement::Node { fabric: Some("ib".into()), ..node(name, &[24, 24]) };
    assert_eq!(places(&planned(&large(vec![fabric("a"), fabric("b")])), "m"), "a0+a1+b0+b1");
    let apart = planned(&large(vec![node("a", &[24, 24]), node("b", &[24, 24])]));
    assert_eq!(places(&apart, "m"), "", "machines without a common fabric are not joined");
}

#[test]
fn a_split_model_keeps_to_linked_gpus() {
    let mut pairs = node("a", &[40, 40, 41, 41]);
    for (gpu, link) in pairs.gpus.iter_mut().zip([0, 1, 0, 1]) {
        gpu.link = Some(link);
    }
    let split =
        Model { shapes: vec![placement::Shape { nodes: 1, gpus: 2, bytes_per_gpu: 30 * GIB }], ..model("m", 60, 1) };
    assert_eq!(places(&planned(&snapshot(vec![split], vec![pairs], vec![])), "m"), "a0+a2");
}

#[test]
fn foreign_memory_is_never_sold() {
    let mut busy = node("a", &[80]);
    busy.gpus[0].free_bytes = 30 * GIB;
    let plan = planned(&snapshot(vec![model("m", 40, 1)], vec![busy], vec![]));
    let (slot, bytes, of_bytes) = (slot("a", 0), 10 * GIB, 50 * GIB);
    assert_eq!(plan.unplaced[0].help, Help::EndForeign { slot, bytes, of_bytes });
    assert_eq!(plan.unplaced[0].below_minimum, 1);
}

#[test]
fn our_own_use_is_not_foreign_and_use_beyond_the_reservation_is_charged() {
    let mut loaded = node("a", &[80]);
    loaded.gpus[0].free_bytes = 30 * GIB;
    loaded.gpus[0].used = vec![Used { model: "m".into(), bytes: 50 * GIB }];
    let fits = |gib| {
        let models = vec![model("m", 40, 1), model("n", gib, 1)];
        plan(&snapshot(models, vec![loaded.clone()], vec![replica("m", &[("a", 0)])]), &exact()).unwrap()
    };
    assert_eq!(places(&fits(30), "n"), "a0");
    assert_eq!(places(&fits(31), "n"), "");
}

#[test]
fn the_margin_stays_unsold_and_what_it_still_covers_stays() {
    let settings = Settings { margin_bytes: 2 * GIB, ..exact() };
    let with_foreign = |gib: u64| {
        let mut loaded = node("a", &[80]);
        loaded.gpus[0].free_bytes = (40 - gib) * GIB;
        loaded.gpus[0].used = vec![Used { model: "m".into(), bytes: 40 * GIB }];
        let models = vec![model("m", 40, 1), model("n", 38, 1)];
        plan(&snapshot(models, vec![loaded], vec![replica("m", &[("a", 0)])]), &settings).unwrap()
    };
    assert_eq!(places(&with_foreign(0), "n"), "a0");
    assert_eq!(places(&with_foreign(1), "n"), "");
    assert!(with_foreign(40).steps.is_empty(), "the margin is used up, nothing is beyond it");
}

#[test]
fn memory_taken_by_a_foreign_program_moves_the_least_that_makes_room() {
    let mut taken = node("a", &[80]);
    taken.gpus[0].free_bytes = 0;
    taken.gpus[0].used = vec![Used { model: "m".into(), bytes: 40 * GIB }, Used { model: "n".into(), bytes: 10 * GIB }];
    let models = vec![model("m", 40, 1), model("n", 15, 1)];
    let lying = vec![replica("m", &[("a", 0)]), replica("n", &[("a", 0)])];
    let plan = plan(&snapshot(models, vec![taken, node("b", &[24])], lying), &exact()).unwrap();
    assert_eq!((places(&plan, "m"), places(&plan, "n")), ("a0".into(), "b0".into()));
    assert_eq!(plan.steps[0].action, Action::Load, "the new one is ready before the old one goes: {plan}");
    assert_eq!(plan.steps[1].because, Because::MemoryTaken);
}

#[test]
fn a_draining_node_is_emptied_without_a_pause() {
    let draining = placement::Node { draining: true, ..node("a", &[80]) };
    let lying = vec![replica("m", &[("a", 0)])];
    let plan = planned(&snapshot(vec![model("m", 40, 1)], vec![draining, node("b", &[80])], lying));
    assert_eq!(places(&plan, "m"), "b0");
    assert_eq!(told(&plan, "m", "a"), Verdict::Draining);
    let order: Vec<Action> = plan.steps.iter().map(|step| step.action).collect();
    assert_eq!(order, [Action::Load, Action::Unload]);
    assert_eq!(plan.steps[1].waits_for, [0]);
}

#[test]
fn a_gpu_that_admits_nothing_new_keeps_what_runs_and_a_sick_one_loses_it() {
    let with = |health| {
        let mut sick = node("a", &[80]);
        sick.gpus[0].health = health;
        let lying = vec![replica("m", &[("a", 0)])];
        planned(&snapshot(vec![model("m", 40, 1), model("n", 30, 1)], vec![sick, node("b", &[80])], lying))
    };
    let pausing = with(Health::AdmitNothingNew);
    assert_eq!((places(&pausing, "m"), places(&pausing, "n")), ("a0".into(), "b0".into()));
    for health in [Health::Drain, Health::NeedsReset] {
        assert_eq!(places(&with(health), "m"), "b0");
        assert_eq!(told(&with(health), "n", "a"), Verdict::Unhealthy(health));
    }
}

#[test]
fn what_cannot_be_placed_says_that_a_node_in_service_would_help() {
    let draining = placement::Node { draining: true, ..node("a", &[80]) };
    let plan = planned(&snapshot(vec![model("m", 40, 1)], vec![draining, node("b", &[24])], vec![]));
    assert_eq!(plan.unplaced[0].help, Help::Undrain("a".into()));
    let larger = Help::LargerGpus { gpus: 1, bytes: 40 * GIB, largest_bytes: 24 * GIB };
    assert_eq!(planned(&snapshot(vec![model("m", 40, 1)], vec![node("b", &[24])], vec![])).unplaced[0].help, larger);
}

#[test]
fn a_failed_replica_is_unloaded_and_not_loaded_there_again() {
    let failed = placement::Replica { state: ModelState::Failed, ..replica("m", &[("a", 0)]) };
    let plan = planned(&snapshot(vec![model("m", 20, 1)], vec![node("a", &[24]), node("b", &[80])], vec![failed]));
    assert_eq!(places(&plan, "m"), "b0");
    assert!(matches!(told(&plan, "m", "a"), Verdict::Refused(_)));
    assert!(plan.steps.iter().any(|step| step.because == Because::Ended));
}

#[test]
fn a_minimum_takes_the_place_of_what_is_beyond_minimums() {
    let batch = Model::on_one_gpu("batch", 60 * GIB).wanted_by(Class::Batch, 1, 0, 2);
    let voice = Model::on_one_gpu("voice", 30 * GIB).wanted_by(Class::Voice, 8, 1, 1);
    let nodes = vec![node("a", &[80]), node("b", &[80])];
    let lying = vec![replica("batch", &[("a", 0)]), replica("batch", &[("b", 0)])];
    let plan = planned(&snapshot(vec![batch, voice], nodes, lying));
    assert_eq!((places(&plan, "voice"), places(&plan, "batch")), ("a0".into(), "b0".into()));
    assert_eq!(plan.steps[0].because, Because::MadeRoom("voice".into()));
    assert_eq!(plan.steps[1].waits_for, [0], "room is made before it is used");
}

#[test]
fn the_last_replica_makes_room_only_when_another_is_ready() {
    // The large model fits only where the small one lies; the small one has a place elsewhere.
    let nodes = vec![node("a", &[80]), node("b", &[24])];
    let plan = planned(&snapshot(
        vec![model("large", 70, 1), model("small", 20, 1)],
        nodes,
        vec![replica("small", &[("a", 0)])],
    ));
    assert_eq!((places(&plan, "large"), places(&plan, "small")), ("a0".into(), "b0".into()));
    let order: Vec<(Action, &str)> = plan.steps.iter().map(|step| (step.action, step.model.0.as_str())).collect();
    assert_eq!(order, [(Action::Load, "small"), (Action::Unload, "small"), (Action::Load, "large")]);
}

#[test]
fn a_gain_below_the_threshold_moves_nothing() {
    let of = |weight| Model::on_one_gpu("new", 60 * GIB).wanted_by(Class::Chat, weight, 0, 1);
    let old = || Model::on_one_gpu("old", 60 * GIB).wanted_by(Class::Chat, 10, 0, 1);
    let with =
        |weight| planned(&snapshot(vec![of(weight), old()], vec![node("a", &[80])], vec![replica("old", &[("a", 0)])]));
    assert!(with(12).steps.is_empty());
    assert_eq!(places(&with(13), "new"), "a0");
}

#[test]
fn what_came_a_moment_ago_is_left_alone_except_for_a_minimum() {
    let settings = Settings { settle_ms: 60_000, ..exact() };
    let old = Model::on_one_gpu("old", 60 * GIB).wanted_by(Class::Batch, 1, 0, 1);
    let with = |minimum| {
        let new = Model::on_one_gpu("new", 60 * GIB).wanted_by(Class::Voice, 8, minimum, 1);
        let recent = placement::Replica { since: UnixMillis(3_590_000), ..replica("old", &[("a", 0)]) };
        plan(&snapshot(vec![new, old.clone()], vec![node("a", &[80])], vec![recent]), &settings).unwrap()
    };
    assert_eq!(places(&with(0), "new"), "");
    assert_eq!(places(&with(1), "new"), "a0");
}

#[test]
fn replicas_that_share_a_node_move_apart_once_there_is_another_for_a_while() {
    let lying = || vec![replica("m", &[("a", 0)]), replica("m", &[("a", 1)])];
    let settings = Settings { settle_ms: 60_000, ..exact() };
    let with = |since| {
        let fresh = placement::Node { since: UnixMillis(since), ..node("b", &[80]) };
        plan(&snapshot(vec![model("m", 40, 2)], vec![node("a", &[80, 80]), fresh], lying()), &settings).unwrap()
    };
    assert!(with(3_590_000).steps.is_empty());
    assert_eq!(places(&with(0), "m"), "a1 b0");
}

#[test]
fn two_models_in_each_others_way_are_interrupted_and_it_says_so() {
    // Both nodes refuse what lies on them and there is no third place.
    let mut a = node("a", &[24]);
    let mut b = node("b", &[24]);
    a.refuses.insert("m".into(), "no engine".into());
    b.refuses.insert("n".into(), "no engine".into());
    let lying = vec![replica("m", &[("a", 0)]), replica("n", &[("b", 0)])];
    let plan = planned(&snapshot(vec![model("m", 20, 1), model("n", 20, 1)], vec![a, b], lying));
    assert_eq!((places(&plan, "m"), places(&plan, "n")), ("b0".into(), "a0".into()));
    assert_eq!(plan.steps.iter().filter(|step| step.interrupts).count(), 1, "{plan}");
}

#[test]
fn a_lost_node_and_its_return_are_decided_one_event_at_a_time() {
    let nodes = vec![node("a", &[80]), node("b", &[80]), node("c", &[24])];
    let start = snapshot(vec![model("m", 20, 2)], nodes, vec![]);
    let mut planner = Planner::new(&start, &exact()).unwrap();
    let wanted = |replicas| Event::Wanted { model: "m".into(), class: Class::Chat, replicas };
    let first = planner.decide(UnixMillis(1), &wanted(2)).unwrap();
    assert_eq!(first.len(), 2);
    let lost = planner.decide(UnixMillis(2), &Event::Lost("c".into())).unwrap();
    assert_eq!((lost.len(), lost[0].action), (1, Action::Load), "nothing is unloaded from a node that is gone");
    let back = Event::Joined { node: node("c", &[24]), replicas: vec![] };
    assert!(planner.decide(UnixMillis(3), &back).unwrap().is_empty(), "a node that returns moves nothing");
    let fewer = planner.decide(UnixMillis(4), &wanted(1)).unwrap();
    assert_eq!((fewer.len(), &fewer[0].because), (1, &Because::Surplus));
    assert!(planner.decide(UnixMillis(5), &Event::Lost("x".into())).is_err());
}

#[test]
fn a_plan_reads_as_a_person_would_tell_it() {
    let draining = placement::Node { draining: true, ..node("a", &[80]) };
    let models = vec![model("m", 40, 1), model("n", 90, 1)];
    let plan = planned(&snapshot(models, vec![draining, node("b", &[80])], vec![replica("m", &[("a", 0)])]));
    let expected = "\
replicas
  m on b GPU 0 (40.0 GiB each) comes
steps
  1. load   m on b GPU 0 (40.0 GiB each): moves here from elsewhere
  2. unload m on a GPU 0 (40.0 GiB each): the node is being emptied; after 1
without a place
  n: 1 without a place, 1 of them below the minimum; no node is large enough: 1 GPU(s) with 90.0 GiB for models are needed on one, the largest has 80.0 GiB
";
    assert_eq!(plan.to_string(), expected);
}
