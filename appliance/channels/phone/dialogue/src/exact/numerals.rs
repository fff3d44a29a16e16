//! Numbers as people say them, in figures: "zero șapte doi doi", "douăzeci și trei", "kétezer-huszonhat", "double four".

use desk::language::Language;

use crate::words::words;

/// A piece of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A number, as the figures that stand for it: leading zeros of dictated figures are kept.
    Number(String),
    /// Any other word, folded.
    Word(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Unit(u32),
    Teen(u32),
    Tens(u32),
    Hundred,
    Thousand,
    Joiner(String),
    Times(u32),
    Figures(String),
    Word(String),
}

/// The numbers and words of `text`.
pub(crate) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let said = words(text);
    let mut pieces = Vec::new();
    for (at, word) in said.iter().enumerate() {
        let next = said.get(at + 1).map_or("", String::as_str);
        match language {
            Language::Hu => hungarian(word, &mut pieces),
            Language::Ro => pieces.push(romanian(word, next)),
            Language::En => pieces.push(english(word, next)),
        }
    }
    let reader = Reader { pieces: &pieces, joined: language == Language::Ro };
    let (mut found, mut at, mut times) = (Vec::new(), 0, 1);
    while let Some(piece) = pieces.get(at) {
        if let Some((value, next)) = reader.number(at) {
            found.push(Token::Number(value.to_string().repeat(times)));
            (at, times) = (next, 1);
            continue;
        }
        match piece {
            Piece::Figures(figures) => found.push(Token::Number(figures.clone())),
            Piece::Word(word) | Piece::Joiner(word) => found.push(Token::Word(word.clone())),
            Piece::Times(count) => times = *count as usize,
            _ => {}
        }
        at += 1;
    }
    found
}

/// The figures of `text` one after the other, a leading `+` kept, and how many words stand between that are no part of
/// a number.
pub(crate) fn digits(text: &str, language: Language) -> (String, usize) {
    let mut figures = String::new();
    let mut others = 0;
    for token in tokens(text, language) {
        match token {
            Token::Number(number) => {
                if number.starts_with('+') && figures.is_empty() {
                    figures.push('+');
                }
                figures.extend(number.chars().filter(char::is_ascii_digit));
            }
            Token::Word(word) if matches!(word.as_str(), "plus" | "plusz") && figures.is_empty() => figures.push('+'),
            Token::Word(_) => others += 1,
        }
    }
    if figures == "+" {
        figures.clear();
    }
    (figures, others)
}

struct Reader<'a> {
    pieces: &'a [Piece],
    /// Whether tens and units belong together only over a joiner.
    joined: bool,
}

impl Reader<'_> {
    fn number(&self, at: usize) -> Option<(u32, usize)> {
        let (thousands, after) = match self.pieces.get(at)? {
            Piece::Thousand => (1, at),
            _ => self.below_thousand(at)?,
        };
        if thousands == 0 || self.pieces.get(after) != Some(&Piece::Thousand) {
            return Some((thousands, after));
        }
        let after = after + 1;
        let rest = self.skip_joiner(after, !self.joined);
        match self.below_thousand(rest) {
            Some((value, next)) if value > 0 => Some((thousands * 1000 + value, next)),
            _ => Some((thousands * 1000, after)),
        }
    }

    fn below_thousand(&self, at: usize) -> Option<(u32, usize)> {
        let (hundreds, after) = match (self.pieces.get(at)?, self.pieces.get(at + 1)) {
            (Piece::Unit(unit), Some(Piece::Hundred)) if *unit > 0 => (*unit, at + 2),
            (Piece::Hundred, _) => (1, at + 1),
            _ => return self.below_hundred(at),
        };
        let rest = self.skip_joiner(after, !self.joined);
        match self.below_hundred(rest) {
            Some((value, next)) if value > 0 => Some((hundreds * 100 + value, next)),
            _ => Some((hundreds * 100, after)),
        }
    }

    fn below_hundred(&self, at: usize) -> Option<(u32, usize)> {
        match self.pieces.get(at)? {
            Piece::Unit(value) | Piece::Teen(value) => Some((*value, at + 1)),
            Piece::Tens(tens) => {
                let unit = self.skip_joiner(at + 1, true);
                match self.pieces.get(unit) {
                    Some(Piece::Unit(value)) if *value > 0 && (unit > at + 1 || !self.joined) => {
                        Some((tens + value, unit + 1))
                    }
                    _ => Some((*tens, at + 1)),
                }
            }
            _ => None,
        }
    }

    fn skip_joiner(&self, at: usize, allowed: bool) -> usize {
        if allowed && matches!(self.pieces.get(at), Some(Piece::Joiner(_))) { at + 1 } else { at }
    }
}

