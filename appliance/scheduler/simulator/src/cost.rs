//! What a replica's work costs: the model of its engine's speed.
//!
//! The engine batches at the level of iterations (Orca, OSDI 2022) with chunked prefill (Sarathi-Serve, arXiv 2403.02310): in
//! each iteration every running answer advances by one token, and up to `chunk_tokens` of prompts are read beside them, first
//! come first served. An iteration takes `chunk / prefill_rate`, plus, if any answer runs, `step + per_request × batch`. Those
//! are the two terms of the roofline: reading is bound by arithmetic and linear in tokens, a decode step by memory: the
//! weights once, and each request's keys and values. Attention's quadratic term is left out, which favours long prompts.

use serde::{Deserialize, Serialize};

/// One replica's cost model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CostModel {
    /// Tokens of prompts read per second.
    pub prefill_rate: f64,
    /// Milliseconds of a decode step, whatever the batch.
    pub step_ms: f64,
    /// Milliseconds that each running answer adds to a step.
    pub per_request_ms: f64,
    /// Tokens of prompts read in one iteration at most.
    pub chunk_tokens: u32,
    /// Answers computed at once.
    pub slots: u32,
    /// Tokens of one block of the prefix cache.
    pub block_tokens: u32,
    /// Blocks that the prefix cache holds; without limit where none.
    pub cache_blocks: Option<usize>,
}

impl Default for CostModel {
    fn default() -> Self {
        Self {
            prefill_rate: 8_000.0,
            step_ms: 6.0,
            per_request_ms: 0.35,
            chunk_tokens: 512,
            slots: 64,
            block_tokens: 512,
            cache_blocks: None,
        }
    }
}

impl CostModel {
    /// The cost model of a size of GPU, by name; see [`PROFILES`].
    #[must_use]
    pub fn profile(name: &str) -> Option<Self> {
        PROFILES.iter().find(|profile| profile.name == name).map(|profile| Self {
            prefill_rate: profile.prefill_rate,
            step_ms: profile.step_ms,
            per_request_ms: profile.per_request_ms,
            cache_blocks: Some(profile.cache_blocks),
            ..Self::default()
        })
    }

    /// Microseconds of one iteration that reads so many prompt tokens beside so many running answers; rounded up.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u64 saturates")]
    pub fn iteration_us(&self, prompt_tokens: u32, batch: usize) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        let batch = batch as f64;
        let step = if batch > 0.0 { self.step_ms + self.per_request_ms * batch } else { 0.0 };
        ((f64::from(prompt_tokens) / self.prefill_rate * 1e6 + step * 1e3).ceil() as u64).max(1)
    }

    /// The least seconds that one token of an answer takes of the replica's time: its own share of a step in a full batch.
    #[must_use]
    pub fn least_token_secs(&self) -> f64 {
        (self.per_request_ms + self.step_ms / f64::from(self.slots.max(1))) / 1e3
    }
}

/// A size of GPU with a language model of eight thousand million parameters in 16 bits.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its name on the command line.
    pub name: &'static str,
    prefill_rate: f64,
    step_ms: f64,
    per_request_ms: f64,
    cache_blocks: usize,
}

/// Profiles derived from the makers' data sheets by the roofline, not measured: a forward pass takes 16 GFLOP a token, of which
/// an engine reaches about 45 % of the dense bf16 rate in prefill; a step reads 16 GB of weights at about 80 % of the
/// memory's bandwidth; each answer adds its 2,000 tokens of keys and values, 131 KB each, and its share of sampling
/// (0.1 ms). What memory the weights leave, less a tenth, holds blocks of 512 tokens of 64 MiB. The method and the
/// fractions are those of the "LLM inference performance engineering" literature (Pope et al., arXiv 2211.05102); compare
/// microsoft/vidur's measured profiles of A40, A100 and H100 (arXiv 2405.05465).
pub const PROFILES: [Profile; 4] = [
    // NVIDIA L4: 121 TFLOP/s, 300 GB/s, 24 GB (datasheet 2023).
    Profile { name: "l4", prefill_rate: 3_400.0, step_ms: 66.0, per_request_ms: 1.2, cache_blocks: 84 },
    // NVIDIA L40S: 362 TFLOP/s, 864 GB/s, 48 GB (datasheet 2023).
    Profile { name: "l40s", prefill_rate: 10_200.0, step_ms: 23.0, per_request_ms: 0.48, cache_blocks: 406 },
    // NVIDIA A100 80 GB: 312 TFLOP/s, 2,039 GB/s (datasheet 2021).
    Profile { name: "a100", prefill_rate: 8_800.0, step_ms: 9.8, per_request_ms: 0.26, cache_blocks: 834 },
    // NVIDIA H100 SXM: 989 TFLOP/s, 3,350 GB/s, 80 GB (datasheet 2023).
    Profile { name: "h100", prefill_rate: 27_800.0, step_ms: 6.0, per_request_ms: 0.2, cache_blocks: 834 },
];
