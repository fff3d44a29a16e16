//! What is there, as the planner sees it: from the nodes' heartbeats, the catalogue, and what is remembered of both.

use std::collections::{BTreeMap, BTreeSet};

use placement::{Demand, Gpu, Model, ModelId, Node, NodeName, Replica, Slot, Snapshot, Target, Used};
use protocol::gpu::{Health, UnixMillis};
use protocol::{GpuLoad, Heartbeat, ModelLoad, ModelState, NodeDescription};

/// A node that is heard.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// Its name in the configuration.
    pub(super) name: NodeName,
    /// Whether an operator wants it empty.
    pub(super) drained: bool,
    /// Its last heartbeat.
    pub(super) beat: Heartbeat,
    /// What it said of itself when it was met, or when its models changed.
    pub(super) described: std::sync::Arc<NodeDescription>,
}

impl Heard {
    /// What the node says of a model.
    pub(super) fn load(&self, model: &ModelId) -> Option<&ModelLoad> {
        self.beat.models.iter().find(|load| load.id == model.0)
    }

    /// The GPU on which a model is, comes, or is about to leave; none where it holds nothing of one.
    pub(super) fn gpu_of(&self, model: &ModelId) -> Option<u32> {
        let load = self.load(model)?;
        let lies = !matches!(load.state, ModelState::Unloaded | ModelState::Failed);
        load.gpu.filter(|gpu| lies && self.beat.gpus.iter().any(|there| there.index == *gpu))
    }

    /// Whether a model serves there.
    pub(super) fn is_ready(&self, model: &ModelId) -> bool {
        self.load(model).is_some_and(|load| load.state == ModelState::Ready)
    }
}

/// What no heartbeat tells.
pub(super) struct Known<'a> {
    pub(super) catalogue: &'a [Model],
    /// Why a node is left alone with a model.
    pub(super) refused: BTreeMap<(ModelId, NodeName), String>,
    /// Since when each node is there without a break.
    pub(super) nodes_since: &'a BTreeMap<NodeName, (u64, UnixMillis)>,
    /// Since when each replica lies where it lies.
    pub(super) replicas_since: &'a BTreeMap<(ModelId, Slot), UnixMillis>,
    /// Loads that nodes were told of and do not show yet.
    pub(super) coming: BTreeSet<(ModelId, Slot)>,
    /// Replicas whose place the plan has given to another already.
    pub(super) leaving: BTreeSet<(ModelId, NodeName)>,
    /// How much is asked for, as far as that is known.
    pub(super) demand: Vec<Demand>,
    /// What is aimed at so far.
    pub(super) targets: &'a [Target],
}

/// Draws the picture.
pub(super) fn snapshot(now: UnixMillis, heard: &[Heard], known: &Known<'_>) -> Snapshot {
    Snapshot {
        now,
        models: known.catalogue.iter().map(|model| sized(model, heard)).collect(),
        nodes: heard.iter().map(|node| node_of(node, known)).collect(),
        replicas: heard.iter().flat_map(|node| replicas(now, node, known)).collect(),
        demand: known.demand.clone(),
        targets: known.targets.to_vec(),
    }
}

/// The model, which needs no less than a node sets aside for it: the shape on one GPU is the one that nodes can load.
fn sized(model: &Model, heard: &[Heard]) -> Model {
    let entries = heard.iter().flat_map(|node| &node.described.models).filter(|entry| entry.id == model.id.0);
    let vram_bytes = entries.map(|entry| entry.vram_bytes).max().unwrap_or(0).max(model.vram_bytes);
    let mut sized = Model { vram_bytes, ..model.clone() };
    if sized.shapes.iter().any(|shape| shape.gpus_in_all() == 1) {
        sized.shapes.retain(|shape| shape.gpus_in_all() == 1);
    }
    for shape in &mut sized.shapes {
        let share = vram_bytes.div_ceil(u64::from(shape.gpus_in_all()).max(1));
        shape.bytes_per_gpu = shape.bytes_per_gpu.max(share);
    }
    sized
}

fn node_of(node: &Heard, known: &Known<'_>) -> Node {
    let refuses = known.catalogue.iter().filter_map(|model| Some((model.id.clone(), refusal(node, model, known)?)));
    Node {
        name: node.name.clone(),
        // A GPU's health speaks for the GPU: a sick one does not close those beside it.
        health: Health::Ok,
        draining: node.drained,
        since: known.nodes_since.get(&node.name).map_or(UnixMillis(0), |(_, since)| *since),
        fabric: None,
        gpus: node.beat.gpus.iter().map(|load| gpu_of(load, known.catalogue)).collect(),
        refuses: refuses.collect(),
    }
}

