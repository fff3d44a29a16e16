//! One replica's engine: continuous batching by iterations, jumped over in stretches of equal ones.
//!
//! Between two changes (a prompt read, an answer complete, a newcomer at an idle reader, a removal) all iterations are alike,
//! so that a stretch of them is one event; a change within a stretch takes effect when the iteration under way ends.

use std::collections::VecDeque;

use crate::cache::Cache;
use crate::cost::CostModel;
use crate::trace::Arrival;

/// One request at the engine.
#[derive(Debug)]
struct Job {
    key: Key,
    prompt: u32,
    output: u32,
    blocks: std::sync::Arc<[policy::BlockHash]>,
    /// Tokens still to read: estimated until it begins, exact from then on.
    left: u32,
    /// Blocks found cached, once it has begun.
    found: Option<usize>,
}

/// Which request, and which attempt at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) request: usize,
    pub(crate) attempt: u32,
}

/// What the engine did.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    FirstToken { key: Key, cached_tokens: u32, blocks_found: usize, blocks_asked: usize },
    Finished { key: Key },
}

/// Equal iterations, one after the other.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: u64,
    each: u64,
    count: u64,
    /// Tokens of prompts read in each, from the first reader on.
    chunk: u32,
}

/// The engine of one replica.
#[derive(Debug)]
pub(crate) struct Engine {
    cost: CostModel,
    cache: Cache,
    reading: VecDeque<Job>,
    /// Answers under way, and the tokens that each has still to produce.
    answering: Vec<(Key, u32)>,
    leaving: Vec<Key>,
    stretch: Option<Stretch>,
    /// Changes with each new plan, so that an event for an old one is known.
    pub(crate) generation: u64,
    frozen: bool,
    /// Tokens read so far.
    pub(crate) tokens_read: u64,
    /// Requests that left before their first token, and the blocks that were computed for them: found later, they are no
    /// merit of the cache.
    pub(crate) left_behind: Vec<(usize, usize)>,
}

impl Engine {
    pub(crate) fn new(cost: CostModel) -> Self {
        let cache = Cache::new(cost.cache_blocks);
        Self {
            cost,
            cache,
            reading: VecDeque::new(),
            answering: Vec::new(),
            leaving: Vec::new(),
            stretch: None,
            generation: 0,
            frozen: false,
            tokens_read: 0,
            left_behind: Vec::new(),
        }
    }

    /// A request comes. Returns when to look again, if that changed.
    pub(crate) fn submit(&mut self, now: u64, key: Key, arrival: &Arrival) -> Option<u64> {
        let matched = self.cache.matched(&arrival.blocks);
        let left = self.uncached(arrival.prompt_tokens, matched);
        self.reading.push_back(Job {
            key,
            prompt: arrival.prompt_tokens,
            output: arrival.output_tokens,
            blocks: arrival.blocks.clone(),
            left,
            found: None,
        });
        match self.stretch {
            None => self.begin(now),
            // Behind others it changes nothing yet, unless the slots are full and nobody reads.
            Some(stretch) if stretch.chunk == 0 => self.cut(now),
            Some(_) => None,
        }
    }

    /// A request is aborted, wherever it is; it leaves when the iteration under way ends.
    pub(crate) fn abort(&mut self, now: u64, key: Key) -> Option<u64> {
        if let Some(at) = self.reading.iter().position(|job| job.key == key)
            && at > 0
            && self.reading[at].found.is_none()
        {
            self.reading.remove(at);
            return None;
        }
        self.leaving.push(key);
        self.cut(now)
    }

    /// All requests that it has, aborted at once; its cache is lost too.
    pub(crate) fn die(&mut self) -> Vec<Key> {
        self.cache.clear();
        self.stretch = None;
        self.generation += 1;
        self.frozen = false;
        let mut keys: Vec<Key> = self.reading.drain(..).map(|job| job.key).collect();
        keys.extend(self.answering.drain(..).map(|(key, _)| key));
        keys.retain(|key| !self.leaving.contains(key));
        self.leaving.clear();
        keys
    }

    /// It stops where it is.
    pub(crate) fn freeze(&mut self, now: u64) {
        let mut outputs = Vec::new();
        if let Some(stretch) = self.stretch.take() {
            let whole = now.saturating_sub(stretch.start) / stretch.each;
            self.apply(Stretch { count: whole.min(stretch.count.saturating_sub(1)), ..stretch }, &mut outputs);
        }
        self.generation += 1;
        self.frozen = true;
    }

    /// It goes on.
    pub(crate) fn thaw(&mut self, now: u64) -> Option<u64> {
        self.frozen = false;
        self.begin(now)
    }

    /// The stretch's end has come: what it brought, and when to look again.
    pub(crate) fn arrive(&mut self, now: u64) -> (Vec<Output>, Option<u64>) {
        let mut outputs = Vec::new();
        if let Some(stretch) = self.stretch.take() {
            self.apply(stretch, &mut outputs);
        }
        (outputs, self.begin(now))
    }

