//! The tap: what was heard beside what was said, 20 ms at a time.

use std::collections::VecDeque;

use crate::Codec;
use crate::codec::{Decoder, Encoder, halve};
use crate::tap::{TapPair, TapSide};

/// Bytes of 20 ms of A-law, and how many of what was said may wait: 200 ms.
const FRAME: usize = 160;
const WAITING: usize = 10 * FRAME;
/// A-law's silence.
const SILENCE: u8 = 0xd5;

/// Makes pairs of frames for one tap.
pub(crate) struct Recorder {
    side: TapSide,
    said: VecDeque<u8>,
    decoder: Option<Decoder>,
    encoder: Encoder,
    heard_before: [i16; 6],
    said_before: [i16; 6],
    narrow: Vec<i16>,
}

impl Recorder {
    pub(super) fn new(side: TapSide) -> Self {
        Self {
            side,
            said: VecDeque::with_capacity(WAITING),
            decoder: None,
            encoder: Encoder::new(Codec::Pcma),
            heard_before: [0; 6],
            said_before: [0; 6],
            narrow: Vec::new(),
        }
    }

    pub(super) fn abandoned(&self) -> bool {
        self.side.abandoned()
    }

    /// A packet was sent.
    pub(super) fn said(&mut self, codec: Codec, payload: &[u8]) {
        if codec == Codec::Pcma {
            self.said.extend(payload);
        } else {
            if self.decoder.as_ref().is_none_or(|decoder| decoder.codec() != codec) {
                self.decoder = Some(Decoder::new(codec));
            }
            let mut samples = vec![0; payload.len() * codec.samples_per_byte()];
            if let Some(decoder) = &mut self.decoder {
                decoder.decode(payload, &mut samples);
            }
            let mut bytes = vec![SILENCE; payload.len()];
            a_law(&mut self.encoder, &samples, codec.rate(), &mut self.said_before, &mut self.narrow, &mut bytes);
            self.said.extend(bytes);
        }
        let excess = self.said.len().saturating_sub(WAITING);
        self.said.drain(..excess);
    }

    /// 20 ms have passed, in which this was heard.
    pub(super) fn frame(&mut self, heard: &[i16], rate: u32) {
        let mut pair = TapPair { left: [SILENCE; FRAME], right: [SILENCE; FRAME] };
        a_law(&mut self.encoder, heard, rate, &mut self.heard_before, &mut self.narrow, &mut pair.left);
        if self.said.len() >= FRAME {
            for (place, byte) in pair.right.iter_mut().zip(self.said.drain(..FRAME)) {
                *place = byte;
            }
        }
        self.side.push(pair);
    }
}

fn a_law(
    encoder: &mut Encoder,
    samples: &[i16],
    rate: u32,
    before: &mut [i16; 6],
    narrow: &mut Vec<i16>,
    out: &mut [u8],
) {
    if rate == Codec::Pcma.rate() {
        encoder.encode(samples, out);
    } else {
        narrow.clear();
        halve(samples, before, narrow);
        encoder.encode(narrow, out);
    }
}
