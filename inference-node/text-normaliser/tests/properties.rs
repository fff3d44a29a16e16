//! What holds for every text, in every language.

use proptest::prelude::*;
use text_normaliser::{ClauseSplitter, Language, clauses, normalise};

const LANGUAGES: [Language; 3] = [Language::Romanian, Language::Hungarian, Language::English];

/// Pieces of which real text is made: random characters alone rarely meet.
const PIECES: [&str; 78] = [
    "art. ",
    "alin. (2)",
    "lit. b)",
    "nr. ",
    "12.03.2026",
    "08:30",
    "-",
    "–",
    " ",
    ".",
    ",",
    "1.234,56",
    "1 234",
    "lei",
    "€",
    "$",
    "20",
    "0721 234 567",
    "+40",
    "(",
    ")",
    "[",
    "](",
    "https://",
    "hub.mai.gov.ro",
    "@",
    "/",
    "OG",
    "XXI",
    "IV",
    "I",
    "a ",
    "al ",
    "-lea",
    "-a",
    "2",
    "1",
    "112",
    "%",
    "°C",
    "m²",
    "²",
    "½",
    "Ⅳ",
    "①",
    "٣",
    "\n",
    "- ",
    "# ",
    "|",
    "**",
    "_",
    "🎉",
    "ş",
    "s\u{326}",
    "SF-7K3",
    "RO49",
    "CNP",
    "e.g. ",
    "3rd",
    "12 March",
    "2026. ",
    "március ",
    "-én",
    "§",
    "5pm",
    "S.R.L.",
    "0",
    "00",
    "99999999999999999999",
    "1/2",
    "între ",
    "orele ",
    "8-16",
    "x",
    "de ",
    "copii ",
    "\u{300}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat())
    ]
}

fn has_sound(letter: char) -> bool {
    letter.is_ascii_digit() || (letter.is_alphabetic() && !letter.is_numeric())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_read_without_digits_and_without_being_lost(text in text()) {
        for language in LANGUAGES {
            let said = normalise(&text, language);
            prop_assert!(!said.contains(char::is_numeric), "{language:?}: {said:?}");
            prop_assert_eq!(said.trim(), said.as_str());
            prop_assert!(!said.contains("  "), "{:?}", said);
            if text.contains(has_sound) {
                prop_assert!(said.contains(char::is_alphabetic), "{language:?}: {text:?} gave {said:?}");
            }
        }
    }

    #[test]
    fn a_text_gives_the_same_clauses_in_one_piece_as_in_many(text in text(), size in 1_usize..9) {
        let mut splitter = ClauseSplitter::new();
        let mut found = Vec::new();
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(size) {
            found.extend(splitter.push(&piece.iter().collect::<String>()));
        }
        found.extend(splitter.finish());
        prop_assert_eq!(&found, &clauses(&text).map(str::to_owned).collect::<Vec<_>>());
        let kept = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        prop_assert_eq!(kept(&found.concat()), kept(&text));
    }
}

#[test]
fn long_runs_without_a_space_are_read_in_good_time() {
    for piece in [
        "a.", "a-", "A1", "A1a", "](", "[", "1.", "1/", "1-", ". ", "(", "X.", "a@", "1 ", "+", "\u{300}", "!", "a.\n",
        "1 . ",
    ] {
        let text = piece.repeat(5_000 / piece.len());
        for language in LANGUAGES {
            assert!(!normalise(&text, language).contains(char::is_numeric));
        }
        assert!(clauses(&text).count() < text.len());
    }
}
