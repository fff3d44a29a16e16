//! What holds on any fleet.

use std::collections::{BTreeMap, BTreeSet};

use placement::{Model, ModelId, Node, NodeName, Plan, Settings, Snapshot, plan};
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::Class;
use protocol::gpu::{Health, UnixMillis};

use crate::fleet::{GIB, exact, model, node, snapshot};
use crate::world::World;

fn any_health() -> impl Strategy<Value = Health> + Clone {
    prop_oneof![12 => Just(Health::Ok), 1 => Just(Health::AdmitNothingNew), 1 => Just(Health::Drain), 1 => Just(Health::NeedsReset)]
}

fn any_node(number: usize) -> impl Strategy<Value = Node> {
    let gpu = (prop::sample::select(vec![24u64, 48, 80, 96, 141]), 0..=100u64, any_health());
    let gpus = prop::sample::select(vec![1usize, 2, 4]).prop_flat_map(move |count| vec(gpu.clone(), count));
    (gpus, prop::bool::weighted(0.1), any::<bool>()).prop_map(move |(gpus, draining, fabric)| {
        let sizes: Vec<u64> = gpus.iter().map(|gpu| gpu.0).collect();
        let mut node = node(&format!("node-{number}"), &sizes);
        node.draining = draining;
        node.fabric = fabric.then(|| "ib".to_owned());
        for (gpu, (_, free, health)) in node.gpus.iter_mut().zip(gpus) {
            // Most GPUs are free, some are wholly or partly taken.
            gpu.free_bytes = gpu.total_bytes * (free * 2).min(100) / 100;
            gpu.health = health;
        }
        node
    })
}

fn any_model(number: usize) -> impl Strategy<Value = Model> {
    let want = (1..9u32, 0..3u32, 0..4u32);
    (1..160u64, any::<bool>(), any::<bool>(), vec(want, 1..3)).prop_map(move |(gib, split, span, wants)| {
        let mut model = Model::on_one_gpu(format!("model-{number}"), gib * GIB);
        if split {
            model = model.or_split(2, GIB).or_split(4, GIB);
        }
        if span {
            model = model.or_spanning(2, 2, GIB);
        }
        for ((weight, minimum, more), class) in wants.into_iter().zip(Class::ALL) {
            model = model.wanted_by(class, weight, minimum, minimum + more);
        }
        model
    })
}

fn any_fleet() -> impl Strategy<Value = (Vec<Model>, Vec<Node>)> {
    let nodes = (1..7usize).prop_flat_map(|count| (0..count).map(any_node).collect::<Vec<_>>());
    let models = (1..8usize).prop_flat_map(|count| (0..count).map(any_model).collect::<Vec<_>>());
    (models, nodes)
}

/// A fleet that was planned once and runs, and then changed: nodes that went, came, drain or are sick, memory that foreign
/// programs took or gave back, other numbers wanted.
fn changed_fleet() -> impl Strategy<Value = (Snapshot, u64)> {
    (any_fleet(), any_fleet(), vec(0..4u8, 6), any::<u64>()).prop_map(
        |((models, nodes), (others, changed), fates, choice)| {
            let settings = settings();
            let first = snapshot(models, nodes, vec![]);
            let plan = plan(&first, &settings).unwrap();
            let mut world = World::new(&first, &settings);
            world.carry_out(&plan, choice);
            let mut after = world.snapshot(&first, &plan);
            after.now = UnixMillis(after.now.0 + 600_000);
            for (at, fate) in fates.into_iter().enumerate() {
                let Some(name) = after.nodes.get(at).map(|node| node.name.clone()) else { break };
                match (fate, changed.get(at)) {
                    (0, _) => {
                        after.replicas.retain(|replica| replica.slots.iter().all(|slot| slot.node != name));
                    }
                    (1, _) => after.nodes[at].draining ^= true,
                    (2, Some(other)) => change(&mut after.nodes[at], other),
                    _ => {}
                }
            }
            let held = |replicas: &[placement::Replica], node: &Node, index: u32, model: &ModelId| {
                replicas.iter().any(|it| {
                    it.model == *model && it.slots.iter().any(|slot| slot.node == node.name && slot.gpu == index)
                })
            };
            for node in &mut after.nodes {
                let shown = node.clone();
                for gpu in &mut node.gpus {
                    let gone: u64 = gpu
                        .used
                        .iter()
                        .filter(|used| !held(&after.replicas, &shown, gpu.index, &used.model))
                        .map(|used| used.bytes)
                        .sum();
                    gpu.used.retain(|used| held(&after.replicas, &shown, gpu.index, &used.model));
                    gpu.free_bytes += gone;
                }
            }
            for (model, other) in after.models.iter_mut().zip(&others) {
                model.wants.clone_from(&other.wants);
            }
            (after, choice)
        },
    )
}

