//! Which replicas to take from a GPU so that enough becomes free, at the least cost.

use crate::fleet::{Fleet, GpuNo, ReplicaNo};

/// A replica that might go, with what it frees on the GPU and what its going costs (in any unit, the same for all).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Victim<C> {
    pub(crate) replica: ReplicaNo,
    pub(crate) frees: u64,
    pub(crate) cost: C,
}

/// The replicas on a GPU for which `cost` gives a figure.
pub(crate) fn victims<C>(fleet: &Fleet, gpu: GpuNo, cost: impl Fn(ReplicaNo) -> Option<C>) -> Vec<Victim<C>> {
    let victim = |replica: &ReplicaNo| {
        let state = fleet.replica(*replica)?;
        let frees = state.gpus.iter().position(|held| *held == gpu).and_then(|at| state.charges.get(at)).copied()?;
        Some(Victim { replica: *replica, frees, cost: cost(*replica)? })
    };
    fleet.gpu(gpu).held.iter().filter_map(victim).collect()
}

/// The victims that free `bytes` together; `None` when all together do not.
///
/// The exact answer is a knapsack problem. What is left is small (a GPU holds a handful of replicas), and one of two simple
/// answers is nearly always the best: the cheapest single replica that is large enough, or the cheapest ones one after
/// another less those that turn out not to be needed.
pub(crate) fn cover<C: Copy + Ord>(
    mut victims: Vec<Victim<C>>,
    bytes: u64,
    total: impl Fn(&[ReplicaNo]) -> C,
) -> Option<Vec<ReplicaNo>> {
    if bytes == 0 {
        return Some(vec![]);
    }
    let single = victims.iter().filter(|victim| victim.frees >= bytes).min_by_key(|victim| (victim.cost, victim.frees));
    let single = single.map(|victim| vec![victim.replica]);
    victims.sort_by(|a, b| a.cost.cmp(&b.cost).then(b.frees.cmp(&a.frees)).then(a.replica.cmp(&b.replica)));
    let mut freed = 0u64;
    let mut several: Vec<Victim<C>> = Vec::new();
    for victim in victims {
        if freed >= bytes {
            break;
        }
        freed += victim.frees;
        several.push(victim);
    }
    if freed < bytes {
        return None;
    }
    for at in (0..several.len()).rev() {
        if freed - several[at].frees >= bytes {
            freed -= several[at].frees;
            several.remove(at);
        }
    }
    let several: Vec<ReplicaNo> = several.into_iter().map(|victim| victim.replica).collect();
    match single {
        Some(single) if total(&single) <= total(&several) => Some(single),
        _ => Some(several),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sizes: &[(u64, u64)], bytes: u64) -> Option<Vec<u32>> {
        let victim = |(number, (frees, cost)): (u32, &(u64, u64))| Victim {
            replica: ReplicaNo(number),
            frees: *frees,
            cost: *cost,
        };
        let victims: Vec<Victim<u64>> = (0..).zip(sizes).map(victim).collect();
        let total = |replicas: &[ReplicaNo]| replicas.iter().map(|replica| sizes[replica.at()].1).sum();
        cover(victims, bytes, total).map(|replicas| replicas.into_iter().map(|replica| replica.0).collect())
    }

    #[test]
    fn the_cheapest_that_is_large_enough_goes() {
        assert_eq!(chosen(&[(10, 10), (6, 6), (2, 2)], 5), Some(vec![1]));
    }

    #[test]
    fn several_cheap_ones_go_before_a_dear_one() {
        assert_eq!(chosen(&[(10, 90), (6, 6), (4, 4), (1, 1)], 9), Some(vec![2, 1]));
    }

    #[test]
    fn nothing_goes_when_all_together_are_not_enough() {
        assert_eq!(chosen(&[(10, 1), (6, 1)], 17), None);
        assert_eq!(chosen(&[], 0), Some(vec![]));
    }
}
