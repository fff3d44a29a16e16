//! Short ways to say what a fleet looks like.

use std::collections::BTreeMap;

use placement::{Gpu, Model, Node, Replica, Settings, Slot, Snapshot};
use protocol::gpu::{Health, UnixMillis};
use protocol::{Class, ModelState};

pub(crate) const GIB: u64 = 1 << 30;

/// No margin and no waiting: the figures of a story are the figures that are written there.
pub(crate) fn exact() -> Settings {
    Settings { margin_bytes: 0, margin_permille: 0, settle_ms: 0, ..Settings::default() }
}

pub(crate) fn gpu(index: u32, gib: u64) -> Gpu {
    let total_bytes = gib * GIB;
    Gpu { index, total_bytes, free_bytes: total_bytes, used: vec![], health: Health::Ok, link: None }
}

pub(crate) fn node(name: &str, gpus: &[u64]) -> Node {
    Node {
        name: name.into(),
        health: Health::Ok,
        draining: false,
        since: UnixMillis(0),
        fabric: None,
        gpus: (0..).zip(gpus).map(|(index, gib)| gpu(index, *gib)).collect(),
        refuses: BTreeMap::new(),
    }
}

pub(crate) fn model(id: &str, gib: u64, replicas: u32) -> Model {
    Model::on_one_gpu(id, gib * GIB).wanted_by(Class::Chat, 4, replicas.min(1), replicas)
}

pub(crate) fn slot(node: &str, gpu: u32) -> Slot {
    Slot { node: node.into(), gpu }
}

pub(crate) fn replica(model: &str, slots: &[(&str, u32)]) -> Replica {
    Replica {
        model: model.into(),
        slots: slots.iter().map(|(node, gpu)| slot(node, *gpu)).collect(),
        state: ModelState::Ready,
        since: UnixMillis(0),
    }
}

pub(crate) fn snapshot(models: Vec<Model>, nodes: Vec<Node>, replicas: Vec<Replica>) -> Snapshot {
    Snapshot { now: UnixMillis(3_600_000), models, nodes, replicas, demand: vec![], targets: vec![] }
}