fn figures(word: &str) -> Option<Piece> {
    let bare = word.strip_prefix('+').unwrap_or(word);
    (!bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit())).then(|| Piece::Figures(word.to_owned()))
}

fn romanian(word: &str, next: &str) -> Piece {
    let unit = |value| Piece::Unit(value);
    match word {
        "zero" | "zerou" => unit(0),
        "o" if matches!(next, "suta" | "mie") => unit(1),
        "unu" | "una" | "unul" | "intai" => unit(1),
        "doi" | "doua" => unit(2),
        "trei" => unit(3),
        "patru" => unit(4),
        "cinci" => unit(5),
        "sase" => unit(6),
        "sapte" => unit(7),
        "opt" => unit(8),
        "noua" => unit(9),
        "zece" => Piece::Teen(10),
        "unsprezece" | "unspe" => Piece::Teen(11),
        "doisprezece" | "douasprezece" | "doispe" => Piece::Teen(12),
        "treisprezece" | "treispe" => Piece::Teen(13),
        "paisprezece" | "patrusprezece" | "paispe" => Piece::Teen(14),
        "cincisprezece" | "cinsprezece" | "cinspe" | "cincispe" => Piece::Teen(15),
        "saisprezece" | "sasesprezece" | "saispe" => Piece::Teen(16),
        "saptesprezece" | "saptespe" | "saptisprezece" => Piece::Teen(17),
        "optsprezece" | "optispe" | "optspe" => Piece::Teen(18),
        "nouasprezece" | "nouaspe" => Piece::Teen(19),
        "douazeci" => Piece::Tens(20),
        "treizeci" => Piece::Tens(30),
        "patruzeci" => Piece::Tens(40),
        "cincizeci" | "cinzeci" => Piece::Tens(50),
        "saizeci" | "sasezeci" => Piece::Tens(60),
        "saptezeci" => Piece::Tens(70),
        "optzeci" => Piece::Tens(80),
        "nouazeci" => Piece::Tens(90),
        "suta" | "sute" => Piece::Hundred,
        "mie" | "mii" => Piece::Thousand,
        "si" => Piece::Joiner(word.to_owned()),
        "dublu" => Piece::Times(2),
        "triplu" => Piece::Times(3),
        _ => figures(word).unwrap_or_else(|| Piece::Word(word.to_owned())),
    }
}

fn english(word: &str, next: &str) -> Piece {
    let small = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    let tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    if let Some(value) = small.iter().zip(0..).find_map(|(name, value)| (*name == word).then_some(value)) {
        return if value < 10 { Piece::Unit(value) } else { Piece::Teen(value) };
    }
    if let Some(value) = tens.iter().zip(2..).find_map(|(name, value)| (*name == word).then_some(value)) {
        return Piece::Tens(value * 10);
    }
    match word {
        "oh" | "o" | "nought" | "nil" => Piece::Unit(0),
        "a" if matches!(next, "hundred" | "thousand") => Piece::Unit(1),
        "hundred" => Piece::Hundred,
        "thousand" => Piece::Thousand,
        "and" => Piece::Joiner(word.to_owned()),
        "double" => Piece::Times(2),
        "triple" | "treble" => Piece::Times(3),
        _ => figures(word).unwrap_or_else(|| Piece::Word(word.to_owned())),
    }
}

