//! Looks after people first: danger, distress, threats, insults; and after the assistant: orders hidden in a question.

use desk::case::{CaseKind, Priority};
use desk::outcome::{HandOff, HandOffReason, Outcome};

use crate::context::{Context, Verdict};
use crate::lexicon::Lexicon;
use crate::phrases::fill;
use crate::words::Word;

/// What a text is, where safety is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    Emergency,
    Distress,
    Threat,
    Abuse,
    Injection,
}

/// Markers with which prompts of language models are written; no citizen types them.
const PROMPT_MARKERS: [&str; 8] =
    ["<|", "|>", "[inst]", "[/inst]", "### system", "### instruction", "</s>", "begin system prompt"];

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    if context.question.turn.content.pick.is_some() {
        return Verdict::go_on("a choice of ours");
    }
    let phrases = context.phrases();
    match concern(&context.text, &context.words) {
        None => Verdict::go_on("nothing"),
        Some(Concern::Emergency) => Verdict::end("emergency: 112 first", context.remark_or_person(phrases.emergency)),
        Some(Concern::Distress) => {
            let mut notice = context.fresh(phrases.distress).to_owned();
            if !context.config.helpline.is_empty() {
                notice.push(' ');
                notice.push_str(&fill(phrases.helpline, "helpline", &context.config.helpline));
            }
            Verdict::end("distress: a person at once", urgent(context, HandOffReason::Distress, notice))
        }
        Some(Concern::Threat) => {
            let notice = context.fresh(phrases.threat).to_owned();
            Verdict::end("threat: a person at once", urgent(context, HandOffReason::NeedsDecision, notice))
        }
        Some(Concern::Abuse) => Verdict::end("abuse: calm, firm", context.remark_or_person(phrases.abuse)),
        Some(Concern::Injection) => {
            Verdict::end("orders to the machine: not followed", context.remark(phrases.injection))
        }
    }
}

fn urgent(context: &Context<'_>, reason: HandOffReason, notice: String) -> Outcome {
    Outcome::HandOff(HandOff {
        reason,
        department: context.config.default_department.clone(),
        case_kind: CaseKind::Question,
        priority: Priority::Urgent,
        notice,
    })
}

pub(crate) fn concern(text: &str, words: &[Word]) -> Option<Concern> {
    let lexicon = Lexicon::get();
    if lexicon.distress.matches(words) && !lexicon.distress_unless.matches(words) {
        return Some(Concern::Distress);
    }
    if lexicon.threat.matches(words) {
        return Some(Concern::Threat);
    }
    if lexicon.emergency.matches(words) && !lexicon.emergency_unless.matches(words) {
        return Some(Concern::Emergency);
    }
    let lower = text.to_lowercase();
    if lexicon.injection.matches(words) || PROMPT_MARKERS.iter().any(|marker| lower.contains(marker)) {
        return Some(Concern::Injection);
    }
    (lexicon.abuse.matches(words) && !asks_something(words)).then_some(Concern::Abuse)
}

/// Whether an insulting text also holds a question that can be answered: then it is answered, and the insult let pass.
fn asks_something(words: &[Word]) -> bool {
    let lexicon = Lexicon::get();
    let insult = lexicon.abuse.covered(words);
    let rest = words.iter().zip(insult).filter(|(word, insult)| !insult && lexicon.is_content(&word.folded));
    rest.count() >= 2
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::words::words;

    #[test]
    fn danger_is_told_from_questions_about_danger() {
        let cases: BTreeMap<String, Vec<String>> = toml::from_str(include_str!("testdata/safety.toml")).unwrap();
        let mut wrong = Vec::new();
        for (kind, texts) in &cases {
            let expected = match kind.as_str() {
                "emergency" => Some(Concern::Emergency),
                "distress" => Some(Concern::Distress),
                "threat" => Some(Concern::Threat),
                "abuse" => Some(Concern::Abuse),
                "injection" => Some(Concern::Injection),
                "nothing" => None,
                other => panic!("unknown kind {other}"),
            };
            for text in texts {
                let found = concern(text, &words(text));
                if found != expected {
                    wrong.push(format!("{text}: {found:?}, not {expected:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
