//! How many nodes a site needs: bisection over simulations.

use policy::PolicyConfig;
use protocol::Class;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::choose::{Scenario, UnknownPolicy, simulate};
use crate::cost::CostModel;
use crate::report::Report;
use crate::trace::{Arrival, CallShape, session};

/// What a site expects at its busiest.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// Calls under way at once.
    pub calls: u32,
    /// Chats under way at once.
    pub chats: u32,
    /// A call, as the model sees it.
    pub call: CallShape,
    /// A chat, as the model sees it.
    pub chat: CallShape,
    /// The part of each class's requests that must be answered within its targets.
    pub goodput: f64,
    /// Seconds simulated.
    pub seconds: f64,
    /// For the moments at which people begin.
    pub seed: u64,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            calls: 200,
            chats: 2_000,
            call: CallShape::default(),
            // Longer answers and prompts with quoted sources, a minute between two questions.
            chat: CallShape {
                turns: 5,
                turn_secs: 60.0,
                system_tokens: 2_048,
                turn_tokens: 400,
                output_tokens: 250,
                ..CallShape::default()
            },
            goodput: 0.99,
            seconds: 600.0,
            seed: 1,
        }
    }
}

/// The answer: the least number of nodes that keeps the targets, and what they were seen to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizing {
    /// Nodes of one GPU each.
    pub nodes: u32,
    /// Their simulation.
    pub report: Report,
}

/// Why no number is found.
#[derive(Debug, thiserror::Error)]
pub enum SizeError {
    /// More than the largest number tried would be needed.
    #[error("{0} nodes do not keep the targets; one node may be too slow for them however many there are")]
    TooLarge(u32),
    /// Our own policy is not known: a defect.
    #[error(transparent)]
    Policy(#[from] UnknownPolicy),
}

/// The requests of a demand that stays level: people begin evenly at random (Poisson arrivals, seen from afar), so that by Little's
/// law so many are under way on average.
#[must_use]
pub fn requests(demand: &Demand) -> Vec<Arrival> {
    let mut chance = StdRng::seed_from_u64(demand.seed);
    let mut arrivals = Vec::new();
    for (class, under_way, shape) in
        [(Class::Voice, demand.calls, &demand.call), (Class::Chat, demand.chats, &demand.chat)]
    {
        let lasts = (f64::from(shape.turns) * shape.turn_secs).max(1.0);
        // Those that began before the first second are under way in it.
        let begin = -lasts;
        let count = f64::from(under_way) * (demand.seconds - begin) / lasts;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u64 saturates")]
        for number in 0..count.round() as u64 {
            let at = chance.random_range(begin..demand.seconds.max(begin + 1.0));
            let seed = demand.seed.wrapping_mul(4).wrapping_add(u64::from(class == Class::Chat));
            arrivals.extend(session(at, number + 1, class, seed, shape, &mut chance));
        }
    }
    arrivals.sort_by_key(|arrival| arrival.at_us);
    arrivals
}

/// The least number of equal nodes with which each class keeps its goodput, at most `most`.
///
/// # Errors
/// [`SizeError::TooLarge`]: not even `most` do.
pub fn size(demand: &Demand, cost: &CostModel, config: &PolicyConfig, most: u32) -> Result<Sizing, SizeError> {
    let arrivals = requests(demand);
    let tried = |nodes: u32| -> Result<(bool, Report), SizeError> {
        let costs = vec![cost.clone(); usize::try_from(nodes).unwrap_or(usize::MAX)];
        let scenario = Scenario { arrivals: &arrivals, costs: &costs, faults: &[], config, seed: demand.seed };
        let report = simulate("sfetnic", &scenario)?;
        Ok((report.goodput.classes.values().all(|goodput| *goodput >= demand.goodput), report))
    };
    // Doubling finds a number that is enough, bisection the least.
    let mut enough = 1;
    let mut best = loop {
        let (kept, report) = tried(enough)?;
        if kept {
            break report;
        }
        if enough >= most {
            return Err(SizeError::TooLarge(most));
        }
        enough = (enough * 2).min(most);
    };
    let mut short = enough / 2;
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        let (kept, report) = tried(middle)?;
        if kept {
            (enough, best) = (middle, report);
        } else {
            short = middle;
        }
    }
    Ok(Sizing { nodes: enough, report: best })
}
