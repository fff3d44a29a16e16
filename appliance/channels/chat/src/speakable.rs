//! A turn as it is read aloud: words and pauses, without marks.
//!
//! Numbers, dates and abbreviations are left as they are written: whoever speaks knows how his language says them.

use desk::outcome::Outcome;
use desk::turn::{Author, Turn};

use crate::texts::{Texts, texts};

/// The longest text that is read aloud, in characters: some five minutes. What is longer ends with its last whole sentence.
const MOST_CHARS: usize = 4_500;

/// What is heard of `turn`, in its own language; empty when there is nothing to say.
pub(crate) fn text(turn: &Turn) -> String {
    let t = texts(turn.language);
    let mut lines = Vec::new();
    let words = match turn.author {
        Author::Assistant => ui::markdown::to_text(&turn.content.text),
        _ => turn.content.text.clone(),
    };
    lines.extend(words.lines().map(|line| line.trim_start_matches("- ").trim().to_owned()));
    if lines.iter().all(String::is_empty) {
        return String::new();
    }
    if let Some(outcome) = &turn.content.outcome {
        more(outcome, t, &mut lines);
    }
    let mut spoken = String::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        if !spoken.is_empty() {
            spoken.push('\n');
        }
        spoken.push_str(line);
        // The voice falls and pauses where the eye sees a new line.
        if !line.ends_with(['.', '!', '?', ':', ';', '…']) {
            spoken.push('.');
        }
    }
    shortened(spoken)
}

/// What stands on the card below the words.
fn more(outcome: &Outcome, t: &Texts, lines: &mut Vec<String>) {
    if let Outcome::Answer(answer) = outcome {
        let facts = &answer.facts;
        let bring = (!facts.bring.is_empty()).then(|| facts.bring.join("; "));
        let known = [
            (&t.turn.bring, bring.as_ref()),
            (&t.turn.cost, facts.cost.as_ref()),
            (&t.turn.time, facts.time.as_ref()),
            (&t.turn.place, facts.r#where.as_ref()),
        ];
        lines.extend(known.into_iter().filter_map(|(label, value)| Some(format!("{label}: {}", value?))));
    }
    let choices: Vec<&str> = outcome.choices().iter().map(|choice| choice.label.as_str()).collect();
    if !choices.is_empty() {
        lines.push(format!("{}: {}", t.turn.choices, choices.join("; ")));
    }
    if let Outcome::Answer(answer) = outcome
        && let Some(quote) = answer.quotes.first()
    {
        let by = if quote.institution.is_empty() { String::new() } else { format!(", {}", quote.institution) };
        lines.push(format!("{}: {}{by}", t.turn.source, quote.title));
    }
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MOST_CHARS) {
        let end = text[..end].rfind(['.', '!', '?', '\n']).map_or(end, |last| last + 1);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use desk::article::{ArticleId, Facts};
    use desk::ids::{ConversationId, TurnId};
    use desk::language::Language;
    use desk::outcome::{Answer, Quote};
    use desk::turn::Content;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn turn(author: Author, content: Content) -> Turn {
        Turn {
            id: TurnId::new(),
            conversation: ConversationId::new(),
            number: 2,
            author,
            language: Language::Ro,
            content,
            heard: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn quote() -> Quote {
        Quote {
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
        }
    }

    #[test]
    fn an_answer_is_heard_with_what_its_card_shows() {
        let answer = Answer {
            text: String::new(),
            facts: Facts {
                bring: vec!["actul vechi".into(), "certificatul".into()],
                cost: Some("40 de lei".into()),
                ..Facts::default()
            },
            quotes: vec![quote()],
            choices: Vec::new(),
            guide: None,
            confidence: 1.0,
            generated: false,
        };
        let content = Content {
            text: "Cereți un act **nou**, [aici](https://hub.mai.gov.ro):\n\n1. Alegeți actul\n2. Programați-vă."
                .to_owned(),
            outcome: Some(Outcome::Answer(answer)),
            ..Content::default()
        };
        assert_eq!(
            text(&turn(Author::Assistant, content)),
            "Cereți un act nou, aici:\nAlegeți actul.\nProgramați-vă.\nCe aduceți: actul vechi; certificatul.\nCât costă: 40 \
             de lei.\nSursa: Carte de identitate expirată, DGEP."
        );
    }

    #[test]
    fn a_person_is_read_as_written() {
        let said = turn(Author::Operator(desk::ids::OperatorId::new()), Content::text("Da *sigur*"));
        assert_eq!(text(&said), "Da *sigur*.");
        assert_eq!(text(&turn(Author::Assistant, Content::text(" \n"))), "");
    }

    #[test]
    fn a_long_text_ends_with_a_whole_sentence() {
        let said = turn(Author::Assistant, Content::text("Aceasta este o propoziție. ".repeat(400)));
        let heard = text(&said);
        assert!(heard.chars().count() <= MOST_CHARS && heard.ends_with("propoziție."), "{}", heard.len());
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(words in ".{0,200}", many in 1_usize..60) {
            let heard = text(&turn(Author::Assistant, Content::text(words.repeat(many))));
            prop_assert!(heard.chars().count() <= MOST_CHARS);
        }
    }
}
