//! The turns of talk that are no question: greetings, thanks, "say that again", "a person, please", in three languages.
//!
//! Courtesy around a question is cut off and the question goes on.

use std::ops::Range;

use desk::case::CaseKind;
use desk::language::Language;
use desk::outcome::{Answer, HandOffReason, Outcome};

use crate::context::{Context, Verdict};
use crate::lexicon::{Lexicon, Patterns};
use crate::phrases::Phrases;
use crate::stages::{compose, finish};
use crate::words::{Word, cut, words};

/// What a turn is, if it is no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Greeting,
    Thanks,
    Goodbye,
    Acknowledge,
    Listening,
    Help,
    SmallTalk,
    Robot,
    Who,
    Capabilities,
    Person,
    Repeat,
    Cancel,
    Corrected,
    Dissatisfied,
    StillBroken,
    Switch(Language),
}

/// A turn without its courtesies.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    /// What it is as a whole, if that is no question.
    pattern: Option<Pattern>,
    /// The words that remain.
    rest: Range<usize>,
    /// It takes back what was asked before.
    corrected: bool,
}

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    let read = read(&context.words);
    context.corrected = read.corrected;
    match read.pattern {
        Some(pattern) => answer(context, pattern),
        None => keep(context, &read),
    }
}

/// Goes on with what the courtesies leave.
fn keep(context: &mut Context<'_>, read: &Read) -> Verdict {
    let full = words(&context.query);
    let rest = strip(&full, &mut Vec::new());
    let rest = after_correction(&full, rest).unwrap_or_else(|rest| rest);
    if rest.len() < full.len() && !rest.is_empty() {
        let query = cut(&context.query, &full, rest).to_owned();
        context.set_query(&query);
        let what = if read.corrected {
            "a question that corrects the one before"
        } else {
            "a question without its courtesies"
        };
        return Verdict::go_on(what);
    }
    Verdict::go_on("a question")
}

fn answer(context: &mut Context<'_>, pattern: Pattern) -> Verdict {
    let phrases = context.phrases();
    let decision = format!("{pattern:?}").to_lowercase();
    let outcome = match pattern {
        Pattern::Greeting => context.remark(phrases.greeting),
        Pattern::Thanks => context.remark(phrases.thanks),
        Pattern::Goodbye => context.remark(phrases.goodbye),
        Pattern::Acknowledge => context.remark(phrases.acknowledge),
        Pattern::Listening => context.remark(phrases.listening),
        Pattern::Help => context.remark_or_person(phrases.help),
        Pattern::SmallTalk => context.remark(phrases.small_talk),
        Pattern::Robot => context.remark_or_person(phrases.robot),
        Pattern::Who => context.remark(phrases.who),
        Pattern::Capabilities => context.remark(phrases.capabilities),
        Pattern::Cancel => context.remark(phrases.cancelled),
        Pattern::Corrected => context.remark(phrases.corrected),
        Pattern::Person => person(context),
        Pattern::Repeat => repeat(context),
        Pattern::Dissatisfied => return dissatisfied(context),
        Pattern::StillBroken => return still_broken(context),
        Pattern::Switch(language) => switch(context, language),
    };
    Verdict::end(decision, outcome)
}

fn person(context: &Context<'_>) -> Outcome {
    let department = context.department_so_far();
    context.hand_off(HandOffReason::Requested, CaseKind::Question, department, context.phrases().hand_off_requested)
}

/// Says the last thing again, in other words: the answer's essence, or the question back with its choices.
fn repeat(context: &Context<'_>) -> Outcome {
    match context.history.last_substantial() {
        Some(Outcome::Answer(answer)) => {
            let text = finish::again(context, &answer.text);
            Outcome::Answer(Answer { text, ..answer.clone() })
        }
        Some(Outcome::Clarify { choices, .. }) => {
            Outcome::Clarify { question: context.fresh(context.phrases().clarify).to_owned(), choices: choices.clone() }
        }
        Some(Outcome::HandOff(_)) => context.remark(context.phrases().acknowledge),
        Some(Outcome::Remark { .. }) | None => context.remark(context.phrases().nothing_to_repeat),
    }
}

