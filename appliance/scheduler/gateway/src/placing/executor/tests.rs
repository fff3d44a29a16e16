//! Plans carried out on nodes that do at once what they are told, or do not.

use protocol::Class;
use protocol::gpu::Health;

use super::super::picture::tests::{GIB, heard};
use super::*;

/// Some nodes, and the executor that places models on them.
struct World {
    executor: Executor,
    nodes: Vec<Heard>,
    /// What the dispatchers measured.
    demand: Vec<Demand>,
    acting: bool,
    now: Instant,
    at: u64,
    /// Everything that nodes were told: `load m a0`.
    told: Vec<String>,
}

fn model(id: &str, gib: u64, replicas: u32) -> Model {
    Model::on_one_gpu(id, gib * GIB).wanted_by(Class::Chat, 1, replicas.min(1), replicas)
}

/// A node with one GPU that has the models in its store; those with `true` are ready.
fn node(name: &str, gib: u64, models: &[(&str, bool)]) -> Heard {
    let models: Vec<(&str, ModelState, Option<u32>)> = models
        .iter()
        .map(|(id, ready)| match ready {
            true => (*id, ModelState::Ready, Some(0)),
            false => (*id, ModelState::Unloaded, None),
        })
        .collect();
    heard(name, &[gib], &models)
}

impl World {
    fn new(catalogue: Vec<Model>, nodes: Vec<Heard>) -> Self {
        let settings = Settings { margin_bytes: 0, margin_permille: 0, settle_ms: 0, ..Settings::default() };
        let executor = Executor::new(catalogue, settings);
        let (demand, told) = (Vec::new(), Vec::new());
        Self { executor, nodes, demand, acting: true, now: Instant::now(), at: 0, told }
    }

    fn load(&mut self, node: &str, model: &str) -> &mut protocol::ModelLoad {
        let node = self.nodes.iter_mut().find(|it| it.name.0 == node).unwrap();
        node.beat.models.iter_mut().find(|it| it.id == model).unwrap()
    }

    /// A second of rounds, without the nodes' doing anything; what they were told.
    fn second(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        for _ in 0..5 {
            self.now += Duration::from_millis(200);
            self.at += 200;
            let (at, demand) = (UnixMillis(self.at), self.demand.clone());
            orders.extend(self.executor.round(self.now, at, &self.nodes, demand, self.acting));
        }
        for order in &orders {
            let (model, node) = &order.key;
            self.told.push(format!("{} {model} {node}{}", order.kind.name(), order.kind.gpu()));
        }
        orders
    }

    /// Nodes do what they are told: it takes them a second.
    fn obey(&mut self, orders: &[Order]) {
        for order in orders {
            let load = self.load(&order.key.1.0, &order.key.0.0);
            (load.state, load.gpu) = match order.kind {
                Kind::Load { gpu } => (ModelState::Loading, Some(gpu)),
                Kind::Unload { .. } => (ModelState::Draining, load.gpu),
            };
        }
        self.told_only_what_is_there();
        for order in orders {
            let load = self.load(&order.key.1.0, &order.key.0.0);
            (load.state, load.gpu) = match order.kind {
                Kind::Load { gpu } => (ModelState::Ready, Some(gpu)),
                Kind::Unload { .. } => (ModelState::Unloaded, None),
            };
        }
    }

    /// A second passes while nodes are at it: nothing is told twice.
    fn told_only_what_is_there(&mut self) {
        let before = self.told.len();
        self.second();
        assert_eq!(self.told.len(), before, "told again: {:?}", self.told);
    }

    /// Some seconds in which the nodes are told nothing, though there would be something to tell.
    fn run_idle(&mut self) {
        for _ in 0..10 {
            assert_eq!(self.second(), []);
        }
    }

    fn run(&mut self) -> Vec<String> {
        for _ in 0..20 {
            let orders = self.second();
            self.obey(&orders);
        }
        assert_eq!(self.executor.status(self.now, &self.nodes).pending, [], "something is left to be done");
        std::mem::take(&mut self.told)
    }
}

#[test]
fn a_model_that_makes_room_for_another_moves_once() {
    let models: &[(&str, bool)] = &[("small", true), ("large", false)];
    let nodes = vec![node("a", 10, models), node("b", 4, &[("small", false), ("large", false)])];
    let mut world = World::new(vec![model("small", 3, 1), model("large", 9, 1)], nodes);
    assert_eq!(world.run(), ["load small b0", "unload small a0", "load large a0"]);
    assert_eq!(world.run(), [""; 0], "what lies well stays");
}

