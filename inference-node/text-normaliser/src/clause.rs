//! Text cut into clauses, so that the first is spoken while the rest is still being written or synthesised.
//!
//! A clause ends where a speaker would breathe: at the end of a sentence, and, once it is long enough to sound like one, at a
//! comma, semicolon, colon or dash. Each such mark must be followed by a space, so that numbers (`1.234,56`), dates, hours and
//! addresses are never cut; points of abbreviations and initials do not count. What an end depends on is always looked at
//! before it is decided: a text gives the same clauses in one piece as in many.

/// Characters in the shortest clause that a mark within a sentence may end: below it, speech would sound chopped.
const SHORTEST: usize = 20;
/// Bytes after which a clause without a mark is cut between words.
const LONGEST: usize = 320;
/// Bytes after which even a single word is cut, so that memory stays bounded.
const LONGEST_WORD: usize = 2000;

/// Bytes of the marks that close a clause.
const MOST_CLOSING: usize = 64;

/// What can be said about the first clause of a text.
enum First {
    /// It ends here, in bytes.
    Ends(usize),
    /// It depends on what follows the text that we have.
    Open,
}

/// The clauses of a whole text, trimmed; pieces without a letter or digit are left out.
///
/// ```
/// let clauses: Vec<_> = text_normaliser::clauses("Bună ziua! Taxa este de 1.234,56 lei. Veniți luni.").collect();
/// assert_eq!(clauses, ["Bună ziua!", "Taxa este de 1.234,56 lei.", "Veniți luni."]);
/// ```
pub fn clauses(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (clause, more) = match first_clause(rest, true) {
                First::Ends(end) => rest.split_at_checked(end).unwrap_or((rest, "")),
                First::Open => (rest, ""),
            };
            rest = more;
            if clause.contains(char::is_alphanumeric) {
                return Some(clause.trim());
            }
        }
        None
    })
}

/// Cuts text that arrives in pieces, as a language model writes it. It holds back no more than one clause and the beginning of
/// the word after it.
///
/// ```
/// let mut splitter = text_normaliser::ClauseSplitter::new();
/// assert!(splitter.push("Bună ziu").is_empty());
/// assert_eq!(splitter.push("a! Taxa este"), ["Bună ziua!"]);
/// assert_eq!(splitter.finish().as_deref(), Some("Taxa este"));
/// ```
#[derive(Debug, Default)]
pub struct ClauseSplitter {
    held: String,
}

impl ClauseSplitter {
    /// A splitter at the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece and returns the clauses that it completes.
    pub fn push(&mut self, piece: &str) -> Vec<String> {
        self.held.push_str(piece);
        let mut found = Vec::new();
        let mut start = 0;
        while let Some(rest) = self.held.get(start..).filter(|rest| !rest.is_empty()) {
            let First::Ends(end) = first_clause(rest, false) else { break };
            let clause = rest.get(..end).unwrap_or(rest);
            if clause.contains(char::is_alphanumeric) {
                found.push(clause.trim().to_owned());
            }
            start += end;
        }
        self.held.drain(..start);
        found
    }

    /// The last clause, which no mark had to end. The splitter can then serve another text.
    pub fn finish(&mut self) -> Option<String> {
        let held = std::mem::take(&mut self.held);
        let last = held.trim();
        last.contains(char::is_alphanumeric).then(|| last.to_owned())
    }
}