/// The node with the health of another, and memory that foreign programs took or gave back as there.
fn change(node: &mut Node, other: &Node) {
    for (gpu, reading) in node.gpus.iter_mut().zip(&other.gpus) {
        gpu.health = reading.health;
        let ours: u64 = gpu.used.iter().map(|used| used.bytes).sum();
        let share = reading.free_bytes * 100 / reading.total_bytes;
        gpu.free_bytes = (gpu.total_bytes - ours) * share / 100;
    }
}

fn settings() -> Settings {
    Settings { margin_bytes: GIB, margin_permille: 10, ..Settings::default() }
}

fn count(plan: &Plan, model: &ModelId) -> usize {
    plan.assignments.iter().filter(|assignment| assignment.model == *model).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 400, ..ProptestConfig::default() })]

    /// In every order that the steps allow, no GPU is oversold and no model falls silent unsaid; what lies there then is what
    /// was planned.
    #[test]
    fn carrying_out_a_plan_oversells_nothing_at_any_step((snapshot, choice) in changed_fleet()) {
        let plan = plan(&snapshot, &settings()).unwrap();
        World::new(&snapshot, &settings()).carry_out(&plan, choice);
    }

    #[test]
    fn a_plan_that_was_carried_out_has_nothing_left_to_do((snapshot, choice) in changed_fleet()) {
        let first = plan(&snapshot, &settings()).unwrap();
        let mut world = World::new(&snapshot, &settings());
        world.carry_out(&first, choice);
        let again = plan(&world.snapshot(&snapshot, &first), &settings()).unwrap();
        prop_assert!(again.steps.is_empty(), "first\n{first}\nagain\n{again}");
        prop_assert!(again.assignments.iter().all(|assignment| assignment.stays));
    }

    #[test]
    fn the_order_in_which_things_are_listed_changes_nothing((snapshot, _) in changed_fleet()) {
        let mut turned = snapshot.clone();
        turned.models.reverse();
        turned.nodes.reverse();
        turned.replicas.reverse();
        turned.nodes.iter_mut().for_each(|node| node.gpus.reverse());
        turned.models.iter_mut().for_each(|model| model.shapes.reverse());
        let (one, other) = (plan(&snapshot, &settings()).unwrap(), plan(&turned, &settings()).unwrap());
        prop_assert_eq!(one, other);
    }

    /// Two replicas share a node only where no node without one has room.
    #[test]
    fn replicas_are_spread_where_there_is_room((models, nodes) in any_fleet()) {
        let snapshot = snapshot(models, nodes, vec![]);
        let plan = plan(&snapshot, &exact()).unwrap();
        for model in &snapshot.models {
            let mut on: BTreeMap<&NodeName, usize> = BTreeMap::new();
            for assignment in plan.assignments.iter().filter(|assignment| assignment.model == model.id) {
                let nodes: BTreeSet<&NodeName> = assignment.slots.iter().map(|slot| &slot.node).collect();
                nodes.into_iter().for_each(|node| *on.entry(node).or_default() += 1);
            }
            if on.values().all(|count| *count < 2) {
                continue;
            }
            let whole = model.shapes[0].bytes_per_gpu;
            for node in snapshot.nodes.iter().filter(|node| !on.contains_key(&node.name) && !node.draining) {
                for gpu in node.gpus.iter().filter(|gpu| gpu.health.admits()) {
                    let here = |slot: &placement::Slot| slot.node == node.name && slot.gpu == gpu.index;
                    let held = plan.assignments.iter().filter(|it| it.slots.iter().any(here));
                    let left = gpu.free_bytes - held.map(|it| it.bytes_per_gpu).sum::<u64>();
                    prop_assert!(left < whole, "{} shares a node although {} GPU {} has room\n{plan}", model.id, node.name, gpu.index);
                }
            }
        }
    }

    /// Of everything that is placed and unplaced: what a model cannot do without is missing only where nothing that lies on a
    /// GPU which could hold it is beyond a minimum and alone enough.
    #[test]
    fn minimums_come_first((models, nodes) in any_fleet()) {
        let snapshot = snapshot(models, nodes, vec![]);
        let plan = plan(&snapshot, &exact()).unwrap();
        let minimum = |model: &Model| model.wants.iter().map(|want| want.minimum as usize).sum::<usize>();
        let luxury: BTreeSet<&ModelId> = snapshot.models.iter().filter(|model| count(&plan, &model.id) > minimum(model)).map(|model| &model.id).collect();
        for missing in plan.unplaced.iter().filter(|unplaced| unplaced.below_minimum > 0) {
            let needs = snapshot.models.iter().find(|model| model.id == missing.model).unwrap().shapes[0].bytes_per_gpu;
            for other in plan.assignments.iter().filter(|it| luxury.contains(&it.model)) {
                for slot in &other.slots {
                    let node = snapshot.nodes.iter().find(|node| node.name == slot.node).unwrap();
                    let gpu = node.gpus.iter().find(|gpu| gpu.index == slot.gpu).unwrap();
                    let held = || plan.assignments.iter().filter(|it| it.slots.contains(slot));
                    let taken: u64 = held().map(|it| it.bytes_per_gpu).sum();
                    let has_one = held().any(|it| it.model == missing.model);
                    let would = gpu.free_bytes - taken + other.bytes_per_gpu;
                    prop_assert!(has_one || would < needs, "{} lacks its minimum beside {} on {slot}\n{plan}", missing.model, other.model);
                }
            }
        }
    }

    /// Models that are cut out of a number of equal GPUs fit on 11/9 as many and one more (best fit decreasing).
    #[test]
    fn what_packs_into_some_gpus_is_placed_on_eleven_ninths_of_them(cuts in vec(vec(1..1_000u64, 0..5), 1..12)) {
        let mut models = Vec::new();
        for mut cut in cuts.clone() {
            cut.sort_unstable();
            let ends = cut.iter().copied().chain([1_000]);
            let starts = [0].into_iter().chain(cut.iter().copied());
            for part in starts.zip(ends).map(|(start, end)| end - start).filter(|part| *part > 0) {
                let id = format!("m{}", models.len());
                models.push(Model::on_one_gpu(id, part).wanted_by(Class::Chat, 1, 1, 1));
            }
        }
        let enough = (cuts.len() * 11 + 6).div_ceil(9);
        let mut nodes: Vec<Node> = (0..enough).map(|number| node(&format!("n{number:02}"), &[1])).collect();
        for gpu in nodes.iter_mut().flat_map(|node| &mut node.gpus) {
            (gpu.total_bytes, gpu.free_bytes) = (1_000, 1_000);
        }
        let plan = plan(&snapshot(models, nodes, vec![]), &exact()).unwrap();
        prop_assert!(plan.unplaced.is_empty(), "{plan}");
    }

    /// A node that joins, and nothing pending: nothing moves.
    #[test]
    fn a_node_that_joins_a_fleet_that_lacks_nothing_moves_nothing(sizes in vec(1..20u64, 1..10)) {
        let models: Vec<Model> = (0..).zip(&sizes).map(|(number, gib)| model(&format!("m{number}"), *gib, 1)).collect();
        let before = snapshot(models, (0..10).map(|number| node(&format!("n{number}"), &[24])).collect(), vec![]);
        let first = plan(&before, &exact()).unwrap();
        let mut world = World::new(&before, &exact());
        world.carry_out(&first, 1);
        let mut after = world.snapshot(&before, &first);
        after.nodes.push(node("m-new", &[24]));
        prop_assert!(plan(&after, &exact()).unwrap().steps.is_empty());
    }
}
