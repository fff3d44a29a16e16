//! Tells wishes that only a person can grant from questions about how to go about them.
//!
//! "I want to lodge a complaint" becomes a petition with a person; "how do I lodge a complaint" is answered.

use desk::case::CaseKind;
use desk::outcome::HandOffReason;

use crate::context::{Context, Verdict, Wish};
use crate::lexicon::Lexicon;
use crate::personal::{PersonalKind, PersonalSpan};
use crate::words::Word;

/// What a turn wishes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Petition,
    Information,
    NumberedFile,
    OwnFile,
    Malfunction,
}

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    if asks_for_others_data(context) {
        return Verdict::end(
            "asks whose a number is: not told",
            context.remark_or_person(context.phrases().others_data),
        );
    }
    let asks = context.text.contains('?');
    let phrases = context.phrases();
    let config = context.config;
    let (kind, department, notice) = match wish(&context.query_words, asks) {
        None => return Verdict::go_on("a question"),
        Some(Kind::OwnFile) => {
            context.wish = Some(Wish::OwnFile);
            return Verdict::go_on("about a file of one's own: answered if it is about how to follow it");
        }
        Some(Kind::Malfunction) => {
            context.wish = Some(Wish::Malfunction);
            return Verdict::go_on("something does not work: an incident unless it is known");
        }
        Some(Kind::Petition) => (CaseKind::Petition, config.petitions_department.clone(), phrases.hand_off_petition),
        Some(Kind::Information) => {
            (CaseKind::PublicInformation, config.information_department.clone(), phrases.hand_off_information)
        }
        Some(Kind::NumberedFile) => (CaseKind::Question, context.department_so_far(), phrases.hand_off_own_file),
    };
    let outcome = context.hand_off(HandOffReason::NeedsDecision, kind, department, notice);
    Verdict::end(format!("a wish for a person: {kind:?}"), outcome)
}

/// "Who owns the car with this plate?": no article answers that, and nobody may.
fn asks_for_others_data(context: &Context<'_>) -> bool {
    use PersonalKind::{Cnp, Iban, IdDocument, Phone, Plate};
    let numbered = |span: &PersonalSpan| matches!(span.kind, Cnp | IdDocument | Iban | Phone | Plate);
    context.personal.iter().any(numbered) && Lexicon::get().whose.at(&context.query_words, 0).is_some()
}

fn wish(words: &[Word], asks: bool) -> Option<Kind> {
    let lexicon = Lexicon::get();
    if lexicon.numbered_file.matches(words) {
        return Some(Kind::NumberedFile);
    }
    let how = asks || lexicon.procedure.at(words, 0).is_some() || lexicon.procedure.matches(words);
    if !how && lexicon.lodge_information.matches(words) {
        return Some(Kind::Information);
    }
    if lexicon.petition_itself.matches(words) || !how && lexicon.lodge_petition.matches(words) {
        return Some(Kind::Petition);
    }
    if lexicon.own_file.matches(words) {
        return Some(Kind::OwnFile);
    }
    lexicon.malfunction.matches(words).then_some(Kind::Malfunction)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::words::words;

    #[test]
    fn a_wish_is_told_from_a_question_about_it() {
        let cases: BTreeMap<String, Vec<String>> = toml::from_str(include_str!("testdata/wishes.toml")).unwrap();
        let mut wrong = Vec::new();
        for (kind, texts) in cases {
            for text in texts {
                let found = wish(&words(&text), text.contains('?'));
                let found = found.map_or("none".to_owned(), |kind| format!("{kind:?}").to_lowercase());
                if found != kind {
                    wrong.push(format!("{text}: {found}, not {kind}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
