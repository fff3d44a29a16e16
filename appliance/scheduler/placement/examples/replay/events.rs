//! What happens to the fleet: a random walk of demand around the load, and mishaps.

use std::collections::{BTreeMap, VecDeque};

use placement::{Event, Model, Node, NodeName, Settings, Slot, Step, Used};
use protocol::Class;
use protocol::gpu::{Health, UnixMillis};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;

use crate::books::Books;
use crate::bound::fractional;
use crate::catalogue::{FAMILIES, family_of};

/// A node that is gone returns after so many events at most.
const ABSENCE: usize = 400;

pub(crate) struct Story {
    rng: StdRng,
    now: u64,
    load: f64,
    settings: Settings,
    models: Vec<Model>,
    /// The machines that are there, without readings of memory.
    nodes: BTreeMap<NodeName, Node>,
    away: VecDeque<Node>,
    wanted: BTreeMap<(usize, Class), u32>,
    demanded: u64,
    /// Capacity as it was counted last; counting takes longer than a decision.
    counted: u64,
    pub(crate) books: Books,
}

impl Story {
    pub(crate) fn new(rng: StdRng, models: &[Model], nodes: &[Node], settings: &Settings, load: f64) -> Self {
        let mut books = Books::new(models);
        nodes.iter().for_each(|node| books.join(node, settings));
        Self {
            rng,
            now: 0,
            load,
            settings: settings.clone(),
            models: models.to_vec(),
            nodes: nodes.iter().map(|node| (node.name.clone(), node.clone())).collect(),
            away: VecDeque::new(),
            wanted: BTreeMap::new(),
            demanded: 0,
            counted: 0,
            books,
        }
    }

    /// Nothing is wanted at first, not even minimums.
    pub(crate) fn nothing_wanted(&self) -> Vec<Event> {
        let of = |model: &Model| -> Vec<Event> {
            let event = |class| Event::Wanted { model: model.id.clone(), class, replicas: 0 };
            model.wants.iter().map(|want| event(want.class)).collect()
        };
        self.models.iter().flat_map(of).collect()
    }

    pub(crate) fn gpus(&self) -> usize {
        self.books.cards.len()
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.books.cards.values().map(crate::books::Card::capacity).sum()
    }

    fn aimed(&self) -> f64 {
        self.load * self.counted as f64
    }

    /// Counts what all cards can hold.
    pub(crate) fn count(&mut self) {
        self.counted = self.capacity();
    }

    pub(crate) fn filled(&self) -> bool {
        self.demanded as f64 >= self.aimed()
    }

    /// One more replica, or one less where demand is above the load.
    pub(crate) fn demand_only(&mut self) -> (UnixMillis, Event) {
        self.now += self.rng.random_range(1_000..60_000);
        let gap = (self.aimed() - self.demanded as f64) / self.aimed().max(1.0);
        let up = self.rng.random_bool((0.5 + 20.0 * gap).clamp(0.02, 0.98));
        let event = if up { self.arrival() } else { self.departure().unwrap_or_else(|| self.arrival()) };
        (UnixMillis(self.now), event)
    }

    pub(crate) fn next_event(&mut self) -> (UnixMillis, Event) {
        let event = match self.rng.random_range(0..1_000) {
            0..80 => self.foreign(),
            80..88 => self.loss(),
            88..96 => self.drain(),
            96..104 => self.fault(),
            104..120 => self.back(),
            _ => None,
        };
        match event {
            Some(event) => {
                self.now += self.rng.random_range(1_000..60_000);
                (UnixMillis(self.now), event)
            }
            None => self.demand_only(),
        }
    }

    fn arrival(&mut self) -> Event {
        // The family is drawn by its share of memory, so that its count follows from the size of its models.
        let sizes = |family: usize| {
            let of = self.models.iter().enumerate().filter(move |(index, _)| family_of(*index) == family);
            let bytes: Vec<u64> = of.map(|(_, model)| model.vram_bytes).collect();
            bytes.iter().sum::<u64>() as f64 / bytes.len().max(1) as f64
        };
        let weights: Vec<f64> =
            FAMILIES.iter().enumerate().map(|(at, family)| f64::from(family.share) / sizes(at)).collect();
        let mut ticket = self.rng.random_range(0.0..weights.iter().sum());
        let drawn = weights.iter().position(|weight| {
            ticket -= weight;
            ticket < 0.0
        });
        let family = drawn.unwrap_or(0);
        let of = (0..self.models.len()).filter(|index| family_of(*index) == family);
        let model = of.choose(&mut self.rng).unwrap_or(0);
        let class = self.models[model].wants.iter().map(|want| want.class).choose(&mut self.rng);
        self.want(model, class.unwrap_or_default(), 1)
    }

    fn departure(&mut self) -> Option<Event> {
        let replicas: u32 = self.wanted.values().sum();
        let mut ticket = self.rng.random_range(0..replicas.max(1));
        let drawn = self.wanted.iter().find(|(_, count)| {
            let here = ticket < **count;
            ticket = ticket.saturating_sub(**count);
            here
        });
        let (model, class) = *drawn?.0;
        Some(self.want(model, class, -1))
    }

    fn want(&mut self, model: usize, class: Class, change: i32) -> Event {
        let count = self.wanted.entry((model, class)).or_default();
        *count = count.saturating_add_signed(change);
        let state = &self.models[model];
        self.demanded = self.demanded.saturating_add_signed(state.vram_bytes as i64 * i64::from(change));
        Event::Wanted { model: state.id.clone(), class, replicas: *count }
    }

    fn any_node(&mut self) -> Option<Node> {
        self.nodes.values().choose(&mut self.rng).cloned()
    }