/// The GPU as it was read. What models hold that are not in the catalogue is foreign: nobody here gave it to them.
fn gpu_of(load: &GpuLoad, catalogue: &[Model]) -> Gpu {
    let in_use = load.vram_total_bytes.saturating_sub(load.vram_free_bytes);
    let mut used: Vec<Used> = Vec::new();
    let mut promised_to_others = 0u64;
    for held in &load.held {
        if catalogue.iter().any(|model| model.id.0 == held.model) {
            // Where the driver tells nothing by process, a loaded model is taken to use what was set aside for it.
            let bytes = held.used_bytes.unwrap_or_else(|| held.set_aside_bytes.min(in_use));
            used.push(Used { model: held.model.as_str().into(), bytes });
        } else {
            let outstanding = held.used_bytes.map_or(0, |used| held.set_aside_bytes.saturating_sub(used));
            promised_to_others = promised_to_others.saturating_add(outstanding);
        }
    }
    Gpu {
        index: load.index,
        total_bytes: load.vram_total_bytes,
        free_bytes: load.vram_free_bytes.saturating_sub(promised_to_others),
        used,
        health: load.health,
        link: None,
    }
}

/// Why a model may not be put on a node; `None` where it may.
fn refusal(node: &Heard, model: &Model, known: &Known<'_>) -> Option<String> {
    if !model.shapes.iter().any(|shape| shape.gpus_in_all() == 1) {
        let fewest = model.shapes.iter().map(placement::Shape::gpus_in_all).min().unwrap_or(0);
        return Some(format!("it needs {fewest} GPUs together, and nodes load a model on one GPU"));
    }
    if node.load(&model.id).is_none() {
        return Some("it is not in the node's store".to_owned());
    }
    if let Some(entry) = node.described.models.iter().find(|entry| entry.id == model.id.0) {
        if !node.described.engines.contains(&entry.engine) {
            return Some(format!("the engine {} is not built into the node", entry.engine.name()));
        }
        if entry.vram_bytes == 0 {
            return Some("its manifest there names no GPU memory, so that the processor computes it".to_owned());
        }
    }
    known.refused.get(&(model.id.clone(), node.name.clone())).cloned()
}

