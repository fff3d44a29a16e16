//! What asks for a replica: one request, without its words.

use std::fmt;

use protocol::Class;
use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// Names one request; the caller never uses it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// Names one replica of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplicaId(pub u32);

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one conversation or call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionKey(pub u64);

/// The hash of one block of a prompt together with all that comes before it, so that equal hashes mean equal prefixes.
///
/// Live, the blocks are of *text* (the bytes of the rendered messages), not of tokens. The engines cache tokens, but equal
/// text before a block's end gives equal tokens but for the last one or two, which is far below a block; and hashing text
/// needs no tokenizer of each model in the dispatcher, costs a fraction of tokenising, and does not wait for it. What is lost
/// is the exact count, and the dispatcher needs a proportion only: the part of the prompt's blocks that a replica has seen.
/// A trace that comes with hashes of token blocks serves as well: the dispatcher compares hashes and never looks inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockHash(pub u64);

impl BlockHash {
    /// The chain of hashes of `text` in blocks of `block_bytes`; a last block that is not full has none, since the next turn
    /// of the conversation lengthens it.
    ///
    /// `seed` is a secret of the process: without it an outsider could write prompts whose hashes collide. A collision costs a
    /// misplaced request, never a wrong answer. The hash is FNV-1a (<https://datatracker.ietf.org/doc/rfc9923/>) with a final
    /// mix, for speed and because it never changes between releases or machines.
    #[must_use]
    pub fn chain(seed: u64, text: &[u8], block_bytes: usize) -> Vec<Self> {
        let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
        text.chunks_exact(block_bytes.max(1))
            .map(|block| {
                for byte in block {
                    hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
                hash ^= hash >> 32;
                Self(hash)
            })
            .collect()
    }
}

/// One request for the model, as much of it as placing it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its name.
    pub id: RequestId,
    /// Who waits for it.
    pub class: Class,
    /// When its first token must have come; without one, its class's target counts from the arrival.
    pub deadline: Option<Moment>,
    /// Tokens of the prompt, counted or estimated.
    pub prompt_tokens: u32,
    /// Tokens that the answer will probably have: the class's usual, or the limit that the caller set.
    pub expected_output_tokens: u32,
    /// The chain of the prompt's blocks, first block first; empty where nothing is known.
    pub prefix: Vec<BlockHash>,
    /// The conversation or call that it belongs to.
    pub session: Option<SessionKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_share_hashes_as_far_as_they_are_equal_and_none_after() {
        let one = BlockHash::chain(7, b"aaaabbbbccccdd", 4);
        let other = BlockHash::chain(7, b"aaaaXbbbcccc", 4);
        assert_eq!(one.len(), 3);
        assert_eq!(one[0], other[0]);
        assert!(one[1] != other[1] && one[2] != other[2]);
        assert_ne!(one, BlockHash::chain(8, b"aaaabbbbcccc", 4));
    }
}
