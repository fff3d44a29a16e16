//! A model server without a model: continuous batching, a prefix cache and a fixed cost, as pure code.
//!
//! # Cost model
//!
//! Work is done in iterations, as in Orca (Yu et al., OSDI 2022). An iteration decodes one token of every sequence whose prompt
//! is done, and prefills up to `chunk_tokens` tokens of those whose prompt is not, first come first served, as in Sarathi-Serve
//! (Agrawal et al., OSDI 2024). It takes
//!
//! ```text
//! (a + b × sequences decoded, if any)  +  tokens prefilled / prefill rate
//! ```
//!
//! The first token of a sequence comes at the end of the iteration that ends its prompt. At most `max_running` sequences are in
//! prefill or decode; the others wait in order of arrival. What the prefix cache holds when a sequence's prefill begins is not
//! prefilled, but for the last token of the prompt, which is always computed; its blocks enter the cache when its prompt is done.
//! Left out: memory of the sequences themselves (no preemption), attention's growth with the context, speculative decoding.

mod cache;

use std::collections::VecDeque;

pub use cache::PrefixCache;
use serde::Serialize;

use crate::prompt::BLOCK_TOKENS;

/// What work costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostModel {
    /// Tokens of prompt per second.
    pub prefill_rate: f64,
    /// Seconds of a decoding iteration, whatever its batch.
    pub decode_base: f64,
    /// Seconds more for each sequence in it.
    pub decode_per_sequence: f64,
    /// Tokens of prompt in one iteration, at most.
    pub chunk_tokens: u32,
    /// Sequences in prefill or decode at once, at most.
    pub max_running: usize,
}

impl Default for CostModel {
    fn default() -> Self {
        Self {
            prefill_rate: 8_000.0,
            decode_base: 0.006,
            decode_per_sequence: 0.000_35,
            chunk_tokens: 512,
            max_running: 64,
        }
    }
}

/// What came of one sequence in a call of [`Engine::advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// The sequence, as it was submitted.
    pub id: u64,
    /// Tokens generated since the last output.
    pub tokens: u32,
    /// Tokens of its prompt that the cache held.
    pub cached_tokens: u32,
    /// Whether these were the last.
    pub finished: bool,
}

/// What one engine has done and has to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct EngineStats {
    /// Sequences submitted.
    pub requests: u64,
    /// Sequences that came to their end.
    pub finished: u64,
    /// Sequences given up by who asked.
    pub cancelled: u64,
    /// Blocks of prompts looked up in the cache.
    pub blocks_asked: u64,
    /// Of them, found there.
    pub blocks_cached: u64,
    /// Tokens of prompts computed, those found cached left out.
    pub prefilled: u64,
    /// Tokens generated.
    pub tokens: u64,
    /// Iterations done.
    pub iterations: u64,
    /// The largest batch decoded.
    pub largest_batch: usize,
    /// Seconds of work done, in the engine's time.
    pub busy_secs: f64,
}

#[derive(Debug)]
struct Sequence {
    id: u64,
    prompt_tokens: u32,
    blocks: Vec<u64>,
    output_tokens: u32,
    /// None until its prefill begins and the cache has been asked.
    prefill_left: Option<u32>,
    cached_tokens: u32,
    generated: u32,
    unreported: u32,
}

#[derive(Debug)]
struct Iteration {
    end: f64,
    seconds: f64,
    /// Tokens prefilled of the first sequences in prefill, in their order.
    prefilled: Vec<u32>,
}

/// One model server.
#[derive(Debug)]
pub struct Engine {
    cost: CostModel,
    cache: PrefixCache,
    /// Work takes so many times longer than the cost model says.
    slowness: f64,
    waiting: VecDeque<Sequence>,
    prefilling: VecDeque<Sequence>,
    decoding: Vec<Sequence>,
    iteration: Option<Iteration>,
    stats: EngineStats,
}

impl Engine {
    /// An idle server with an empty cache.
    #[must_use]
    pub fn new(cost: CostModel, cache: PrefixCache) -> Self {
        Self {
            cost,
            cache,
            slowness: 1.0,
            waiting: VecDeque::new(),
            prefilling: VecDeque::new(),
            decoding: Vec::new(),
            iteration: None,
            stats: EngineStats::default(),
        }
    }

    /// From the next iteration on, work takes `factor` times longer than the cost model says.
    pub fn set_slowness(&mut self, factor: f64) {
        self.slowness = factor;
    }

    /// Takes a sequence in at the time `now`, in seconds. Its first iteration begins when the one that runs has ended.
    pub fn submit(&mut self, now: f64, id: u64, prompt_tokens: u32, blocks: Vec<u64>, output_tokens: u32) {
        self.stats.requests += 1;
        self.waiting.push_back(Sequence {
            id,
            prompt_tokens: prompt_tokens.max(1),
            blocks,
            output_tokens: output_tokens.max(1),
            prefill_left: None,
            cached_tokens: 0,
            generated: 0,
            unreported: 0,
        });
        if self.iteration.is_none() {
            self.begin(now);
        }
    }

