//! What arrives: traces read from files, merged, each with its class.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::GzDecoder;
use jiff::civil::DateTime;
use policy::BlockHash;
use protocol::Class;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;

/// One request of a trace.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Microseconds since the trace's beginning.
    pub at_us: u64,
    /// Who waits for it.
    pub class: Class,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens of the answer, which no live policy knows.
    pub output_tokens: u32,
    /// The chained hashes of the prompt's blocks.
    pub blocks: Arc<[BlockHash]>,
}

/// Why a trace is not read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be opened or read.
    #[error("failed to read `{path}`")]
    Read {
        /// Which file.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("`{path}`: line {line} is not understood: {what}")]
    Line {
        /// Which file.
        path: Utf8PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file has no request.
    #[error("`{path}` holds no request")]
    Empty {
        /// Which file.
        path: Utf8PathBuf,
    },
}

/// How counts of calls become requests: each call asks the model several times, its prompt growing by what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct CallShape {
    /// Requests of one call.
    pub turns: u32,
    /// Seconds between two of them.
    pub turn_secs: f64,
    /// Tokens that all calls begin with.
    pub system_tokens: u32,
    /// Tokens that each turn adds.
    pub turn_tokens: u32,
    /// Tokens of each answer, on average; drawn evenly between half and one and a half.
    pub output_tokens: u32,
    /// Tokens of one block of the prefix cache.
    pub block_tokens: u32,
}

impl Default for CallShape {
    fn default() -> Self {
        Self { turns: 6, turn_secs: 20.0, system_tokens: 1_024, turn_tokens: 200, output_tokens: 60, block_tokens: 512 }
    }
}

/// One request of a JSON-lines trace, as Mooncake publishes them.
#[derive(Deserialize)]
struct JsonLine {
    /// Milliseconds.
    timestamp: f64,
    input_length: u32,
    output_length: u32,
    #[serde(default)]
    hash_ids: Vec<u64>,
}

/// Reads a trace: JSON lines, Azure's CSV or counts of calls, told apart by their first line; unpacked if gzip. Its first
/// request is at zero. `seed` spreads calls within their interval and keeps the block hashes of different traces apart.
///
/// # Errors
/// [`TraceError`]: the file cannot be read, is empty, or a line is not understood.
pub fn read(path: &Utf8Path, class: Class, seed: u64, calls: &CallShape) -> Result<Vec<Arrival>, TraceError> {
    let fail = |source| TraceError::Read { path: path.to_owned(), source };
    let mut bytes = std::fs::read(path).map_err(fail)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(fail)?;
        bytes = plain;
    }
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(bytes.as_slice()).lines()) {
        let line = line.map_err(fail)?;
        if !line.trim().is_empty() {
            lines.push((number, line.trim().to_owned()));
        }
    }
    let header = lines.first().map_or("", |(_, line)| line.as_str()).to_owned();
    let parsed = if header.starts_with('{') {
        lines.iter().map(|(number, line)| json_line(line, class, seed).map_err(|what| (*number, what))).collect()
    } else if header.starts_with("TIMESTAMP") {
        lines.iter().skip(1).map(|(number, line)| azure_line(line, class).map_err(|what| (*number, what))).collect()
    } else if header.starts_with("DateTime") {
        call_lines(&lines[1..], class, seed, calls)
    } else {
        Err((1, "neither JSON, nor `TIMESTAMP,ContextTokens,GeneratedTokens`, nor `DateTime,Calls`".to_owned()))
    };
    let mut arrivals = parsed.map_err(|(line, what)| TraceError::Line { path: path.to_owned(), line, what })?;
    arrivals.sort_by_key(|arrival: &Arrival| arrival.at_us);
    let Some(origin) = arrivals.first().map(|arrival| arrival.at_us) else {
        return Err(TraceError::Empty { path: path.to_owned() });
    };
    for arrival in &mut arrivals {
        arrival.at_us -= origin;
    }
    Ok(arrivals)
}

fn json_line(line: &str, class: Class, seed: u64) -> Result<Arrival, String> {
    let line: JsonLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Ok(Arrival {
        at_us: micros(line.timestamp / 1e3),
        class,
        prompt_tokens: line.input_length.max(1),
        output_tokens: line.output_length.max(1),
        blocks: line.hash_ids.iter().map(|id| block(seed, *id)).collect(),
    })
}

