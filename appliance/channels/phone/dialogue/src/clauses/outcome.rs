//! What is said of an outcome: the answer in few sentences, the facts that were asked for, the source in one phrase,
//! the choices with their keys.

use desk::article::Facts;
use desk::language::Language;
use desk::outcome::{Answer, Choice, Outcome};

use super::cut::{clauses, sentences};
use super::plain::{Line, lines, plain};
use crate::prompts::{Filled, filled, key_name};
use crate::words::words;

/// Items of a list that are said before the caller is asked for more.
const ITEMS: usize = 3;
/// Characters of an answer that are said before the caller is asked for more: some half a minute.
const CHARS: usize = 420;
/// A fact that nobody asked for is said if it is no longer than this, in characters.
const SHORT_FACT: usize = 60;
/// Choices that are said before the caller is asked for more.
pub(crate) const CHOICES: usize = 4;
/// The most clauses of one answer, those kept for later included.
const MOST: usize = 80;

/// An outcome as it is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// What is said at once.
    pub(crate) now: Vec<String>,
    /// What is said if the caller wants more.
    pub(crate) later: Vec<String>,
    /// How many items of a list wait in `later`; 0 where it is running text.
    pub(crate) items_left: usize,
    /// What is said after the question whether the caller wants more would stand: the source, choices.
    pub(crate) closing: Vec<String>,
    /// Whether an address was left out that could be sent.
    pub(crate) address: bool,
}

/// How `outcome` is spoken to somebody who said `asked`.
pub(crate) fn outcome(outcome: &Outcome, asked: &str, language: Language) -> Spoken {
    let mut spoken = body(outcome.text(), language);
    if let Outcome::Answer(answer) = outcome {
        spoken.closing.extend(facts(&answer.facts, asked, language));
        spoken.closing.extend(source(answer, language));
    }
    spoken.closing.extend(choices(outcome.choices(), 0, language));
    spoken.now.truncate(MOST);
    spoken.later.truncate(MOST);
    spoken
}

/// The text itself: as much as an ear holds, and the rest.
fn body(text: &str, language: Language) -> Spoken {
    let (lines, address) = lines(text, &filled(Filled::MailAddress, language, &[]));
    let mut spoken = Spoken { address, ..Spoken::default() };
    let (mut items, mut chars) = (0, 0);
    for line in &lines {
        items += usize::from(line.item);
        let waits = items > ITEMS || chars > CHARS || !spoken.later.is_empty();
        if waits && line.item && items > ITEMS {
            spoken.items_left += 1;
        }
        for sentence in sentences_of(line) {
            let late = waits || chars > CHARS;
            chars += sentence.chars().count();
            let first = spoken.now.is_empty();
            let to = if late { &mut spoken.later } else { &mut spoken.now };
            to.extend(clauses(&sentence, first));
        }
    }
    // A single short sentence is not worth a question.
    if spoken.later.len() == 1 && spoken.items_left <= 1 {
        spoken.now.append(&mut spoken.later);
        spoken.items_left = 0;
    }
    spoken
}

/// The sentences of a line; a line without a final mark gets one, for the voice falls where the eye sees a new line.
pub(super) fn sentences_of(line: &Line) -> Vec<String> {
    let (found, rest) = sentences(&line.text);
    let mut found: Vec<String> = found.into_iter().map(str::to_owned).collect();
    if rest.chars().any(char::is_alphanumeric) {
        let mark = if rest.ends_with([':', ';', ',', '…']) { "" } else { "." };
        found.push(format!("{rest}{mark}"));
    }
    found
}

/// What the caller asked about, else what is short.
fn facts(facts: &Facts, asked: &str, language: Language) -> Vec<String> {
    let asked = words(asked);
    let wants = |stems: &[&str]| asked.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)));
    let bring = (!facts.bring.is_empty()).then(|| facts.bring.join(", "));
    let known = [
        (
            Filled::Bring,
            bring.as_ref(),
            wants(&["act", "aduc", "document", "trebui", "hoz", "okmany", "kell", "bring", "need"]),
        ),
        (
            Filled::Cost,
            facts.cost.as_ref(),
            wants(&["cost", "pret", "tax", "plat", "mennyi", "ara", "dij", "much", "fee", "pay"]),
        ),
        (
            Filled::Time,
            facts.time.as_ref(),
            wants(&["cand", "dur", "termen", "timp", "mikor", "ido", "hatar", "when", "long", "time"]),
        ),
        (
            Filled::Place,
            facts.r#where.as_ref(),
            wants(&["unde", "adres", "ghise", "hol", "hova", "cim", "where", "place", "office"]),
        ),
    ];
    let chosen = known.into_iter().filter_map(|(label, value, wanted)| {
        let value = plain(value?);
        (wanted || value.chars().count() <= SHORT_FACT).then_some((wanted, label, value))
    });
    let mut chosen: Vec<(bool, Filled, String)> = chosen.collect();
    chosen.sort_by_key(|(wanted, ..)| !wanted);
    chosen.truncate(2);
    let said = chosen.into_iter().map(|(_, label, value)| {
        let (text, _) = lines(&value, &filled(Filled::MailAddress, language, &[]));
        let value = text.into_iter().map(|line| line.text).collect::<Vec<_>>().join(". ");
        filled(label, language, &[("value", value.trim_end_matches('.'))])
    });
    said.flat_map(|sentence| clauses(&sentence, false)).collect()
}

