//! Vectors that stand for the meaning of texts.

use serde::{Deserialize, Serialize};

/// Texts to be turned into vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingsRequest {
    /// The texts; never empty.
    pub texts: Vec<String>,
}

/// The vectors, one for each text, in the same order and all of the same length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// Vectors of length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens read.
    pub prompt_tokens: u32,
}
