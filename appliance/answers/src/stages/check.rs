//! Checks that an answer says nothing which its sources do not say. Pure; every answer passes it, whoever worded it.

use std::collections::HashSet;

use desk::article::Article;
use desk::language::Language;

use crate::lexicon::Lexicon;
use crate::words::{Word, same_stem, words};

/// What share of a sentence's meaning words its sources must hold.
const SUPPORT: f32 = 0.6;

/// How sure the detection must be to call an answer's language wrong.
const WRONG_LANGUAGE: f32 = 0.8;

/// Why an answer may not be given. Names no word of citizen or model, so that it can be traced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// There is nothing to check against.
    #[error("it has no source")]
    NoSource,
    /// It says nothing.
    #[error("it is empty")]
    Empty,
    /// A source is cited that was not given.
    #[error("it cites a source that does not exist")]
    UnknownCitation,
    /// A number, date, fee or telephone number is in no source.
    #[error("it holds a number that is in no source")]
    Number,
    /// A web or mail address is in no source.
    #[error("it holds an address that is in no source")]
    Address,
    /// A name or acronym is in no source.
    #[error("it holds a name that is in no source")]
    Name,
    /// A sentence means something that no source says.
    #[error("it holds a sentence that no source supports")]
    Sentence,
    /// It is in another language than it should be.
    #[error("it is in another language")]
    Language,
    /// It repeats the citizen's personal data.
    #[error("it repeats personal data")]
    PersonalData,
}

/// What sources say, made ready for checking.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    words: HashSet<String>,
    numbers: HashSet<String>,
    lower: String,
}

impl Evidence {
    /// The evidence that `texts` give.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut evidence = Self::default();
        for text in texts {
            evidence.numbers.extend(numbers(text));
            for word in words(text) {
                evidence.numbers.extend(number_word(&word.folded).map(str::to_owned));
                evidence.words.insert(word.folded);
            }
            evidence.lower.push_str(&text.to_lowercase());
            evidence.lower.push('\n');
        }
        evidence
    }

    /// The evidence of an article: its title, body, facts and sources.
    #[must_use]
    pub fn of_article(article: &Article) -> Self {
        let facts = &article.facts;
        let sources = article.sources.iter().flat_map(|source| [source.title.as_str(), &source.institution]);
        let facts =
            [&facts.cost, &facts.time, &facts.r#where].into_iter().flatten().chain(&facts.bring).map(String::as_str);
        Self::of([article.title.as_str(), &article.owner, &article.body].into_iter().chain(facts).chain(sources))
    }

    /// This evidence and `other`.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.words.extend(other.words.iter().cloned());
        self.numbers.extend(other.numbers.iter().cloned());
        self.lower.push_str(&other.lower);
        self
    }

    fn holds(&self, folded: &str) -> bool {
        self.words.contains(folded) || self.words.iter().any(|word| same_stem(folded, word))
    }
}

/// Checks `text`, meant to be in `language`, against `evidence`; `personal` are the citizen's own data.
///
/// # Errors
/// The first [`Violation`] found.
pub fn check(text: &str, language: Language, evidence: &Evidence, personal: &[&str]) -> Result<(), Violation> {
    if evidence.words.is_empty() {
        return Err(Violation::NoSource);
    }
    let all = words(text);
    if all.is_empty() {
        return Err(Violation::Empty);
    }
    let unmarked = without_list_numbers(text);
    if personal.iter().any(|data| repeats(text, data) && !repeats(&evidence.lower, data)) {
        return Err(Violation::PersonalData);
    }
    if addresses(text).any(|address| !evidence.lower.contains(&address)) {
        return Err(Violation::Address);
    }
    let spelt = all.iter().filter_map(|word| number_word(&word.folded)).map(str::to_owned);
    if numbers(&unmarked).chain(spelt).any(|number| !evidence.numbers.contains(&number)) {
        return Err(Violation::Number);
    }
    if all.iter().any(|word| is_name(text, word, language) && !evidence.holds(&word.folded)) {
        return Err(Violation::Name);
    }
    if sentences(text).any(|sentence| !is_supported(sentence, evidence)) {
        return Err(Violation::Sentence);
    }
    let detected = knowledge::detect(text, Some(language));
    if detected.language != language && detected.confidence >= WRONG_LANGUAGE && all.len() > 5 {
        return Err(Violation::Language);
    }
    Ok(())
}

fn is_supported(sentence: &str, evidence: &Evidence) -> bool {
    let lexicon = Lexicon::get();
    let (mut all, mut held) = (0u16, 0u16);
    for word in
        words(sentence).iter().filter(|word| word.folded.chars().count() > 2 && lexicon.is_content(&word.folded))
    {
        all += 1;
        held += u16::from(evidence.holds(&word.folded));
    }
    all == 0 || f32::from(held) >= f32::from(all) * SUPPORT
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '!', '?']).flat_map(|line| line.split(". ")).filter(|sentence| !sentence.trim().is_empty())
}

/// Numbers with what parts them left out: `1.200,50` is `120050`, `12.12.2026` is `12122026`.
fn numbers(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|character: char| !(character.is_ascii_digit() || matches!(character, '.' | ',' | ':' | '/' | '-')))
        .map(|piece| piece.chars().filter(char::is_ascii_digit).collect::<String>())
        .filter(|digits| !digits.is_empty())
}

