//! How a value is taken: said or keyed, read back, confirmed; corrected by saying it again; after three failures by
//! keys only, after two more given up.

use std::time::Duration;

use desk::language::Language;
use jiff::civil::Date;

use super::numerals::digits;
use super::value::{Kind, Problem, Value, spoken, value};
use super::yes_or_no;

/// Failures after which only keys are taken.
const SPOKEN_TRIES: u8 = 3;
/// Failures by keys after which it is given up.
const KEYED_TRIES: u8 = 2;
/// The silence after a key that ends an entry without `#`.
const KEY_PAUSE: Duration = Duration::from_secs(4);
/// The most digits kept.
const MOST: usize = 24;

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the value is not whole yet.
    More,
    /// Read it back and ask.
    ReadBack(Value),
    /// It is confirmed.
    Confirmed(Value),
    /// Say what is wrong and ask again.
    Again(Problem),
    /// Ask for it by keys from now on.
    ByKeys(Problem),
    /// It does not work: a person.
    GiveUp,
    /// The caller wants to leave it.
    Left,
}

/// One value being taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    kind: Kind,
    today: Date,
    digits: String,
    to_confirm: Option<Value>,
    tries: u8,
    keys_only: bool,
    key_at: Option<Duration>,
}

impl Entry {
    /// A value of `kind`; `keys_only` where nothing can be heard.
    #[must_use]
    pub fn new(kind: Kind, keys_only: bool, today: Date) -> Self {
        let digits = String::new();
        Self { kind, today, digits, to_confirm: None, tries: 0, keys_only, key_at: None }
    }

    /// The kind that is asked for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether only keys are taken.
    #[must_use]
    pub fn is_by_keys(&self) -> bool {
        self.keys_only
    }

    /// Whether the caller is in the middle of it.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        !self.digits.is_empty()
    }

    /// What was read back and waits for yes or no.
    #[must_use]
    pub fn to_confirm(&self) -> Option<&Value> {
        self.to_confirm.as_ref()
    }

    /// A key. While confirming, 1 is yes and 2 is no; else `#` ends the entry, and `*` deletes it or, when empty, leaves.
    pub fn key(&mut self, at: Duration, key: char) -> Next {
        if let Some(value) = &self.to_confirm {
            return match key {
                '1' => Next::Confirmed(value.clone()),
                '2' | '*' => self.deny(),
                _ => Next::ReadBack(value.clone()),
            };
        }
        match key {
            '*' if self.digits.is_empty() => Next::Left,
            '*' => {
                self.digits.clear();
                self.key_at = None;
                Next::More
            }
            '#' => self.judge_keys(),
            '0'..='9' => {
                if self.key_at.is_none() {
                    // Keys begin anew what was only half said.
                    self.digits.clear();
                }
                self.push(&key.to_string());
                self.key_at = Some(at);
                if self.kind.is_whole(&self.digits) { self.judge_keys() } else { Next::More }
            }
            _ => Next::More,
        }
    }

    /// What the caller said.
    pub fn said(&mut self, text: &str, language: Language) -> Next {
        let (figures, others) = digits(text, language);
        if let Some(value) = self.to_confirm.clone() {
            // A correction repeats the whole value.
            if figures.len() > 3
                && let Ok(corrected) = spoken(self.kind, text, language, self.today)
            {
                self.to_confirm = Some(corrected.clone());
                return if corrected == value { Next::Confirmed(value) } else { Next::ReadBack(corrected) };
            }
            return match yes_or_no(text) {
                Some(true) => Next::Confirmed(value),
                Some(false) => self.deny(),
                None => self.fail(Problem::Nothing, |problem| match problem {
                    Problem::Nothing => Some(Next::ReadBack(value.clone())),
                    _ => None,
                }),
            };
        }
        if self.keys_only {
            return self.fail(Problem::Nothing, |_| None);
        }
        if self.kind == Kind::Date
            && let Ok(value) = spoken(self.kind, text, language, self.today)
        {
            return self.read_back(value);
        }
        if figures.is_empty() {
            return if yes_or_no(text) == Some(false) { Next::Left } else { self.fail(Problem::Nothing, |_| None) };
        }
        let wanted = self.kind.length().unwrap_or(MOST);
        // Dictated in parts: what fits behind what is there belongs to it.
        let whole =
            if self.digits.len() + figures.len() <= wanted { format!("{}{figures}", self.digits) } else { figures };
        match value(self.kind, &whole) {
            Ok(value) => self.read_back(value),
            Err(Problem::Length) if whole.len() < wanted && others <= 3 => {
                self.digits.clear();
                self.push(&whole);
                Next::More
            }
            Err(problem) => self.fail(problem, |_| None),
        }
    }

    /// When silence after the last key ends the entry.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.key_at.filter(|_| self.to_confirm.is_none()).map(|at| at + KEY_PAUSE)
    }

    /// Time goes by.
    pub fn tick(&mut self, at: Duration) -> Next {
        match self.due() {
            Some(due) if at >= due => self.judge_keys(),
            _ => Next::More,
        }
    }

    /// The caller stopped in the middle of dictating, or said nothing.
    pub fn silent(&mut self) -> Next {
        if self.to_confirm.is_some() || self.digits.is_empty() { Next::More } else { self.judge_keys() }
    }

    fn push(&mut self, figures: &str) {
        self.digits.extend(figures.chars().take(MOST.saturating_sub(self.digits.len())));
    }

    fn judge_keys(&mut self) -> Next {
        self.key_at = None;
        match value(self.kind, &self.digits) {
            Ok(value) => self.read_back(value),
            Err(problem) => self.fail(problem, |_| None),
        }
    }

    fn read_back(&mut self, value: Value) -> Next {
        self.digits.clear();
        self.key_at = None;
        self.to_confirm = Some(value.clone());
        Next::ReadBack(value)
    }

    fn deny(&mut self) -> Next {
        self.fail(Problem::Denied, |_| None)
    }

    /// Counts a failure; `instead` may name a gentler way on than asking anew.
    fn fail(&mut self, problem: Problem, instead: impl Fn(Problem) -> Option<Next>) -> Next {
        self.digits.clear();
        self.key_at = None;
        self.tries += 1;
        let limit = if self.keys_only { KEYED_TRIES } else { SPOKEN_TRIES };
        if self.tries < limit {
            if let Some(next) = instead(problem) {
                return next;
            }
            self.to_confirm = None;
            return Next::Again(problem);
        }
        self.to_confirm = None;
        if self.keys_only {
            return Next::GiveUp;
        }
        self.tries = 0;
        self.keys_only = true;
        Next::ByKeys(problem)
    }
}

