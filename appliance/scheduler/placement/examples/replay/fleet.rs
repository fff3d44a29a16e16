//! Machines with 1, 2, 4 or 8 GPUs of 24 to 141 GB, some of whose memory is taken already.

use std::collections::BTreeMap;

use placement::{Gpu, Node};
use protocol::gpu::{Health, UnixMillis};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

const GIB: u64 = 1 << 30;
/// What cards of 24, 48, 80, 96 and 141 GB show, in MiB.
const CARDS_MIB: [u64; 5] = [24_564, 49_140, 81_559, 97_887, 143_771];

/// Draws the machines.
pub(crate) fn draw(rng: &mut StdRng, count: usize) -> Vec<Node> {
    (0..count).map(|number| one(rng, number)).collect()
}

fn one(rng: &mut StdRng, number: usize) -> Node {
    let total_bytes = CARDS_MIB.choose(rng).copied().unwrap_or(CARDS_MIB[0]) << 20;
    let gpus = [1, 2, 4, 8].choose(rng).copied().unwrap_or(1);
    let gpus = (0..gpus).map(|index| {
        let foreign = if rng.random_bool(0.15) { rng.random_range(0..total_bytes / 2) } else { GIB / 2 };
        let free_bytes = total_bytes - foreign;
        Gpu { index, total_bytes, free_bytes, used: vec![], health: Health::Ok, link: Some(index / 4) }
    });
    Node {
        name: format!("node-{number:04}").into(),
        health: Health::Ok,
        draining: false,
        since: UnixMillis(0),
        fabric: None,
        gpus: gpus.collect(),
        refuses: BTreeMap::new(),
    }
}
