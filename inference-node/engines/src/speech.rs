//! What every synthesiser does with a text before it computes: clause by clause, so that the first sound comes before the
//! sentence is complete, and each clause written out as people say it.

use protocol::Language;
use text_normaliser::Language as Spoken;

use crate::EngineError;
use crate::tasks::SpeechRequest;

/// The longest text of one request, in bytes: some ten minutes of speech.
const LONGEST_TEXT: usize = 16 << 10;

/// A clause ready to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Its words, with the punctuation that gives it its melody.
    pub(crate) spoken: String,
    /// Where it ends, in bytes of the text as it was written.
    pub(crate) text_end: usize,
    /// The pause after it, in milliseconds.
    pub(crate) pause_ms: u32,
}

/// The clauses of a text.
pub(crate) fn clauses(text: &str, language: Language) -> Vec<Clause> {
    let spoken = match language {
        Language::Ro => Spoken::Romanian,
        Language::Hu => Spoken::Hungarian,
        Language::En => Spoken::English,
    };
    let mut found = Vec::new();
    let mut end = 0;
    for written in text_normaliser::clauses(text) {
        // Clauses are parts of the text in their order.
        end += text[end..].find(written).unwrap_or(0) + written.len();
        let words = text_normaliser::normalise(written, spoken);
        if words.chars().any(char::is_alphanumeric) {
            let pause_ms = pause(written);
            found.push(Clause { spoken: words, text_end: end, pause_ms });
        }
    }
    if let Some(last) = found.last_mut() {
        last.text_end = text.len();
        last.pause_ms = 0;
    }
    found
}

/// How long a speaker pauses after a clause.
fn pause(written: &str) -> u32 {
    match written.trim_end().chars().last() {
        Some('.' | '!' | '?' | '…') => 350,
        Some(':' | ';') => 220,
        Some(',') => 140,
        _ => 120,
    }
}

/// Silence of that length.
pub(crate) fn silence(milliseconds: u32, rate: u32) -> impl Iterator<Item = i16> {
    let samples = u64::from(milliseconds) * u64::from(rate) / 1000;
    std::iter::repeat_n(0, usize::try_from(samples).unwrap_or(0))
}

/// Refuses what no synthesiser can speak.
///
/// # Errors
/// [`EngineError::Request`] that names the parameter.
pub(crate) fn check(request: &SpeechRequest) -> Result<(), EngineError> {
    if request.text.trim().is_empty() {
        return Err(EngineError::request("input", "there is no text to speak"));
    }
    if request.text.len() > LONGEST_TEXT {
        let message = format!(
            "the text has {} bytes and at most {LONGEST_TEXT} are spoken at once; send it in parts",
            request.text.len()
        );
        return Err(EngineError::request("input", message));
    }
    if !(0.25..=4.0).contains(&request.speed) {
        return Err(EngineError::request("speed", format!("{} is not between 0.25 and 4", request.speed)));
    }
    Ok(())
}
