//! The jitter buffer: packets as they come into slots of 10 ms as they are heard.
//!
//! A cursor moves along the peer's RTP clock, one slot at a time; what lies there is heard, what is missing is concealed.
//! The distance between the cursor and what has just arrived is the delay. It grows by a slot whenever a packet came too
//! late, and shrinks by a slot when for some seconds even the latest packet had time to spare, which also follows a peer
//! whose clock runs faster or slower than ours.
//!
//! Rejected: `neteq`, which decodes in floating point at fixed frame lengths, allocates for each packet and keeps tens of
//! kilobytes for each call; all codecs here carry one byte for each tick, which makes this small.

use std::collections::VecDeque;

use crate::codec::TICKS_PER_MS;
use crate::sdp::Content;

/// Ticks, and bytes, of a slot.
pub(crate) const SLOT: usize = 10 * TICKS_PER_MS;
/// Packets that are held at most.
const MOST_PACKETS: usize = 64;
/// A packet this far from the cursor belongs to another time line: 2 s.
const JUMP: i64 = 2_000 * TICKS_PER_MS as i64;
/// Packets of one time line that must come too late in a row before the cursor goes back to meet them.
const LATE_IN_A_ROW: u32 = 3;
/// Slots over which the spare time is watched before the delay shrinks: 3 s.
const WATCHED: u32 = 300;

/// What is heard in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Sound: the bytes are in the caller's buffer.
    Voice(crate::Codec),
    /// Nothing has arrived for it.
    Missing,
    /// The peer is silent and says how loud its background is, in decibels below full scale.
    Noise(u8),
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    Kept,
    Late,
    Duplicate,
    Full,
}

#[derive(Debug)]
struct Packet {
    at: i64,
    content: Content,
    bytes: Vec<u8>,
}

impl Packet {
    fn end(&self) -> i64 {
        self.at + self.bytes.len() as i64
    }
}

/// The packets of one source that wait to be heard.
#[derive(Debug)]
pub(crate) struct Jitter {
    packets: VecDeque<Packet>,
    /// Buffers of packets that were heard, for those to come.
    spare: Vec<Vec<u8>>,
    /// Where the next slot begins, on the unfolded RTP clock; none before the first packet.
    cursor: Option<i64>,
    /// The latest timestamp, unfolded.
    newest: i64,
    /// Least and most delay, in ticks.
    least: i64,
    most: i64,
    /// What is asked of a packet's time to spare.
    late_in_a_row: u32,
    least_spare: i64,
    watched: u32,
    /// Slots to insert because packets came late.
    owed: u32,
    noise: Option<u8>,
}

impl Jitter {
    /// An empty buffer whose delay stays between `least_ms` and `most_ms`.
    pub(crate) fn new(least_ms: u32, most_ms: u32) -> Self {
        let ticks = |ms: u32| i64::from(ms) * TICKS_PER_MS as i64;
        Self {
            packets: VecDeque::new(),
            spare: Vec::new(),
            cursor: None,
            newest: 0,
            least: ticks(least_ms),
            most: ticks(most_ms.max(least_ms + 10)),
            late_in_a_row: 0,
            least_spare: i64::MAX,
            watched: 0,
            owed: 0,
            noise: None,
        }
    }

    /// Forgets everything: another source begins.
    pub(crate) fn restart(&mut self) {
        self.packets.clear();
        self.cursor = None;
        (self.late_in_a_row, self.owed, self.noise) = (0, 0, None);
        self.watch_anew();
    }

    /// Whether a packet has arrived, so that there is something to hear.
    pub(crate) fn started(&self) -> bool {
        self.cursor.is_some()
    }

    /// Ticks of sound between the cursor and the end of what has arrived.
    pub(crate) fn delay(&self) -> i64 {
        match (self.cursor, self.packets.back()) {
            (Some(cursor), Some(newest)) => (newest.end() - cursor).max(0),
            _ => 0,
        }
    }

