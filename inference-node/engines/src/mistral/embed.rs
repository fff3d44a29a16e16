//! Vectors from texts.

use std::sync::Arc;

use mistralrs::{Request, RequestMessage, Response, SamplingParams};
use tokio::sync::mpsc;

use super::failure;
use super::running::{Running, plain_request};
use crate::tasks::{Embeddings, EmbeddingsRequest};
use crate::{EngineError, Stop};

/// Texts given to the engine at the same time. It computes those of the same length together.
const TOGETHER: usize = 16;

/// Turns texts into vectors.
///
/// # Errors
/// When a text is empty or too long, or the engine fails.
pub(crate) async fn embed(
    running: Arc<Running>,
    request: EmbeddingsRequest,
    stop: Stop,
) -> Result<Embeddings, EngineError> {
    let place = running.place(&stop).await?;
    // Stopped by the caller, or because the caller is gone.
    let gone = stop.child_token();
    let guard = gone.clone().drop_guard();
    // The engine's thread panics when it has a vector for somebody who no longer waits. So the work is a task of its own,
    // which stops between texts but never within one.
    let work = tokio::spawn(async move {
        let _place = place;
        embed_all(&running, &request.texts, &gone).await
    });
    let result = tokio::select! {
        biased;
        () = stop.cancelled() => Err(EngineError::Cancelled),
        result = work => result.unwrap_or_else(|error| Err(EngineError::Failed(error.to_string()))),
    };
    drop(guard);
    result
}

async fn embed_all(running: &Running, texts: &[String], stop: &Stop) -> Result<Embeddings, EngineError> {
    let mut embeddings = Embeddings { vectors: Vec::with_capacity(texts.len()), prompt_tokens: 0 };
    for (number, texts) in texts.chunks(TOGETHER).enumerate() {
        if stop.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let mut prompts = Vec::with_capacity(texts.len());
        for (offset, text) in texts.iter().enumerate() {
            let tokens = running.tokens(&RequestMessage::Embedding { prompt: text.clone() }).await?;
            check_length(number * TOGETHER + offset, tokens.len(), running.told.context)?;
            embeddings.prompt_tokens += u32::try_from(tokens.len()).unwrap_or(u32::MAX);
            prompts.push(twice_if_alone(tokens));
        }
        embeddings.vectors.extend(vectors(running, prompts).await?);
    }
    Ok(embeddings)
}

/// A single token is given twice: mistralrs 0.8.1 has no attention mask for one and panics. The vector is the same, for a
/// token that attends to its equals sees only what it is itself.
fn twice_if_alone(tokens: Vec<u32>) -> Vec<u32> {
    match tokens[..] {
        [only] => vec![only, only],
        _ => tokens,
    }
}

/// The vectors for some texts. Waits for all of them, even when one fails.
async fn vectors(running: &Running, prompts: Vec<Vec<u32>>) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut waiting = Vec::with_capacity(prompts.len());
    for prompt in prompts {
        let (sender, receiver) = mpsc::channel(2);
        let messages = RequestMessage::EmbeddingTokens { prompt };
        let request = plain_request(messages, SamplingParams::neutral(), sender);
        waiting.push(running.send(Request::Normal(Box::new(request))).await.map(|_| receiver));
    }
    let mut vectors = Vec::with_capacity(waiting.len());
    for receiver in waiting {
        vectors.push(match receiver {
            Ok(mut receiver) => one(receiver.recv().await),
            Err(error) => Err(error),
        });
    }
    vectors.into_iter().collect()
}

/// The vector in an answer.
fn one(response: Option<Response>) -> Result<Vec<f32>, EngineError> {
    match response {
        Some(Response::Embeddings { embeddings, .. }) => normalised(embeddings),
        Some(Response::ValidationError(error)) => Err(EngineError::request("input", error.to_string())),
        Some(Response::InternalError(error)) => Err(failure::computing(&error.to_string())),
        Some(Response::ModelError(error, _) | Response::CompletionModelError(error, _)) => {
            Err(failure::computing(&error))
        }
        Some(_) => Err(EngineError::Failed("it sent something other than a vector".to_owned())),
        None => Err(EngineError::Failed("its thread ended".to_owned())),
    }
}

/// The same direction with length 1. Whether the engine has done so depends on the model's parts.
fn normalised(mut vector: Vec<f32>) -> Result<Vec<f32>, EngineError> {
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(EngineError::Failed(
            "the vector has no direction: the weights are damaged, or the setting `dtype` is too small for the model"
                .to_owned(),
        ));
    }
    vector.iter_mut().for_each(|number| *number = (f64::from(*number) / length) as f32);
    Ok(vector)
}

fn check_length(number: usize, tokens: usize, context: u32) -> Result<(), EngineError> {
    if tokens == 0 {
        return Err(EngineError::request("input", format!("text {number} is empty")));
    }
    if tokens > context as usize {
        return Err(EngineError::request(
            "input",
            format!("text {number} takes {tokens} tokens, and the model takes {context}; cut it into parts"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_get_length_one() {
        assert_eq!(normalised(vec![3.0, 4.0]).unwrap(), [0.6, 0.8]);
    }

    #[test]
    fn a_vector_without_direction_is_an_error() {
        assert!(normalised(vec![0.0, 0.0]).is_err());
        assert!(normalised(vec![f32::NAN, 1.0]).is_err());
    }

    #[test]
    fn too_long_a_text_is_refused_with_the_numbers() {
        let message = check_length(3, 600, 512).unwrap_err().to_string();
        assert!(message.contains("text 3") && message.contains("600") && message.contains("512"), "{message}");
    }
}
