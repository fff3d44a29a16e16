//! The recording of a call: both directions side by side, kept minute by minute, forgotten when the caller refuses.

use std::sync::Arc;
use std::time::Duration;

use desk::call::{Consent, NotRecorded, Recording};
use desk::ids::{BlobId, CallId};
use desk::ports::{PortError, PortResult};
use desk::recording::{BYTES_PER_SECOND, PART_BYTES};
use jiff::{SignedDuration, Timestamp};
use media::{Line, Tap};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::house::House;

/// The longest recording, in parts: the longest call, and a little.
const MOST_PARTS: usize = 40;
/// How much is set aside at first: some seconds.
const FIRST_BYTES: usize = 4 * BYTES_PER_SECOND as usize;

/// A recording that goes on.
pub(super) struct Recorder {
    shelf: Shelf,
    stop: CancellationToken,
    recording: JoinHandle<PortResult<Kept>>,
}

/// Where a call's sound is kept, and what is said of it.
#[derive(Clone)]
struct Shelf {
    house: Arc<House>,
    call: CallId,
    /// When it began, since the call did.
    offset: Duration,
    consent: Consent,
}

/// What is durable of it.
#[derive(Default)]
struct Kept {
    parts: Vec<BlobId>,
    bytes: u64,
}

impl Recorder {
    /// Begins to record a line.
    pub(super) fn start(house: &Arc<House>, call: CallId, line: &Line, offset: Duration, consent: Consent) -> Self {
        let shelf = Shelf { house: Arc::clone(house), call, offset, consent };
        let stop = CancellationToken::new();
        let recording = tokio::spawn(record(line.tap(), shelf.clone(), stop.clone()));
        Self { shelf, stop, recording }
    }

    /// Ends, and forgets what was kept.
    pub(super) fn discard(self) {
        let tasks = self.shelf.house.tasks.clone();
        tasks.spawn(async move {
            self.stop.cancel();
            let Ok(Ok(kept)) = self.recording.await else { return };
            if let Err(error) = self.shelf.forget(kept).await {
                tracing::error!(%error, "a recording that was refused could not be erased");
            }
        });
    }

    /// Ends and keeps; tells what there is.
    pub(super) async fn keep(self) -> Recording {
        self.stop.cancel();
        match self.recording.await {
            Ok(Ok(kept)) if kept.parts.is_empty() => Recording::None { why: NotRecorded::NotAsked },
            Ok(Ok(kept)) => self.shelf.as_kept(&kept),
            Ok(Err(error)) => {
                tracing::error!(call = %self.shelf.call, %error, "a recording could not be kept");
                Recording::None { why: NotRecorded::Failed }
            }
            Err(_) => Recording::None { why: NotRecorded::Failed },
        }
    }
}

impl Shelf {
    fn as_kept(&self, kept: &Kept) -> Recording {
        let parts = &self.house.parts;
        let days = i64::from(parts.config.keep_recordings_days);
        let keep_until = parts.time.now() + SignedDuration::from_hours(24 * days);
        Recording::Kept {
            parts: kept.parts.clone(),
            bytes: kept.bytes,
            offset_ms: u64::try_from(self.offset.as_millis()).unwrap_or(u64::MAX),
            consent: self.consent,
            keep_until: keep_until.min(Timestamp::MAX),
        }
    }

    /// Makes one more part durable, and the call know of it.
    async fn put(&self, mut kept: Kept, samples: Vec<u8>) -> PortResult<Kept> {
        let parts = &self.house.parts;
        kept.bytes += samples.len() as u64;
        kept.parts.push(parts.attachments.keep(samples).await?);
        parts.calls.attach_recording(self.call, self.as_kept(&kept)).await?;
        Ok(kept)
    }

    async fn forget(&self, kept: Kept) -> PortResult<()> {
        let parts = &self.house.parts;
        // First the record: a server that dies in between erases nothing that is still named.
        let refused = Recording::None { why: NotRecorded::Refused };
        parts.calls.attach_recording(self.call, refused).await?;
        for part in &kept.parts {
            parts.attachments.forget(part).await?;
        }
        Ok(())
    }
}

/// Keeps a line's sound, part by part, until it closes, it is stopped, or it is too long. A part is kept beside: what comes
/// meanwhile is not lost.
///
/// # Errors
/// When a part cannot be kept.
async fn record(mut tap: Tap, shelf: Shelf, stop: CancellationToken) -> PortResult<Kept> {
    let mut keeping: JoinHandle<PortResult<Kept>> = tokio::spawn(async { Ok(Kept::default()) });
    let mut samples = Vec::with_capacity(FIRST_BYTES);
    let mut begun = 0;
    while begun < MOST_PARTS {
        let pair = tokio::select! {
            pair = tap.next() => pair,
            () = stop.cancelled() => None,
        };
        let Some(pair) = pair else { break };
        samples.extend(pair.left.iter().zip(&pair.right).flat_map(|(left, right)| [*left, *right]));
        if samples.len() >= PART_BYTES {
            let rest = samples.split_off(PART_BYTES);
            let full = std::mem::replace(&mut samples, rest);
            let (before, shelf) = (keeping, shelf.clone());
            keeping = tokio::spawn(async move { shelf.put(joined(before).await?, full).await });
            begun += 1;
        }
    }
    if tap.dropped() > 0 {
        tracing::warn!(pieces = tap.dropped(), "a recording has gaps");
    }
    let kept = joined(keeping).await?;
    if samples.is_empty() { Ok(kept) } else { shelf.put(kept, samples).await }
}

async fn joined(keeping: JoinHandle<PortResult<Kept>>) -> PortResult<Kept> {
    keeping.await.unwrap_or_else(|error| Err(PortError::Unavailable { what: "the recording", source: error.into() }))
}
