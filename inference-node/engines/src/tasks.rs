//! What is asked of a model and what comes back, per task.

mod chat;
mod embeddings;
mod listen;
pub(crate) mod samples;
mod speech;
mod transcription;

pub use chat::{ChatEvent, ChatMessage, ChatRequest, ChatRole, FinishReason, ResponseFormat, Usage};
pub use embeddings::{Embeddings, EmbeddingsRequest};
pub use listen::{EndOfTurn, ListenEvent, ListenRequest};
pub use speech::{SpeechPiece, SpeechRequest};
pub use transcription::{Segment, Transcript, TranscriptionRequest, Word};