/// The first time other words are asked for; the second time in a row a person takes over.
fn dissatisfied(context: &Context<'_>) -> Verdict {
    let phrases = context.phrases();
    if context.history.asked_back() {
        let department = context.department_so_far();
        let outcome =
            context.hand_off(HandOffReason::LowConfidence, CaseKind::Question, department, phrases.hand_off_unsure);
        return Verdict::end("dissatisfied again: a person", outcome);
    }
    Verdict::end("dissatisfied", context.ask_again(phrases.dissatisfied))
}

/// What was advised did not help: an incident where the portal is concerned, else a question for a person.
fn still_broken(context: &Context<'_>) -> Verdict {
    if context.history.last_answer().is_none() {
        return Verdict::go_on("a question: nothing was advised yet");
    }
    let department = context.department_so_far();
    let (kind, notice) = if department == context.config.incidents_department {
        (CaseKind::Incident, context.phrases().hand_off_incident)
    } else {
        (CaseKind::Question, context.phrases().hand_off_still)
    };
    let outcome = context.hand_off(HandOffReason::LowConfidence, kind, department, notice);
    Verdict::end("what was advised did not help", outcome)
}

/// Goes on in `language`, with the last answer where there is one.
fn switch(context: &mut Context<'_>, language: Language) -> Outcome {
    context.language = language;
    let subject = context.history.subject().map(|subject| subject.article.clone());
    let article = subject.and_then(|id| context.snapshot.article(&id, language).ok().flatten());
    if let Some(outcome) = article
        .filter(|article| article.serves_citizens_on(context.day))
        .and_then(|article| compose::whole(context, &article))
    {
        return outcome;
    }
    context.remark(Phrases::of(language).language_switched)
}

/// What a turn is.
fn read(words: &[Word]) -> Read {
    let lexicon = Lexicon::get();
    let whole = |pattern| Read { pattern: Some(pattern), rest: 0..words.len(), corrected: false };
    // Whole turns that would lose their meaning if a courtesy were cut off first.
    for (patterns, pattern) in [
        (&lexicon.small_talk, Pattern::SmallTalk),
        (&lexicon.robot, Pattern::Robot),
        (&lexicon.who, Pattern::Who),
        (&lexicon.capabilities, Pattern::Capabilities),
        (&lexicon.to_hungarian, Pattern::Switch(Language::Hu)),
        (&lexicon.to_romanian, Pattern::Switch(Language::Ro)),
        (&lexicon.to_english, Pattern::Switch(Language::En)),
        (&lexicon.help, Pattern::Help),
        (&lexicon.repeat, Pattern::Repeat),
        (&lexicon.dissatisfied, Pattern::Dissatisfied),
    ] {
        if lexicon.is_all(patterns, words) {
            return whole(pattern);
        }
    }
    if lexicon.person.matches(words)
        && !lexicon.person_unless.matches(words)
        && is_short_of(lexicon, &lexicon.person, words, 5)
    {
        return whole(Pattern::Person);
    }
    let mut seen = Vec::new();
    let rest = strip(words, &mut seen);
    let (rest, corrected) = match after_correction(words, rest) {
        Ok(rest) => (rest, true),
        Err(rest) => (rest, false),
    };
    let left = &words[rest.clone()];
    let pattern = if left.is_empty() {
        if corrected { Some(Pattern::Corrected) } else { strongest(&seen) }
    } else if lexicon.is_all(&lexicon.cancel, left) {
        Some(Pattern::Cancel)
    } else if is_short_of(lexicon, &lexicon.still_broken, left, 3) {
        Some(Pattern::StillBroken)
    } else if lexicon.is_all(&lexicon.yes, left) {
        Some(Pattern::Acknowledge)
    } else if lexicon.is_all(&lexicon.no, left) {
        Some(Pattern::Goodbye)
    } else {
        [
            (&lexicon.repeat, Pattern::Repeat),
            (&lexicon.help, Pattern::Help),
            (&lexicon.dissatisfied, Pattern::Dissatisfied),
        ]
        .into_iter()
        .find(|(patterns, _)| lexicon.is_all(patterns, left))
        .map(|(_, pattern)| pattern)
    };
    Read { pattern, rest, corrected }
}

