//! Prompts whose text has a given structure of blocks, and the way back from a text to its blocks.
//!
//! A trace says of a prompt only how many tokens it has and which of its blocks equal which blocks of other prompts. From that a
//! text is made in which equal blocks are equal text, so that whoever routes by text sees the same prefixes as the trace. One
//! token counts as [`BYTES_PER_TOKEN`] bytes, about what English text has, and everything is plain ASCII.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

/// Bytes of text that count as one token.
pub const BYTES_PER_TOKEN: usize = 4;
/// Tokens in one block, as in the Mooncake traces (<https://github.com/kvcache-ai/Mooncake>).
pub const BLOCK_TOKENS: usize = 512;
/// Bytes of text in one block.
pub const BLOCK_BYTES: usize = BLOCK_TOKENS * BYTES_PER_TOKEN;

/// The tokens that `text` counts as: its bytes over [`BYTES_PER_TOKEN`], rounded up.
#[must_use]
pub fn tokens_of(text: &str) -> u32 {
    u32::try_from(text.len().div_ceil(BYTES_PER_TOKEN)).unwrap_or(u32::MAX)
}

/// Appends the first `bytes` bytes of the text of block `id`: words of three letters that no other id has.
pub fn push_block(text: &mut String, id: u64, bytes: usize) {
    let end = text.len() + bytes;
    // SplitMix64 (Steele, Lea, Flood 2014), so that blocks of neighbouring ids differ from their first word on.
    let mut state = id;
    while text.len() < end {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        for _ in 0..4 {
            for _ in 0..3 {
                text.push(char::from(b'a' + (word % 26) as u8));
                word /= 26;
            }
            text.push(' ');
        }
    }
    text.truncate(end);
}

/// The text of a prompt of `tokens` tokens made of the blocks `ids`; the last block may be cut short.
#[must_use]
pub fn text_of_blocks(ids: &[u64], tokens: usize) -> String {
    let bytes = (tokens * BYTES_PER_TOKEN).min(ids.len() * BLOCK_BYTES);
    let mut text = String::with_capacity(bytes + 16);
    for id in ids {
        let left = bytes.saturating_sub(text.len());
        push_block(&mut text, *id, left.min(BLOCK_BYTES));
    }
    text
}

/// The chained hashes of the blocks of `text`: two texts share their first n hashes if, and but for collisions only if, they
/// share their first n blocks. The rest of the text after the last full block is a block too.
#[must_use]
pub fn block_hashes(text: &str) -> Vec<u64> {
    let mut chain = 0;
    text.as_bytes()
        .chunks(BLOCK_BYTES)
        .map(|block| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(chain);
            hasher.write(block);
            chain = hasher.finish();
            chain
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_blocks_are_equal_text_and_hash_alike_up_to_the_first_that_differs() {
        let one = block_hashes(&text_of_blocks(&[0, 1, 2, 3], 2_048));
        let other = block_hashes(&text_of_blocks(&[0, 1, 7, 3], 2_048));
        assert_eq!(one.len(), 4);
        assert_eq!(one[..2], other[..2]);
        assert_ne!(one[2], other[2]);
        assert_ne!(one[3], other[3], "a block hashes with all that comes before it");
    }

    #[test]
    fn a_last_block_that_is_not_full_counts_with_its_tokens() {
        let text = text_of_blocks(&[5, 6], 700);
        assert_eq!(tokens_of(&text), 700);
        assert_eq!(block_hashes(&text).len(), 2);
        assert!(text.is_ascii());
    }

    #[test]
    fn a_trace_that_claims_more_tokens_than_its_blocks_hold_gets_what_they_hold() {
        assert_eq!(tokens_of(&text_of_blocks(&[5], 9_999)), 512);
    }
}
