//! The classes of requests: their share, their size, what they are promised.

use std::str::FromStr;

use serde::Serialize;

/// What a class is promised, and what a kept promise is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Targets {
    /// The first token within so many milliseconds …
    pub first_token_ms: f64,
    /// … plus so many for each thousand tokens of prompt.
    pub first_token_ms_per_thousand_tokens: f64,
    /// Tokens per second from then on, on average.
    pub tokens_per_second: f64,
    /// What one answer within the targets is worth.
    pub weight: f64,
}

impl Targets {
    /// The targets that the gateway has for the class `name` unless it is told others; chat's for a name it does not know.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [first_token_ms, first_token_ms_per_thousand_tokens, tokens_per_second, weight] = match name {
            "voice" => [700.0, 150.0, 8.0, 8.0],
            "mail" => [60_000.0, 250.0, 2.0, 2.0],
            "batch" => [600_000.0, 250.0, 1.0, 1.0],
            _ => [2_000.0, 250.0, 6.0, 4.0],
        };
        Self { first_token_ms, first_token_ms_per_thousand_tokens, tokens_per_second, weight }
    }

    /// Whether a first token that came so many seconds after the sending was in time.
    #[must_use]
    pub fn in_time(&self, prompt_tokens: u32, first_token: f64) -> bool {
        let allowed_ms = self.first_token_ms + self.first_token_ms_per_thousand_tokens * f64::from(prompt_tokens) / 1e3;
        first_token * 1e3 <= allowed_ms
    }

    /// Whether an answer kept them: `first_token` and `end` in seconds from the sending.
    #[must_use]
    pub fn kept(&self, prompt_tokens: u32, output_tokens: u32, first_token: f64, end: f64) -> bool {
        let rest = f64::from(output_tokens.saturating_sub(1));
        self.in_time(prompt_tokens, first_token) && (end - first_token) * self.tokens_per_second <= rest.max(1.0)
    }
}

/// The class that smg's priority scheduler has in the place of ours; it reads it from the header `x-smg-priority`.
#[must_use]
pub fn smg_priority(class: &str) -> &'static str {
    match class {
        "voice" => "system",
        "chat" => "interactive",
        "batch" => "bulk",
        _ => "default",
    }
}

/// A class in a synthetic load: `NAME=SHARE:PROMPT:OUTPUT`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassSpec {
    /// Its name, as the header `x-sfetnic-class` carries it.
    pub name: String,
    /// Its share of the requests, relative to the others'.
    pub share: f64,
    /// Tokens of its prompts, on average.
    pub prompt_tokens: u32,
    /// Tokens of its answers, on average.
    pub output_tokens: u32,
}

/// The class is not written as `NAME=SHARE:PROMPT:OUTPUT`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a class: write NAME=SHARE:PROMPT_TOKENS:OUTPUT_TOKENS, such as voice=0.2:300:40")]
pub struct ParseClassError(String);

impl FromStr for ClassSpec {
    type Err = ParseClassError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (name, rest) = text.split_once('=')?;
            let mut parts = rest.split(':');
            let class = Self {
                name: name.to_owned(),
                share: parts.next()?.parse().ok().filter(|share| *share > 0.0)?,
                prompt_tokens: parts.next()?.parse().ok().filter(|tokens| *tokens > 0)?,
                output_tokens: parts.next()?.parse().ok().filter(|tokens| *tokens > 0)?,
            };
            (parts.next().is_none() && !name.is_empty()).then_some(class)
        };
        parse().ok_or_else(|| ParseClassError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_read_as_it_is_written_and_nothing_else_is() {
        let class: ClassSpec = "voice=0.2:300:40".parse().unwrap();
        assert_eq!((class.name.as_str(), class.prompt_tokens, class.output_tokens), ("voice", 300, 40));
        for wrong in ["voice", "voice=1:2", "voice=0:2:3", "=1:2:3", "voice=1:2:3:4", "voice=1:-2:3"] {
            assert!(wrong.parse::<ClassSpec>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_is_good_only_with_both_its_first_token_and_its_pace() {
        let voice = Targets::of("voice");
        assert!(voice.kept(1_000, 41, 0.849, 0.849 + 5.0));
        assert!(!voice.kept(1_000, 41, 0.851, 0.851 + 1.0), "700 ms and 150 ms for a thousand tokens");
        assert!(!voice.kept(1_000, 41, 0.1, 0.1 + 5.1), "40 tokens at 8 per second");
    }
}
