//! Policies by name, and one call that simulates.

use policy::{Dispatcher, PolicyConfig};

use crate::bound::{clairvoyant, offered_load};
use crate::cost::CostModel;
use crate::fleet::Fault;
use crate::peers::Peer;
use crate::report::Report;
use crate::trace::Arrival;

/// The names that [`simulate`] knows.
pub const POLICIES: [&str; 7] =
    ["sfetnic", "round-robin", "least-load", "power-of-two", "affinity", "cache-aware", "clairvoyant"];

/// No policy of that name is known.
#[derive(Debug, thiserror::Error)]
#[error("no policy is named `{0}`")]
pub struct UnknownPolicy(pub String);

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scenario<'a> {
    /// The requests, in order.
    pub arrivals: &'a [Arrival],
    /// The replicas.
    pub costs: &'a [CostModel],
    /// What befalls them.
    pub faults: &'a [Fault],
    /// The targets by which answers are judged, and how our policy goes about its work.
    pub config: &'a PolicyConfig,
    /// For what a policy draws by chance.
    pub seed: u64,
}

/// Simulates the scenario under the policy of that name. `clairvoyant` simulates nothing: its report holds the bound on goodput
/// and no times.
///
/// # Errors
/// [`UnknownPolicy`]
pub fn simulate(policy: &str, scenario: &Scenario<'_>) -> Result<Report, UnknownPolicy> {
    let Scenario { arrivals, costs, faults, config, seed } = *scenario;
    if policy == "clairvoyant" {
        return Ok(Report {
            policy: policy.to_owned(),
            replicas: costs.len(),
            requests: arrivals.len(),
            simulated_secs: arrivals.last().map_or(0.0, |last| crate::report::secs(last.at_us)),
            offered_load: offered_load(arrivals, costs),
            prefix_hit_rate: ceiling(arrivals),
            load_imbalance: 1.0,
            load_imbalance_instant: 1.0,
            read_imbalance: 1.0,
            goodput: clairvoyant(arrivals, costs, &config.classes),
            ttft_ms: std::collections::BTreeMap::default(),
            classes: std::collections::BTreeMap::default(),
        });
    }
    if policy == "sfetnic" {
        let mut config = config.clone();
        if faults.is_empty() {
            // Without faults no heartbeats are simulated, and none are missed.
            config.silence_ms = None;
        }
        let mut dispatcher = Dispatcher::new(config.clone());
        return Ok(crate::run::run(policy, &mut dispatcher, arrivals, costs, faults, &config));
    }
    let rule = policy.parse().map_err(|()| UnknownPolicy(policy.to_owned()))?;
    Ok(crate::run::run(policy, &mut Peer::new(rule, seed), arrivals, costs, faults, config))
}

/// Blocks that an earlier prompt of the trace shares, over all blocks: what one cache without limit would find.
#[must_use]
pub fn ceiling(arrivals: &[Arrival]) -> f64 {
    let mut seen = rustc_hash::FxHashSet::default();
    let (mut found, mut asked) = (0, 0);
    for arrival in arrivals {
        asked += arrival.blocks.len();
        found += arrival.blocks.iter().take_while(|block| seen.contains(*block)).count();
        seen.extend(arrival.blocks.iter().copied());
    }
    crate::report::part(found, asked)
}
