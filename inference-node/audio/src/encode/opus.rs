//! Opus in Ogg (RFC 6716, RFC 7845), by the libopus that also decodes.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use ogg::{PacketWriteEndInfo, PacketWriter};
use opusic_c::{Application, Bitrate, Channels, Encoder, ErrorCode, SampleRate, Signal};

use super::error::EncodeError;

/// Packets of 20 ms.
const PACKETS_PER_SECOND: u32 = 50;
/// Pages of 200 ms: what a listener waits for, against 28 bytes a page.
const PACKETS_PER_PAGE: u32 = 10;
/// Granule positions count samples of 48 kHz, whatever the rate (RFC 7845, section 4).
const GRANULE_RATE: u64 = 48_000;
/// No packet of one frame is longer (RFC 6716, section 3.4).
const MAX_PACKET: usize = 1275;
/// Bits per second that leave mono speech without audible loss.
const BITRATE: u32 = 40_000;

/// The rate that Opus encodes sound of `rate` at: the next that it knows.
pub(super) fn rate_for(rate: u32) -> u32 {
    [8_000, 12_000, 16_000, 24_000].into_iter().find(|known| rate <= *known).unwrap_or(48_000)
}

/// Writes one Ogg stream of Opus packets.
pub(super) struct OpusWriter {
    encoder: Encoder,
    pages: PacketWriter<'static, Vec<u8>>,
    serial: u32,
    /// Samples per packet.
    frame: usize,
    rate: u32,
    /// What decoders drop at the beginning, in granules.
    pre_skip: u16,
    /// Samples that do not yet fill a packet.
    waiting: Vec<f32>,
    /// The newest packet, kept back since the last one must be marked.
    last_packet: Option<Vec<u8>>,
    /// Packets encoded.
    packets: u64,
    /// Samples taken.
    samples: u64,
}

impl std::fmt::Debug for OpusWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpusWriter").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl OpusWriter {
    /// `rate` is one of [`rate_for`]; `original_rate` is what the header tells of the source.
    pub(super) fn new(original_rate: u32, rate: u32) -> Result<Self, EncodeError> {
        let known = match rate {
            8_000 => SampleRate::Hz8000,
            12_000 => SampleRate::Hz12000,
            16_000 => SampleRate::Hz16000,
            24_000 => SampleRate::Hz24000,
            _ => SampleRate::Hz48000,
        };
        let mut encoder = Encoder::new(Channels::Mono, known, Application::Audio).map_err(refused)?;
        encoder.set_bitrate(Bitrate::Value(BITRATE)).map_err(refused)?;
        encoder.set_signal(Signal::Voice).map_err(refused)?;
        let look_ahead = encoder.get_look_ahead().map_err(refused)?;
        let pre_skip = (u64::from(look_ahead) * GRANULE_RATE / u64::from(rate)) as u16;
        let mut writer = Self {
            encoder,
            pages: PacketWriter::new(Vec::new()),
            // Streams that are put together must differ in it (RFC 3533, section 6).
            serial: RandomState::new().build_hasher().finish() as u32,
            frame: (rate / PACKETS_PER_SECOND) as usize,
            rate,
            pre_skip,
            waiting: Vec::new(),
            last_packet: None,
            packets: 0,
            samples: 0,
        };
        writer.page(identification(pre_skip, original_rate), PacketWriteEndInfo::EndPage, 0)?;
        writer.page(comments(), PacketWriteEndInfo::EndPage, 0)?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, samples: &[f32], bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.samples += samples.len() as u64;
        self.waiting.extend_from_slice(samples);
        let waiting = std::mem::take(&mut self.waiting);
        let mut frames = waiting.chunks_exact(self.frame);
        for frame in &mut frames {
            self.packet(frame)?;
        }
        self.waiting = frames.remainder().to_vec();
        bytes.append(self.pages.inner_mut());
        Ok(())
    }

    pub(super) fn finish(mut self, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        // Silence pushes out what the encoder still holds; the last granule position tells where the sound really ends.
        let end = u64::from(self.pre_skip) + self.samples * GRANULE_RATE / u64::from(self.rate);
        let mut frame = std::mem::take(&mut self.waiting);
        while self.packets == 0 || self.granule() < end {
            frame.resize(self.frame, 0.0);
            self.packet(&frame)?;
            frame.clear();
        }
        if let Some(packet) = self.last_packet.take() {
            self.page(packet, PacketWriteEndInfo::EndStream, end)?;
        }
        bytes.append(self.pages.inner_mut());
        Ok(())
    }

    /// Encodes one frame, and writes the packet before it.
    fn packet(&mut self, frame: &[f32]) -> Result<(), EncodeError> {
        let mut packet = Vec::with_capacity(MAX_PACKET);
        self.encoder.encode_float_to_vec(frame, &mut packet).map_err(refused)?;
        if let Some(previous) = self.last_packet.replace(packet) {
            let full = self.packets.is_multiple_of(u64::from(PACKETS_PER_PAGE));
            let ending = if full { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            self.page(previous, ending, self.granule())?;
        }
        self.packets += 1;
        Ok(())
    }

    /// Where the packets encoded so far end.
    fn granule(&self) -> u64 {
        self.packets * GRANULE_RATE / u64::from(PACKETS_PER_SECOND)
    }

    fn page(&mut self, packet: Vec<u8>, ending: PacketWriteEndInfo, granule: u64) -> Result<(), EncodeError> {
        self.pages.write_packet(packet, self.serial, ending, granule).map_err(EncodeError::Ogg)
    }
}

/// The identification header (RFC 7845, section 5.1).
fn identification(pre_skip: u16, original_rate: u32) -> Vec<u8> {
    const VERSION: u8 = 1;
    const CHANNELS: u8 = 1;
    let mut header = b"OpusHead".to_vec();
    header.extend([VERSION, CHANNELS]);
    header.extend(pre_skip.to_le_bytes());
    header.extend(original_rate.to_le_bytes());
    // No gain; channels as in mono and stereo.
    header.extend([0, 0, 0]);
    header
}

/// The comment header (RFC 7845, section 5.2): a vendor and no comments.
fn comments() -> Vec<u8> {
    const VENDOR: &[u8] = b"libopus";
    let mut header = b"OpusTags".to_vec();
    header.extend((VENDOR.len() as u32).to_le_bytes());
    header.extend(VENDOR);
    header.extend(0u32.to_le_bytes());
    header
}

fn refused(code: ErrorCode) -> EncodeError {
    EncodeError::Opus { reason: code.message() }
}
