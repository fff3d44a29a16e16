//! The texts of a telephone conversation, in three languages.
//!
//! What is fixed is rendered ahead, once for each language, so that losing every node is not silence: greeting,
//! questions, numbers, the menus of all guides. What must be completed at the moment it is said (a title, an hour)
//! needs a node that speaks, and the dialogue leaves it out, or says it otherwise, while there is none.

mod names;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use desk::language::Language;
use serde::Deserialize;

use crate::menus::{LevelId, Line, Menus, Target};
use crate::settings::Institution;

pub use names::{Filled, Fixed};

/// Names a text that is rendered ahead. Its `Display` is steady: a file name, a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PromptId {
    /// One of the fixed texts.
    Fixed(Fixed),
    /// "For Hungarian, press 2", in the language that it names.
    OfferLanguage(Language),
    /// A digit by itself, 0 to 9.
    Digit(u8),
    /// What a menu says before its lines: a subject, a guide's step.
    Head(LevelId),
    /// A line of a menu.
    Entry {
        /// Which menu.
        level: LevelId,
        /// Its page, from 0.
        page: u8,
        /// The key.
        key: u8,
    },
}

impl std::fmt::Display for PromptId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(fixed) => write!(formatter, "{fixed:?}"),
            Self::OfferLanguage(language) => write!(formatter, "offer-{language}"),
            Self::Digit(digit) => write!(formatter, "digit-{digit}"),
            Self::Head(level) => write!(formatter, "menu-{level}"),
            Self::Entry { level, page, key } => write!(formatter, "menu-{level}-{page}-{key}"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fixed: BTreeMap<Fixed, String>,
    filled: BTreeMap<Filled, String>,
    words: Words,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    weekdays: [String; 7],
    digits: [String; 10],
    keys: [String; 10],
    today: String,
    tomorrow: String,
}

static FILES: LazyLock<[File; 3]> = LazyLock::new(|| {
    [include_str!("ro.toml"), include_str!("hu.toml"), include_str!("en.toml")].map(|text| {
        #[expect(clippy::expect_used, reason = "the embedded files are parsed by a test")]
        toml::from_str(text).expect("the embedded prompts parse")
    })
});

fn file(language: Language) -> &'static File {
    let [ro, hu, en] = &*FILES;
    match language {
        Language::Ro => ro,
        Language::Hu => hu,
        Language::En => en,
    }
}

/// All texts that are rendered ahead, with the menus that they speak.
#[derive(Debug)]
pub struct Prompts {
    institution: Institution,
    menus: Arc<Menus>,
}

impl Prompts {
    /// The texts of an institution and its menus.
    #[must_use]
    pub fn new(institution: &Institution, menus: Menus) -> Self {
        Self { institution: institution.clone(), menus: Arc::new(menus) }
    }

    /// The menus that the texts speak.
    #[must_use]
    pub fn menus(&self) -> &Menus {
        &self.menus
    }

    /// Every text to be spoken with the voice of `language`, to be rendered ahead.
    #[must_use]
    pub fn all(&self, language: Language) -> Vec<(PromptId, String)> {
        let mut ids: Vec<PromptId> = Fixed::ALL.iter().map(|fixed| PromptId::Fixed(*fixed)).collect();
        ids.push(PromptId::OfferLanguage(language));
        ids.extend((0..10).map(PromptId::Digit));
        for (id, level) in self.menus.levels() {
            ids.extend(level.head.iter().map(|_| PromptId::Head(id.clone())));
            for page in 0..level.pages() {
                let keys = level.page(page).0.into_iter().map(|(key, _)| key);
                ids.extend(keys.map(|key| PromptId::Entry { level: id.clone(), page, key }));
            }
        }
        ids.into_iter().map(|id| (id.clone(), self.text(&id, language))).filter(|(_, text)| !text.is_empty()).collect()
    }

    /// The voice that speaks `id` where the conversation is in `language`: an offer of a language speaks that language.
    #[must_use]
    pub fn voice(id: &PromptId, language: Language) -> Language {
        match id {
            PromptId::OfferLanguage(offered) => *offered,
            _ => language,
        }
    }

    /// One text; empty for a name that no menu has.
    #[must_use]
    pub fn text(&self, id: &PromptId, language: Language) -> String {
        let texts = file(Self::voice(id, language));
        match id {
            PromptId::Fixed(fixed) => self.fixed(*fixed, language),
            PromptId::OfferLanguage(_) => texts.fixed.get(&Fixed::OfferLanguage).cloned().unwrap_or_default(),
            PromptId::Digit(digit) => texts.words.digits.get(usize::from(*digit)).cloned().unwrap_or_default(),
            PromptId::Head(level) => {
                let head = self.menus.level(level).and_then(|level| level.head.as_ref());
                let head = head.map(|head| crate::clauses::plain(head.get(language))).unwrap_or_default();
                // The voice falls and pauses where the eye sees a new line.
                if head.is_empty() || head.ends_with(['.', '?', '!', ':', '…']) { head } else { format!("{head}.") }
            }
            PromptId::Entry { level, page, key } => {
                let Some(level) = self.menus.level(level) else { return String::new() };
                let (lines, _) = level.page(*page);
                let line = lines.into_iter().find(|(number, _)| number == key);
                line.map(|(key, line)| self.entry(key, line, language)).unwrap_or_default()
            }
        }
    }

