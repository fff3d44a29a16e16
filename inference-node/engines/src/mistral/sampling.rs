//! Chooses the tokens of one request.
//!
//! The engine has its own sampler, but only one source of chance for all requests, so that a request's seed would mean
//! nothing; it sorts the whole vocabulary for each token; and it counts penalties from a prompt of which a cached beginning
//! is missing. Here a logits processor, which the engine calls with the scores of every next token, makes the choice and
//! leaves the engine no other: the engine always takes the likeliest token of what it gets back. The processor also sees how
//! many tokens were really computed.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use mistralrs::{CustomLogitsProcessor, Device, Tensor};

/// What the choice depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choice {
    /// 0 takes the likeliest token.
    pub(crate) temperature: f32,
    /// The likeliest tokens that together have this probability are drawn from; 1 draws from all.
    pub(crate) top_p: f32,
    /// Taken from a token's score for each time that it was chosen before.
    pub(crate) frequency_penalty: f32,
    /// Taken from a token's score once it was chosen.
    pub(crate) presence_penalty: f32,
    /// The same seed draws the same.
    pub(crate) seed: u64,
}

/// How far a request has come, told by the engine's own calls.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Tokens computed.
    tokens: AtomicU32,
    /// Tokens of the prompt that had to be computed; the others were still known.
    prompt_computed: AtomicU32,
    /// Whether the scores were no numbers.
    broken: AtomicBool,
}

impl Progress {
    /// Tokens computed so far.
    pub(crate) fn tokens(&self) -> u32 {
        self.tokens.load(Relaxed)
    }

    /// How much of a prompt of that length was known from an earlier request.
    pub(crate) fn cached(&self, prompt_tokens: u32) -> u32 {
        match self.prompt_computed.load(Relaxed) {
            0 => 0,
            computed => prompt_tokens.saturating_sub(computed),
        }
    }

    /// Whether the model's scores were no numbers: its weights are damaged or its number format is too small for it.
    pub(crate) fn broken(&self) -> bool {
        self.broken.load(Relaxed)
    }
}

/// The tokens that end a message in a prescribed form.
///
/// The engine's grammars know one end, guessed from the tokens' names (`<|endoftext|>` goes before `<|im_end|>`); the engine
/// itself stops at the ends that the model's files name. Where these differ (Qwen's GGUF files), a message whose form is
/// complete would go on with the grammar's end, which nobody sees, up to its longest length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    grammar: u32,
    model: u32,
}

impl Ends {
    /// Of a model, if its own ends do not have that of the grammars among them.
    pub(crate) fn of(grammar: u32, model: &[u32]) -> Option<Self> {
        let first = *model.first()?;
        (!model.contains(&grammar)).then_some(Self { grammar, model: first })
    }

    /// Whether the grammar has ended the message and still allows nothing else.
    fn reached(self, scores: &[f32], context: &[u32]) -> bool {
        let mut allowed = scores.iter().zip(0..).filter(|(score, _)| **score > f32::NEG_INFINITY);
        context.last() == Some(&self.grammar)
            && allowed.next().is_some_and(|(_, token)| token == self.grammar)
            && allowed.next().is_none()
    }
}

/// Chooses the tokens of one request.
pub(crate) struct Chooser {
    choice: Choice,
    ends: Option<Ends>,
    progress: Arc<Progress>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The length of the context in the last call.
    context: usize,
    /// Tokens computed, counting the one being chosen.
    step: u32,
    /// Calls for the same token: a grammar that refuses the first choice asks again.
    attempt: u32,
    /// Tokens chosen before.
    chosen: Vec<u32>,
}

impl Chooser {
    /// For a new request; `ends` for one in a prescribed form.
    pub(crate) fn new(choice: Choice, ends: Option<Ends>, progress: Arc<Progress>) -> Self {
        Self { choice, ends, progress, state: Mutex::default() }
    }

    /// Whether the engine's scores are passed on as they are.
    fn passes_on(&self) -> bool {
        self.choice.temperature == 0.0 && self.choice.frequency_penalty == 0.0 && self.choice.presence_penalty == 0.0
    }
}

impl CustomLogitsProcessor for Chooser {
    fn apply(&self, logits: &Tensor, context: &[u32]) -> mistralrs::Result<Tensor> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.begin(context, &self.progress);
        if self.passes_on() && state.step > 1 && self.ends.is_none() {
            return Ok(logits.clone());
        }
        let mut scores: Vec<f32> = logits.to_vec1()?;
        if scores.iter().any(|score| score.is_nan()) {
            self.progress.broken.store(true, Relaxed);
            return Ok(logits.clone());
        }
        if let Some(ends) = self.ends.filter(|ends| ends.reached(&scores, context)) {
            return only(ends.model as usize, scores);
        }
        if self.passes_on() {
            return Ok(logits.clone());
        }
        punish(&mut scores, &state.chosen, &self.choice);
        if self.choice.temperature > 0.0 {
            let chance = uniform(self.choice.seed, state.step, state.attempt);
            let token = draw(&scores, &self.choice, chance);
            return only(token, scores);
        }
        let vocabulary = scores.len();
        Tensor::from_vec(scores, vocabulary, &Device::Cpu)
    }
}

