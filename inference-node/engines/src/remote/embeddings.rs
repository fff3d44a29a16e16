//! Vectors: `POST /v1/embeddings`.

use serde::Deserialize;
use serde_json::{Map, json};

use super::connection::{Connection, Route};
use crate::tasks::Embeddings;
use crate::{EngineError, Stop};

/// 2,048 vectors of 4,096 numbers, written out.
const ROUTE: Route = Route { path: "embeddings", subject: "input", limit: 256 << 20 };

#[derive(Deserialize)]
struct Answered {
    data: Vec<Entry>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Entry {
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u32>,
}

/// Turns texts into vectors of length 1, in their order.
pub(super) async fn embed(connection: &Connection, texts: &[String], stop: &Stop) -> Result<Embeddings, EngineError> {
    let fields = Map::from_iter([("input".to_owned(), json!(texts)), ("encoding_format".to_owned(), json!("float"))]);
    let answered: Answered = connection.post_json(&ROUTE, fields, stop).await?.json(stop).await?;
    let url = &connection.url;
    let wrong = |what: String| EngineError::Failed(format!("the embeddings of `{url}` cannot be used: {what}"));

    let mut entries: Vec<_> =
        answered.data.into_iter().enumerate().map(|(place, entry)| (entry.index.unwrap_or(place), entry)).collect();
    entries.sort_by_key(|(index, _)| *index);
    if !entries.iter().map(|(index, _)| *index).eq(0..texts.len()) {
        return Err(wrong(format!("it did not answer with one vector for each of the {} texts", texts.len())));
    }
    let dimensions = entries.first().map_or(0, |(_, entry)| entry.embedding.len());
    let mut vectors = Vec::with_capacity(entries.len());
    for (index, entry) in entries {
        if entry.embedding.len() != dimensions {
            return Err(wrong(format!("vector {index} has {} numbers and not {dimensions}", entry.embedding.len())));
        }
        vectors.push(unit(entry.embedding).ok_or_else(|| wrong(format!("vector {index} has no length")))?);
    }
    let prompt_tokens = answered.usage.and_then(|usage| usage.prompt_tokens).unwrap_or_default();
    Ok(Embeddings { vectors, prompt_tokens })
}

/// How many numbers a vector has, found out by making one.
pub(super) async fn dimensions(connection: &Connection) -> Result<u32, EngineError> {
    let probe = embed(connection, &["probe".to_owned()], &Stop::new()).await.map_err(|error| match error {
        EngineError::Load(_) => error,
        other => EngineError::Load(format!("failed to make a first embedding: {other}")),
    })?;
    let dimensions = probe.vectors.first().map_or(0, Vec::len);
    u32::try_from(dimensions).map_err(|_| EngineError::Load(format!("a vector of {dimensions} numbers is too long")))
}

/// The vector at length 1; `None` when it has no direction. Not every server normalises.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length <= 0.0 {
        return None;
    }
    for number in &mut vector {
        *number = (f64::from(*number) / length) as f32;
    }
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_out_at_length_one() {
        assert_eq!(unit(vec![3.0, 4.0]), Some(vec![0.6, 0.8]));
        assert_eq!(unit(vec![0.0, 0.0]), None);
        assert_eq!(unit(vec![]), None);
        assert_eq!(unit(vec![f32::MAX, f32::MAX]).map(|vector| vector[0] > 0.7), Some(true));
    }
}
