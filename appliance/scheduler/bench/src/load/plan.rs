//! Which requests arrive when. Made before the first is sent, from a seed, so that every program gets the same.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::ClassSpec;
use crate::prompt::BLOCK_TOKENS;

/// One request to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When, in seconds from the start.
    pub at: f64,
    /// Its class, an index into [`Plan::classes`].
    pub class: usize,
    /// Tokens of its prompt.
    pub prompt_tokens: u32,
    /// Tokens of its answer.
    pub output_tokens: u32,
    /// The blocks its prompt is made of.
    pub blocks: Vec<u64>,
}

/// All requests to come, in the order of their times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The requests.
    pub arrivals: Vec<Arrival>,
}

impl Plan {
    /// Poisson arrivals of `rate` requests per second for `seconds`, with sizes uniform within a half of their class's mean. The
    /// first block of every prompt is its class's own, as a system prompt is; the rest is nobody else's.
    #[must_use]
    pub fn poisson(classes: &[ClassSpec], rate: f64, seconds: f64, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let shares: f64 = classes.iter().map(|class| class.share).sum();
        let mut arrivals = Vec::new();
        let mut at = 0.0;
        // Blocks up to the number of classes are the classes' own.
        let mut next_block = (seed << 32) + classes.len() as u64;
        while !classes.is_empty() && rate > 0.0 {
            at -= (1.0 - random.random::<f64>()).ln() / rate;
            if at >= seconds {
                break;
            }
            let mut pick = random.random::<f64>() * shares;
            let class = classes.iter().position(|class| {
                pick -= class.share;
                pick < 0.0
            });
            let class = class.unwrap_or(classes.len() - 1);
            let prompt_tokens = around(&mut random, classes[class].prompt_tokens);
            let own = (prompt_tokens as usize).div_ceil(BLOCK_TOKENS) as u64;
            let mut blocks = vec![class as u64];
            blocks.extend(next_block..next_block + own.saturating_sub(1));
            next_block += own;
            let output_tokens = around(&mut random, classes[class].output_tokens);
            arrivals.push(Arrival { at, class, prompt_tokens, output_tokens, blocks });
        }
        Self { classes: classes.iter().map(|class| class.name.clone()).collect(), arrivals }
    }

    /// The same with only the requests of the class `name`, at their times: what that class has when it is alone.
    #[must_use]
    pub fn only(mut self, name: &str) -> Self {
        let kept = self.classes.iter().position(|class| class == name);
        self.arrivals.retain(|arrival| Some(arrival.class) == kept);
        self
    }
}

fn around(random: &mut StdRng, mean: u32) -> u32 {
    let half = mean / 2;
    random.random_range(mean - half..=mean + half).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<ClassSpec> {
        ["voice=1:300:40", "batch=3:1500:200"].iter().map(|class| class.parse().unwrap()).collect()
    }

    #[test]
    fn one_seed_makes_one_plan() {
        assert_eq!(Plan::poisson(&classes(), 50.0, 20.0, 7), Plan::poisson(&classes(), 50.0, 20.0, 7));
        assert_ne!(Plan::poisson(&classes(), 50.0, 20.0, 7), Plan::poisson(&classes(), 50.0, 20.0, 8));
    }

    #[test]
    fn rate_shares_and_sizes_are_those_asked_for() {
        let plan = Plan::poisson(&classes(), 200.0, 100.0, 1);
        let all = plan.arrivals.len() as f64;
        assert!((all / 20_000.0 - 1.0).abs() < 0.03, "{all}");
        let voice: Vec<&Arrival> = plan.arrivals.iter().filter(|arrival| arrival.class == 0).collect();
        assert!((voice.len() as f64 / all - 0.25).abs() < 0.02);
        let mean = voice.iter().map(|arrival| f64::from(arrival.prompt_tokens)).sum::<f64>() / voice.len() as f64;
        assert!((mean / 300.0 - 1.0).abs() < 0.03, "{mean}");
        assert!(plan.arrivals.is_sorted_by(|one, other| one.at <= other.at));
    }

    #[test]
    fn prompts_of_a_class_begin_alike_and_share_nothing_more() {
        let plan = Plan::poisson(&classes(), 50.0, 10.0, 3);
        let mut seen = std::collections::HashSet::new();
        for arrival in &plan.arrivals {
            assert_eq!(arrival.blocks[0], arrival.class as u64);
            assert!(arrival.blocks.len() * BLOCK_TOKENS >= arrival.prompt_tokens as usize);
            assert!(arrival.blocks[1..].iter().all(|block| seen.insert(*block)));
        }
    }

    #[test]
    fn a_class_alone_arrives_when_it_did_among_others() {
        let plan = Plan::poisson(&classes(), 50.0, 10.0, 3);
        let alone = plan.clone().only("voice");
        let among: Vec<&Arrival> = plan.arrivals.iter().filter(|arrival| arrival.class == 0).collect();
        assert_eq!(alone.arrivals.iter().collect::<Vec<_>>(), among);
    }
}
