//! Exact values: asked for, read back, confirmed, and what they are for.

use super::{Dialogue, Mode, Purpose, prompt};
use crate::action::{Action, Clause, Note, Said, Via, Why};
use crate::exact::{Entry, Kind, Next, Problem, Value};
use crate::prompts::{Filled, Fixed, filled};
use crate::wishes::{Wish, wish};

impl Dialogue {
    pub(super) fn ask_value(&mut self, kind: Kind, purpose: Purpose) {
        if matches!(self.mode, Mode::WithPerson | Mode::Machine { .. }) || self.mouth.is_last() {
            return self.gave_nothing(kind, &purpose);
        }
        self.leave_queue();
        self.drop_value();
        (self.thinking, self.kept) = (None, None);
        let entry = Entry::new(kind, !self.abilities.hears(self.language), self.today());
        let ask = asks(kind, entry.is_by_keys());
        self.mode = Mode::Value { entry, purpose };
        self.say(vec![prompt(ask)]);
        self.expect();
    }

    /// What the caller said in place of, or as, a value. Whether that was it.
    pub(super) fn value_said(&mut self, text: &str, clear: bool) -> bool {
        let Mode::Value { entry, .. } = &mut self.mode else { return false };
        let language = self.language;
        if let Some(wish) = wish(text) {
            match wish {
                Wish::Repeat | Wish::Spell => self.ask_again(None),
                Wish::Wait => self.grant(wish),
                _ => {
                    self.drop_value();
                    self.grant(wish);
                }
            }
            return true;
        }
        let next = if clear { entry.said(text, language) } else { entry.said("", language) };
        self.value_next(next);
        true
    }

    pub(super) fn value_key(&mut self, key: char) {
        let now = self.now;
        let Mode::Value { entry, .. } = &mut self.mode else { return };
        if key == '0' && entry.is_by_keys() && !entry.is_begun() && entry.kind() != Kind::Phone {
            // No reference, personal number or year begins so: a person is wanted.
            self.drop_value();
            return self.grant(Wish::Person);
        }
        let next = entry.key(now, key);
        self.value_next(next);
    }

    pub(super) fn value_time(&mut self) {
        let now = self.now;
        let Mode::Value { entry, .. } = &mut self.mode else { return };
        let next = entry.tick(now);
        self.value_next(next);
    }

    /// The caller is silent in the middle of a value. Whether that was worth something.
    pub(super) fn value_silent(&mut self) -> bool {
        let Mode::Value { entry, .. } = &mut self.mode else { return false };
        match entry.silent() {
            Next::More => self.ask_again(None),
            next => self.value_next(next),
        }
        true
    }

    fn value_next(&mut self, next: Next) {
        match next {
            Next::More => {}
            Next::ReadBack(value) => self.read_back(&value),
            Next::Again(problem) => self.ask_again(Some(problem)),
            Next::ByKeys(problem) => {
                self.note(Note::Keypad);
                self.ask_again(Some(problem));
            }
            Next::Confirmed(value) => self.confirmed(value),
            Next::Left => {
                self.drop_value();
                self.anything_else(Vec::new());
            }
            Next::GiveUp => {
                self.drop_value();
                self.say(vec![prompt(Fixed::EntryGivenUp), prompt(Fixed::Connecting)]);
                self.seek(None, Why::NotUnderstood, true);
            }
        }
        self.expect();
    }

    fn read_back(&mut self, value: &Value) {
        let mut clauses = vec![prompt(Fixed::ReadBack)];
        match value {
            Value::Date(date) if self.abilities.speaks(self.language) => {
                clauses.push(Clause::Text(format!("{:02}.{:02}.{}.", date.day(), date.month(), date.year())));
            }
            value => clauses.extend(self.number(&value.groups())),
        }
        clauses.push(prompt(Fixed::IsItRight));
        self.said.clone_from(&clauses);
        self.say(clauses);
    }

    fn ask_again(&mut self, problem: Option<Problem>) {
        let Mode::Value { entry, .. } = &self.mode else { return };
        if let Some(value) = entry.to_confirm().cloned() {
            return self.read_back(&value);
        }
        let ask = asks(entry.kind(), entry.is_by_keys());
        let told = problem.map(|problem| match problem {
            Problem::Length => Fixed::ProblemLength,
            Problem::CheckDigit => Fixed::ProblemCheckDigit,
            Problem::NoDate => Fixed::ProblemNoDate,
            Problem::NoNumber => Fixed::ProblemNoNumber,
            Problem::Nothing => Fixed::ProblemNothing,
            Problem::Denied => Fixed::ProblemDenied,
        });
        self.say(told.into_iter().chain([ask]).map(prompt).collect());
    }

    fn confirmed(&mut self, value: Value) {
        let Mode::Value { purpose, .. } = std::mem::replace(&mut self.mode, Mode::Open) else { return };
        self.note(Note::Confirmed(value.kind()));
        match (purpose, value) {
            (Purpose::CallBack { department }, Value::Phone(number)) => self.book(number, department),
            (Purpose::Case, Value::Reference(reference)) => {
                self.case = Some(reference);
                let reference = reference.to_string();
                let text = filled(Filled::CaseQuestion, self.language, &[("reference", &reference)]);
                self.submit(Said::Text(text), Via::Keypad, None);
            }
            (_, value) => {
                self.out.push(Action::Value { kind: value.kind(), value: Some(value) });
                self.anything_else(vec![prompt(Fixed::Confirmed)]);
            }
        }
    }

    /// Leaves a value that was asked for; whoever asked is told.
    pub(super) fn drop_value(&mut self) {
        if let Mode::Value { entry, purpose } = &self.mode {
            let (kind, purpose) = (entry.kind(), purpose.clone());
            self.mode = Mode::Open;
            self.gave_nothing(kind, &purpose);
            self.expect();
        }
    }

    fn gave_nothing(&mut self, kind: Kind, purpose: &Purpose) {
        if *purpose == Purpose::Asked {
            self.out.push(Action::Value { kind, value: None });
        }
    }

    /// How many digits the end of the caller's turn is told from.
    fn expect(&mut self) {
        let wanted = match &self.mode {
            Mode::Value { entry, .. } if entry.to_confirm().is_none() => Some(entry.kind().length().unwrap_or(10)),
            _ => None,
        };
        self.turns.expect_digits(wanted);
    }
}

fn asks(kind: Kind, by_keys: bool) -> Fixed {
    match (kind, by_keys) {
        (Kind::Cnp, false) => Fixed::EntryCnp,
        (Kind::Reference, false) => Fixed::EntryReference,
        (Kind::Phone, false) => Fixed::EntryPhone,
        (Kind::Date, false) => Fixed::EntryDate,
        (Kind::Digits, false) => Fixed::EntryDigits,
        (Kind::Cnp, true) => Fixed::KeysCnp,
        (Kind::Reference, true) => Fixed::KeysReference,
        (Kind::Phone, true) => Fixed::KeysPhone,
        (Kind::Date, true) => Fixed::KeysDate,
        (Kind::Digits, true) => Fixed::KeysDigits,
    }
}