    /// Tokens that its requests have still to have read, at `now`.
    pub(crate) fn outstanding_prefill(&self, now: u64) -> f64 {
        let left: u64 = self.reading.iter().map(|job| u64::from(job.left)).sum();
        let done = self.stretch.map_or(0.0, |stretch| {
            #[expect(clippy::cast_precision_loss, reason = "microseconds of a stretch fit the mantissa")]
            let part = now.saturating_sub(stretch.start) as f64 / stretch.each as f64;
            f64::from(stretch.chunk) * part
        });
        #[expect(clippy::cast_precision_loss, reason = "tokens fit the mantissa")]
        let left = left as f64;
        (left - done).max(0.0)
    }

    fn uncached(&self, prompt: u32, matched: usize) -> u32 {
        let cached = u32::try_from(matched).unwrap_or(u32::MAX).saturating_mul(self.cost.block_tokens);
        // The last token is always computed: its logits are the first answer.
        prompt.saturating_sub(cached).max(1)
    }

    /// The stretch under way ends with its present iteration.
    fn cut(&mut self, now: u64) -> Option<u64> {
        let stretch = self.stretch.as_mut()?;
        let count = now.saturating_sub(stretch.start).div_ceil(stretch.each).max(1);
        if count >= stretch.count {
            return None;
        }
        stretch.count = count;
        self.generation += 1;
        Some(stretch.start + stretch.count * stretch.each)
    }

    /// Plans the next stretch from a boundary between iterations on.
    fn begin(&mut self, now: u64) -> Option<u64> {
        self.generation += 1;
        self.stretch = None;
        if self.frozen {
            return None;
        }
        self.let_go();
        let batch = self.answering.len();
        let shortest = self.answering.iter().map(|(_, left)| u64::from(*left)).min();
        let mut chunk = 0;
        let mut count = shortest.unwrap_or(0);
        if batch < usize::try_from(self.cost.slots).unwrap_or(usize::MAX) && !self.reading.is_empty() {
            let budget = self.cost.chunk_tokens.max(1);
            self.open(0);
            let first = self.reading.front().map_or(0, |job| job.left);
            if first > budget {
                chunk = budget;
                let whole = u64::from((first - 1) / budget);
                count = shortest.map_or(whole, |shortest| shortest.min(whole));
            } else {
                // The end of the first, and what fits beside it of the next.
                let mut at = 0;
                let room = usize::try_from(self.cost.slots).unwrap_or(usize::MAX) - batch;
                while chunk < budget && at < self.reading.len() && at < room {
                    self.open(at);
                    chunk += self.reading[at].left.min(budget - chunk);
                    at += 1;
                }
                count = 1;
            }
        }
        if chunk == 0 && batch == 0 {
            return None;
        }
        let each = self.cost.iteration_us(chunk, batch);
        self.stretch = Some(Stretch { start: now, each, count, chunk });
        Some(now + each * count)
    }

    /// A request begins to be read: what of it is cached is known now.
    fn open(&mut self, at: usize) {
        if self.reading[at].found.is_none() {
            let matched = self.cache.matched(&self.reading[at].blocks);
            let left = self.uncached(self.reading[at].prompt, matched);
            let job = &mut self.reading[at];
            job.found = Some(matched);
            job.left = left;
        }
    }

    fn let_go(&mut self) {
        for key in std::mem::take(&mut self.leaving) {
            self.answering.retain(|(other, _)| *other != key);
            if let Some(at) = self.reading.iter().position(|job| job.key == key)
                && let Some(job) = self.reading.remove(at)
            {
                // The blocks read whole stay, as in the engines.
                if let Some(found) = job.found {
                    let read = job.prompt.saturating_sub(job.left) / self.cost.block_tokens.max(1);
                    let read = usize::try_from(read).unwrap_or(0).min(job.blocks.len());
                    self.cache.touch(&job.blocks[..read]);
                    self.left_behind.push((key.request, read.saturating_sub(found)));
                }
            }
        }
    }

    fn apply(&mut self, stretch: Stretch, outputs: &mut Vec<Output>) {
        let count = u32::try_from(stretch.count).unwrap_or(u32::MAX);
        for (key, left) in &mut self.answering {
            *left = left.saturating_sub(count);
            if *left == 0 {
                outputs.push(Output::Finished { key: *key });
            }
        }
        self.answering.retain(|(_, left)| *left > 0);
        let mut read = stretch.chunk.saturating_mul(count);
        self.tokens_read += u64::from(read);
        while read > 0
            && let Some(job) = self.reading.front_mut()
        {
            let part = read.min(job.left);
            job.left -= part;
            read -= part;
            if job.left > 0 {
                break;
            }
            let Some(job) = self.reading.pop_front() else { break };
            self.cache.touch(&job.blocks);
            let found = job.found.unwrap_or(0);
            let cached = u32::try_from(found).unwrap_or(u32::MAX).saturating_mul(self.cost.block_tokens);
            outputs.push(Output::FirstToken {
                key: job.key,
                cached_tokens: cached.min(job.prompt.saturating_sub(1)),
                blocks_found: found,
                blocks_asked: job.blocks.len(),
            });
            if job.output > 1 {
                self.answering.push((job.key, job.output - 1));
            } else {
                outputs.push(Output::Finished { key: job.key });
            }
        }
    }
}
