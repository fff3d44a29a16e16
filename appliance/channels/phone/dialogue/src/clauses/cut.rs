//! Sentences cut into clauses: each is spoken in one breath, and the first is short so that sound begins soon.

/// A first clause longer than this is cut at a comma, in characters.
const FIRST: usize = 70;
/// Any clause longer than this is cut, in characters.
const LONGEST: usize = 180;
/// No piece is shorter than this, in characters.
const SHORTEST: usize = 18;

/// What a full stop follows without ending a sentence, folded to lower case.
const ABBREVIATIONS: [&str; 34] = [
    "nr", "art", "alin", "lit", "str", "bd", "bl", "sc", "et", "ap", "jud", "tel", "dl", "dna", "dvs", "dr", "sf",
    "pct", "cap", "mr", "mrs", "no", "st", "pl", "kb", "ún", "sz", "u", "ld", "stb", "tv", "bek", "hrsz", "ord",
];

/// The sentences of `text`, and what stands after the last one that is complete.
pub(crate) fn sentences(text: &str) -> (Vec<&str>, &str) {
    let mut found = Vec::new();
    let mut from = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if !matches!(character, '.' | '!' | '?' | '…') || ends_abbreviation(&text[from..at], character) {
            continue;
        }
        let end = at + character.len_utf8();
        let rest = &text[end..];
        let quotes = rest.len() - rest.trim_start_matches(['”', '"', ')', '.', '!', '?']).len();
        let after = &rest[quotes..];
        let next = after.trim_start().chars().next();
        let parted = after.starts_with(char::is_whitespace) || after.is_empty();
        if parted && next.is_none_or(|next| !next.is_lowercase()) {
            found.push(text[from..end + quotes].trim());
            from = end + quotes;
            while characters.peek().is_some_and(|(at, _)| *at < from) {
                let _ = characters.next();
            }
        }
    }
    found.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    (found, text[from..].trim())
}

fn ends_abbreviation(before: &str, mark: char) -> bool {
    let word = before.rsplit([' ', '(', '„']).next().unwrap_or_default();
    mark == '.'
        && (ABBREVIATIONS.contains(&word.to_lowercase().as_str())
            || word.chars().count() == 1 && word.chars().all(char::is_uppercase))
}

/// A sentence as clauses; the first of a turn is cut sooner.
pub(crate) fn clauses(sentence: &str, first: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sentence.trim();
    while !rest.is_empty() {
        let limit = if first && found.is_empty() { FIRST } else { LONGEST };
        let Some(at) = place_to_cut(rest, limit) else { break };
        let (clause, after) = rest.split_at(at);
        found.push(clause.trim().to_owned());
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        found.push(rest.to_owned());
    }
    found
}

/// Where to cut `text` if it is longer than `limit`: behind the first mark far enough in, else, for what is much too
/// long, at the last space.
fn place_to_cut(text: &str, limit: usize) -> Option<usize> {
    if text.chars().count() <= limit {
        return None;
    }
    let far_enough = |at: usize| text[..at].chars().count() >= SHORTEST && text[at..].chars().count() >= SHORTEST;
    let marks = text
        .char_indices()
        .filter(|(at, mark)| matches!(mark, ',' | ';' | ':' | '–') && text[at + mark.len_utf8()..].starts_with(' '));
    let ends: Vec<usize> = marks.map(|(at, mark)| at + mark.len_utf8()).filter(|at| far_enough(*at)).collect();
    let within = |at: &usize| text[..*at].chars().count() <= LONGEST;
    let space = || {
        let spaces = text.char_indices().filter(|(at, c)| *c == ' ' && text[..*at].chars().count() <= LONGEST);
        spaces.map(|(at, _)| at).rfind(|at| far_enough(*at))
    };
    let long = text.chars().count() > LONGEST;
    if limit == FIRST {
        return ends.first().copied().filter(within).or_else(|| if long { space() } else { None });
    }
    ends.iter().copied().rfind(within).or_else(space)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_end_where_people_stop() {
        let (found, rest) = sentences("Mergeți la art. 12 alin. 3 din lege. Costă 40 de lei! Aveți nevoie de");
        assert_eq!(found, ["Mergeți la art. 12 alin. 3 din lege.", "Costă 40 de lei!"]);
        assert_eq!(rest, "Aveți nevoie de");
        assert_eq!(sentences("A 2026. május 5-i dátum. Jó.").0.len(), 2);
        assert_eq!(sentences("„Gata.” Apoi veniți.").0, ["„Gata.”", "Apoi veniți."]);
    }

    #[test]
    fn a_long_first_sentence_is_cut_at_its_first_comma() {
        let sentence =
            "Pentru o carte de identitate nouă, mergeți la evidența persoanelor cu actul vechi și cu cererea.";
        assert_eq!(clauses(sentence, true)[0], "Pentru o carte de identitate nouă,");
        assert_eq!(clauses(sentence, false).len(), 1);
        assert_eq!(clauses("Da, costă 40 de lei.", true).len(), 1);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_nothing_is_too_long(text in "[a-zșț ,.;:!?„”]{0,500}", first: bool) {
            let parts = clauses(&text, first);
            let joined = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(joined(&parts.concat()), joined(&text));
            let (found, rest) = sentences(&text);
            prop_assert!(found.iter().all(|sentence| text.contains(sentence)) && text.contains(rest));
        }
    }
}
