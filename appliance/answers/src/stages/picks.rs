//! A choice of an earlier turn: picked by button or key, or typed, by its words, its number or a yes.

use desk::case::CaseKind;
use desk::outcome::{Choice, ChoiceTarget, HandOffReason, Outcome};

use crate::context::{Context, Verdict};
use crate::lexicon::Lexicon;
use crate::stages::{compose, guide};
use crate::words::{Word, folded, same_stem, words};

/// The longest reply that may be a choice typed, in words.
const LONGEST: usize = 9;

/// What a typed reply makes of the open choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typed {
    /// That one, counted from 0.
    Choice(usize),
    /// Yes, but which?
    Unclear,
    /// None of them.
    None,
}

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    if let Some(pick) = context.question.turn.content.pick {
        return match context.history.choice(pick.turn, pick.number) {
            Some(choice) => follow(context, choice, "picked"),
            None => Verdict::end("a choice that is gone", context.ask_again(context.phrases().choice_gone)),
        };
    }
    let choices = context.history.open_choices();
    match typed(choices, context.history.expects_choice(), &context.words) {
        Some(Typed::Choice(at)) => follow(context, &choices[at], "typed"),
        Some(Typed::Unclear) => {
            let text = context.fresh(context.phrases().choose_one).to_owned();
            Verdict::end("yes, but which?", Outcome::Remark { text, choices: choices.to_vec() })
        }
        Some(Typed::None) if context.history.asked_back() => {
            Verdict::end("none of the choices", context.ask_again(context.phrases().rephrase))
        }
        Some(Typed::None) | None => Verdict::go_on("no choice"),
    }
}

fn follow(context: &mut Context<'_>, choice: &Choice, how: &str) -> Verdict {
    match &choice.target {
        ChoiceTarget::Article { id } => match context.article(id, context.language) {
            Some(article) => match compose::whole(context, &article) {
                Some(answer) => Verdict::end(format!("{how} the article {id}"), answer),
                None => Verdict::go_on("the article chosen says nothing"),
            },
            None => Verdict::end("an article that is gone", context.ask_again(context.phrases().choice_gone)),
        },
        ChoiceTarget::Step(position) => match guide::step(context, position, 1.0) {
            Some(outcome) => Verdict::end(format!("{how} step {} of {}", position.step.0, position.guide.0), outcome),
            None => Verdict::end("a step that is gone", context.ask_again(context.phrases().choice_gone)),
        },
        ChoiceTarget::Person => {
            let department = context.department_so_far();
            let notice = context.phrases().hand_off_requested;
            let outcome = context.hand_off(HandOffReason::Requested, CaseKind::Question, department, notice);
            Verdict::end(format!("{how} a person"), outcome)
        }
        ChoiceTarget::Rephrase => {
            Verdict::end(format!("{how} none of these"), context.ask_again(context.phrases().rephrase))
        }
    }
}

/// Which of `choices` a typed reply means, if it means any. Where no choice is `expected`, because they are only ways on
/// beside an answer, the reply must name one outright.
fn typed(choices: &[Choice], expected: bool, reply: &[Word]) -> Option<Typed> {
    if choices.is_empty() || reply.is_empty() || reply.len() > LONGEST {
        return None;
    }
    let lexicon = Lexicon::get();
    let labels: Vec<Vec<String>> = choices.iter().map(|choice| folded(&choice.label)).collect();
    let said: Vec<&str> = reply.iter().map(|word| word.folded.as_str()).collect();
    if let Some(at) = labels.iter().position(|label| label.iter().map(String::as_str).eq(said.iter().copied())) {
        return Some(Typed::Choice(at));
    }
    if let Some(number) = number(&said) {
        return (1..=choices.len()).contains(&number).then(|| Typed::Choice(number - 1));
    }
    if !expected {
        return None;
    }
    let yes = lexicon.is_all(&lexicon.yes, reply);
    if yes || lexicon.is_all(&lexicon.no, reply) {
        return Some(yes_or_no(choices, &labels, yes));
    }
    by_words(&labels, reply).map(Typed::Choice)
}

/// A yes or no takes the only label that begins with the same; else a yes takes the only way on there is.
fn yes_or_no(choices: &[Choice], labels: &[Vec<String>], yes: bool) -> Typed {
    let lexicon = Lexicon::get();
    let meaning = if yes { &lexicon.yes } else { &lexicon.no };
    let begins: Vec<usize> = labels
        .iter()
        .enumerate()
        .filter(|(_, label)| meaning.at(&words(&label.join(" ")), 0).is_some())
        .map(|(at, _)| at)
        .collect();
    if let [only] = begins[..] {
        return Typed::Choice(only);
    }
    if !yes {
        let none = choices.iter().position(|choice| choice.target == ChoiceTarget::Rephrase);
        return none.map_or(Typed::None, Typed::Choice);
    }
    let real: Vec<usize> = (0..choices.len())
        .filter(|at| !matches!(choices[*at].target, ChoiceTarget::Rephrase | ChoiceTarget::Person))
        .collect();
    match real[..] {
        [only] => Typed::Choice(only),
        [] => {
            choices.iter().position(|choice| choice.target == ChoiceTarget::Person).map_or(Typed::None, Typed::Choice)
        }
        _ => Typed::Unclear,
    }
}

