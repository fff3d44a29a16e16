//! What may be set: the classes' targets and shares, and how the dispatcher goes about its work.

use std::time::Duration;

use protocol::Class;
use serde::{Deserialize, Serialize};

/// What one class of requests is promised, and what it may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTargets {
    /// The first token within this many milliseconds of the arrival …
    pub first_token_ms: f64,
    /// … plus this many for each thousand tokens of the prompt: who sends a hundred pages expects to wait for their reading.
    pub first_token_ms_per_thousand_tokens: f64,
    /// Tokens per second from then on, on average over the answer.
    pub tokens_per_second: f64,
    /// What one answer within the targets is worth, against one of another class.
    pub weight: f64,
    /// The share of the work, 0 to 1, that the class gets whenever it has requests waiting, whoever else waits.
    pub floor: f64,
    /// How many of the class may wait at once. One more is rejected.
    pub queue: usize,
}

impl ClassTargets {
    /// Seconds from arrival to the first token that a request with this prompt may take.
    #[must_use]
    pub fn first_token_secs(&self, prompt_tokens: u32) -> f64 {
        (self.first_token_ms + self.first_token_ms_per_thousand_tokens * f64::from(prompt_tokens) / 1e3) / 1e3
    }

    /// Whether an answer that took so many seconds to its first token, and so many more for the other tokens, keeps them.
    #[must_use]
    pub fn kept(&self, prompt_tokens: u32, first_token_secs: f64, output_tokens: u32, rest_secs: f64) -> bool {
        // A microsecond of grace: times are rounded to microseconds on their way.
        first_token_secs <= self.first_token_secs(prompt_tokens) + 1e-6
            && rest_secs * self.tokens_per_second <= f64::from(output_tokens.saturating_sub(1)) + 1e-6
    }
}

/// The targets of each class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Classes {
    /// A person holds a telephone.
    pub voice: ClassTargets,
    /// A person looks at a screen.
    pub chat: ClassTargets,
    /// A letter waits.
    pub mail: ClassTargets,
    /// Nobody waits.
    pub batch: ClassTargets,
}

impl Classes {
    /// The targets of `class`.
    #[must_use]
    pub fn of(&self, class: Class) -> &ClassTargets {
        match class {
            Class::Voice => &self.voice,
            Class::Chat => &self.chat,
            Class::Mail => &self.mail,
            Class::Batch => &self.batch,
        }
    }

    /// The targets of `class`, to change them.
    #[must_use]
    pub fn of_mut(&mut self, class: Class) -> &mut ClassTargets {
        match class {
            Class::Voice => &mut self.voice,
            Class::Chat => &mut self.chat,
            Class::Mail => &mut self.mail,
            Class::Batch => &mut self.batch,
        }
    }
}

impl Default for Classes {
    fn default() -> Self {
        Self {
            voice: ClassTargets {
                first_token_ms: 700.0,
                first_token_ms_per_thousand_tokens: 150.0,
                tokens_per_second: 8.0,
                weight: 8.0,
                floor: 0.0,
                queue: 1_000,
            },
            chat: ClassTargets {
                first_token_ms: 2_000.0,
                first_token_ms_per_thousand_tokens: 250.0,
                tokens_per_second: 6.0,
                weight: 4.0,
                floor: 0.0,
                queue: 4_000,
            },
            mail: ClassTargets {
                first_token_ms: 60_000.0,
                first_token_ms_per_thousand_tokens: 250.0,
                tokens_per_second: 2.0,
                weight: 2.0,
                floor: 0.05,
                queue: 10_000,
            },
            batch: ClassTargets {
                first_token_ms: 600_000.0,
                first_token_ms_per_thousand_tokens: 250.0,
                tokens_per_second: 1.0,
                weight: 1.0,
                floor: 0.05,
                queue: 20_000,
            },
        }
    }
}