    /// Forgets a sequence that nobody waits for any more. The iteration that runs still takes its time.
    pub fn cancel(&mut self, id: u64) {
        let before = self.outstanding();
        self.waiting.retain(|sequence| sequence.id != id);
        self.decoding.retain(|sequence| sequence.id != id);
        if let Some(at) = self.prefilling.iter().position(|sequence| sequence.id == id) {
            self.prefilling.remove(at);
            if let Some(iteration) = &mut self.iteration
                && at < iteration.prefilled.len()
            {
                iteration.prefilled.remove(at);
            }
        }
        self.stats.cancelled += (before - self.outstanding()) as u64;
    }

    /// Does all iterations that end by `now`, and tells what they brought.
    pub fn advance(&mut self, now: f64) -> Vec<Output> {
        let mut finished = Vec::new();
        while let Some(iteration) = self.iteration.take_if(|iteration| iteration.end <= now) {
            self.end(&iteration, &mut finished);
            self.begin(iteration.end);
        }
        let mut outputs: Vec<Output> = finished.iter().map(|sequence| output_of(sequence, true)).collect();
        for sequence in self.decoding.iter_mut().filter(|sequence| sequence.unreported > 0) {
            outputs.push(output_of(sequence, false));
            sequence.unreported = 0;
        }
        outputs
    }

    /// When the iteration that runs ends, in seconds; none when there is nothing to do.
    #[must_use]
    pub fn next_end(&self) -> Option<f64> {
        self.iteration.as_ref().map(|iteration| iteration.end)
    }

    /// What has been done so far.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.stats
    }

    /// Sequences in prefill or decode.
    #[must_use]
    pub fn running(&self) -> usize {
        self.prefilling.len() + self.decoding.len()
    }

    /// Sequences that wait for their prefill to begin.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Tokens of prompt still to prefill, with what the cache holds of them now left out.
    #[must_use]
    pub fn outstanding_prefill(&self) -> u64 {
        let begun: u64 = self.prefilling.iter().map(|sequence| u64::from(sequence.prefill_left.unwrap_or(0))).sum();
        let waiting: u64 = self
            .waiting
            .iter()
            .map(|sequence| {
                let cached = cached_tokens(self.cache.count(&sequence.blocks), sequence.prompt_tokens);
                u64::from(sequence.prompt_tokens - cached)
            })
            .sum();
        begun + waiting
    }

    fn outstanding(&self) -> usize {
        self.waiting.len() + self.running()
    }

    fn begin(&mut self, now: f64) {
        while self.running() < self.cost.max_running
            && let Some(sequence) = self.waiting.pop_front()
        {
            self.prefilling.push_back(sequence);
        }
        let mut room = self.cost.chunk_tokens;
        let mut prefilled = Vec::new();
        for sequence in &mut self.prefilling {
            if room == 0 {
                break;
            }
            let left = match sequence.prefill_left {
                Some(left) => left,
                None => {
                    let blocks = self.cache.look_up(&sequence.blocks);
                    self.stats.blocks_asked += sequence.blocks.len() as u64;
                    self.stats.blocks_cached += blocks as u64;
                    sequence.cached_tokens = cached_tokens(blocks, sequence.prompt_tokens);
                    sequence.prompt_tokens - sequence.cached_tokens
                }
            };
            sequence.prefill_left = Some(left);
            let share = left.min(room);
            room -= share;
            prefilled.push(share);
        }
        let tokens: u32 = prefilled.iter().sum();
        if tokens == 0 && self.decoding.is_empty() {
            return;
        }
        let mut seconds = f64::from(tokens) / self.cost.prefill_rate;
        if !self.decoding.is_empty() {
            seconds += self.cost.decode_base + self.cost.decode_per_sequence * self.decoding.len() as f64;
        }
        seconds *= self.slowness;
        self.stats.largest_batch = self.stats.largest_batch.max(self.decoding.len());
        self.iteration = Some(Iteration { end: now + seconds, seconds, prefilled });
    }

    fn end(&mut self, iteration: &Iteration, finished: &mut Vec<Sequence>) {
        self.stats.iterations += 1;
        self.stats.busy_secs += iteration.seconds;
        for (sequence, tokens) in self.prefilling.iter_mut().zip(&iteration.prefilled) {
            sequence.prefill_left = sequence.prefill_left.map(|left| left.saturating_sub(*tokens));
            self.stats.prefilled += u64::from(*tokens);
        }
        for sequence in &mut self.decoding {
            sequence.generated += 1;
            sequence.unreported += 1;
            self.stats.tokens += 1;
        }
        while self.prefilling.front().is_some_and(|sequence| sequence.prefill_left == Some(0))
            && let Some(mut sequence) = self.prefilling.pop_front()
        {
            self.cache.insert(&sequence.blocks);
            sequence.generated = 1;
            sequence.unreported = 1;
            self.stats.tokens += 1;
            self.decoding.push(sequence);
        }
        let before = finished.len();
        finished.extend(self.decoding.extract_if(.., |sequence| sequence.generated >= sequence.output_tokens));
        self.stats.finished += (finished.len() - before) as u64;
    }
}

fn output_of(sequence: &Sequence, finished: bool) -> Output {
    Output { id: sequence.id, tokens: sequence.unreported, cached_tokens: sequence.cached_tokens, finished }
}

/// The tokens in `blocks` cached blocks of a prompt of `prompt_tokens`; its last token is never one of them.
fn cached_tokens(blocks: usize, prompt_tokens: u32) -> u32 {
    u32::try_from(blocks * BLOCK_TOKENS).unwrap_or(u32::MAX).min(prompt_tokens - 1)
}

#[cfg(test)]
mod tests;
