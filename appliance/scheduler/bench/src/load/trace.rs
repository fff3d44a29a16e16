//! Traces of JSON lines, `timestamp` (milliseconds), `input_length`, `output_length` (tokens), `hash_ids` (of blocks of 512
//! tokens), as published with Mooncake (Qin et al., FAST 2025).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::{Arrival, Plan};

/// What to take of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceOptions {
    /// Its time runs so many times faster.
    pub speed: f64,
    /// Requests taken from its beginning; none for all.
    pub limit: Option<usize>,
    /// The class of all its requests.
    pub class: String,
}

/// A trace cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It cannot be read.
    #[error("failed to read the trace `{path}`")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("failed to understand line {line} of the trace `{path}`")]
    Line {
        /// The file.
        path: Utf8PathBuf,
        /// The line, the first being 1.
        line: usize,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Line {
    timestamp: f64,
    input_length: u32,
    output_length: u32,
    hash_ids: Vec<u64>,
}

/// Reads a trace, compressed by gzip if its name ends in `.gz`.
///
/// # Errors
/// When the file cannot be read, or a line of it is not a request.
pub fn read_trace(path: &Utf8Path, options: &TraceOptions) -> Result<Plan, TraceError> {
    let unread = |source| TraceError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unread)?;
    let bytes: Box<dyn Read> =
        if path.extension() == Some("gz") { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut arrivals = Vec::new();
    for (index, line) in BufReader::new(bytes).lines().take(options.limit.unwrap_or(usize::MAX)).enumerate() {
        let line = line.map_err(unread)?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).map_err(|source| TraceError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        arrivals.push(Arrival {
            at: line.timestamp / 1e3 / options.speed,
            class: 0,
            prompt_tokens: line.input_length.max(1),
            output_tokens: line.output_length.max(1),
            blocks: line.hash_ids,
        });
    }
    arrivals.sort_by(|one, other| one.at.total_cmp(&other.at));
    let start = arrivals.first().map_or(0.0, |arrival| arrival.at);
    arrivals.iter_mut().for_each(|arrival| arrival.at -= start);
    Ok(Plan { classes: vec![options.class.clone()], arrivals })
}