/// The only label that holds every word of the reply that carries meaning.
fn by_words(labels: &[Vec<String>], reply: &[Word]) -> Option<usize> {
    let lexicon = Lexicon::get();
    let said: Vec<&str> = lexicon.content(reply).map(|word| word.folded.as_str()).collect();
    if said.is_empty() {
        return None;
    }
    let holds = |label: &Vec<String>| said.iter().all(|word| label.iter().any(|other| same_stem(word, other)));
    let mut fitting = labels.iter().enumerate().filter(|(_, label)| holds(label)).map(|(at, _)| at);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn number(said: &[&str]) -> Option<usize> {
    let said: Vec<&str> = said
        .iter()
        .copied()
        .filter(|word| {
            !matches!(
                *word,
                "varianta"
                    | "optiunea"
                    | "numarul"
                    | "nr"
                    | "a"
                    | "az"
                    | "option"
                    | "number"
                    | "the"
                    | "one"
                    | "pe"
                    | "cea"
                    | "de"
            )
        })
        .collect();
    match said[..] {
        [digit] if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() => {
            digit.parse().ok().filter(|number| *number > 0)
        }
        ["prima" | "primul" | "unu" | "elso" | "elsot" | "first" | "1st"] => Some(1),
        ["doua" | "doilea" | "doi" | "masodik" | "masodikat" | "second" | "two" | "2nd" | "ketto"] => Some(2),
        ["treia" | "treilea" | "trei" | "harmadik" | "harmadikat" | "third" | "three" | "3rd" | "harom"] => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use desk::article::ArticleId;

    use super::*;

    fn choices(labels: &[&str]) -> Vec<Choice> {
        let target = |label: &str| match label {
            "Altceva" => ChoiceTarget::Rephrase,
            "Vorbiți cu un om" => ChoiceTarget::Person,
            _ => ChoiceTarget::Article { id: ArticleId(label.to_owned()) },
        };
        labels.iter().map(|label| Choice { label: (*label).to_owned(), target: target(label) }).collect()
    }

    #[test]
    fn a_reply_is_a_choice_by_its_words_its_number_or_a_yes() {
        let subjects = choices(&["Pașaport expirat", "Carte de identitate expirată", "Altceva"]);
        for (reply, meant) in [
            ("pasaport expirat", Some(Typed::Choice(0))),
            ("pașaportul", Some(Typed::Choice(0))),
            ("cartea de identitate", Some(Typed::Choice(1))),
            ("2", Some(Typed::Choice(1))),
            ("varianta 1", Some(Typed::Choice(0))),
            ("a doua", Some(Typed::Choice(1))),
            ("altceva", Some(Typed::Choice(2))),
            ("nu", Some(Typed::Choice(2))),
            ("da", Some(Typed::Unclear)),
            ("expirat", None),
            ("cât costă?", None),
            ("7", None),
            ("permis de conducere", None),
        ] {
            assert_eq!(typed(&subjects, true, &words(reply)), meant, "{reply}");
        }
    }

    #[test]
    fn beside_an_answer_a_choice_must_be_named_outright() {
        let related = choices(&["Buletin expirat, pierdut sau cu date schimbate"]);
        assert_eq!(typed(&related, false, &words("dar dacă l-am pierdut?")), None);
        assert_eq!(typed(&related, false, &words("da")), None);
        assert_eq!(typed(&related, false, &words("1")), Some(Typed::Choice(0)));
    }

    #[test]
    fn yes_and_no_take_the_label_that_begins_so() {
        let questions = choices(&["Da, am actul", "Nu, l-am pierdut"]);
        assert_eq!(typed(&questions, true, &words("da")), Some(Typed::Choice(0)));
        assert_eq!(typed(&questions, true, &words("nu")), Some(Typed::Choice(1)));
        let person = choices(&["Vorbiți cu un om"]);
        assert_eq!(typed(&person, true, &words("da, vă rog")), Some(Typed::Choice(0)));
        assert_eq!(typed(&person, true, &words("nu")), Some(Typed::None));
        assert_eq!(typed(&choices(&["Igen", "Nem"]), true, &words("nem")), Some(Typed::Choice(1)));
    }
}
