//! How many replicas to aim at: demand with hysteresis in value and in time.
//!
//! Up at once, down late: a replica too few makes callers wait, one too many holds memory that nobody may want. Two thresholds
//! lie apart (`rise_permille`, `fall_permille`), so that a demand between them changes nothing; and a lower demand counts only
//! after it has lasted. The memory of this rule is one moment for each model and class, which the caller keeps with the plan
//! and hands back: a moving average would also need every reading in between, and would be late on the way up as well.

use protocol::Class;
use protocol::gpu::UnixMillis;

use crate::catalogue::{Model, Want};
use crate::settings::Settings;
use crate::snapshot::{Snapshot, Target};

/// What to aim at for each model and class of the catalogue.
#[must_use]
pub fn targets(snapshot: &Snapshot, settings: &Settings) -> Vec<Target> {
    let each = |model: &Model| -> Vec<Target> {
        model.wants.iter().map(|want| target(snapshot, settings, model, want)).collect()
    };
    snapshot.models.iter().flat_map(each).collect()
}

fn target(snapshot: &Snapshot, settings: &Settings, model: &Model, want: &Want) -> Target {
    let of = |other_model: &crate::ModelId, class: Class| *other_model == model.id && class == want.class;
    let busy =
        snapshot.demand.iter().find(|demand| of(&demand.model, demand.class)).map(|demand| demand.busy_thousandths);
    let before = snapshot.targets.iter().find(|target| of(&target.model, target.class));
    let (replicas, called_for) = next(want, busy, before, snapshot.now, settings);
    Target { model: model.id.clone(), class: want.class, replicas, called_for }
}

fn next(
    want: &Want,
    busy: Option<u64>,
    before: Option<&Target>,
    now: UnixMillis,
    settings: &Settings,
) -> (u32, UnixMillis) {
    let within = |replicas: u32| replicas.clamp(want.minimum, want.wanted);
    let Some(busy) = busy else { return (want.wanted, now) };
    let rise = within(enough(busy, settings.rise_permille));
    let Some(before) = before else { return (rise, now) };
    let held = within(before.replicas);
    if rise >= held {
        return (rise, now);
    }
    let fall = within(enough(busy, settings.fall_permille.min(settings.rise_permille)));
    if fall >= held {
        // Between the thresholds: neither called for nor to be given up.
        return (held, now);
    }
    if now.millis_since(before.called_for) < settings.fall_after_ms {
        return (held, before.called_for);
    }
    (fall, now)
}

/// Replicas among which the work of so many thousandths keeps each busy for no more than `permille` of the time.
fn enough(busy_thousandths: u64, permille: u32) -> u32 {
    u32::try_from(busy_thousandths.div_ceil(u64::from(permille.max(1)))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn after(busy: Option<u64>, before: Option<(u32, u64)>, minute: u64) -> (u32, u64) {
        let want = Want { class: Class::Chat, weight: 1, minimum: 1, wanted: 10 };
        let before = before.map(|(replicas, minute)| Target {
            model: "m".into(),
            class: Class::Chat,
            replicas,
            called_for: UnixMillis(minute * MINUTE),
        });
        let (replicas, at) = next(&want, busy, before.as_ref(), UnixMillis(minute * MINUTE), &Settings::default());
        (replicas, at.0 / MINUTE)
    }

    #[test]
    fn nothing_known_of_demand_means_all_that_is_wanted() {
        assert_eq!(after(None, None, 0), (10, 0));
    }

    #[test]
    fn more_demand_counts_at_once_and_never_beyond_what_is_wanted() {
        assert_eq!(after(Some(2_500), Some((2, 0)), 1), (4, 1));
        assert_eq!(after(Some(90_000), Some((2, 0)), 1), (10, 1));
    }

    #[test]
    fn less_demand_counts_only_once_it_has_lasted() {
        assert_eq!(after(Some(100), Some((4, 0)), 5), (4, 0));
        assert_eq!(after(Some(100), Some((4, 0)), 10), (1, 10));
    }

    #[test]
    fn demand_between_the_thresholds_changes_nothing_however_long() {
        // 1,900: three replicas at 80 %, but two would be busier than 60 % each, and four are there.
        assert_eq!(after(Some(1_900), Some((4, 0)), 60), (4, 60));
    }

    #[test]
    fn a_minimum_stays_without_any_demand() {
        assert_eq!(after(Some(0), Some((4, 0)), 60), (1, 60));
    }
}