#[test]
fn a_drained_node_is_emptied_after_its_heir_is_ready() {
    let nodes = vec![node("a", 10, &[("m", true)]), node("b", 10, &[("m", false)])];
    let mut world = World::new(vec![model("m", 2, 1)], nodes);
    assert_eq!(world.run(), [""; 0]);
    world.nodes[0].drained = true;
    let orders = world.second();
    assert_eq!(world.told, ["load m b0"]);
    world.load("b", "m").state = ModelState::Loading;
    world.load("b", "m").gpu = Some(0);
    // The server dies, another one takes over: it knows what it hears, and no more.
    let mut heir = World::new(vec![model("m", 2, 1)], world.nodes.clone());
    assert_eq!(heir.second(), [], "the last replica stays until the other is ready");
    world.obey(&orders);
    assert_eq!(world.run(), ["load m b0", "unload m a0"]);
    heir.load("b", "m").state = ModelState::Ready;
    assert_eq!(heir.run(), ["unload m a0"]);
}

#[test]
fn what_runs_is_not_cut_off_and_a_node_that_is_taken_back_keeps_it() {
    let nodes = vec![node("a", 10, &[("m", true)]), node("b", 10, &[("m", true)])];
    let mut world = World::new(vec![model("m", 2, 2)], nodes);
    world.run();
    world.load("a", "m").active = 1;
    world.nodes[0].drained = true;
    assert_eq!(world.second(), [], "it is emptied first");
    let (emptying, _) = world.executor.directions(&world.nodes);
    assert!(emptying.contains(&("m".to_owned(), "a".to_owned())), "and given nothing new");
    let pending = world.executor.status(world.now, &world.nodes).pending;
    assert!(matches!(pending[0].state, StepState::Emptying { .. }), "{pending:?}");
    world.nodes[0].drained = false;
    assert_eq!(world.run(), [""; 0]);
    assert!(world.executor.directions(&world.nodes).0.is_empty());
}

#[test]
fn a_load_that_fails_goes_elsewhere_and_comes_back_only_after_a_while() {
    let nodes = vec![node("a", 5, &[("m", false)]), node("b", 10, &[("m", false)])];
    let mut world = World::new(vec![model("m", 2, 1)], nodes);
    let orders = world.second();
    assert_eq!(world.told, ["load m a0"]);
    world.executor.refused(world.now, &orders[0], "GPU 0 has 1.0 GiB", true);
    let orders = world.second();
    assert_eq!(world.told, ["load m a0", "load m b0"]);
    // Broken there too: the node says so in its heartbeat.
    let load = world.load("b", "m");
    (load.state, load.gpu) = (ModelState::Loading, Some(0));
    assert_eq!(world.second(), []);
    let load = world.load("b", "m");
    (load.state, load.gpu, load.reason) = (ModelState::Failed, None, Some("no such file".to_owned()));
    assert_eq!(orders.len() + world.second().len(), 1, "nobody is left to try");
    let status = world.executor.status(world.now, &world.nodes);
    assert_eq!(status.refusals.len(), 2);
    assert_eq!(status.plan.unwrap().unplaced[0].replicas, 1);
    world.told.clear();
    for _ in 0..40 {
        world.second();
    }
    assert_eq!(world.told.first().map(String::as_str), Some("load m a0"), "after a while it is tried again");
}

#[test]
fn a_lost_node_and_a_sick_gpu_call_for_a_plan_at_once() {
    let nodes = vec![node("a", 5, &[("m", true)]), node("b", 6, &[("m", false)]), node("c", 10, &[("m", false)])];
    let mut world = World::new(vec![model("m", 2, 1)], nodes);
    world.run();
    world.nodes.remove(0);
    assert_eq!(world.run(), ["load m b0"]);
    world.nodes[0].beat.gpus[0].health = Health::Drain;
    assert_eq!(world.run(), ["load m c0", "unload m b0"]);
}

#[test]
fn a_node_holds_a_model_once_so_that_it_is_unloaded_before_it_moves_to_another_gpu() {
    let mut one = heard("a", &[5, 5], &[("m", ModelState::Ready, Some(0))]);
    one.beat.gpus[0].health = Health::Drain;
    let mut world = World::new(vec![model("m", 2, 1)], vec![one]);
    assert_eq!(world.run(), ["unload m a0", "load m a1"]);
}

