//! How much of each model is asked for, as the planner takes it: what the dispatchers measured, by the wants of the catalogue.
//!
//! **A class that the catalogue does not name** counts for the nearest less urgent class that it does, and where there is
//! none for the nearest more urgent: whoever may use a model has room made for him, up to what is wanted in all, rather than
//! have its replicas taken away under him because nobody thought of his class. The less urgent first, so that letters do not
//! weigh as calls where memory is short.
//!
//! **A model chosen for what it can do** (speech) is asked for only where it is ready. One that nobody has loaded would never
//! be asked for again, so that one replica of it stays.
//!
//! **A server that takes over** has measured nothing. It goes on with as many as lie there, until it has: the one before it
//! knew why, and to load all that is wanted would unload what others are using, at each restart. Where less lies there than
//! the minimum, nothing is known either, and all that is wanted is aimed at, as at a first start.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use placement::{Demand, Model, ModelId, Settings, Target, Want};
use protocol::gpu::UnixMillis;
use protocol::{Class, ModelState, Task};
use tokio::time::Instant;

use super::picture::Heard;
use super::status::ReplicaAim;
use crate::gateway::Nodes;

/// Dispatchers begin to measure together, but a round may fall between two of them.
const TOGETHER: Duration = Duration::from_secs(5);

/// What is known of the demand from round to round.
#[derive(Debug, Default)]
pub(super) struct Known {
    measured: Vec<Demand>,
    assumed: Vec<Demand>,
    first_measured: Option<Instant>,
}

impl Known {
    /// Another server carries the plan out: what lies there is what it aims at.
    pub(super) fn follow(&mut self, catalogue: &[Model], heard: &[Heard], settings: &Settings) {
        *self = Self { assumed: assumed(catalogue, heard, settings), ..Self::default() };
    }

    /// What this server measured.
    pub(super) fn learn(&mut self, now: Instant, measured: Vec<Demand>) {
        if !measured.is_empty() {
            let first = *self.first_measured.get_or_insert(now);
            self.assumed.retain(|it| now < first + TOGETHER && !measured.iter().any(|own| own.model == it.model));
        }
        self.measured = measured;
    }

    /// What to plan by.
    pub(super) fn all(&self) -> Vec<Demand> {
        self.measured.iter().chain(&self.assumed).cloned().collect()
    }

    /// What is aimed at as of a moment, and what calls for it.
    pub(super) fn aims(
        &self,
        catalogue: &[Model],
        targets: &[Target],
        at: UnixMillis,
        settings: &Settings,
    ) -> Vec<ReplicaAim> {
        let aim = |target: &Target| {
            let model = catalogue.iter().find(|model| model.id == target.model)?;
            let want = model.wants.iter().find(|want| want.class == target.class)?;
            let falling = at.millis_since(target.called_for);
            let left = settings.fall_after_ms.saturating_sub(falling).div_ceil(1_000);
            Some(ReplicaAim {
                model: target.model.0.clone(),
                class: target.class,
                busy_thousandths: self.measured(&target.model, target.class),
                replicas: target.replicas,
                minimum: want.minimum,
                wanted: want.wanted,
                fewer_in_seconds: (falling > 0).then_some(left),
            })
        };
        targets.iter().filter_map(aim).collect()
    }

    /// What was measured of a class, in thousandths of a replica.
    fn measured(&self, model: &ModelId, class: Class) -> Option<u64> {
        let found = self.measured.iter().find(|demand| demand.model == *model && demand.class == class);
        found.map(|demand| demand.busy_thousandths)
    }
}

