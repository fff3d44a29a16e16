//! Hashed terms with their counts: the compact form in which candidates are compared with a question.

use super::lookup::Lookup;

/// FNV-1a; 32 bits are plenty for the few hundred terms of one article.
pub(crate) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Like [`hash`], of characters.
pub(crate) fn hash_characters(characters: &[char]) -> u32 {
    characters.iter().fold(0x811c_9dc5, |hash, &character| (hash ^ u32::from(character)).wrapping_mul(0x0100_0193))
}

/// How often each term occurs, sorted by hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    terms: Vec<(u32, u16)>,
    lookup: Lookup,
    /// Occurrences of all terms.
    pub(crate) total: u32,
}

impl Counts {
    /// Counts `hashes`.
    pub(crate) fn new(mut hashes: Vec<u32>) -> Self {
        hashes.sort_unstable();
        let total = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        let mut terms: Vec<(u32, u16)> = Vec::with_capacity(hashes.len() / 2 + 1);
        for hash in hashes {
            match terms.last_mut() {
                Some((last, count)) if *last == hash => *count = count.saturating_add(1),
                _ => terms.push((hash, 1)),
            }
        }
        let lookup = Lookup::new(terms.iter().map(|(term, _)| *term));
        Self { terms, lookup, total }
    }

    /// Occurrences of one term.
    pub(crate) fn get(&self, hash: u32) -> u16 {
        let stretch = &self.terms[self.lookup.range(hash)];
        stretch.iter().find(|(term, _)| *term == hash).map_or(0, |(_, count)| *count)
    }

    /// Every different term.
    pub(crate) fn terms(&self) -> impl Iterator<Item = u32> + '_ {
        self.terms.iter().map(|(term, _)| *term)
    }
}

/// Runs of `size` characters over words parted by single spaces: what two spellings of a word still share.
pub(crate) fn running_grams(words: &[&str], size: usize) -> Vec<u32> {
    let mut characters = vec![' '];
    for word in words {
        characters.extend(word.chars());
        characters.push(' ');
    }
    characters.windows(size).map(hash_characters).collect()
}

/// Runs of `size` characters of a text that is words parted by single spaces, with one before and one behind.
pub(crate) fn running_grams_of(text: &str, size: usize) -> Vec<u32> {
    let characters: Vec<char> = text.chars().collect();
    characters.windows(size).map(hash_characters).collect()
}

/// Runs of `size` characters within each word, its ends marked.
pub(crate) fn word_grams(words: &[&str], size: usize) -> Vec<u32> {
    let mut grams = Vec::new();
    let mut characters = Vec::new();
    for word in words {
        add_word_grams(word, size, &mut characters, &mut grams);
    }
    grams
}

/// Adds the runs of one word to `grams`; `characters` is room to work in.
pub(crate) fn add_word_grams(word: &str, size: usize, characters: &mut Vec<char>, grams: &mut Vec<u32>) {
    characters.clear();
    characters.push('^');
    characters.extend(word.chars());
    characters.push('$');
    if characters.len() < size {
        grams.push(hash_characters(characters));
    }
    grams.extend(characters.windows(size).map(hash_characters));
}

/// The first five letters of a word: a stem that no spelling of an ending changes.
pub(crate) fn prefix(word: &str) -> u32 {
    hash(word.char_indices().nth(5).map_or(word, |(end, _)| &word[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_counted() {
        let counts = Counts::new(word_grams(&["anan"], 3));
        assert_eq!(counts.total, 4);
        assert_eq!(counts.get(hash("ana")), 1);
        assert_eq!(counts.get(hash("xyz")), 0);
    }

    #[test]
    fn a_prefix_is_cut_between_characters() {
        assert_eq!([prefix("buletinul"), prefix("să")], [hash("bulet"), hash("să")]);
    }
}
