//! Questions as they are typed in a hurry: without diacritics, with a slip in every fourth word.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A sequence of numbers that is the same on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % most
    }
}

/// `text` without diacritics and with one swap, loss or insertion of a letter in every fourth word.
pub(crate) fn mistyped(text: &str, dice: &mut Dice) -> String {
    let bare: String = text.nfkd().filter(|character| !is_combining_mark(*character)).collect();
    let mut words: Vec<String> = bare.split(' ').map(str::to_owned).collect();
    for word in words.iter_mut().skip(3).step_by(4) {
        let mut letters: Vec<char> = word.chars().collect();
        let places: Vec<usize> = (0..letters.len()).filter(|&at| letters[at].is_alphabetic()).collect();
        if places.len() < 2 {
            continue;
        }
        let place = places[dice.below(places.len())];
        match dice.below(3) {
            0 => {
                let pairs: Vec<usize> = (1..letters.len())
                    .filter(|&at| {
                        letters[at - 1].is_alphabetic() && letters[at].is_alphabetic() && letters[at - 1] != letters[at]
                    })
                    .collect();
                if !pairs.is_empty() {
                    let at = pairs[dice.below(pairs.len())];
                    letters.swap(at - 1, at);
                }
            }
            1 => {
                letters.remove(place);
            }
            _ => letters.insert(place, char::from(b'a' + dice.below(26) as u8)),
        }
        *word = letters.into_iter().collect();
    }
    words.join(" ")
}