/// Whether `patterns` matches and leaves fewer than `most` words that say something else.
fn is_short_of(lexicon: &Lexicon, patterns: &Patterns, words: &[Word], most: usize) -> bool {
    patterns.find(words).is_some_and(|covered| {
        lexicon.content(&words[..covered.start]).chain(lexicon.content(&words[covered.end..])).count() < most
    })
}

/// The words without greetings, thanks and fillers at either end; what was cut is told in `seen`.
fn strip(words: &[Word], seen: &mut Vec<Pattern>) -> Range<usize> {
    let lexicon = Lexicon::get();
    let courtesies = [
        (&lexicon.greeting, Pattern::Greeting),
        (&lexicon.thanks, Pattern::Thanks),
        (&lexicon.goodbye, Pattern::Goodbye),
        (&lexicon.acknowledge, Pattern::Acknowledge),
        (&lexicon.filler, Pattern::Listening),
    ];
    let mut rest = 0..words.len();
    loop {
        let left = &words[rest.clone()];
        let from_start = courtesies
            .iter()
            .filter_map(|(patterns, pattern)| Some((patterns.at(left, 0)?, *pattern)))
            .max_by_key(|(end, _)| *end);
        if let Some((end, pattern)) = from_start {
            seen.push(pattern);
            rest.start += end;
            continue;
        }
        // A greeting or an "all right" at the end is part of what is said: `parola nu e bună`.
        let from_end = courtesies
            .iter()
            .filter(|(_, pattern)| !matches!(pattern, Pattern::Greeting | Pattern::Acknowledge))
            .filter_map(|(patterns, pattern)| Some((patterns.tail(left)?, *pattern)))
            .min_by_key(|(start, _)| *start);
        match from_end {
            Some((start, pattern)) => {
                seen.push(pattern);
                rest.end = rest.start + start;
            }
            None => return rest,
        }
    }
}

/// The words after "no, I meant", if the rest begins so.
fn after_correction(words: &[Word], rest: Range<usize>) -> Result<Range<usize>, Range<usize>> {
    match Lexicon::get().correction.at(&words[rest.clone()], 0) {
        Some(end) => Ok(rest.start + end..rest.end),
        None => Err(rest),
    }
}

fn strongest(seen: &[Pattern]) -> Option<Pattern> {
    [Pattern::Goodbye, Pattern::Thanks, Pattern::Listening, Pattern::Greeting, Pattern::Acknowledge]
        .into_iter()
        .find(|pattern| seen.contains(pattern))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Cases {
        whole: BTreeMap<String, Vec<String>>,
        question: Vec<(String, String)>,
    }

    fn cases() -> Cases {
        toml::from_str(include_str!("testdata/patterns.toml")).unwrap()
    }

    #[test]
    fn talk_is_told_from_questions() {
        let mut wrong = Vec::new();
        for (kind, texts) in cases().whole {
            for text in texts {
                let found = read(&words(&text)).pattern.map(|pattern| format!("{pattern:?}").to_lowercase());
                if found.as_deref() != Some(kind.as_str()) {
                    wrong.push(format!("{text}: {found:?}, not {kind}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn courtesies_are_cut_off_and_the_question_stays_whole() {
        let mut wrong = Vec::new();
        for (text, question) in cases().question {
            let all = words(&text);
            let found = read(&all);
            let rest = cut(&text, &all, found.rest.clone());
            if found.pattern.is_some() || rest != question {
                wrong.push(format!("{text}: {:?} `{rest}`, not `{question}`", found.pattern));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
