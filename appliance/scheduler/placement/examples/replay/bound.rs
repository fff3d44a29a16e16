//! The fractional bound: no placement can be worth more.
//!
//! Let card `g` have capacity `c_g`: what is left beside foreign programs and the margin, or what lies on it, whichever is
//! more; zero where replicas must leave. Let `r` be the wanted replicas, `v_r` the memory that the model of `r` needs, and
//! `w_r` what a byte of it is worth. The bound is the greatest
//!
//! ```text
//! Σ w_r v_r x_r   with   Σ v_r x_r ≤ Σ c_g   and   0 ≤ x_r ≤ 1,
//! ```
//!
//! that is, as if all free memory were one card and replicas could be cut anywhere (Dantzig's bound of the knapsack problem,
//! 1957).
//!
//! *It is an upper bound.* Take any placement that keeps to the capacities, and let `x_r` be 1 for the replicas placed and 0
//! for the others. A replica takes at least `v_r` in all, whatever its shape (a shape smaller than its model is refused by
//! `Model::check`), and what it takes lies on the cards; so `Σ v_r x_r ≤ Σ c_g`, and `x` is one of the candidates. The greatest
//! is at least as great as any candidate.
//!
//! *It is computed exactly* by filling in descending order of `w_r`: if a solution takes some of `r` and leaves some of `s`
//! with `w_s > w_r`, exchanging a little of `r` for as many bytes of `s` makes it worth more, so that the greatest takes
//! nothing of a lesser weight before all of a greater one.
//!
//! What it relaxes: that a replica lies on whole cards of one machine, that shards repeat some bytes, that no card holds two
//! replicas of a model, and that minimums come before worth. A ratio of 1 is therefore not to be had in general.

use std::collections::BTreeMap;

/// The bound. `wanted`: bytes wanted, by what a byte is worth.
pub(crate) fn fractional(capacity: u64, wanted: &BTreeMap<u32, u128>) -> u128 {
    let mut left = u128::from(capacity);
    let mut worth = 0;
    for (weight, bytes) in wanted.iter().rev() {
        let taken = left.min(*bytes);
        left -= taken;
        worth += taken * u128::from(*weight);
    }
    worth
}
