//! How much of a sentence was understood: the word error rate.

/// What was understood of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Errors {
    /// Words that are wrong, missing or too many.
    pub(super) wrong: usize,
    /// Words that were said.
    pub(super) words: usize,
}

impl Errors {
    /// The word error rate: 0 is perfect, more than 1 is possible.
    pub(super) fn rate(self) -> f64 {
        if self.words == 0 { 0.0 } else { self.wrong as f64 / self.words as f64 }
    }
}

impl std::ops::AddAssign for Errors {
    fn add_assign(&mut self, other: Self) {
        self.wrong += other.wrong;
        self.words += other.words;
    }
}

/// Compares what was understood to what was said, word by word, whatever the case and the punctuation.
pub(super) fn compare(said: &str, understood: &str) -> Errors {
    let (said, understood) = (words(said), words(understood));
    // Levenshtein's distance over words, a row at a time.
    let mut row: Vec<usize> = (0..=understood.len()).collect();
    for (place, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (column, other) in understood.iter().enumerate() {
            let replaced = diagonal + usize::from(word != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    Errors { wrong: row[understood.len()], words: said.len() }
}

fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .map(|letter| match letter {
            // The letters with a cedilla are an old spelling of those with a comma.
            'ş' => 'ș',
            'ţ' => 'ț',
            letter if letter.is_alphanumeric() => letter,
            _ => ' ',
        })
        .collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_missing_and_added_words_count_alike() {
        for (said, understood, wrong) in [
            ("Cât costă pașaportul?", "cat costă paşaportul", 1),
            ("Cât costă pașaportul?", "cât costă pașaportul", 0),
            ("unu doi trei", "unu trei", 1),
            ("unu doi", "unu și doi", 1),
            ("unu doi", "", 2),
            ("", "unu", 1),
        ] {
            assert_eq!(compare(said, understood).wrong, wrong, "{said} / {understood}");
        }
    }

    #[test]
    fn rates_of_several_sentences_are_those_of_all_their_words() {
        let mut errors = compare("unu doi trei", "unu doi");
        errors += compare("patru", "patru");
        assert!((errors.rate() - 0.25).abs() < 1e-9);
        assert!(Errors::default().rate().abs() < 1e-9);
    }
}
