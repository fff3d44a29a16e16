//! What goes before what when not all fits, and what a replica is worth.
//!
//! The replicas of a model are all alike, so a rank belongs not to a replica but to the number of them: the first replicas of
//! a model fill its best-ranked wants. Whoever takes one away therefore takes its lowest-ranked want. Ranks glued to single
//! replicas were rejected: which replica bore which rank would depend on history, and two planners that see the same fleet
//! would decide differently.

use std::cmp::Reverse;

use crate::catalogue::Model;

/// Whether a replica belongs to what its model cannot do without. The greater goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Wanted,
    Minimum,
}

/// The rank of a want. The greater goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) tier: Tier,
    pub(crate) weight: u32,
}

impl Rank {
    /// The worth of so many bytes placed at this rank.
    pub(crate) fn worth(self, bytes: u64) -> Worth {
        let worth = u128::from(self.weight) * u128::from(bytes);
        match self.tier {
            Tier::Minimum => Worth { minimum: worth, wanted: 0 },
            Tier::Wanted => Worth { minimum: 0, wanted: worth },
        }
    }
}

/// Bytes placed, weighted; what is within minimums counts before everything else, however large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Worth {
    pub(crate) minimum: u128,
    pub(crate) wanted: u128,
}

impl Worth {
    pub(crate) fn add(&mut self, other: Self) {
        self.minimum += other.minimum;
        self.wanted += other.wanted;
    }

    /// Whether this is worth losing `loss` for: more by `gain_permille` in what counts first. Every replacement that passes
    /// raises the pair (minimum, wanted) in lexicographic order, so that a series of them ends.
    pub(crate) fn outweighs(self, loss: Self, gain_permille: u32) -> bool {
        let factor = 1_000 + u128::from(gain_permille);
        if self.minimum > 0 {
            self.minimum * 1_000 > loss.minimum * factor
        } else {
            loss.minimum == 0 && self.wanted * 1_000 > loss.wanted * factor
        }
    }
}

/// The ranks of the replicas to aim at, the best first, in runs of equal ones: a model may have thousands of replicas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ladder {
    runs: Vec<(Rank, usize)>,
}

impl Ladder {
    /// So many of each want of the model as `targets` says, of which its minimum comes first.
    pub(crate) fn new(model: &Model, targets: impl Fn(&crate::Want) -> u32) -> Self {
        let mut runs = Vec::new();
        for want in &model.wants {
            let replicas = targets(want);
            let minimum = want.minimum.min(replicas);
            let rank = |tier| Rank { tier, weight: want.weight };
            runs.push((rank(Tier::Minimum), minimum as usize));
            runs.push((rank(Tier::Wanted), (replicas - minimum) as usize));
        }
        runs.retain(|(_, count)| *count > 0);
        runs.sort_by_key(|(rank, _)| Reverse(*rank));
        Self { runs }
    }

    /// How many replicas are aimed at.
    pub(crate) fn len(&self) -> usize {
        self.runs.iter().map(|(_, count)| count).sum()
    }

    /// The rank of the replica at this place, counted from 0.
    pub(crate) fn get(&self, mut place: usize) -> Option<Rank> {
        for (rank, count) in &self.runs {
            match place.checked_sub(*count) {
                None => return Some(*rank),
                Some(left) => place = left,
            }
        }
        None
    }

    /// How many replicas belong to minimums.
    pub(crate) fn minimum(&self) -> usize {
        self.runs.iter().filter(|(rank, _)| rank.tier == Tier::Minimum).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use protocol::Class;

    use super::*;

    #[test]
    fn minimums_of_all_classes_come_before_anything_beyond_them() {
        let model = Model::on_one_gpu("m", 1).wanted_by(Class::Batch, 1, 1, 2).wanted_by(Class::Voice, 8, 1, 3);
        let ladder = Ladder::new(&model, |want| want.wanted);
        let ranks = (0..ladder.len()).filter_map(|place| ladder.get(place));
        let tiers: Vec<(Tier, u32)> = ranks.map(|rank| (rank.tier, rank.weight)).collect();
        let expected =
            [(Tier::Minimum, 8), (Tier::Minimum, 1), (Tier::Wanted, 8), (Tier::Wanted, 8), (Tier::Wanted, 1)];
        assert_eq!(tiers, expected);
        assert_eq!((ladder.minimum(), ladder.get(5)), (2, None));
    }

    #[test]
    fn a_minimum_outweighs_any_luxury_and_no_luxury_outweighs_a_minimum() {
        let minimum = Rank { tier: Tier::Minimum, weight: 1 }.worth(1);
        let luxury = Rank { tier: Tier::Wanted, weight: 1_000 }.worth(1 << 40);
        assert!(minimum.outweighs(luxury, 250) && !luxury.outweighs(minimum, 250));
    }

    #[test]
    fn a_small_gain_is_no_reason_to_unload_what_runs() {
        let worth = |bytes| Rank { tier: Tier::Wanted, weight: 4 }.worth(bytes);
        assert!(!worth(12).outweighs(worth(10), 250));
        assert!(worth(13).outweighs(worth(10), 250));
    }
}
