//! The floors: the share of the work that a class gets whenever it has requests waiting, whoever else waits.
//!
//! Each class with a floor `f` has a credit. While the class waits, each unit of work dispatched, whose ever it is, adds `f`
//! to the credit; the class's own work is taken off it. A class whose credit is above zero goes before all others, that with
//! the largest credit first. This is the Virtual Token Counter of Sheng et al. (arXiv 2401.00588) with one counter for each
//! class and unequal weights, or deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) in which the rest goes by priority.
//!
//! **Bound.** Let `L` be the largest work of one request, and let `m` classes have floors whose sum is at most one. Whatever is
//! dispatched while some credit is positive belongs to the class with the largest credit, so that the sum of the positive
//! credits never grows beyond what one dispatch without positive credit adds, and what is added while the others are served: a
//! credit stays below `m · L`. Hence in any interval in which the class waits without pause and `W` is dispatched, it gets
//! at least `f · W − 2 m L`. A class that does not wait gathers no credit (the counter's *lift* in the paper): it cannot save up
//! and then starve the others. Work that is withdrawn is given back to the credit, so the bound is on work that stays, and a
//! request can be withdrawn a bounded number of times.

use protocol::Class;

/// The classes' credits, in the unit of work.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares {
    floors: [f64; 4],
    credits: [f64; 4],
}

/// The place of a class in arrays.
pub(crate) fn rank(class: Class) -> usize {
    match class {
        Class::Voice => 0,
        Class::Chat => 1,
        Class::Mail => 2,
        Class::Batch => 3,
    }
}

impl Shares {
    /// With these floors by rank; scaled down where they add up to more than one.
    pub(crate) fn new(floors: [f64; 4]) -> Self {
        let floors = floors.map(|floor| floor.max(0.0));
        let sum = floors.iter().sum::<f64>().max(1.0);
        Self { floors: floors.map(|floor| floor / sum), credits: [0.0; 4] }
    }

    /// The class that must go first, among those that wait.
    pub(crate) fn owed(&self, waits: [bool; 4]) -> Option<Class> {
        Class::ALL.into_iter().filter(|class| waits[rank(*class)] && self.credits[rank(*class)] > 0.0).max_by(
            |one, other| {
                // The higher class where both are owed the same: `max_by` takes the last of equals.
                self.credits[rank(*one)].total_cmp(&self.credits[rank(*other)]).then_with(|| other.cmp(one))
            },
        )
    }

    /// `work` of `class` is dispatched while the classes in `waits` wait.
    pub(crate) fn charge(&mut self, class: Class, work: f64, waits: [bool; 4]) {
        for other in Class::ALL {
            let at = rank(other);
            if waits[at] || other == class {
                self.credits[at] += self.floors[at] * work;
            } else {
                // Nobody of it waits: nothing is owed, and what it owes is kept.
                self.credits[at] = self.credits[at].min(0.0);
            }
        }
        let at = rank(class);
        self.credits[at] -= work;
        // What it took beyond its floor, while nobody else needed it or by its priority, is not held against it for long.
        self.credits[at] = self.credits[at].max(-work);
    }

    /// `work` of `class` was withdrawn: it is owed again.
    pub(crate) fn refund(&mut self, class: Class, work: f64) {
        let at = rank(class);
        if self.floors[at] > 0.0 {
            self.credits[at] += work;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The bound of this module's header, for any works and floors, while all classes wait.
        #[test]
        fn a_class_that_waits_gets_its_floor(
            works in prop::collection::vec((1.0..100.0_f64, 1.0..100.0_f64, 1.0..100.0_f64, 1.0..100.0_f64), 1..400),
            mail in 0.0..0.4_f64,
            batch in 0.0..0.4_f64,
        ) {
            let mut shares = Shares::new([0.0, 0.0, mail, batch]);
            let mut got = [0.0; 4];
            let mut total = 0.0;
            for work in works {
                let class = shares.owed([true; 4]).unwrap_or(Class::Voice);
                let work = [work.0, work.1, work.2, work.3][rank(class)];
                shares.charge(class, work, [true; 4]);
                got[rank(class)] += work;
                total += work;
                prop_assert!(got[2] >= mail * total - 2.0 * 2.0 * 100.0);
                prop_assert!(got[3] >= batch * total - 2.0 * 2.0 * 100.0);
            }
        }
    }

    #[test]
    fn a_class_that_did_not_wait_has_saved_nothing() {
        let mut shares = Shares::new([0.0, 0.0, 0.0, 0.1]);
        for _ in 0..1_000 {
            shares.charge(Class::Voice, 10.0, [true, false, false, false]);
        }
        assert_eq!(shares.owed([true, false, false, true]), None);
    }
}