/// Scores of which this token is the only choice.
fn only(token: usize, mut scores: Vec<f32>) -> mistralrs::Result<Tensor> {
    scores.fill(f32::NEG_INFINITY);
    if let Some(score) = scores.get_mut(token) {
        *score = 0.0;
    }
    let vocabulary = scores.len();
    Tensor::from_vec(scores, vocabulary, &Device::Cpu)
}

impl State {
    /// Notes that scores for a token came. The context is the prompt (without what was cached, for the first token) and then
    /// grows by each token chosen.
    fn begin(&mut self, context: &[u32], progress: &Progress) {
        if context.len() == self.context {
            self.attempt += 1;
            return;
        }
        self.context = context.len();
        self.attempt = 0;
        self.step += 1;
        if self.step == 1 {
            progress.prompt_computed.store(u32::try_from(context.len()).unwrap_or(u32::MAX), Relaxed);
        } else {
            self.chosen.extend(context.last());
        }
        progress.tokens.store(self.step, Relaxed);
    }
}

/// A seed for a request that has none.
pub(crate) fn any_seed() -> u64 {
    RandomState::new().hash_one(0)
}

/// Lowers the scores of tokens chosen before.
fn punish(scores: &mut [f32], chosen: &[u32], choice: &Choice) {
    if choice.frequency_penalty == 0.0 && choice.presence_penalty == 0.0 {
        return;
    }
    let mut sorted = chosen.to_vec();
    sorted.sort_unstable();
    for same in sorted.chunk_by(|one, other| one == other) {
        let Some(score) = same.first().and_then(|&token| scores.get_mut(token as usize)) else { continue };
        let count = same.len() as f32;
        *score -= count * choice.frequency_penalty + choice.presence_penalty;
    }
}

/// Draws a token. `chance` is from 0 up to 1.
fn draw(scores: &[f32], choice: &Choice, chance: f64) -> usize {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> =
        scores.iter().map(|score| f64::from((score - highest) / choice.temperature).exp()).collect();
    let total: f64 = weights.iter().sum();
    let top_p = f64::from(choice.top_p);
    if top_p >= 1.0 {
        return pick(weights.iter().copied().enumerate(), chance * total);
    }
    // Tokens below this weight cannot belong to the nucleus, because all of them together are less than what it leaves out.
    let least = (1.0 - top_p) * total / weights.len() as f64;
    let mut nucleus: Vec<(usize, f64)> =
        weights.iter().copied().enumerate().filter(|(_, weight)| *weight >= least).collect();
    nucleus.sort_by(|(_, one), (_, other)| other.partial_cmp(one).unwrap_or(Ordering::Equal));
    let mut mass = 0.0;
    let beyond = nucleus.iter().position(|(_, weight)| {
        mass += weight;
        mass >= top_p * total
    });
    nucleus.truncate(beyond.map_or(nucleus.len(), |last| last + 1));
    let total: f64 = nucleus.iter().map(|(_, weight)| weight).sum();
    pick(nucleus.into_iter(), chance * total)
}

/// The token within whose weight the mark lies.
fn pick(weights: impl Iterator<Item = (usize, f64)>, mark: f64) -> usize {
    let mut sum = 0.0;
    let mut last = 0;
    for (token, weight) in weights.filter(|(_, weight)| *weight > 0.0) {
        sum += weight;
        last = token;
        if mark < sum {
            break;
        }
    }
    last
}