fn azure_line(line: &str, class: Class) -> Result<Arrival, String> {
    let mut fields = line.split(',').map(str::trim);
    let (Some(at), Some(prompt), Some(output)) = (fields.next(), fields.next(), fields.next()) else {
        return Err("three fields are needed".to_owned());
    };
    let tokens = |field: &str| field.parse::<u32>().map_err(|error| format!("`{field}`: {error}"));
    Ok(Arrival {
        at_us: moment(at)?,
        class,
        prompt_tokens: tokens(prompt)?.max(1),
        output_tokens: tokens(output)?.max(1),
        blocks: Arc::new([]),
    })
}

fn call_lines(
    lines: &[(usize, String)],
    class: Class,
    seed: u64,
    shape: &CallShape,
) -> Result<Vec<Arrival>, (usize, String)> {
    let mut intervals = Vec::new();
    for (number, line) in lines {
        let (at, calls) = line.split_once(',').ok_or_else(|| (*number, "two fields are needed".to_owned()))?;
        let at = moment(at).map_err(|what| (*number, what))?;
        let calls = calls.trim().parse::<f64>().map_err(|error| (*number, format!("`{calls}`: {error}")))?;
        intervals.push((at, calls));
    }
    let length = intervals.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).filter(|gap| *gap > 0).min();
    let length = length.unwrap_or(300_000_000);
    let mut chance = StdRng::seed_from_u64(seed);
    let mut arrivals = Vec::new();
    let mut call = 0_u64;
    for (begin, calls) in intervals {
        let mut left = calls;
        while left > 0.0 && chance.random_bool(left.min(1.0)) {
            left -= 1.0;
            call += 1;
            let at = begin + chance.random_range(0..length);
            arrivals.extend(session(crate::report::secs(at), call, class, seed, shape, &mut chance));
        }
    }
    Ok(arrivals)
}

/// The requests of one call or chat, number `number` of its trace, that begins at `begin` seconds; those before zero are left
/// out. Its prompts grow by what was said, so that each begins with the one before.
pub(crate) fn session(
    begin: f64,
    number: u64,
    class: Class,
    seed: u64,
    shape: &CallShape,
    chance: &mut StdRng,
) -> Vec<Arrival> {
    let size = shape.block_tokens.max(1);
    let shared = shape.system_tokens / size;
    let usual = shape.output_tokens.max(2);
    let mut arrivals = Vec::new();
    for turn in 0..shape.turns {
        let output_tokens = chance.random_range(usual / 2..=usual + usual / 2);
        let at = begin + f64::from(turn) * shape.turn_secs;
        if at < 0.0 {
            continue;
        }
        let prompt_tokens = shape.system_tokens + shape.turn_tokens * (turn + 1);
        let blocks = (0..prompt_tokens / size).map(|block_at| {
            let of = if block_at < shared { 0 } else { number };
            block(seed, (of << 20) | u64::from(block_at))
        });
        arrivals.push(Arrival {
            at_us: micros(at),
            class,
            prompt_tokens: prompt_tokens.max(1),
            output_tokens,
            blocks: blocks.collect(),
        });
    }
    arrivals
}

/// Brings several traces into one, in the order of their arrivals.
#[must_use]
pub fn merge(traces: Vec<Vec<Arrival>>) -> Vec<Arrival> {
    let mut merged: Vec<Arrival> = traces.into_iter().flatten().collect();
    merged.sort_by_key(|arrival| arrival.at_us);
    merged
}

/// Keeps the requests between two moments, in seconds, and sets the first moment to zero.
#[must_use]
pub fn window(trace: Vec<Arrival>, from_secs: f64, for_secs: f64) -> Vec<Arrival> {
    let (from, until) = (micros(from_secs), micros(from_secs + for_secs));
    let inside = trace.into_iter().filter(|arrival| (from..until).contains(&arrival.at_us));
    inside.map(|arrival| Arrival { at_us: arrival.at_us - from, ..arrival }).collect()
}

/// The same requests, so many times as fast.
#[must_use]
pub fn faster(mut trace: Vec<Arrival>, factor: f64) -> Vec<Arrival> {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of 285 years fit the mantissa")]
    for arrival in &mut trace {
        arrival.at_us = micros(arrival.at_us as f64 / 1e6 / factor);
    }
    trace
}

/// A block's hash: its number in the trace, mixed so that traces do not share blocks.
fn block(seed: u64, id: u64) -> BlockHash {
    let mut mixed = id.wrapping_add(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    BlockHash(mixed ^ (mixed >> 31))
}

fn moment(field: &str) -> Result<u64, String> {
    let at: DateTime = field.trim().parse().map_err(|error| format!("`{field}`: {error}"))?;
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| format!("`{field}`: {error}"))?;
    u64::try_from(zoned.timestamp().as_microsecond()).map_err(|_| format!("`{field}` is before 1970"))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u64 saturates")]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}