/// Small numbers written as words, where the word means nothing else.
fn number_word(folded: &str) -> Option<&'static str> {
    Some(match folded {
        "doi" | "doua" | "ket" | "ketto" | "two" => "2",
        "trei" | "harom" | "three" => "3",
        "patru" | "negy" | "four" => "4",
        "cinci" | "five" => "5",
        "sase" | "six" => "6",
        "sapte" | "seven" => "7",
        "opt" | "nyolc" | "eight" => "8",
        "kilenc" | "nine" => "9",
        "zece" | "tiz" | "ten" => "10",
        "douazeci" | "husz" | "twenty" => "20",
        "treizeci" | "harminc" | "thirty" => "30",
        _ => return None,
    })
}

/// `text` without the numbers at the beginning of its lines that only count a list.
fn without_list_numbers(text: &str) -> String {
    let strip = |line: &str| {
        let rest = line.trim_start().trim_start_matches(|character: char| character.is_ascii_digit());
        rest.strip_prefix(". ").unwrap_or(line).to_owned()
    };
    text.lines().map(strip).collect::<Vec<_>>().join("\n")
}

fn addresses(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|character: char| {
        character.is_whitespace() || matches!(character, '(' | ')' | '<' | '>' | ',' | ';' | '"')
    })
    .map(|piece| piece.trim_matches(|character: char| !character.is_alphanumeric()).to_lowercase())
    .filter(|piece| piece.contains("://") || piece.starts_with("www.") || piece.contains('@') || is_domain(piece))
}

fn is_domain(piece: &str) -> bool {
    let host = piece.split('/').next().unwrap_or_default();
    let mut parts = host.split('.');
    let top = parts.next_back().unwrap_or_default();
    (2..=4).contains(&top.len())
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.clone().count() > 0
        && parts.all(|part| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

/// A word with a capital within a sentence, or in capitals anywhere.
fn is_name(text: &str, word: &Word, language: Language) -> bool {
    let spelt = &text[word.start..word.end];
    let capitals = spelt.chars().filter(|character| character.is_uppercase()).count();
    let all_capitals = capitals >= 2 && spelt.chars().all(|character| !character.is_lowercase());
    if all_capitals {
        return true;
    }
    let courtesy = match language {
        Language::Hu => word.folded.starts_with("on") && word.folded.len() <= 6,
        Language::En => word.folded == "i" || word.folded.starts_with("i'"),
        Language::Ro => word.folded.starts_with("dumneavoastr"),
    };
    capitals > 0 && !courtesy && !begins_a_sentence(&text[..word.start])
}

fn begins_a_sentence(before: &str) -> bool {
    let before = before.trim_end_matches(|character: char| {
        matches!(character, ' ' | '*' | '„' | '"' | '“' | '«' | '(' | '[' | '-' | '–')
    });
    before.chars().next_back().is_none_or(|last| matches!(last, '.' | '!' | '?' | ':' | '\n' | '\r'))
}

/// Whether `text` holds `data`, however it is spaced.
fn repeats(text: &str, data: &str) -> bool {
    let compact = |text: &str| -> String {
        text.chars()
            .filter(|character| character.is_alphanumeric() || *character == '@')
            .flat_map(char::to_lowercase)
            .collect()
    };
    let data = compact(data);
    data.len() > 3 && compact(text).contains(&data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "Cereți pașaportul la Serviciul Public Comunitar din Cluj-Napoca. Taxa este de 265 lei și se \
                          plătește înainte. Programarea se face pe hub.mai.gov.ro. Pașaportul se eliberează în trei zile. \
                          MAI răspunde la telefon 021 303 70 80.";

    fn checked(text: &str) -> Result<(), Violation> {
        check(text, Language::Ro, &Evidence::of([SOURCE]), &["1960229410015", "0722123456"])
    }

    #[test]
    fn what_the_source_says_passes_in_other_words_too() {
        for text in [
            "Taxa este de 265 lei și se plătește înainte.",
            "Pașaportul se cere la Serviciul Public Comunitar din Cluj-Napoca.",
            "Programați-vă pe hub.mai.gov.ro. Pașaportul se eliberează în 3 zile.",
            "1. Cereți pașaportul.\n2. Plătește taxa înainte.",
        ] {
            assert_eq!(checked(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_the_source_does_not_say_is_refused() {
        for (text, violation) in [
            ("Taxa este de 258 lei.", Violation::Number),
            ("Pașaportul se eliberează în cinci zile.", Violation::Number),
            ("Sunați la 021 303 99 99.", Violation::Number),
            ("Programarea se face pe programari.exemplu.ro.", Violation::Address),
            ("Programarea se face la serviciul din Timișoara.", Violation::Name),
            ("Pașaportul se cere la ANAF.", Violation::Name),
            ("Pașaportul poate fi ridicat gratuit de orice rudă apropiată fără procură.", Violation::Sentence),
            ("Pașaportul pentru 1960229410015 se eliberează.", Violation::PersonalData),
            ("Taxa pentru 0722 123 456 este de 265 lei.", Violation::PersonalData),
            ("…", Violation::Empty),
        ] {
            assert_eq!(checked(text), Err(violation), "{text}");
        }
        assert_eq!(check("Taxa este mică.", Language::Ro, &Evidence::default(), &[]), Err(Violation::NoSource));
    }

    #[test]
    fn dates_and_sums_compare_by_their_digits() {
        let evidence = Evidence::of(["Suma de 1.200,50 lei până la 12.12.2026."]);
        assert_eq!(check("Suma: 1200,50 lei, până la 12.12.2026.", Language::Ro, &evidence, &[]), Ok(()));
        assert_eq!(
            check("Suma: 1200,50 lei, până la 13.12.2026.", Language::Ro, &evidence, &[]),
            Err(Violation::Number)
        );
    }
}
