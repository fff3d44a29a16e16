//! What is known of words themselves: which carry grammar, which any subject may use, which are months or numerals.

use std::collections::HashSet;
use std::sync::LazyLock;

use desk::language::{Language, Localized};

use super::stemming::stem;

/// The words of one language that say little.
pub(crate) struct Lexicon {
    stop: HashSet<&'static str>,
    common: HashSet<&'static str>,
    common_stems: HashSet<String>,
}

static LEXICONS: LazyLock<Localized<Lexicon>> = LazyLock::new(|| Localized {
    ro: Lexicon::new(Language::Ro, include_str!("words/stop_ro.txt"), include_str!("words/common_ro.txt")),
    hu: Lexicon::new(Language::Hu, include_str!("words/stop_hu.txt"), include_str!("words/common_hu.txt")),
    en: Lexicon::new(Language::En, include_str!("words/stop_en.txt"), include_str!("words/common_en.txt")),
});

/// The lexicon of `language`.
pub(crate) fn lexicon(language: Language) -> &'static Lexicon {
    LEXICONS.get(language)
}

impl Lexicon {
    fn new(language: Language, stop: &'static str, common: &'static str) -> Self {
        let words =
            |text: &'static str| text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
        let common: HashSet<_> = words(common).collect();
        let common_stems = common.iter().map(|word| stem(word, language).into_owned()).collect();
        Self { stop: words(stop).collect(), common, common_stems }
    }

    /// Whether the folded word only carries grammar.
    pub(crate) fn is_stop(&self, folded: &str) -> bool {
        self.stop.contains(folded)
    }

    /// Whether any subject may use the folded word.
    pub(crate) fn is_common(&self, folded: &str, stem: &str) -> bool {
        self.common.contains(folded) || self.common_stems.contains(stem)
    }

    /// The words that only carry grammar.
    pub(crate) fn stop_words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.stop.iter().copied()
    }

    /// The words that any subject may use.
    pub(crate) fn common_words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.common.iter().copied()
    }
}

/// Months, folded, in the three languages.
pub(crate) fn is_month(folded: &str) -> bool {
    const MONTHS: [&str; 36] = [
        "ianuarie",
        "februarie",
        "martie",
        "aprilie",
        "mai",
        "iunie",
        "iulie",
        "august",
        "septembrie",
        "octombrie",
        "noiembrie",
        "decembrie",
        "januar",
        "februar",
        "marcius",
        "aprilis",
        "majus",
        "junius",
        "julius",
        "augusztus",
        "szeptember",
        "oktober",
        "november",
        "december",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    (3..=10).contains(&folded.len()) && MONTHS.contains(&folded)
}

/// Numbers written as words, folded, in the three languages.
pub(crate) fn is_numeral(folded: &str) -> bool {
    const NUMERALS: [&str; 84] = [
        "doi",
        "doua",
        "trei",
        "patru",
        "cinci",
        "sase",
        "sapte",
        "opt",
        "noua",
        "zece",
        "unsprezece",
        "doisprezece",
        "treisprezece",
        "cincisprezece",
        "douazeci",
        "treizeci",
        "patruzeci",
        "cincizeci",
        "saizeci",
        "suta",
        "sute",
        "mie",
        "mii",
        "milion",
        "milioane",
        "miliard",
        "miliarde",
        "jumatate",
        "sfert",
        "treime",
        "prima",
        "primul",
        "dublu",
        "ket",
        "ketto",
        "harom",
        "negy",
        "ot",
        "hat",
        "het",
        "nyolc",
        "kilenc",
        "tiz",
        "tizenot",
        "husz",
        "harminc",
        "negyven",
        "otven",
        "hatvan",
        "szaz",
        "ezer",
        "millio",
        "milliard",
        "fel",
        "negyed",
        "harmad",
        "elso",
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
        "fifteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "hundred",
        "hundreds",
        "thousand",
        "million",
        "billion",
        "half",
        "quarter",
        "third",
        "first",
        "double",
    ];
    (2..=13).contains(&folded.len()) && NUMERALS.contains(&folded)
}