/// What lies on the node, comes there, or leaves it.
fn replicas<'a>(now: UnixMillis, node: &'a Heard, known: &'a Known<'_>) -> impl Iterator<Item = Replica> + 'a {
    known.catalogue.iter().filter_map(move |model| {
        let slot = |gpu| Slot { node: node.name.clone(), gpu };
        let lies = node.gpu_of(&model.id).map(slot);
        let comes = || known.coming.iter().find(|(id, slot)| *id == model.id && slot.node == node.name);
        let Some(slot) = lies else {
            let (_, slot) = comes()?.clone();
            return Some(Replica {
                model: model.id.clone(),
                slots: vec![slot],
                state: ModelState::Loading,
                since: now,
            });
        };
        let leaves = known.leaving.contains(&(model.id.clone(), node.name.clone()));
        let state = if leaves { ModelState::Draining } else { node.load(&model.id)?.state };
        let since = known.replicas_since.get(&(model.id.clone(), slot.clone())).copied().unwrap_or_default();
        Some(Replica { model: model.id.clone(), slots: vec![slot], state, since })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use protocol::gpu::{Driver, DriverVersions, Source};
    use protocol::{CpuDescription, EngineKind, HeldMemory, ModelDescription, Task};

    use super::*;

    pub(crate) const GIB: u64 = 1 << 30;

    /// A node with GPUs of so many GiB and models, each as (name, state, GPU).
    pub(crate) fn heard(name: &str, gpus: &[u64], models: &[(&str, ModelState, Option<u32>)]) -> Heard {
        let load = |(id, state, gpu): &(&str, ModelState, Option<u32>)| ModelLoad {
            id: (*id).to_owned(),
            state: *state,
            active: 0,
            queued: 0,
            slots: 4,
            streams: 0,
            stream_slots: 0,
            gpu: *gpu,
            reason: None,
        };
        let described = |(id, state, gpu): &(&str, ModelState, Option<u32>)| ModelDescription {
            id: (*id).to_owned(),
            task: Task::Chat,
            engine: EngineKind::Mistral,
            languages: Vec::new(),
            state: *state,
            reason: None,
            slots: 4,
            context: None,
            sample_rate: None,
            vram_bytes: GIB,
            gpu: *gpu,
        };
        let gpu = |(index, gib): (u32, &u64)| {
            let on = models.iter().filter(|(_, state, gpu)| *gpu == Some(index) && *state != ModelState::Unloaded);
            let held =
                on.map(|(id, ..)| HeldMemory { model: (*id).to_owned(), set_aside_bytes: GIB, used_bytes: Some(0) });
            GpuLoad {
                index,
                vram_total_bytes: gib * GIB,
                vram_free_bytes: gib * GIB,
                vram_available_bytes: gib * GIB,
                health: Health::Ok,
                held: held.collect(),
            }
        };
        let beat = Heartbeat {
            node: name.to_owned(),
            incarnation: 1,
            sequence: 1,
            health: Health::Ok,
            models: models.iter().map(load).collect(),
            gpus: (0..).zip(gpus).map(gpu).collect(),
        };
        let described = NodeDescription {
            name: name.to_owned(),
            version: "0".to_owned(),
            engines: vec![EngineKind::Mistral],
            cpu: CpuDescription { threads: 1, memory_bytes: 0 },
            gpus: protocol::gpu::Snapshot {
                source: Source::Script,
                taken_unix_ms: UnixMillis(0),
                revision: 0,
                driver: Driver::Running(DriverVersions::default()),
                gpus: Vec::new(),
            },
            models: models.iter().map(described).collect(),
        };
        Heard { name: name.into(), drained: false, beat, described: Arc::new(described) }
    }

    fn drawn(catalogue: &[Model], heard: &[Heard]) -> Snapshot {
        let known = Known {
            catalogue,
            refused: [((ModelId::from("m"), NodeName::from("c")), "it failed".to_owned())].into(),
            nodes_since: &BTreeMap::new(),
            replicas_since: &BTreeMap::new(),
            coming: BTreeSet::new(),
            leaving: BTreeSet::new(),
            demand: Vec::new(),
            targets: &[],
        };
        let snapshot = snapshot(UnixMillis(1), heard, &known);
        snapshot.check().unwrap();
        snapshot
    }

    #[test]
    fn memory_of_models_that_are_not_in_the_catalogue_is_foreign_also_before_they_take_it() {
        let models = [("m", ModelState::Ready, Some(0)), ("other", ModelState::Loading, Some(0))];
        let mut node = heard("a", &[10], &models);
        node.beat.gpus[0].vram_free_bytes = 7 * GIB;
        node.beat.gpus[0].held[0].used_bytes = Some(2 * GIB);
        let snapshot = drawn(&[Model::on_one_gpu("m", GIB)], &[node]);
        let gpu = &snapshot.nodes[0].gpus[0];
        assert_eq!((gpu.free_bytes, gpu.foreign_bytes()), (6 * GIB, 2 * GIB));
        assert_eq!(snapshot.replicas.len(), 1, "it is nobody's business to unload the other");
    }

    #[test]
    fn where_the_driver_tells_nothing_by_process_what_is_set_aside_is_ours() {
        let mut node = heard("a", &[10], &[("m", ModelState::Ready, Some(0))]);
        node.beat.gpus[0].vram_free_bytes = 8 * GIB;
        node.beat.gpus[0].held[0].used_bytes = None;
        assert_eq!(drawn(&[Model::on_one_gpu("m", GIB)], &[node]).nodes[0].gpus[0].foreign_bytes(), GIB);
    }

    #[test]
    fn a_node_refuses_what_it_cannot_run_and_says_why() {
        let ready = ("m", ModelState::Unloaded, None);
        let (without, mut other) = (heard("a", &[10], &[]), heard("b", &[10], &[ready]));
        let failed = heard("c", &[10], &[ready]);
        Arc::make_mut(&mut other.described).engines.clear();
        let large = Model {
            shapes: vec![placement::Shape { nodes: 1, gpus: 2, bytes_per_gpu: GIB }],
            ..Model::on_one_gpu("large", 2 * GIB)
        };
        let snapshot = drawn(&[Model::on_one_gpu("m", GIB), large], &[without, other, failed]);
        let why = |node: usize, model: &str| snapshot.nodes[node].refuses[&ModelId::from(model)].clone();
        assert_eq!(why(0, "m"), "it is not in the node's store");
        assert_eq!(why(1, "m"), "the engine mistral is not built into the node");
        assert_eq!(why(2, "m"), "it failed");
        assert!(why(0, "large").contains("2 GPUs together"));
    }

    #[test]
    fn a_model_needs_no_less_than_its_node_sets_aside() {
        let node = heard("a", &[10], &[("m", ModelState::Unloaded, None)]);
        let model = &drawn(&[Model::on_one_gpu("m", 5).or_split(2, 0)], &[node]).models[0];
        assert_eq!((model.vram_bytes, model.shapes.len(), model.shapes[0].bytes_per_gpu), (GIB, 1, GIB));
    }
}
