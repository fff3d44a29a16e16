//! Plans in which no node holds a model twice: a node's program keeps one replica of each model, on one GPU.
//!
//! The planner itself would put a second replica on another GPU of the same node where no other node has room. Rather than
//! teaching it a rule that the next release of the node may lift, one replica less is wanted then, and that is said.

use std::collections::{BTreeMap, BTreeSet};

use placement::{ModelId, Plan, Settings, Snapshot, SnapshotError, Target, plan};

/// A plan, and how many replicas of which models were given up for it.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) given_up: BTreeMap<ModelId, u32>,
}

/// Plans from a snapshot, aiming at so many replicas.
///
/// # Errors
/// The snapshot contradicts itself.
pub(super) fn plan_single(
    mut snapshot: Snapshot,
    targets: &[Target],
    settings: &Settings,
) -> Result<Planned, SnapshotError> {
    // One less is to be one less than is aimed at, not than would be enough.
    want_exactly(&mut snapshot, targets);
    let mut given_up = BTreeMap::new();
    loop {
        let mut plan = plan(&snapshot, settings)?;
        let crowded = crowded(&plan);
        let fewer = crowded.iter().filter(|model| want_less(&mut snapshot, model)).count();
        if fewer == 0 {
            plan.targets = targets.to_vec();
            return Ok(Planned { plan, given_up });
        }
        for model in crowded {
            *given_up.entry(model).or_insert(0) += 1;
        }
    }
}

/// Wants as many as are aimed at, whatever the demand.
fn want_exactly(snapshot: &mut Snapshot, targets: &[Target]) {
    for model in &mut snapshot.models {
        for want in &mut model.wants {
            let aimed = targets.iter().find(|target| target.model == model.id && target.class == want.class);
            want.wanted = aimed.map_or(want.wanted, |target| target.replicas);
            want.minimum = want.minimum.min(want.wanted);
        }
    }
    snapshot.demand.clear();
    snapshot.targets.clear();
}

/// Models that lie on a node twice.
fn crowded(plan: &Plan) -> BTreeSet<ModelId> {
    let mut seen = BTreeSet::new();
    let places = plan.assignments.iter().flat_map(|assignment| {
        let nodes: BTreeSet<_> = assignment.slots.iter().map(|slot| &slot.node).collect();
        nodes.into_iter().map(move |node| (&assignment.model, node))
    });
    places.filter(|place| !seen.insert(*place)).map(|(model, _)| model.clone()).collect()
}

/// Wants one replica of a model less: beyond a minimum where there is one. Says whether there was one to give up.
fn want_less(snapshot: &mut Snapshot, model: &ModelId) -> bool {
    let Some(model) = snapshot.models.iter_mut().find(|known| known.id == *model) else { return false };
    let beyond = |want: &placement::Want| (want.wanted - want.minimum.min(want.wanted), want.wanted);
    let Some(want) = model.wants.iter_mut().filter(|want| want.wanted > 0).max_by_key(|want| beyond(want)) else {
        return false;
    };
    want.wanted -= 1;
    want.minimum = want.minimum.min(want.wanted);
    true
}

#[cfg(test)]
mod tests {
    use placement::{Model, targets};
    use protocol::{Class, ModelState};

    use super::super::picture::tests::{GIB, heard};
    use super::super::picture::{Known, snapshot};
    use super::*;

    #[test]
    fn a_second_replica_goes_to_another_node_or_nowhere() {
        let catalogue = [Model::on_one_gpu("m", GIB).wanted_by(Class::Chat, 1, 1, 3)];
        let m = [("m", ModelState::Unloaded, None)];
        let nodes = [heard("a", &[10, 10], &m), heard("b", &[10, 10], &m)];
        let known = Known {
            catalogue: &catalogue,
            refused: BTreeMap::new(),
            nodes_since: &BTreeMap::new(),
            replicas_since: &BTreeMap::new(),
            coming: BTreeSet::new(),
            leaving: BTreeSet::new(),
            demand: Vec::new(),
            targets: &[],
        };
        let snapshot = snapshot(Default::default(), &nodes, &known);
        let settings = Settings::default();
        let planned = plan_single(snapshot.clone(), &targets(&snapshot, &settings), &settings).unwrap();
        let nodes: Vec<&str> =
            planned.plan.assignments.iter().map(|assignment| assignment.slots[0].node.0.as_str()).collect();
        assert_eq!(nodes, ["a", "b"]);
        assert_eq!(planned.given_up, [(ModelId::from("m"), 1)].into());
    }
}
