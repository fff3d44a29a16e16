//! Embeddings, where a node offers them: a second opinion on the candidates, fused by reciprocal rank.

use async_trait::async_trait;

/// No vectors came back.
#[derive(Debug, thiserror::Error)]
#[error("failed to embed {count} texts")]
pub struct EmbedError {
    /// How many texts were sent.
    pub count: usize,
    /// What the embedding service said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Turns texts into vectors whose cosine tells how near their meanings are.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// One vector for each text, in order.
    ///
    /// # Errors
    /// When the service does not answer; the search then goes on without it.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Cosine of two vectors; 0 when one is empty or their lengths differ.
pub(crate) fn cosine(left: &[f32], right: &[f32]) -> f32 {
    if left.len() != right.len() {
        return 0.0;
    }
    let dot: f32 = left.iter().zip(right).map(|(a, b)| a * b).sum();
    let norm = |vector: &[f32]| vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let norms = norm(left) * norm(right);
    if norms > 0.0 { dot / norms } else { 0.0 }
}