fn source(answer: &Answer, language: Language) -> Option<String> {
    let quote = answer.quotes.first()?;
    let title = plain(&quote.title);
    let institution = plain(&quote.institution);
    Some(match institution.is_empty() {
        true => filled(Filled::SourceAlone, language, &[("title", &title)]),
        false => filled(Filled::Source, language, &[("title", &title), ("institution", &institution)]),
    })
}

/// The choices from `from` on, with their keys; the caller is told where there are more.
pub(crate) fn choices(choices: &[Choice], from: usize, language: Language) -> Vec<String> {
    let page = choices.iter().enumerate().skip(from).take(CHOICES);
    let mut said: Vec<String> = page
        .map(|(at, choice)| {
            let text = if at == from { Filled::FirstChoice } else { Filled::NextChoice };
            let (label, key) = (plain(&choice.label), key_name(at + 1, language));
            filled(text, language, &[("label", label.trim_end_matches('.')), ("key", key)])
        })
        .collect();
    if choices.len() > from + CHOICES {
        said.push(filled(Filled::MoreChoices, language, &[]));
    }
    said
}

#[cfg(test)]
mod tests {
    use desk::article::ArticleId;
    use desk::outcome::{ChoiceTarget, Quote};
    use proptest::prelude::*;

    use super::*;

    fn answer(text: &str, facts: Facts) -> Outcome {
        let quote = Quote {
            article: ArticleId("a".to_owned()),
            language: Language::Ro,
            version: 1,
            title: "Carte de identitate expirată".to_owned(),
            institution: "DGEP".to_owned(),
            url: None,
            excerpt: String::new(),
            valid_from: None,
            checked_on: None,
            unconfirmed: false,
        };
        let text = text.to_owned();
        Outcome::Answer(Answer {
            text,
            facts,
            quotes: vec![quote],
            choices: Vec::new(),
            guide: None,
            confidence: 0.9,
            generated: false,
        })
    }

    #[test]
    fn an_answer_is_short_and_names_its_source_in_one_phrase() {
        let facts = Facts { cost: Some("40 de lei".into()), time: Some("x".repeat(80)), ..Facts::default() };
        let spoken = outcome(&answer("Mergeți la ghișeu cu **actul vechi**.", facts), "ce fac", Language::Ro);
        assert_eq!(spoken.now, ["Mergeți la ghișeu cu actul vechi."]);
        assert_eq!(spoken.closing, ["Cost: 40 de lei.", "Sursa: Carte de identitate expirată, DGEP."]);
    }

    #[test]
    fn a_long_fact_is_said_when_it_was_asked_for() {
        let time = "în cel mult treizeci de zile de la depunerea cererii, iar la cerere urgentă în zece zile";
        let facts = Facts { cost: Some("40 de lei".into()), time: Some(time.into()), ..Facts::default() };
        let spoken = outcome(&answer("Mergeți la ghișeu.", facts), "cât durează", Language::Ro);
        assert!(spoken.closing[0].starts_with("Durată"), "{:?}", spoken.closing);
    }

    #[test]
    fn of_a_long_list_three_items_are_said_and_the_rest_waits() {
        let text = "Aduceți:\n- actul vechi\n- cererea\n- certificatul de naștere\n- dovada adresei\n- chitanța";
        let spoken = outcome(&answer(text, Facts::default()), "", Language::Ro);
        assert_eq!(spoken.now.len(), 4);
        assert_eq!((spoken.items_left, spoken.later.len()), (2, 2));
    }

    #[test]
    fn a_long_text_waits_for_a_yes() {
        let spoken = outcome(
            &answer(&"Aceasta este o propoziție de lungime obișnuită. ".repeat(40), Facts::default()),
            "",
            Language::Ro,
        );
        assert!(spoken.now.concat().chars().count() < 600 && !spoken.later.is_empty());
    }

    #[test]
    fn choices_carry_their_keys_and_more_wait_behind_nine() {
        let choice = |label: &str| Choice { label: label.to_owned(), target: ChoiceTarget::Person };
        let six = ["a", "b", "c", "d", "e", "f"].map(choice);
        let said = choices(&six, 0, Language::Ro);
        assert_eq!(said[0], "Pentru „a”, spuneți sau apăsați 1.");
        assert_eq!((said.len(), said[4].contains('9')), (5, true));
        assert_eq!(choices(&six, 4, Language::Ro).len(), 2);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,400}", asked in ".{0,40}") {
            let spoken = outcome(&answer(&text, Facts::default()), &asked, Language::Hu);
            prop_assert!(spoken.now.len() + spoken.later.len() <= 2 * MOST);
        }
    }
}