/// What the dispatchers measured of the catalogue's models; what is not known yet is not there.
pub(super) fn measured(nodes: &Nodes, catalogue: &[Model], heard: &[Heard]) -> Vec<Demand> {
    let replicas = |model: &Model| -> Option<BTreeMap<Class, f64>> {
        let mut sums = BTreeMap::new();
        // Single requests and live streams share the slots of a replica.
        for dispatcher in [nodes.dispatchers.get(&model.id.0), nodes.live.get(&model.id.0)].into_iter().flatten() {
            let demand = dispatcher.demand()?;
            for class in Class::ALL {
                *sums.entry(class).or_insert(0.0) += demand.of(class);
            }
        }
        (!sums.is_empty()).then_some(sums)
    };
    let demand = catalogue.iter().filter_map(|model| Some(by_wants(model, task(model, heard)?, &replicas(model)?)));
    demand.flatten().collect()
}

/// The demand begins to be measured anew: this server has just taken over.
pub(super) fn measure_anew(nodes: &Nodes) {
    for dispatcher in nodes.dispatchers.all().into_iter().chain(nodes.live.all()) {
        dispatcher.measure_anew();
    }
}

/// What a model is for, as far as demand for it can be measured.
fn task(model: &Model, heard: &[Heard]) -> Option<Task> {
    let entries = heard.iter().flat_map(|node| &node.described.models);
    let task = entries.filter(|entry| entry.id == model.id.0).map(|entry| entry.task).next();
    // Nobody asks for voice activity by itself.
    task.filter(|task| *task != Task::VoiceActivity)
}

fn by_wants(model: &Model, task: Task, replicas: &BTreeMap<Class, f64>) -> Vec<Demand> {
    let mut sums: BTreeMap<Class, f64> = model.wants.iter().map(|want| (want.class, 0.0)).collect();
    for (class, replicas) in replicas {
        if let Some(sum) = counts_for(model, *class).and_then(|want| sums.get_mut(&want)) {
            *sum += replicas;
        }
    }
    let chosen_by_ability = matches!(task, Task::Speech | Task::Transcription);
    let first = model.wants.iter().max_by_key(|want| (want.weight, Reverse(want.class))).map(|want| want.class);
    let demand = |(class, replicas): (Class, f64)| {
        let kept = u64::from(chosen_by_ability && first == Some(class));
        Demand { model: model.id.clone(), class, busy_thousandths: thousandths(replicas).max(kept) }
    };
    sums.into_iter().map(demand).collect()
}

/// Rounded up: what is asked for once in a while is asked for.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u64 saturates")]
fn thousandths(replicas: f64) -> u64 {
    (replicas * 1e3).ceil() as u64
}

/// The want that a class's requests count for; see the module's header.
fn counts_for(model: &Model, class: Class) -> Option<Class> {
    let classes = || model.wants.iter().map(|want| want.class);
    classes().filter(|want| *want >= class).min().or_else(|| classes().max())
}

/// The demand at which as many are aimed at as lie there.
fn assumed(catalogue: &[Model], heard: &[Heard], settings: &Settings) -> Vec<Demand> {
    let lies = |model: &Model, node: &Heard| {
        let state = node.load(&model.id).map(|load| load.state);
        let stays = matches!(state, Some(ModelState::Ready | ModelState::Loading | ModelState::Restarting));
        stays && node.gpu_of(&model.id).is_some()
    };
    let mut demand = Vec::new();
    for model in catalogue.iter().filter(|model| task(model, heard).is_some()) {
        let lie = u32::try_from(heard.iter().filter(|node| lies(model, node)).count()).unwrap_or(u32::MAX);
        let least: u32 = model.wants.iter().map(|want| want.minimum).sum();
        let Some(mut beyond) = lie.checked_sub(least).filter(|_| lie > 0) else { continue };
        let mut wants: Vec<&Want> = model.wants.iter().collect();
        wants.sort_by_key(|want| (Reverse(want.weight), want.class));
        for want in wants {
            let more = beyond.min(want.wanted - want.minimum.min(want.wanted));
            beyond -= more;
            let busy_thousandths = u64::from(want.minimum + more) * u64::from(settings.rise_permille);
            demand.push(Demand { model: model.id.clone(), class: want.class, busy_thousandths });
        }
    }
    demand
}