    /// Takes a packet of sound or comfort noise.
    pub(crate) fn put(&mut self, timestamp: u32, content: Content, payload: &[u8]) -> Put {
        let at = self.unfold(timestamp);
        let cursor = match self.cursor {
            Some(cursor) if (at - cursor).abs() < JUMP => cursor,
            _ => self.begin(at),
        };
        let end = at + if content == Content::Noise { 1 } else { payload.len() as i64 };
        let spare = at - cursor;
        if end <= cursor {
            return self.late(at);
        }
        if spare < 0 {
            // Half of it is heard still; the next one shall come in time.
            self.grow();
        }
        self.late_in_a_row = 0;
        self.least_spare = self.least_spare.min(spare);
        self.newest = self.newest.max(at);
        let place = self.packets.iter().rposition(|packet| packet.at <= at).map_or(0, |before| before + 1);
        if place > 0 && self.packets.get(place - 1).is_some_and(|before| before.at == at) {
            return Put::Duplicate;
        }
        if self.packets.len() >= MOST_PACKETS {
            return Put::Full;
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(payload);
        self.packets.insert(place, Packet { at, content, bytes });
        if self.delay() > self.most + MOST_PACKETS as i64 * SLOT as i64 / 2 {
            // The network held its breath and let go: what is that old is not worth hearing one slot faster.
            self.cursor = self.packets.back().map(|newest| newest.end() - self.most);
        }
        Put::Kept
    }

    /// What is heard in the next slot. Sound is copied to `out`, which holds [`SLOT`] bytes.
    pub(crate) fn pull(&mut self, out: &mut [u8; SLOT]) -> Slot {
        let Some(cursor) = self.cursor else { return Slot::Missing };
        if self.owed > 0 {
            self.owed -= 1;
            return Slot::Missing;
        }
        self.cursor = Some(cursor + SLOT as i64);
        self.watched += 1;
        let (mut filled, mut codec) = (0, None);
        while let Some(packet) = self.packets.front() {
            if packet.content == Content::Noise {
                if packet.at >= cursor + SLOT as i64 {
                    break;
                }
                self.noise = packet.bytes.first().map(|level| level & 0x7f);
                self.recycle_front();
                continue;
            }
            let next = cursor + filled as i64;
            if packet.end() <= next {
                self.recycle_front();
                continue;
            }
            let Some(skip) = usize::try_from(next - packet.at).ok() else { break };
            let part = packet.bytes.get(skip..).unwrap_or_default();
            let take = part.len().min(SLOT - filled);
            out[filled..filled + take].copy_from_slice(&part[..take]);
            filled += take;
            if let Content::Voice(of_packet) = packet.content {
                codec = Some(of_packet);
            }
            if skip + take == packet.bytes.len() {
                self.recycle_front();
            }
            if filled == SLOT {
                break;
            }
        }
        match (codec, self.noise) {
            (Some(codec), _) if filled == SLOT => {
                self.noise = None;
                Slot::Voice(codec)
            }
            (None, Some(level)) => Slot::Noise(level),
            _ => Slot::Missing,
        }
    }

    /// Whether a slot should be left out to shorten the delay: the caller hears two slots as one.
    pub(crate) fn wants_to_shrink(&mut self) -> bool {
        if self.delay() > self.most {
            return true;
        }
        if self.watched < WATCHED {
            return false;
        }
        let shrink = self.least_spare != i64::MAX && self.least_spare >= self.least + SLOT as i64;
        self.watch_anew();
        shrink
    }

    /// Extends a timestamp to a number that does not wrap.
    fn unfold(&self, timestamp: u32) -> i64 {
        let ahead = timestamp.wrapping_sub(self.newest as u32).cast_signed();
        self.newest + i64::from(ahead)
    }

    /// Sets the cursor so that a packet that just came is heard after the least delay.
    fn begin(&mut self, at: i64) -> i64 {
        self.restart();
        let cursor = at - self.least;
        (self.cursor, self.newest) = (Some(cursor), at);
        cursor
    }

    fn late(&mut self, at: i64) -> Put {
        self.late_in_a_row += 1;
        if self.late_in_a_row >= LATE_IN_A_ROW {
            // Not a straggler: the peer's clock stood still while it was silent, or the path has become longer.
            let behind = self.cursor.map_or(0, |cursor| cursor - at);
            if behind > self.most - self.least {
                self.begin(at);
            } else {
                self.owed = self.owed.max((behind / SLOT as i64) as u32 + 1);
            }
            self.late_in_a_row = 0;
        } else {
            self.grow();
        }
        Put::Late
    }

    /// One slot more of delay, if the most allows it.
    fn grow(&mut self) {
        if self.owed == 0 && self.delay() + (SLOT as i64) < self.most {
            self.owed = 1;
        }
        self.watch_anew();
    }

    fn watch_anew(&mut self) {
        (self.watched, self.least_spare) = (0, i64::MAX);
    }

    fn recycle_front(&mut self) {
        if let Some(packet) = self.packets.pop_front()
            && self.spare.len() < 8
        {
            self.spare.push(packet.bytes);
        }
    }
}

#[cfg(test)]
#[path = "jitter_tests.rs"]
mod tests;