/// Hungarian numbers are written in one word; they are taken apart from the left, the longest part first.
fn hungarian(word: &str, pieces: &mut Vec<Piece>) {
    if let Some(piece) = figures(word) {
        return pieces.push(piece);
    }
    if matches!(word, "es") {
        return pieces.push(Piece::Joiner(word.to_owned()));
    }
    if matches!(word, "dupla") {
        return pieces.push(Piece::Times(2));
    }
    let (mut rest, mut parts) = (word, Vec::new());
    while !rest.is_empty() {
        let Some((name, piece)) = HUNGARIAN.iter().find(|(name, _)| rest.starts_with(name)) else {
            return pieces.push(Piece::Word(word.to_owned()));
        };
        parts.push(piece.clone());
        rest = &rest[name.len()..];
    }
    pieces.extend(parts);
}

/// Longer names stand before those with which they begin.
const HUNGARIAN: [(&str, Piece); 31] = [
    ("harminc", Piece::Tens(30)),
    ("harom", Piece::Unit(3)),
    ("hatvan", Piece::Tens(60)),
    ("hat", Piece::Unit(6)),
    ("hetven", Piece::Tens(70)),
    ("het", Piece::Unit(7)),
    ("huszon", Piece::Tens(20)),
    ("husz", Piece::Tens(20)),
    ("tizen", Piece::Tens(10)),
    ("tiz", Piece::Teen(10)),
    ("kilencven", Piece::Tens(90)),
    ("kilenc", Piece::Unit(9)),
    ("ketto", Piece::Unit(2)),
    ("ket", Piece::Unit(2)),
    ("negyven", Piece::Tens(40)),
    ("negy", Piece::Unit(4)),
    ("nyolcvan", Piece::Tens(80)),
    ("nyolc", Piece::Unit(8)),
    ("nulla", Piece::Unit(0)),
    ("zero", Piece::Unit(0)),
    ("otven", Piece::Tens(50)),
    ("ot", Piece::Unit(5)),
    ("egy", Piece::Unit(1)),
    ("szaz", Piece::Hundred),
    ("ezer", Piece::Thousand),
    ("elsejen", Piece::Unit(1)),
    ("elseje", Piece::Unit(1)),
    ("masodik", Piece::Unit(2)),
    ("elso", Piece::Unit(1)),
    ("harmadik", Piece::Unit(3)),
    ("negyedik", Piece::Unit(4)),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_are_heard_in_three_languages() {
        let cases = [
            (Language::Ro, "zero șapte doi doi, unu doi trei, patru cinci șase", "0722123456"),
            (Language::Ro, "șapte sute douăzeci și doi, o sută cinci", "722105"),
            (Language::Ro, "douăzeci trei", "203"),
            (Language::Ro, "douăzeci și trei", "23"),
            (Language::Ro, "nouăsprezece șaizeci", "1960"),
            (Language::Ro, "două mii douăzeci și șase", "2026"),
            (Language::Ro, "o mie nouă sute optzeci și patru", "1984"),
            (Language::Ro, "dublu zero, patru", "004"),
            (Language::Ro, "0722 123 456", "0722123456"),
            (Language::Ro, "plus patruzeci șapte doi doi", "+40722"),
            (Language::Hu, "nulla hét kettő kettő", "0722"),
            (Language::Hu, "huszonhárom", "23"),
            (Language::Hu, "két nulla", "20"),
            (Language::Hu, "kétezer-huszonhat", "2026"),
            (Language::Hu, "száztizenöt", "115"),
            (Language::Hu, "hétszázhuszonkettő", "722"),
            (Language::En, "oh seven double two, twenty three", "072223"),
            (Language::En, "one hundred and five", "105"),
            (Language::En, "two thousand and twenty-six", "2026"),
            (Language::En, "my number is four eight two", "482"),
        ];
        for (language, text, expected) in cases {
            assert_eq!(digits(text, language).0, expected, "{text}");
        }
    }

    #[test]
    fn words_beside_the_figures_are_counted() {
        assert_eq!(digits("cred că e doi sau trei", Language::Ro), ("23".to_owned(), 4));
        assert_eq!(digits("nem tudom", Language::Hu), (String::new(), 2));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,80}") {
            for language in Language::ALL {
                let (figures, _) = digits(&text, language);
                prop_assert!(figures.chars().all(|c| c.is_ascii_digit() || c == '+'));
            }
        }
    }
}