#[cfg(test)]
mod tests {
    use desk::reference::Reference;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn entry(kind: Kind) -> Entry {
        Entry::new(kind, false, date(2026, 11, 22))
    }

    const CNP: &str = "1960229410015";

    #[test]
    fn a_cnp_said_in_parts_is_read_back_and_confirmed() {
        let mut entry = entry(Kind::Cnp);
        assert_eq!(entry.said("unu nouă șase zero doi", Language::Ro), Next::More);
        let read = entry.said("doi nouă patru unu zero zero unu cinci", Language::Ro);
        assert_eq!(read, Next::ReadBack(Value::Cnp(CNP.to_owned())));
        assert_eq!(entry.said("da, corect", Language::Ro), Next::Confirmed(Value::Cnp(CNP.to_owned())));
    }

    #[test]
    fn a_reference_is_keyed_and_its_last_digit_ends_the_entry() {
        let reference = Reference::from_random(4);
        let mut entry = entry(Kind::Reference);
        let mut next = Next::More;
        for (at, key) in String::from(reference).chars().enumerate() {
            assert_eq!(next, Next::More);
            next = entry.key(Duration::from_millis(300 * at as u64), key);
        }
        assert_eq!(next, Next::ReadBack(Value::Reference(reference)));
        assert_eq!(entry.key(Duration::from_secs(9), '1'), Next::Confirmed(Value::Reference(reference)));
    }

    #[test]
    fn a_number_abroad_ends_by_hash_or_by_silence() {
        let keyed = |entry: &mut Entry| {
            for key in "003612345678".chars() {
                assert_eq!(entry.key(Duration::from_secs(1), key), Next::More);
            }
        };
        let (mut by_hash, mut by_silence) = (entry(Kind::Phone), entry(Kind::Phone));
        keyed(&mut by_hash);
        keyed(&mut by_silence);
        let value = Value::Phone("+3612345678".to_owned());
        assert_eq!(by_hash.key(Duration::from_secs(2), '#'), Next::ReadBack(value.clone()));
        assert_eq!(by_silence.tick(Duration::from_secs(4)), Next::More);
        assert_eq!(by_silence.tick(Duration::from_secs(5)), Next::ReadBack(value));
    }

    #[test]
    fn a_correction_repeats_the_value() {
        let mut entry = entry(Kind::Phone);
        let _ = entry.said("zero șapte doi doi unu doi trei patru cinci șase", Language::Ro);
        let read = entry.said("nu, zero șapte doi doi unu doi trei patru cinci șapte", Language::Ro);
        assert_eq!(read, Next::ReadBack(Value::Phone("+40722123457".to_owned())));
    }

    #[test]
    fn three_failures_lead_to_the_keys_and_two_more_to_a_person() {
        let mut entry = entry(Kind::Cnp);
        let wrong = "unu nouă șase zero doi doi nouă patru unu zero zero unu șase";
        assert_eq!(entry.said(wrong, Language::Ro), Next::Again(Problem::CheckDigit));
        assert_eq!(entry.said("nu știu ce să zic", Language::Ro), Next::Again(Problem::Nothing));
        assert_eq!(entry.said(wrong, Language::Ro), Next::ByKeys(Problem::CheckDigit));
        assert!(entry.is_by_keys());
        assert_eq!(entry.key(Duration::ZERO, '#'), Next::Again(Problem::Nothing));
        assert_eq!(entry.key(Duration::ZERO, '#'), Next::GiveUp);
    }

    #[test]
    fn a_no_asks_again_and_a_star_deletes_or_leaves() {
        let mut entry = entry(Kind::Date);
        assert!(matches!(entry.said("trei iunie două mii douăzeci", Language::Ro), Next::ReadBack(_)));
        assert_eq!(entry.said("nu", Language::Ro), Next::Again(Problem::Denied));
        assert_eq!(entry.key(Duration::ZERO, '3'), Next::More);
        assert_eq!(entry.key(Duration::ZERO, '*'), Next::More);
        assert_eq!(entry.key(Duration::ZERO, '*'), Next::Left);
    }

    proptest! {
        #[test]
        fn any_input_ends_in_a_value_or_a_person(
            inputs in prop::collection::vec((any::<bool>(), "[0-9*#a-d]", "[a-z ]{0,20}"), 0..60),
        ) {
            let mut entry = entry(Kind::Reference);
            let mut failures = 0;
            for (voice, key, text) in inputs {
                let next = match voice {
                    true => entry.said(&text, Language::Ro),
                    false => entry.key(Duration::ZERO, key.chars().next().unwrap_or('#')),
                };
                failures += u8::from(matches!(next, Next::Again(_) | Next::ByKeys(_)));
                if matches!(next, Next::GiveUp | Next::Left | Next::Confirmed(_)) {
                    break;
                }
                prop_assert!(failures <= SPOKEN_TRIES + KEYED_TRIES);
            }
        }
    }
}