#[test]
fn who_does_not_dispatch_tells_nobody_anything() {
    let nodes = vec![node("a", 5, &[("m", false)])];
    let mut world = World::new(vec![model("m", 2, 1)], nodes);
    let orders = world.executor.round(world.now, UnixMillis(1), &world.nodes, Vec::new(), false);
    assert_eq!(orders, []);
    let status = world.executor.status(world.now, &world.nodes);
    assert_eq!((status.acting, status.pending.len(), status.pending[0].state), (false, 1, StepState::Waiting));
    assert_eq!(world.second().len(), 1, "once it dispatches, it acts");
}

fn busy(model: &str, busy_thousandths: u64) -> Vec<Demand> {
    vec![Demand { model: model.into(), class: Class::Chat, busy_thousandths }]
}

/// Three nodes with the same model, of which one replica is needed and three are enough.
fn elastic(ready: [bool; 3]) -> World {
    let nodes = ["a", "b", "c"].into_iter().zip(ready).map(|(name, ready)| node(name, 10, &[("m", ready)]));
    World::new(vec![Model::on_one_gpu("m", 2 * GIB).wanted_by(Class::Chat, 1, 1, 3)], nodes.collect())
}

#[test]
fn more_demand_is_met_at_once_and_less_only_when_it_has_lasted() {
    let mut world = elastic([true, false, false]);
    world.demand = busy("m", 500);
    assert_eq!(world.run(), [""; 0]);
    world.demand = busy("m", 1_300);
    let orders = world.second();
    assert_eq!(world.told, ["load m b0"]);
    world.obey(&orders);
    world.told.clear();
    world.demand = busy("m", 100);
    for _ in 0..598 {
        world.second();
    }
    let aim = &world.executor.status(world.now, &world.nodes).aims[0];
    assert_eq!((aim.busy_thousandths, aim.replicas, aim.minimum, aim.wanted), (Some(100), 2, 1, 3));
    assert!(aim.fewer_in_seconds.is_some_and(|seconds| seconds < 5), "{aim:?}");
    assert_eq!(world.told, [""; 0]);
    assert_eq!(world.run().len(), 1);
}

#[test]
fn demand_that_rises_again_keeps_a_replica_that_was_about_to_go() {
    let mut world = elastic([true, true, false]);
    world.executor.settings.fall_after_ms = 0;
    world.demand = busy("m", 100);
    for name in ["a", "b"] {
        world.load(name, "m").active = 1;
    }
    assert_eq!(world.second(), [], "what runs there finishes first");
    assert_eq!(world.executor.status(world.now, &world.nodes).pending.len(), 1);
    world.demand = busy("m", 1_500);
    assert_eq!(world.second(), []);
    assert_eq!(world.executor.status(world.now, &world.nodes).pending, []);
    assert!(world.executor.directions(&world.nodes).0.is_empty(), "and it is given requests again");
}

#[test]
fn demand_that_cannot_be_met_is_not_planned_for_again_and_again() {
    let mut world = elastic([true, true, true]);
    world.nodes.truncate(2);
    world.demand = busy("m", 9_000);
    world.second();
    let status = world.executor.status(world.now, &world.nodes);
    assert_eq!((status.aims[0].replicas, status.remarks.len()), (3, 0));
    assert_eq!(status.plan.as_ref().unwrap().unplaced[0].replicas, 1);
    let made = world.executor.way.as_ref().unwrap().made;
    world.second();
    assert_eq!(world.executor.way.as_ref().unwrap().made, made);
}

#[test]
fn of_what_is_aimed_at_one_less_is_given_up_where_a_node_would_hold_it_twice() {
    let mut one = heard("a", &[10, 10], &[("m", ModelState::Ready, Some(0))]);
    one.beat.gpus[0].held.clear();
    let mut world = World::new(vec![model("m", 2, 9)], vec![one]);
    world.demand = busy("m", 1_000);
    assert_eq!(world.run(), [""; 0]);
    let status = world.executor.status(world.now, &world.nodes);
    assert_eq!(status.aims[0].replicas, 2);
    assert!(status.remarks[0].starts_with("m: 1 more wanted"), "{:?}", status.remarks);
}

#[test]
fn who_takes_over_goes_on_with_what_lies_there_until_it_has_measured() {
    let mut world = elastic([true, true, false]);
    world.acting = false;
    assert_eq!(world.run(), [""; 0], "two are taken for what the other server aims at");
    world.acting = true;
    assert_eq!(world.run(), [""; 0]);
    world.demand = busy("m", 2_000);
    assert_eq!(world.run(), ["load m c0"]);
}

#[test]
fn at_a_first_start_all_that_is_wanted_is_loaded() {
    let mut world = elastic([false, false, false]);
    world.acting = false;
    world.run_idle();
    world.acting = true;
    assert_eq!(world.run().len(), 3);
}