/// Shows how much of the models is asked for and what is aimed at; nothing on servers that do not decide it.
pub(super) fn show(known: &Known, targets: &[Target], acting: bool) {
    for Target { model, class, replicas, .. } in targets {
        let labels = [("model", model.0.clone()), ("class", class.name().to_owned())];
        let aimed = if acting { f64::from(*replicas) } else { 0.0 };
        metrics::gauge!("sfetnic_model_target_replicas", &labels).set(aimed);
        #[expect(clippy::cast_precision_loss, reason = "no model keeps 2^52 replicas busy")]
        let busy = known.measured(model, *class).map(|thousandths| thousandths as f64 / 1e3);
        if let Some(busy) = busy.filter(|_| acting).or((!acting).then_some(0.0)) {
            metrics::gauge!("sfetnic_model_demand_replicas", &labels).set(busy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::{GIB, heard};
    use super::*;

    fn model() -> Model {
        Model::on_one_gpu("m", GIB).wanted_by(Class::Chat, 4, 1, 3).wanted_by(Class::Mail, 8, 0, 2)
    }

    fn busy(demand: &[Demand]) -> Vec<(Class, u64)> {
        demand.iter().map(|demand| (demand.class, demand.busy_thousandths)).collect()
    }

    #[test]
    fn a_class_that_is_not_named_counts_for_the_next_less_urgent_or_else_for_the_last() {
        let replicas = [(Class::Voice, 1.0), (Class::Chat, 0.5), (Class::Mail, 0.2), (Class::Batch, 0.0101)].into();
        let demand = by_wants(&model(), Task::Chat, &replicas);
        assert_eq!(busy(&demand), [(Class::Chat, 1_500), (Class::Mail, 211)]);
        let nobody = Model::on_one_gpu("m", GIB);
        assert_eq!(by_wants(&nobody, Task::Chat, &replicas), []);
    }

    #[test]
    fn one_replica_stays_of_what_is_asked_for_only_where_it_is() {
        let demand = by_wants(&model(), Task::Transcription, &BTreeMap::new());
        assert_eq!(busy(&demand), [(Class::Chat, 0), (Class::Mail, 1)]);
    }

    #[test]
    fn who_takes_over_goes_on_with_what_lies_there_and_without_the_minimum_with_what_is_wanted() {
        let node = |name, state| heard(name, &[10], &[("m", state, Some(0))]);
        let settings = Settings::default();
        let nodes = [node("a", ModelState::Ready), node("b", ModelState::Loading), node("c", ModelState::Draining)];
        // Two lie there: the minimum of chat, and one more for what weighs more.
        let demand = assumed(&[model()], &nodes, &settings);
        assert_eq!(busy(&demand), [(Class::Mail, 800), (Class::Chat, 800)]);
        assert_eq!(assumed(&[model()], &nodes[2..], &settings), []);

        let mut known = Known::default();
        known.follow(&[model()], &nodes, &settings);
        let now = Instant::now();
        known.learn(now, Vec::new());
        assert_eq!(known.all(), demand);
        let own = by_wants(&model(), Task::Chat, &BTreeMap::new());
        known.learn(now, own.clone());
        assert_eq!(known.all(), own);
    }

    #[test]
    fn what_is_never_measured_is_not_assumed_for_ever() {
        let nodes = [heard("a", &[10], &[("m", ModelState::Ready, Some(0)), ("other", ModelState::Ready, Some(0))])];
        let other = Model { id: "other".into(), ..model() };
        let (mut known, now) = (Known::default(), Instant::now());
        known.follow(&[model(), other], &nodes, &Settings::default());
        let own = by_wants(&model(), Task::Chat, &BTreeMap::new());
        known.learn(now, own.clone());
        assert_eq!(known.all().len(), 4);
        known.learn(now + TOGETHER, own.clone());
        assert_eq!(known.all(), own);
    }
}
