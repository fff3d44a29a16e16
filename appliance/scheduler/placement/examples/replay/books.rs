//! What really lies where, as far as the steps say: books that the planner does not keep.
//!
//! A load oversells where reservations, foreign memory and the margin together exceed the GPU. After every decision no GPU may
//! hold more reservations beside foreign memory than it has, whoever caused it.

use std::collections::BTreeMap;

use placement::{Action, Model, ModelId, Node, NodeName, Settings, Slot, Step};

/// A GPU.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) total: u64,
    pub(crate) foreign: u64,
    pub(crate) margin: u64,
    /// Whether replicas may lie here: neither its node nor the card is being emptied.
    pub(crate) serves: bool,
    /// Set aside, by model.
    pub(crate) held: BTreeMap<ModelId, u64>,
}

impl Card {
    pub(crate) fn promised(&self) -> u64 {
        self.held.values().sum()
    }

    /// What any placement may have on this card: what is left beside foreign programs and the margin; or what lies there
    /// already, which may use the margin up when a foreign program grew into it.
    pub(crate) fn capacity(&self) -> u64 {
        let usable = self.total.saturating_sub(self.foreign).saturating_sub(self.margin);
        if self.serves { usable.max(self.promised()) } else { 0 }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) cards: BTreeMap<Slot, Card>,
    /// Replicas in place: bytes on each GPU.
    replicas: BTreeMap<(ModelId, Vec<Slot>), u64>,
    /// Replicas in place, by model.
    pub(crate) count: BTreeMap<ModelId, usize>,
    /// Loads that oversold, and GPUs found oversold after a decision.
    pub(crate) oversold: u64,
    /// Steps that cannot be: an unload of what is not there, a load where one is, a size that no shape of the model has.
    pub(crate) impossible: u64,
    /// Bytes that each model needs on one GPU, by the GPUs of the shape.
    sizes: BTreeMap<ModelId, BTreeMap<usize, u64>>,
}

impl Books {
    pub(crate) fn new(models: &[Model]) -> Self {
        let of = |model: &Model| {
            model.shapes.iter().map(|shape| (shape.gpus_in_all() as usize, shape.bytes_per_gpu)).collect()
        };
        Self { sizes: models.iter().map(|model| (model.id.clone(), of(model))).collect(), ..Self::default() }
    }

    pub(crate) fn join(&mut self, node: &Node, settings: &Settings) {
        for gpu in &node.gpus {
            let slot = Slot { node: node.name.clone(), gpu: gpu.index };
            let margin = settings.margin_of(gpu.total_bytes);
            let foreign = gpu.foreign_bytes();
            let card = Card { total: gpu.total_bytes, foreign, margin, serves: true, held: BTreeMap::new() };
            self.cards.insert(slot, card);
        }
    }

    /// A machine is gone, and all that lay on it. (No replica of the replay spans machines.)
    pub(crate) fn lose(&mut self, name: &NodeName) {
        self.cards.retain(|slot, _| slot.node != *name);
        let here = |slots: &[Slot]| slots.iter().any(|slot| slot.node == *name);
        let gone: Vec<_> = self.replicas.keys().filter(|(_, slots)| here(slots)).cloned().collect();
        for key in gone {
            self.replicas.remove(&key);
            self.counted(&key.0, -1);
        }
    }

    fn counted(&mut self, model: &ModelId, change: isize) {
        let count = self.count.entry(model.clone()).or_default();
        *count = count.saturating_add_signed(change);
    }

    pub(crate) fn step(&mut self, step: &Step) {
        let key = (step.model.clone(), step.slots.clone());
        match step.action {
            Action::Load => self.load(key, step.bytes_per_gpu),
            Action::Unload => self.unload(&key),
        }
    }

    fn load(&mut self, key: (ModelId, Vec<Slot>), bytes: u64) {
        let size = self.sizes.get(&key.0).and_then(|sizes| sizes.get(&key.1.len())).copied();
        let mut possible = size == Some(bytes);
        for slot in &key.1 {
            let Some(card) = self.cards.get_mut(slot) else {
                possible = false;
                continue;
            };
            possible &= card.held.insert(key.0.clone(), bytes).is_none();
            self.oversold += u64::from(card.promised() + card.foreign + card.margin > card.total);
        }
        self.counted(&key.0, 1);
        possible &= self.replicas.insert(key, bytes).is_none();
        self.impossible += u64::from(!possible);
    }

    fn unload(&mut self, key: &(ModelId, Vec<Slot>)) {
        let mut possible = self.replicas.remove(key).is_some();
        for slot in &key.1 {
            possible &= self.cards.get_mut(slot).is_some_and(|card| card.held.remove(&key.0).is_some());
        }
        self.counted(&key.0, -1);
        self.impossible += u64::from(!possible);
    }

    /// Looks at every card that the decision could concern.
    pub(crate) fn check(&mut self, slots: impl Iterator<Item = Slot>) {
        let oversold =
            |slot: &Slot| self.cards.get(slot).is_some_and(|card| card.promised() + card.foreign > card.total);
        let found = slots.filter(oversold).count();
        self.oversold += found as u64;
    }

    pub(crate) fn check_all(&mut self) {
        let slots: Vec<Slot> = self.cards.keys().cloned().collect();
        self.check(slots.into_iter());
    }
}
