//! Text as it is spoken: numbers, dates, money, references written out in Romanian, Hungarian and English.
//!
//! A synthesiser is given letters, spaces and marks that make it pause; whatever else people write — figures, abbreviations,
//! paragraphs of laws, addresses, telephone numbers, remains of markdown — is put into words here, as somebody behind a desk
//! would say it. The result holds no digit, is the same for the same text on every machine, and exists for every input.
//!
//! ```
//! use text_normaliser::{Language, normalise};
//!
//! assert_eq!(normalise("Termen: 30 zile.", Language::Romanian), "Termen: treizeci de zile.");
//! assert_eq!(normalise("2 nap", Language::Hungarian), "két nap");
//! assert_eq!(normalise("€20", Language::English), "twenty euros");
//! ```
//!
//! **The way of a text.** `clean` brings letters into one form; `layout` takes off the signs of lists and headings;
//! `scan` cuts a line into tokens; `reader` walks over them and asks, at each place, for the first reading that knows it.
//! Readings that are alike in all languages (`addresses`, `codes`, `phones`, `marks`) are shared; a language brings
//! the rest as a `tongue::Tongue`: `romanian`, `hungarian`, `english`. `speech` is the text being written.
//!
//! **No regular expressions.** Nearly all words pass through as they are, and are told by two comparisons; a grammar that
//! looks one or two tokens around is quicker than patterns, and says which of two readings comes first.
//!
//! **Initials** are set apart by spaces (`C N P`): the synthesiser knows how letters are called.

mod addresses;
mod clause;
mod clean;
mod codes;
mod english;
mod figures;
mod hungarian;
mod layout;
mod letters;
mod marks;
mod moments;
mod phones;
mod reader;
mod romanian;
mod scan;
mod speech;
mod tongue;

pub use clause::{ClauseSplitter, clauses};

/// The languages that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// As in Romania: the decimal comma, days before months, `de` after twenty.
    Romanian,
    /// As in Hungarian, also where it is used in Romania: lei and Romanian laws are known.
    Hungarian,
    /// British reading; dates have the day first.
    English,
}

/// Writes a text as it is said, for a synthesiser.
///
/// The result holds letters, spaces, line ends and the marks `, ; : . … ? !`, hyphens and apostrophes within words; no digit
/// and no other sign. It is not empty when the text has a letter or an ASCII digit.
pub fn normalise(text: &str, language: Language) -> String {
    match language {
        Language::Romanian => reader::read(text, &romanian::Romanian),
        Language::Hungarian => reader::read(text, &hungarian::Hungarian),
        Language::English => reader::read(text, &english::English),
    }
}
