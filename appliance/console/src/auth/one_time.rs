//! One-time passwords that one can read aloud: four groups of five letters.

use rand::Rng;

/// Letters that no one mistakes for another, read or heard: no `i`, `l`, `o`.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz";

/// A fresh one-time password: 20 letters of 23, some 90 bits.
pub(crate) fn generate() -> String {
    let mut rng = rand::rng();
    let mut text = String::with_capacity(23);
    for place in 0..20 {
        if place > 0 && place % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_one_time_password_is_four_groups_of_five_letters() {
        let (one, other) = (generate(), generate());
        assert_ne!(one, other);
        assert!(one.split('-').map(str::len).eq([5, 5, 5, 5]));
        assert!(one.chars().all(|c| c == '-' || c.is_ascii_lowercase()));
    }
}
