//! What a leg says for others of its group: packets passed on as they are, or sound that is mixed.

use std::collections::VecDeque;
use std::time::Instant;

use super::Leg;
use crate::codec::{TICKS_PER_MS, double, halve};
use crate::rtp::{HEADER, Header};
use crate::sdp::Content;

/// Milliseconds of another's sound that wait at most, beyond a packet's.
const WAITING_MS: usize = 40;

/// How another source's numbers become ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Relayed {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// When a packet was last passed on.
    pub(super) at: Instant,
}

/// Another's sound, at the rate of our codec, until it is mixed.
#[derive(Debug)]
pub(crate) struct Input {
    from: u64,
    samples: VecDeque<i16>,
    narrowing: [i16; 6],
    widening: i16,
    spare: Vec<i16>,
}

impl Input {
    /// Adds what waits to the sum.
    pub(super) fn take(&mut self, sum: &mut [i32]) {
        let count = sum.len().min(self.samples.len());
        for (sum, sample) in sum.iter_mut().zip(self.samples.drain(..count)) {
            *sum += i32::from(sample);
        }
    }
}

impl Leg {
    /// Whether this leg can pass a packet on just as it is.
    pub(crate) fn can_relay_to(&self, other: &Self) -> bool {
        match (&self.agreed, &other.agreed) {
            (Some(ours), Some(theirs)) => {
                ours.codec == theirs.codec
                    && ours.receive.iter().all(|format| match format.content {
                        Content::Voice(codec) => codec == theirs.codec,
                        Content::Digits => theirs.digits.is_some(),
                        Content::Noise => theirs.noise.is_some(),
                    })
            }
            _ => false,
        }
    }

    /// Passes a packet of the other side on: with our source, sequence and timestamps, and encrypted with our key.
    ///
    /// `scratch` is where it is put together. A sound of our own goes first: the packet is dropped then.
    pub(crate) fn relay(
        &mut self,
        header: &Header,
        content: Content,
        payload: &[u8],
        scratch: &mut Vec<u8>,
        now: Instant,
    ) {
        let Some(agreed) = &self.agreed else { return };
        let payload_type = match content {
            Content::Voice(codec) if codec == agreed.codec => Some(agreed.payload_type),
            Content::Voice(_) => None,
            Content::Digits => agreed.digits,
            Content::Noise => agreed.noise,
        };
        let Some(payload_type) = payload_type.filter(|_| agreed.direction.sends()) else { return };
        if !self.outward.tracks.is_empty() || !self.outward.digits.idle() {
            return;
        }
        let outward = &mut self.outward;
        let near = |relayed: &Relayed| {
            let ahead = header.sequence.wrapping_add(relayed.sequence).wrapping_sub(outward.sequence).cast_signed();
            relayed.ssrc == header.ssrc && (-200..1_000).contains(&ahead)
        };
        let (relayed, fresh) = match outward.relayed.filter(near) {
            Some(relayed) => (relayed, false),
            None => {
                let begin = outward.timestamp.max_wrapping(outward.last_timestamp.wrapping_add(TICKS_PER_MS as u32));
                let relayed = Relayed {
                    ssrc: header.ssrc,
                    sequence: outward.sequence.wrapping_sub(header.sequence),
                    timestamp: begin.wrapping_sub(header.timestamp),
                    at: now,
                };
                (relayed, true)
            }
        };
        let ours = Header {
            payload_type,
            marker: header.marker || fresh,
            sequence: header.sequence.wrapping_add(relayed.sequence),
            timestamp: header.timestamp.wrapping_add(relayed.timestamp),
            ssrc: outward.ssrc,
        };
        outward.relayed = Some(Relayed { at: now, ..relayed });
        if ours.sequence.wrapping_sub(outward.sequence).cast_signed() >= 0 {
            outward.sequence = ours.sequence.wrapping_add(1);
        }
        scratch.clear();
        scratch.extend_from_slice(&ours.bytes());
        scratch.extend_from_slice(payload);
        debug_assert!(scratch.len() >= HEADER);
        self.dispatch(scratch, ours.timestamp, content, now);
    }

    /// Another of the group was heard: keeps what it said until our next packet.
    pub(crate) fn overhear(&mut self, from: u64, samples: &[i16], rate: u32) {
        let Some(agreed) = &self.agreed else { return };
        let ours = agreed.codec.rate();
        let most = (agreed.packet_ms as usize).max(20) + WAITING_MS;
        let inputs = &mut self.outward.inputs;
        let place = inputs.iter().position(|input| input.from == from).unwrap_or_else(|| {
            let (samples, spare) = (VecDeque::new(), Vec::new());
            inputs.push(Input { from, samples, narrowing: [0; 6], widening: 0, spare });
            inputs.len() - 1
        });
        let Some(input) = inputs.get_mut(place) else { return };
        input.spare.clear();
        match (rate, ours) {
            (16_000, 8_000) => halve(samples, &mut input.narrowing, &mut input.spare),
            (8_000, 16_000) => double(samples, &mut input.widening, &mut input.spare),
            _ => input.spare.extend_from_slice(samples),
        }
        input.samples.extend(&input.spare);
        let excess = input.samples.len().saturating_sub(most * ours as usize / 1_000);
        input.samples.drain(..excess);
    }

    /// Keeps the inputs of those only that are still heard.
    pub(crate) fn keep_inputs(&mut self, heard: &[u64]) {
        self.outward.inputs.retain(|input| heard.contains(&input.from));
    }
}

/// Comparison on a clock that wraps.
trait Wrapping {
    /// The later of two times.
    fn max_wrapping(self, other: Self) -> Self;
}

impl Wrapping for u32 {
    fn max_wrapping(self, other: Self) -> Self {
        if self.wrapping_sub(other).cast_signed() >= 0 { self } else { other }
    }
}
