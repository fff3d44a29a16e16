//! FLAC (RFC 9639), frame by frame.

use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr, Stream, StreamInfo};
use flacenc::config;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Fill, FrameBuf};

use super::error::EncodeError;
use crate::pcm::to_i16;

/// Samples per frame. Small frames let a stream start early; at 16 kHz this is 0.26 s, for one per cent more bytes.
const BLOCK: usize = 4096;
/// The encoder's least, to which a shorter last frame is filled with silence (at most 31 samples).
const LEAST_BLOCK: usize = 32;
const BITS: usize = 16;

/// Writes one FLAC stream.
pub(super) struct FlacWriter {
    config: Verified<config::Encoder>,
    info: StreamInfo,
    frames: usize,
    waiting: Vec<i32>,
}

impl std::fmt::Debug for FlacWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlacWriter").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl FlacWriter {
    pub(super) fn new(rate: u32) -> Result<Self, EncodeError> {
        let config = config::Encoder::default().into_verified().map_err(|(_, error)| refused(error))?;
        let mut info = StreamInfo::new(rate as usize, 1, BITS).map_err(refused)?;
        info.set_block_sizes(BLOCK, BLOCK).map_err(refused)?;
        Ok(Self { config, info, frames: 0, waiting: Vec::new() })
    }

    /// Mark and STREAMINFO; without `samples` the length is unknown, and so is the checksum in any case.
    pub(super) fn header(&self, samples: Option<u64>) -> Result<Vec<u8>, EncodeError> {
        let mut info = self.info.clone();
        let padded = samples.map_or(0, |samples| {
            let last = samples as usize % BLOCK;
            samples as usize + if last == 0 { 0 } else { LEAST_BLOCK.saturating_sub(last) }
        });
        info.set_total_samples(padded);
        bytes_of(&Stream::with_stream_info(info))
    }

    pub(super) fn write(&mut self, samples: &[f32], bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.waiting.extend(samples.iter().map(|&sample| i32::from(to_i16(sample))));
        let waiting = std::mem::take(&mut self.waiting);
        let mut blocks = waiting.chunks_exact(BLOCK);
        for block in &mut blocks {
            self.frame(block, bytes)?;
        }
        self.waiting = blocks.remainder().to_vec();
        Ok(())
    }

    pub(super) fn finish(mut self, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut last = std::mem::take(&mut self.waiting);
        if last.is_empty() {
            return Ok(());
        }
        last.resize(last.len().max(LEAST_BLOCK), 0);
        self.frame(&last, bytes)
    }

    fn frame(&mut self, block: &[i32], bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut buffer = FrameBuf::with_size(1, block.len()).map_err(refused)?;
        buffer.fill_interleaved(block).map_err(refused)?;
        let frame =
            flacenc::encode_fixed_size_frame(&self.config, &buffer, self.frames, &self.info).map_err(refused)?;
        self.frames += 1;
        bytes.extend(bytes_of(&frame)?);
        Ok(())
    }
}

fn bytes_of(component: &impl BitRepr) -> Result<Vec<u8>, EncodeError> {
    let mut sink = ByteSink::new();
    component.write(&mut sink).map_err(refused)?;
    Ok(sink.into_inner())
}

fn refused(error: impl std::fmt::Display) -> EncodeError {
    EncodeError::Flac { reason: error.to_string() }
}
