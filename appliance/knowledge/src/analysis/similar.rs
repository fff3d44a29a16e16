//! How alike two words are.

/// Length in bytes of the longest common beginning of two folded words.
pub(crate) fn common_prefix(left: &str, right: &str) -> usize {
    left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count()
}

/// Whether one swap, loss, insertion or replacement of a letter turns one word into the other (or they are equal).
pub(crate) fn one_error_apart(left: &str, right: &str) -> bool {
    // A letter takes at most four bytes; most words are told apart by their lengths alone.
    if left.len().abs_diff(right.len()) > 4
        || left.is_ascii() && right.is_ascii() && left.len().abs_diff(right.len()) > 1
    {
        return false;
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > 1 {
        return false;
    }
    let same = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let (rest_left, rest_right) = (&left[same..], &right[same..]);
    if rest_left.is_empty() || rest_right.is_empty() {
        return true;
    }
    match left.len().cmp(&right.len()) {
        std::cmp::Ordering::Greater => rest_left[1..] == *rest_right,
        std::cmp::Ordering::Less => *rest_left == rest_right[1..],
        std::cmp::Ordering::Equal => {
            let swapped = rest_left.len() > 1
                && rest_left[0] == rest_right[1]
                && rest_left[1] == rest_right[0]
                && rest_left[2..] == rest_right[2..];
            rest_left[1..] == rest_right[1..] || swapped
        }
    }
}

/// Share of letter triples that two folded words have in common (Dice), from 0 to 1.
pub(crate) fn letters_shared(left: &[u32], right: &[u32]) -> f32 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let common = left.iter().filter(|gram| right.contains(gram)).count();
    2.0 * common as f32 / (left.len() + right.len()) as f32
}

/// What [`letters_shared`] can be at most, by the lengths alone.
pub(crate) fn most_letters_shared(left: &[u32], right: &[u32]) -> f32 {
    2.0 * left.len().min(right.len()) as f32 / (left.len() + right.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_slip_is_one_error() {
        for typed in ["bulletin", "buletn", "buletni", "bulegin", "buletin"] {
            assert!(one_error_apart(typed, "buletin"), "{typed}");
        }
        for typed in ["bultni", "carte", "buletinul"] {
            assert!(!one_error_apart(typed, "buletin"), "{typed}");
        }
    }
}
