//! The last touch: nothing is said twice word for word, and once it is said that a machine answers.

use desk::language::Language;
use desk::outcome::Outcome;

use crate::context::{Context, Verdict};
use crate::phrases::Phrases;

/// Adds to `outcome` what the conversation still lacks.
pub(crate) fn run(context: &mut Context<'_>, outcome: &mut Outcome) -> Verdict {
    let repeated = match outcome {
        Outcome::Answer(answer)
            if !answer.generated && context.history.has_said(&answer.text) && answer.guide.is_none() =>
        {
            answer.text = again(context, &answer.text);
            true
        }
        _ => false,
    };
    let first = say_machine(context, outcome);
    Verdict::go_on(match (repeated, first) {
        (true, true) => "said in other words, with the notice of the machine",
        (true, false) => "said in other words",
        (false, true) => "with the notice of the machine",
        (false, false) => "as it is",
    })
}

/// `text`, an answer given before, in short and with other words before it.
pub(crate) fn again(context: &Context<'_>, text: &str) -> String {
    let (text, _) = without_notice(text);
    let text = Language::ALL
        .iter()
        .flat_map(|language| Phrases::of(*language).again)
        .fold(text, |text, lead| text.strip_prefix(lead).map_or(text, str::trim_start));
    let (paragraph, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let first = paragraph.split_inclusive(". ").next().unwrap_or(paragraph).trim_end();
    let shorter = if rest.is_empty() { first.to_owned() } else { format!("{first}\n\n{rest}") };
    format!("{}\n\n{shorter}", context.fresh(context.phrases().again))
}

fn without_notice(text: &str) -> (&str, bool) {
    for language in Language::ALL {
        if let Some(rest) = text.strip_suffix(Phrases::of(language).machine_notice) {
            return (rest.trim_end(), true);
        }
    }
    (text, false)
}

/// Says once in a conversation that a machine answers (AI Act, article 50): with the first reply that is neither a warning of
/// danger nor a person taking over, on every channel, because not every channel has a page that says it.
fn say_machine(context: &Context<'_>, outcome: &mut Outcome) -> bool {
    let notice = context.phrases().machine_notice;
    let said = context.history.is_truncated()
        || Language::ALL.iter().any(|language| context.history.has_said(Phrases::of(*language).machine_notice));
    if said {
        return false;
    }
    let danger = |text: &str| context.phrases().emergency.contains(&text);
    let text = match outcome {
        Outcome::Answer(answer) => &mut answer.text,
        Outcome::Clarify { question, .. } => question,
        Outcome::Remark { text, .. } if !danger(text) => text,
        Outcome::Remark { .. } | Outcome::HandOff(_) => return false,
    };
    text.push_str("\n\n");
    text.push_str(notice);
    true
}