/// Where the first clause ends. `complete` says that nothing follows the text.
fn first_clause(text: &str, complete: bool) -> First {
    let mut length = 0;
    let mut letters = false;
    let mut label_open = false;
    let (mut before, mut word_end, mut cut) = ('\0', '\0', None);
    for (at, letter) in text.char_indices() {
        // Where the clause is cut if no mark comes: after a word, but not within a number written in groups.
        if before.is_whitespace()
            && !letter.is_whitespace()
            && length > 0
            && !(word_end.is_numeric() && letter.is_numeric())
        {
            cut = Some(at);
        }
        before = letter;
        if !letter.is_whitespace() {
            word_end = letter;
        }
        match cut {
            Some(cut) if at >= LONGEST => return First::Ends(cut),
            None if at >= LONGEST_WORD => return First::Ends(at),
            _ => {}
        }
        if letter.is_alphanumeric() {
            letters |= letter.is_alphabetic();
            length += 1;
            continue;
        }
        let end = at + letter.len_utf8();
        let ends = match letter {
            '\n' if length > 0 => return First::Ends(end),
            '.' | '…' if letters => after_point(text, at, end, complete),
            '!' | '?' if letters => match behind(text, end) {
                Behind::Space(end, _) => Some(First::Ends(end)),
                Behind::Nothing if !complete => Some(First::Open),
                Behind::Nothing | Behind::Other => None,
            },
            ',' | ';' | ':' if length >= SHORTEST && !label_open => within_sentence(text, at, end, complete),
            '-' | '–' | '—'
                if length >= SHORTEST && !label_open && text.get(..at).is_some_and(|before| before.ends_with(' ')) =>
            {
                within_sentence(text, at, end, complete)
            }
            '[' | ']' => {
                label_open = letter == '[';
                None
            }
            _ => None,
        };
        if letter.is_whitespace() || length > 0 {
            length += 1;
        }
        if let Some(ends) = ends {
            return ends;
        }
    }
    First::Open
}

/// What stands behind a mark and the quotes, brackets and marks that close with it.
enum Behind {
    /// A space; with the end of the closing marks and the first letter after all space, if it is known.
    Space(usize, Option<char>),
    /// The end of what we have.
    Nothing,
    /// Anything else: no clause ends here.
    Other,
}

fn behind(text: &str, end: usize) -> Behind {
    let rest = text.get(end..).unwrap_or_default();
    // A run of marks without end is not searched again from each of them.
    let near = rest.get(..rest.floor_char_boundary(MOST_CLOSING)).unwrap_or(rest);
    let closing = near.len()
        - near.trim_start_matches(['.', '!', '?', '…', '"', '”', '“', '’', '\'', '»', '«', ')', ']', '*', '_']).len();
    if closing == near.len() && near.len() < rest.len() {
        return Behind::Other;
    }
    let after = rest.get(closing..).unwrap_or_default();
    match after.chars().next() {
        None => Behind::Nothing,
        Some(letter) if letter.is_whitespace() => {
            let line_ends = after.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
            let next = if line_ends { Some('\n') } else { after.trim_start().chars().next() };
            Behind::Space(text.len() - after.len(), next)
        }
        Some(_) => Behind::Other,
    }
}

fn after_point(text: &str, at: usize, end: usize, complete: bool) -> Option<First> {
    let before = text.get(..at).unwrap_or_default();
    match behind(text, end) {
        Behind::Nothing | Behind::Space(_, None) if !complete => Some(First::Open),
        Behind::Nothing | Behind::Other => None,
        Behind::Space(end, None | Some('\n')) => Some(First::Ends(end)),
        Behind::Space(end, Some(next)) => {
            let goes_on = next.is_lowercase()
                || (next.is_numeric() && before.ends_with(char::is_numeric))
                || is_short_form(before, next)
                || is_item_number(before);
            (!goes_on).then_some(First::Ends(end))
        }
    }
}

fn within_sentence(text: &str, at: usize, end: usize, complete: bool) -> Option<First> {
    match behind(text, end) {
        Behind::Nothing | Behind::Space(_, None) if !complete => Some(First::Open),
        Behind::Nothing | Behind::Other => None,
        Behind::Space(end, next) => {
            let before = text.get(..at).unwrap_or_default().trim_end();
            let among_numbers = before.ends_with(char::is_numeric) && next.is_some_and(char::is_numeric);
            (!among_numbers).then_some(First::Ends(end))
        }
    }
}