    fn fixed(&self, fixed: Fixed, language: Language) -> String {
        let text = file(language).fixed.get(&fixed).map(String::as_str).unwrap_or_default();
        text.replace("{institution}", self.institution(language))
    }

    /// The institution's name.
    #[must_use]
    pub fn institution(&self, language: Language) -> &str {
        match language {
            Language::Ro => &self.institution.ro,
            Language::Hu => &self.institution.hu,
            Language::En => &self.institution.en,
        }
    }

    fn entry(&self, key: u8, line: &Line, language: Language) -> String {
        let label = match (&line.label, &line.target) {
            (Some(label), _) => crate::clauses::plain(label.get(language)),
            (None, Target::Case) => self.fixed(Fixed::MenuCase, language),
            (None, _) => self.fixed(Fixed::MenuPerson, language),
        };
        filled(Filled::Entry, language, &[("label", &label), ("key", key_name(usize::from(key), language))])
    }
}

/// A text completed: each `{name}` replaced by its value.
#[must_use]
pub(crate) fn filled(text: Filled, language: Language, values: &[(&str, &str)]) -> String {
    let mut text = file(language).filled.get(&text).cloned().unwrap_or_default();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

/// A day as it is said, seen from `today`: "azi", "mâine", or "luni".
pub(crate) fn day(day: jiff::civil::Date, today: jiff::civil::Date, language: Language) -> String {
    let words = &file(language).words;
    if day == today {
        return words.today.clone();
    }
    if today.tomorrow().is_ok_and(|tomorrow| tomorrow == day) {
        return words.tomorrow.clone();
    }
    let at = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
    words.weekdays.get(at).cloned().unwrap_or_default()
}

/// How a key is called.
pub(crate) fn key_name(key: usize, language: Language) -> &'static str {
    file(language).words.keys.get(key).map_or("", String::as_str)
}

/// Digits as they are dictated, one by one: "patru opt doi".
pub(crate) fn dictated(digits: &str, language: Language) -> String {
    let names = &file(language).words.digits;
    let said = digits.chars().filter_map(|digit| names.get(digit.to_digit(10)? as usize).map(String::as_str));
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use desk::department::Departments;

    use super::*;

    fn prompts() -> Prompts {
        let guides = [crate::menus::tests::guide("cont", "portal-hub")];
        Prompts::new(&Institution::default(), Menus::new(&guides, &Departments::default()))
    }

    #[test]
    fn every_text_is_there_in_every_language() {
        for language in Language::ALL {
            for fixed in Fixed::ALL {
                assert!(file(language).fixed.get(fixed).is_some_and(|text| !text.is_empty()), "{language} {fixed:?}");
            }
            for text in Filled::ALL {
                assert!(file(language).filled.contains_key(text), "{language} {text:?}");
            }
        }
    }

    #[test]
    fn languages_leave_the_same_gaps() {
        let gaps = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).filter_map(|p| Some(p.split_once('}')?.0.to_owned())).collect();
            names.sort();
            names
        };
        for text in Filled::ALL {
            let ours = gaps(&file(Language::Ro).filled[text]);
            for language in Language::ALL {
                assert_eq!(gaps(&file(language).filled[text]), ours, "{language} {text:?}");
            }
        }
    }

    #[test]
    fn the_greeting_says_that_a_machine_answers_and_that_a_person_can_be_had() {
        let prompts = prompts();
        for (language, machine, key) in
            [(Language::Ro, "automat", "0"), (Language::Hu, "Automata", "nullát"), (Language::En, "automatic", "0")]
        {
            let text = prompts.text(&PromptId::Fixed(Fixed::Greeting), language);
            assert!(text.contains(machine) && text.contains(key), "{text}");
        }
    }

    #[test]
    fn what_is_rendered_ahead_is_complete_short_and_named_once() {
        let prompts = prompts();
        for language in Language::ALL {
            let all = prompts.all(language);
            let names: HashSet<String> = all.iter().map(|(id, _)| id.to_string()).collect();
            assert_eq!(names.len(), all.len());
            for (id, text) in all {
                assert!(!text.contains(['{', '}']), "{id}: {text}");
                assert!(text.chars().count() <= 260, "{id}: {text}");
            }
        }
    }

    #[test]
    fn romanian_letters_have_commas_below() {
        let text = include_str!("ro.toml");
        assert!(!text.contains(['ş', 'ţ', 'Ş', 'Ţ']));
        for language in Language::ALL {
            assert!(file(language).fixed.values().all(|text| !text.contains('!')), "calm");
        }
    }

    #[test]
    fn days_are_named_as_people_do() {
        let today = jiff::civil::date(2026, 11, 20);
        let said = |ahead| day(today.checked_add(jiff::Span::new().days(ahead)).unwrap(), today, Language::Ro);
        assert_eq!([said(0), said(1), said(3)], ["azi", "mâine", "luni"]);
    }

    #[test]
    fn digits_are_dictated() {
        assert_eq!(dictated("482", Language::Ro), "patru opt doi");
        assert_eq!(dictated("07", Language::Hu), "nulla hét");
    }
}
