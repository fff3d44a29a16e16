//! The recording of a call: both directions side by side, kept when the call ends, forgotten when the caller refuses.
//!
//! A-law in WAV, the caller on the left, ourselves or the person on the right: what was on the line, 16 kB a second, which every
//! browser plays. It is encrypted by the store of attachments.

use std::sync::Arc;
use std::time::Duration;

use desk::call::{Consent, NotRecorded, Recording};
use desk::ids::CallId;
use jiff::{SignedDuration, Timestamp};
use media::{Line, Tap};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::house::House;

const RATE: u32 = 8_000;
/// The longest recording: the longest call, and a little.
const LONGEST: Duration = Duration::from_secs(40 * 60);
/// How much is set aside at first: a minute.
const FIRST_BYTES: usize = 2 * RATE as usize * 60;

/// What was recorded so far.
pub(super) struct Recorder {
    /// When it began, since the call did.
    offset: Duration,
    stop: CancellationToken,
    recording: JoinHandle<Vec<u8>>,
}

impl Recorder {
    /// Begins to record a line.
    pub(super) fn start(line: &Line, offset: Duration) -> Self {
        let stop = CancellationToken::new();
        let recording = tokio::spawn(record(line.tap(), stop.clone()));
        Self { offset, stop, recording }
    }

    /// Ends and forgets.
    pub(super) fn discard(self) {
        self.stop.cancel();
        self.recording.abort();
    }

    /// Ends and keeps; tells where.
    pub(super) async fn keep(self, house: &Arc<House>, call: CallId, consent: Consent) -> Recording {
        self.stop.cancel();
        let failed = Recording::None { why: NotRecorded::Failed };
        let Ok(pairs) = self.recording.await else { return failed };
        if pairs.is_empty() {
            return Recording::None { why: NotRecorded::NotAsked };
        }
        let seconds = u32::try_from(pairs.len() / (2 * RATE as usize)).unwrap_or(u32::MAX);
        let file = wav(pairs);
        let bytes = file.len() as u64;
        let blob = match house.parts.attachments.keep(file).await {
            Ok(blob) => blob,
            Err(error) => {
                tracing::error!(%call, %error, "a recording could not be kept");
                return failed;
            }
        };
        let days = i64::from(house.parts.config.keep_recordings_days);
        let keep_until = house.parts.time.now() + SignedDuration::from_hours(24 * days);
        Recording::Kept {
            blob,
            media_type: "audio/wav".to_owned(),
            bytes,
            seconds,
            offset_ms: u64::try_from(self.offset.as_millis()).unwrap_or(u64::MAX),
            consent,
            keep_until: keep_until.min(Timestamp::MAX),
        }
    }
}

/// Interleaved A-law bytes until the line closes, it is stopped, or is too long.
async fn record(mut tap: Tap, stop: CancellationToken) -> Vec<u8> {
    let most = 2 * RATE as usize * usize::try_from(LONGEST.as_secs()).unwrap_or(usize::MAX);
    let mut pairs = Vec::with_capacity(FIRST_BYTES);
    while pairs.len() < most {
        let pair = tokio::select! {
            pair = tap.next() => pair,
            () = stop.cancelled() => None,
        };
        let Some(pair) = pair else { break };
        pairs.extend(pair.left.iter().zip(&pair.right).flat_map(|(left, right)| [*left, *right]));
    }
    if tap.dropped() > 0 {
        tracing::warn!(pieces = tap.dropped(), "a recording has gaps");
    }
    pairs
}

/// A WAV file of two channels of A-law (format 6 of RFC 2361).
fn wav(mut pairs: Vec<u8>) -> Vec<u8> {
    if !pairs.len().is_multiple_of(2) {
        pairs.pop();
    }
    let length = u32::try_from(pairs.len()).unwrap_or(u32::MAX - 100);
    let mut file = Vec::with_capacity(pairs.len() + 58);
    file.extend_from_slice(b"RIFF");
    file.extend((50 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend(18_u32.to_le_bytes());
    for field in [6_u16, 2] {
        file.extend(field.to_le_bytes());
    }
    file.extend(RATE.to_le_bytes());
    file.extend((2 * RATE).to_le_bytes());
    for field in [2_u16, 8, 0] {
        file.extend(field.to_le_bytes());
    }
    // A format other than PCM says how many samples there are.
    file.extend_from_slice(b"fact");
    file.extend(4_u32.to_le_bytes());
    file.extend((length / 2).to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend(length.to_le_bytes());
    file.append(&mut pairs);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_a_file_that_says_what_it_holds() {
        let file = wav(vec![0xd5; 16_000]);
        assert_eq!(file.len(), 16_058);
        let at = |place: usize| u32::from_le_bytes(file[place..place + 4].try_into().unwrap());
        assert_eq!((at(4) as usize, at(24), at(28), at(46), at(54)), (file.len() - 8, 8_000, 16_000, 8_000, 16_000));
    }
}