/// The number of a list's item at the start of a line: it is said together with its text.
fn is_item_number(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    !line.is_empty() && line.len() < 4 && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text ends in an abbreviation or an initial, so that the point behind it ends no sentence before `next`.
fn is_short_form(before: &str, next: char) -> bool {
    let word = before.rsplit(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    let mut letters = word.chars();
    if letters.next().is_some() && letters.next().is_none() {
        return true;
    }
    let word = word.to_lowercase();
    matches!(
        word.as_str(),
        // Romanian
        "nr" | "art" | "alin" | "lit" | "pct" | "str" | "bd" | "bl" | "sc" | "ap" | "jud" | "mun" | "com" | "șos" | "dl" | "dna" | "dr" | "ing"
            | "prof" | "av" | "sf" | "tel" | "aprox" | "cca" | "incl" | "pag" | "înreg"
            // Hungarian
            | "pl" | "kb" | "szül" | "sz" | "id" | "ifj" | "özv" | "ill" | "ún" | "ld" | "krt" | "ker" | "vö"
            // English
            | "mr" | "mrs" | "ms" | "st" | "approx" | "vs"
    ) || (next.is_numeric()
        && matches!(
            word.as_str(),
            "no" | "nos"
                | "cap"
                | "par"
                | "para"
                | "pp"
                | "vol"
                | "fig"
                | "sec"
                | "et"
                | "em"
                | "int"
                | "max"
                | "min"
                | "sect"
                | "trim"
                | "sem"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        clauses(text).collect()
    }

    #[test]
    fn sentences_and_long_enough_parts_are_clauses() {
        assert_eq!(
            all(
                "Da. Pentru eliberarea actului aveți nevoie de cerere, de certificatul de naștere și de 7 lei; taxa se plătește aici."
            ),
            [
                "Da.",
                "Pentru eliberarea actului aveți nevoie de cerere,",
                "de certificatul de naștere și de 7 lei;",
                "taxa se plătește aici."
            ]
        );
        assert_eq!(all("Primăria comunei noastre – la etajul 2"), ["Primăria comunei noastre –", "la etajul 2"]);
    }

    #[test]
    fn numbers_dates_abbreviations_and_addresses_are_never_cut() {
        for whole in [
            "Impozitul datorat este acum de 1.234,56 lei până la 31.03.2026",
            "Locuiește în comună pe str. Morii nr. 5 bl. A ap. 7 jud. Cluj",
            "Vedeți pagina https://hub.mai.gov.ro/a,b;c sau scrieți la petitii@mai.gov.ro acum",
            "Conform legii din 2002, art. 5 alin. (2) lit. b) din OG nr. 27/2002"
                .trim_start_matches("Conform legii din 2002, "),
            "A határidő a 2026. március 12. napja lesz",
            "Numerele câștigătoare de astăzi sunt 5, 7, 12",
            "Domnul I. L. Caragiale și dl. Popescu",
        ] {
            assert_eq!(all(whole), [whole]);
        }
    }

    #[test]
    fn lines_and_items_are_clauses() {
        assert_eq!(
            all("## Acte\n- cererea\n- taxa\n\n1. Veniți. 2. Semnați."),
            ["## Acte", "- cererea", "- taxa", "1. Veniți.", "2. Semnați."]
        );
    }

    #[test]
    fn a_sentence_without_marks_is_cut_between_words() {
        let text = "cuvânt ".repeat(200);
        let clauses = all(&text);
        assert!(clauses.len() > 1);
        assert!(clauses.iter().all(|clause| clause.len() <= LONGEST && clause.ends_with("cuvânt")));
    }

    #[test]
    fn a_clause_comes_as_soon_as_it_is_certain() {
        let mut splitter = ClauseSplitter::new();
        assert!(splitter.push("Termenul este pe 12.").is_empty());
        assert!(splitter.push("03.2026.").is_empty());
        assert_eq!(splitter.push(" Taxa"), ["Termenul este pe 12.03.2026."]);
        assert_eq!(splitter.finish().as_deref(), Some("Taxa"));
        assert_eq!(splitter.finish(), None);
    }
}