/// A number from 0 up to 1 that depends on nothing but its arguments: the mixing function of `SplitMix64` (Steele, Lea and
/// Flood 2014), which unlike a library's default generator stays the same from version to version.
fn uniform(seed: u64, step: u32, attempt: u32) -> f64 {
    let mix = |value: u64| {
        let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    };
    let bits = mix(mix(seed) ^ ((u64::from(step) << 32) | u64::from(attempt)));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WARM: Choice =
        Choice { temperature: 1.0, top_p: 1.0, frequency_penalty: 0.0, presence_penalty: 0.0, seed: 7 };

    /// The token that the engine would take.
    fn choose(chooser: &Chooser, scores: &[f32], context: &[u32]) -> usize {
        let logits = Tensor::new(scores, &Device::Cpu).unwrap();
        let scores: Vec<f32> = chooser.apply(&logits, context).unwrap().to_vec1().unwrap();
        (0..scores.len()).max_by(|&one, &other| scores[one].partial_cmp(&scores[other]).unwrap()).unwrap()
    }

    fn tokens(choice: Choice, count: u32) -> Vec<usize> {
        let chooser = Chooser::new(choice, None, Arc::default());
        let mut context = vec![0];
        (0..count)
            .map(|_| {
                let token = choose(&chooser, &[0.0, 1.0, 2.0, 3.0], &context);
                context.push(u32::try_from(token).unwrap());
                token
            })
            .collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_seed_another() {
        assert_eq!(tokens(WARM, 50), tokens(WARM, 50));
        assert_ne!(tokens(WARM, 50), tokens(Choice { seed: 8, ..WARM }, 50));
    }

    #[test]
    fn tokens_are_drawn_as_often_as_they_are_probable() {
        let drawn = tokens(WARM, 20_000);
        let weights: Vec<f64> = (0..4).map(|score| f64::from(score).exp()).collect();
        for (token, weight) in weights.iter().enumerate() {
            let share =
                f64::from(u32::try_from(drawn.iter().filter(|&&drawn| drawn == token).count()).unwrap()) / 20_000.0;
            assert!((share - weight / weights.iter().sum::<f64>()).abs() < 0.015, "token {token}: {share}");
        }
    }

    #[test]
    fn temperature_zero_takes_the_likeliest() {
        assert_eq!(tokens(Choice { temperature: 0.0, ..WARM }, 5), [3; 5]);
    }

    #[test]
    fn penalties_make_room_for_other_tokens() {
        let greedy = Choice { temperature: 0.0, ..WARM };
        assert_eq!(tokens(Choice { presence_penalty: 1.5, ..greedy }, 4), [3, 2, 3, 3]);
        assert_eq!(tokens(Choice { frequency_penalty: 1.5, ..greedy }, 4), [3, 2, 3, 1]);
    }

    #[test]
    fn a_cached_beginning_of_the_prompt_is_counted() {
        let progress = Arc::new(Progress::default());
        let chooser = Chooser::new(WARM, None, progress.clone());
        choose(&chooser, &[0.0, 1.0], &[5, 6]);
        choose(&chooser, &[0.0, 1.0], &[1, 2, 3, 4, 5, 6, 1]);
        assert_eq!((progress.tokens(), progress.cached(6)), (2, 4));
    }

    #[test]
    fn a_second_question_for_the_same_token_counts_once_and_draws_anew() {
        let progress = Arc::new(Progress::default());
        let chooser = Chooser::new(WARM, None, progress.clone());
        for _ in 0..10 {
            choose(&chooser, &[0.0, 1.0], &[5]);
        }
        assert_eq!(progress.tokens(), 1);
        assert!((0..20).any(|attempt| uniform(7, 1, attempt) != uniform(7, 1, 0)));
    }

    #[test]
    fn a_message_whose_form_is_complete_ends_as_the_model_ends_its_messages() {
        let ends = Some(Ends { grammar: 0, model: 2 });
        for choice in [WARM, Choice { temperature: 0.0, ..WARM }] {
            let chooser = Chooser::new(choice, ends, Arc::default());
            let ended = [1.0, f32::NEG_INFINITY, f32::NEG_INFINITY];
            assert_eq!(choose(&chooser, &ended, &[5]), 0, "the grammar has to see its end first");
            assert_eq!(choose(&chooser, &ended, &[5, 0]), 2);
            assert_eq!(choose(&chooser, &[f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY], &[5, 0]), 1);
        }
    }

    #[test]
    fn scores_that_are_no_numbers_are_noticed() {
        let progress = Arc::new(Progress::default());
        let chooser = Chooser::new(WARM, None, progress.clone());
        let logits = Tensor::new(&[f32::NAN, 1.0], &Device::Cpu).unwrap();
        chooser.apply(&logits, &[1]).unwrap();
        assert!(progress.broken());
    }

    proptest! {
        /// Only tokens of the nucleus are drawn: the likelier ones together have less than `top_p`.
        #[test]
        fn the_nucleus_is_kept_to(
            scores in prop::collection::vec(-5.0_f32..5.0, 1..40),
            top_p in 0.01_f32..1.0,
            chance in 0.0_f64..1.0,
        ) {
            let token = draw(&scores, &Choice { top_p, ..WARM }, chance);
            let weight = |score: f32| f64::from(score).exp();
            let likelier: f64 = scores.iter().filter(|&&score| score > scores[token]).map(|&score| weight(score)).sum();
            let total: f64 = scores.iter().map(|&score| weight(score)).sum();
            prop_assert!(likelier / total < f64::from(top_p) + 1e-5);
        }

        /// What a grammar forbids is never drawn.
        #[test]
        fn forbidden_tokens_are_never_drawn(allowed in 0_usize..20, chance in 0.0_f64..1.0, top_p in 0.1_f32..=1.0) {
            let mut scores = [f32::NEG_INFINITY; 20];
            scores[allowed] = -3.0;
            prop_assert_eq!(draw(&scores, &Choice { top_p, ..WARM }, chance), allowed);
        }
    }
}