/// How the dispatcher goes about its work. The defaults suit a language model on one GPU a replica.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// What each class is promised.
    pub classes: Classes,
    /// A replica gets its next request when so much of what it has to prefill is left, in milliseconds: long enough that it
    /// never idles between two, short enough that the rest stays here, movable.
    pub lookahead_ms: f64,
    /// Of a replica's slots, the share kept free for calls; at least one where there are more than two.
    pub voice_slots: f64,
    /// Replicas reserved for calls: so many times what their work has needed of late, half of all at most.
    pub reserve_headroom: f64,
    /// Requests of other classes that a reserved replica takes nevertheless.
    pub reserved_others: u32,
    /// Milliseconds that a call would rather wait than go to a replica that is not reserved.
    pub reserve_preference_ms: f64,
    /// A call takes the place of a lower class's request that has no first token yet if it gains more than this, in
    /// milliseconds.
    pub preempt_gain_ms: f64,
    /// How often one request may be withdrawn for a call. After that it stays, so that it ends.
    pub withdrawals: u32,
    /// How often one request is tried again after a replica failed it.
    pub retries: u32,
    /// Seconds of work that one second of prefill takes from those who wait, in the choice of a replica: 1 weighs what a miss
    /// in the cache costs the others as much as what it costs oneself.
    pub miss_cost: f64,
    /// Seconds of waiting as which a second of reading counts that a replica was given of late beyond the others: small, it
    /// never outweighs a conversation's cache, but one block that all begin with.
    pub spread: f64,
    /// Milliseconds that each further request at a replica adds to every token there, as far as the choice of a replica goes.
    pub batch_cost_ms: f64,
    /// The part of a prompt taken for cached at its session's home, where no hashes of its blocks are known.
    pub session_hit: f64,
    /// Requests looked at for one decision.
    pub scan: usize,
    /// What one output token costs, in prompt tokens, where requests are weighed against each other.
    pub output_token_weight: f64,
    /// The rate of prefill assumed of a replica that nothing is known of, in tokens per second.
    pub assumed_prefill_rate: f64,
    /// Blocks remembered of each replica's cache.
    pub prefix_blocks: usize,
    /// Sessions whose home is remembered.
    pub sessions: usize,
    /// A replica not heard of for so long is taken for gone, in milliseconds; none where no heartbeat is expected.
    pub silence_ms: Option<f64>,
    /// After a reset connection a replica gets nothing for so long, in milliseconds; twice as long each further time.
    pub suspicion_ms: f64,
    /// A replica that has come back gets its full share only after so long, in milliseconds.
    pub ramp_ms: f64,
    /// The traffic from which the price of work is learnt goes back so far, in milliseconds.
    pub price_window_ms: f64,
    /// How many replicas the requests keep busy is an average over about so long, in milliseconds; nothing is told of it
    /// before so much time has passed.
    pub demand_window_ms: f64,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            classes: Classes::default(),
            lookahead_ms: 100.0,
            voice_slots: 0.1,
            reserve_headroom: 1.5,
            reserved_others: 0,
            reserve_preference_ms: 60.0,
            preempt_gain_ms: 30.0,
            withdrawals: 3,
            retries: 3,
            miss_cost: 1.0,
            spread: 0.05,
            batch_cost_ms: 0.35,
            session_hit: 0.5,
            scan: 48,
            output_token_weight: 4.0,
            assumed_prefill_rate: 8_000.0,
            prefix_blocks: 262_144,
            sessions: 65_536,
            silence_ms: Some(600.0),
            suspicion_ms: 1_000.0,
            ramp_ms: 10_000.0,
            price_window_ms: 60_000.0,
            demand_window_ms: 60_000.0,
        }
    }
}

impl PolicyConfig {
    /// `lookahead_ms` in seconds.
    pub(crate) fn lookahead(&self) -> f64 {
        self.lookahead_ms / 1e3
    }

    /// `silence_ms` as a duration.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.silence_ms.map(|ms| Duration::from_secs_f64((ms / 1e3).max(0.0)))
    }
}
