//! What kind of thing a question asks for.

use desk::language::Language;
use serde::{Deserialize, Serialize};

/// The kind of thing that would answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Who.
    Person,
    /// When.
    Time,
    /// How many, how much, how long.
    Number,
    /// Where.
    Place,
}

impl Expected {
    /// What the folded `words` of a question ask for, where they say so.
    #[must_use]
    pub(crate) fn read(words: &[String], language: Language) -> Option<Self> {
        let (person, time, number, place): (&[&str], &[&str], &[&str], &[&str]) = match language {
            Language::Ro => (
                &["cine", "cui"],
                &["cand", "ce an", "care an", "ce data", "ce secol", "ce luna", "ce zi", "ce perioada", "care luna"],
                &["cati", "cate", "cat", "cata", "ce procent", "ce numar", "ce suma", "ce pret", "ce taxa"],
                &["unde", "ce oras", "ce tara", "ce loc", "ce stat", "ce regiune", "ce judet"],
            ),
            Language::Hu => (
                &["ki", "kit", "kinek", "kik"],
                &["mikor", "meddig", "melyik ev", "melyik evben"],
                &["hany", "mennyi", "mennyibe", "mekkora", "hanyan"],
                &["hol", "hova", "honnan", "merre"],
            ),
            Language::En => (
                &["who", "whom", "whose"],
                &["when", "what year", "which year", "what date", "what century"],
                &["how many", "how much", "how long", "what percentage", "what number"],
                &["where", "what city", "what country", "which city", "which country"],
            ),
        };
        let asks = |phrases: &[&str]| {
            phrases.iter().any(|phrase| {
                let parts: Vec<&str> = phrase.split(' ').collect();
                words.windows(parts.len()).any(|window| window.iter().eq(parts.iter()))
            })
        };
        [(person, Self::Person), (number, Self::Number), (time, Self::Time), (place, Self::Place)]
            .into_iter()
            .find(|(phrases, _)| asks(phrases))
            .map(|(_, kind)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_says_what_it_wants() {
        let read =
            |text: &str, language| Expected::read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), language);
        assert_eq!(read("cat costa pasaportul", Language::Ro), Some(Expected::Number));
        assert_eq!(read("in ce an a fost", Language::Ro), Some(Expected::Time));
        assert_eq!(read("hol van a hivatal", Language::Hu), Some(Expected::Place));
        assert_eq!(read("who signs it", Language::En), Some(Expected::Person));
        assert_eq!(read("mi a expirat buletinul", Language::Ro), None);
    }
}