    /// A foreign program takes some of what is physically free on a card (a reservation that is not used yet is), or all
    /// foreign programs end.
    fn foreign(&mut self) -> Option<Event> {
        let node = self.any_node()?;
        let gpu = node.gpus.iter().map(|gpu| gpu.index).choose(&mut self.rng)?;
        let share: f64 = if self.rng.random_bool(0.5) { 0.0 } else { self.rng.random_range(0.1..1.0) };
        let card = self.books.cards.get_mut(&Slot { node: node.name.clone(), gpu })?;
        let used: u64 = card.held.values().map(|bytes| used(*bytes)).sum();
        let free = card.total.saturating_sub(used);
        card.foreign = (free as f64 * share) as u64;
        Some(Event::Read(self.reading(node)))
    }

    fn loss(&mut self) -> Option<Event> {
        let node = self.any_node()?;
        self.nodes.remove(&node.name);
        self.books.lose(&node.name);
        let name = node.name.clone();
        self.away.push_back(node);
        Some(Event::Lost(name))
    }

    /// A machine is being emptied, or taken back.
    fn drain(&mut self) -> Option<Event> {
        let draining = self.nodes.values().filter(|node| node.draining).choose(&mut self.rng).cloned();
        let mut node = match draining {
            Some(node) if self.rng.random_bool(0.5) => node,
            _ => self.any_node()?,
        };
        node.draining = !node.draining;
        Some(self.changed(node))
    }

    /// A card falls ill or recovers.
    fn fault(&mut self) -> Option<Event> {
        let mut node = self.any_node()?;
        let verdict = [Health::AdmitNothingNew, Health::Drain, Health::NeedsReset].into_iter().choose(&mut self.rng)?;
        let gpu = node.gpus.iter_mut().choose(&mut self.rng)?;
        gpu.health = if gpu.health.admits() { verdict } else { Health::Ok };
        Some(self.changed(node))
    }

    /// The machine that is away longest returns, empty; and one that ails is mended.
    fn back(&mut self) -> Option<Event> {
        let ails = |node: &&Node| node.draining || node.gpus.iter().any(|gpu| !gpu.health.admits());
        if self.away.len() < ABSENCE / 20 || self.rng.random_bool(0.5) {
            let mut node = self.nodes.values().filter(ails).choose(&mut self.rng).cloned()?;
            node.draining = false;
            node.gpus.iter_mut().for_each(|gpu| gpu.health = Health::Ok);
            return Some(self.changed(node));
        }
        let mut node = self.away.pop_front()?;
        node.since = UnixMillis(self.now);
        node.draining = false;
        node.gpus.iter_mut().for_each(|gpu| gpu.health = Health::Ok);
        self.nodes.insert(node.name.clone(), node.clone());
        self.books.join(&node, &self.settings);
        Some(Event::Joined { node, replicas: vec![] })
    }

    fn changed(&mut self, node: Node) -> Event {
        for gpu in &node.gpus {
            let slot = Slot { node: node.name.clone(), gpu: gpu.index };
            if let Some(card) = self.books.cards.get_mut(&slot) {
                card.serves = !node.draining && gpu.health < Health::Drain;
            }
        }
        self.nodes.insert(node.name.clone(), node.clone());
        Event::Read(self.reading(node))
    }

    /// What the node would report: real free memory, and what our models use of it.
    fn reading(&self, mut node: Node) -> Node {
        for gpu in &mut node.gpus {
            let slot = Slot { node: node.name.clone(), gpu: gpu.index };
            let Some(card) = self.books.cards.get(&slot) else { continue };
            gpu.used =
                card.held.iter().map(|(model, bytes)| Used { model: model.clone(), bytes: used(*bytes) }).collect();
            let ours: u64 = gpu.used.iter().map(|used| used.bytes).sum();
            gpu.free_bytes = card.total.saturating_sub(card.foreign).saturating_sub(ours);
        }
        node
    }

    /// Carries out what was decided.
    pub(crate) fn follow(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.books.step(step));
        self.books.check(steps.iter().flat_map(|step| step.slots.iter().cloned()));
    }

    /// What is placed against what is possible.
    pub(crate) fn worth(&self) -> Worth {
        let mut worth = Worth::default();
        let mut all: BTreeMap<u32, u128> = BTreeMap::new();
        for (index, model) in self.models.iter().enumerate() {
            let mut weights: Vec<u32> = Vec::new();
            for want in &model.wants {
                let wanted = self.wanted.get(&(index, want.class)).copied().unwrap_or(0);
                *all.entry(want.weight).or_default() += u128::from(wanted) * u128::from(model.vram_bytes);
                weights.extend((0..wanted).map(|_| want.weight));
            }
            weights.sort_unstable_by(|a, b| b.cmp(a));
            // Replicas are alike: they serve the most valuable of what is wanted. More than are wanted are worth nothing.
            let there = self.books.count.get(&model.id).copied().unwrap_or(0);
            worth.surplus += there.saturating_sub(weights.len());
            let served = weights.iter().take(there);
            worth.bytes += served.len() as u64 * model.vram_bytes;
            worth.placed += served.map(|weight| u128::from(*weight)).sum::<u128>() * u128::from(model.vram_bytes);
        }
        worth.bound = fractional(self.capacity(), &all);
        worth
    }
}

/// What is placed at one moment.
#[derive(Debug, Default)]
pub(crate) struct Worth {
    /// Bytes in place, by what they are worth.
    pub(crate) placed: u128,
    /// The fractional bound.
    pub(crate) bound: u128,
    /// Bytes in place.
    pub(crate) bytes: u64,
    /// Replicas in place that nobody wants.
    pub(crate) surplus: usize,
}

/// What a replica really uses of its reservation: its cache is seldom full.
fn used(reserved: u64) -> u64 {
    reserved / 10 * 9
}
