//! What a leg says: its own sounds, keys, what others of its group say, or silence, on a clock that never drifts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::relay::{Input, Relayed};
use super::{Leg, Path, TRACKS, Tracks, send};
use crate::codec::{Encoder, TICKS_PER_MS};
use crate::digits::send::DigitSender;
use crate::playing::{Track, Wish};
use crate::rtp::{HEADER, Header};
use crate::sdp::{Agreed, Content};
use crate::sound::{Prepared, Sound};
use crate::srtp::Sealer;
use crate::{Codec, Idle};

/// Samples of the longest packet at the highest rate.
const MOST: usize = 60 * TICKS_PER_MS * 2;
/// A bridge whose other side has been silent for this long is kept alive by silence.
const RELAY_SILENCE: Duration = Duration::from_millis(500);
/// Packets of comfort noise are this many packets apart.
const NOISE_EVERY: u32 = 10;
/// The noise level that we describe, in decibels below full scale.
const NOISE_LEVEL: u8 = 70;

/// What a leg knows of what it says.
pub(crate) struct Outward {
    pub(super) sealer: Option<Sealer>,
    pub(super) ssrc: u32,
    /// Of the next packet.
    pub(super) sequence: u16,
    /// Where our clock stands, in ticks.
    pub(super) timestamp: u32,
    /// Of the last packet that was sent.
    pub(super) last_timestamp: u32,
    pub(super) encoder: Encoder,
    pub(super) tracks: Tracks,
    pub(super) digits: DigitSender,
    pub(super) packets: u64,
    pub(super) octets: u64,
    pub(super) relayed: Option<Relayed>,
    pub(super) inputs: Vec<Input>,
    /// Header and payload of the packet that is being made.
    packet: Vec<u8>,
    finished: Vec<Track>,
    gain: f32,
    /// Whether the last packet's time passed without a packet, so that the next begins anew.
    rested: bool,
    noise_in: u32,
}

impl Outward {
    pub(super) fn new() -> Self {
        Self {
            sealer: None,
            ssrc: rand::random(),
            sequence: rand::random::<u16>() >> 1,
            timestamp: rand::random(),
            last_timestamp: 0,
            encoder: Encoder::new(Codec::Pcma),
            tracks: Tracks::new(),
            digits: DigitSender::default(),
            packets: 0,
            octets: 0,
            relayed: None,
            inputs: Vec::new(),
            packet: Vec::with_capacity(HEADER + MOST),
            finished: Vec::new(),
            gain: 1.0,
            rested: true,
            noise_in: 0,
        }
    }

    pub(super) fn agree(&mut self, agreed: &Agreed) {
        if self.encoder.codec() != agreed.codec {
            self.encoder = Encoder::new(agreed.codec);
            self.inputs.clear();
        }
    }

    pub(super) fn set_gain(&mut self, db: f32) {
        self.gain = if db.is_finite() { 10_f32.powf(db.clamp(-40.0, 20.0) / 20.0) } else { 1.0 };
    }

    /// The time of one packet passes.
    pub(super) fn advance(&mut self, ms: u32) {
        self.timestamp = self.timestamp.wrapping_add(ms * TICKS_PER_MS as u32);
    }

    /// Fills the packet from the queue of sounds; silence follows where they end. Whether there was anything.
    fn fill_from_tracks(&mut self, codec: Codec, ticks: usize) -> bool {
        let mut filled = 0;
        while filled < ticks {
            let Some(track) = self.tracks.front_mut() else { break };
            let wanted = ticks - filled;
            let taken = match track.wish() {
                Wish::Wait => break,
                Wish::End => 0,
                Wish::Play => {
                    let taken = fill(track, codec, self.gain, wanted, &mut self.encoder, &mut self.packet);
                    track.advance(taken);
                    taken
                }
            };
            filled += taken;
            let over = track.complete() || track.wish() == Wish::End;
            if !over && taken < wanted {
                // A stream that has run dry for now.
                break;
            }
            if over {
                self.finished.extend(self.tracks.pop_front());
            }
        }
        if filled > 0 && filled < ticks {
            self.silence(codec, ticks - filled);
        }
        filled > 0
    }

    fn silence(&mut self, codec: Codec, ticks: usize) {
        match codec {
            Codec::Pcma => self.packet.resize(self.packet.len() + ticks, 0xd5),
            Codec::Pcmu => self.packet.resize(self.packet.len() + ticks, 0xff),
            Codec::G722 => {
                let samples = [0; MOST];
                encode(&mut self.encoder, &samples[..(ticks * 2).min(MOST)], &mut self.packet);
            }
        }
    }

    /// What the others of the group said since the last packet, added up.
    fn fill_from_inputs(&mut self, codec: Codec, ticks: usize) {
        let mut sum = [0_i32; MOST];
        let count = (ticks * codec.samples_per_byte()).min(MOST);
        for input in &mut self.inputs {
            input.take(&mut sum[..count]);
        }
        let mut samples = [0_i16; MOST];
        for (sample, sum) in samples.iter_mut().zip(sum) {
            *sample = sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
        encode(&mut self.encoder, &samples[..count], &mut self.packet);
    }
}

/// Appends up to `ticks` of a track to a packet, and says how many.
fn fill(
    track: &mut Track,
    codec: Codec,
    gain: f32,
    ticks: usize,
    encoder: &mut Encoder,
    packet: &mut Vec<u8>,
) -> usize {
    let from = track.sent();
    let per_tick = codec.samples_per_byte();
    let mut samples = [0_i16; MOST];
    let sound = match &mut track.sound {
        Sound::Prepared(sound) => sound,
        Sound::Streamed(stream) => {
            let samples = &mut samples[..(ticks * per_tick).min(MOST)];
            let taken = stream.take(codec, samples).div_ceil(per_tick);
            amplify(&mut samples[..taken * per_tick], gain);
            encode(encoder, &samples[..taken * per_tick], packet);
            return taken;
        }
    };
    let taken = ticks.min(sound.ticks().saturating_sub(from));
    if gain == 1.0
        && let Some(bytes) = sound.encoded(codec)
    {
        packet.extend_from_slice(bytes.get(from..from + taken).unwrap_or_default());
        return taken;
    }
    let source = sound.pcm(codec).get(from * per_tick..(from + taken) * per_tick).unwrap_or_default();
    let samples = &mut samples[..source.len().min(MOST)];
    samples.copy_from_slice(&source[..samples.len()]);
    amplify(samples, gain);
    encode(encoder, samples, packet);
    taken
}

fn amplify(samples: &mut [i16], gain: f32) {
    if gain != 1.0 {
        for sample in samples {
            *sample = (f32::from(*sample) * gain).clamp(-32_768.0, 32_767.0) as i16;
        }
    }
}

fn encode(encoder: &mut Encoder, samples: &[i16], packet: &mut Vec<u8>) {
    let begin = packet.len();
    packet.resize(begin + samples.len() / encoder.codec().samples_per_byte(), 0);
    let made = encoder.encode(samples, &mut packet[begin..]);
    packet.truncate(begin + made);
}

impl Leg {
    /// Sends the packet that is due. Whether there was one.
    pub(super) fn speak(&mut self, now: Instant) -> bool {
        while self.outward.tracks.front().is_some_and(|track| track.wish() == Wish::End) {
            self.outward.tracks.pop_front();
        }
        let Some(agreed) = &self.agreed else { return false };
        if !agreed.direction.sends() {
            self.outward.rested = true;
            return false;
        }
        let (codec, payload_type) = (agreed.codec, agreed.payload_type);
        let (ticks, digits, noise) = (agreed.packet_ms as usize * TICKS_PER_MS, agreed.digits, agreed.noise);
        if let Some(digits) = digits
            && !self.outward.digits.idle()
        {
            return self.send_event(digits, ticks as u32, now);
        }
        self.outward.packet.clear();
        self.outward.packet.resize(HEADER, 0);
        let mut content = (payload_type, Content::Voice(codec));
        let playing = !self.outward.tracks.is_empty() && self.outward.fill_from_tracks(codec, ticks);
        if !playing {
            let relaying = self.outward.relayed.as_ref();
            let relaying = relaying.is_some_and(|relayed| now.saturating_duration_since(relayed.at) < RELAY_SILENCE);
            match self.path {
                Path::Relay(_) if relaying && self.outward.tracks.is_empty() => return false,
                Path::Mix if self.outward.tracks.is_empty() => self.outward.fill_from_inputs(codec, ticks),
                _ => match noise {
                    Some(noise) if self.config.idle == Idle::ComfortNoise => {
                        self.outward.rested = true;
                        if self.outward.noise_in > 0 {
                            self.outward.noise_in -= 1;
                            return false;
                        }
                        self.outward.noise_in = NOISE_EVERY - 1;
                        self.outward.packet.push(NOISE_LEVEL);
                        content = (noise, Content::Noise);
                    }
                    _ => self.outward.silence(codec, ticks),
                },
            }
        }
        if content.1 != Content::Noise {
            self.outward.noise_in = 0;
        }
        let marker = content.1 != Content::Noise && std::mem::take(&mut self.outward.rested);
        let timestamp = self.own_timestamp(ticks as u32);
        let sent = self.send_packet(content.0, marker, timestamp, content.1, now);
        let outward = &mut self.outward;
        outward.finished.drain(..).for_each(|mut track| track.published(now));
        if let Some(track) = outward.tracks.front_mut() {
            track.published(now);
        }
        sent
    }

    fn send_event(&mut self, payload_type: u8, ticks: u32, now: Instant) -> bool {
        let timestamp = self.outward.timestamp;
        let Some(event) = self.outward.digits.packet(timestamp, ticks) else { return false };
        self.outward.packet.clear();
        self.outward.packet.resize(HEADER, 0);
        self.outward.packet.extend_from_slice(&event.payload);
        self.outward.rested = true;
        self.send_packet(payload_type, event.marker, event.timestamp, Content::Digits, now)
    }

    /// Our clock's timestamp; behind a bridge's packets, that of the packet after them.
    fn own_timestamp(&mut self, ticks: u32) -> u32 {
        if self.outward.relayed.take().is_some() {
            let ahead = self.outward.last_timestamp.wrapping_sub(self.outward.timestamp).cast_signed();
            if (0..8_000).contains(&ahead) {
                self.outward.timestamp = self.outward.last_timestamp.wrapping_add(ticks);
            }
            self.outward.rested = true;
        }
        self.outward.timestamp
    }

    /// Sends `outward.packet`, whose header is still empty, as the next in our sequence.
    fn send_packet(&mut self, payload_type: u8, marker: bool, timestamp: u32, content: Content, now: Instant) -> bool {
        let (sequence, ssrc) = (self.outward.sequence, self.outward.ssrc);
        let header = Header { payload_type, marker, sequence, timestamp, ssrc };
        self.outward.sequence = sequence.wrapping_add(1);
        self.outward.packet[..HEADER].copy_from_slice(&header.bytes());
        let packet = std::mem::take(&mut self.outward.packet);
        let sent = self.dispatch(&packet, timestamp, content, now);
        self.outward.packet = packet;
        sent
    }

    /// Seals and sends a packet whose header is complete.
    pub(super) fn dispatch(&mut self, packet: &[u8], timestamp: u32, content: Content, now: Instant) -> bool {
        if let (Some(recorder), Content::Voice(codec)) = (&mut self.recorder, content) {
            recorder.said(codec, &packet[HEADER..]);
        }
        let Some(to) = self.remote.rtp() else { return false };
        let secure = self.agreed.as_ref().is_some_and(|agreed| agreed.secure.is_some());
        let sent = match (&mut self.outward.sealer, secure) {
            (Some(sealer), _) => match sealer.rtp(packet) {
                Ok(sealed) => send(&self.sockets.rtp, &sealed, to),
                Err(_) => false,
            },
            // Never in the clear where encryption was agreed.
            (None, true) => false,
            (None, false) => send(&self.sockets.rtp, packet, to),
        };
        self.outward.last_timestamp = timestamp;
        self.reports.spoke(timestamp, now);
        if sent {
            self.outward.packets += 1;
            self.outward.octets += (packet.len() - HEADER) as u64;
        }
        sent
    }

    /// Sends a key: as an event where the peer understands it, as its tones elsewhere.
    pub(crate) fn send_digit(&mut self, digit: char) {
        if self.agreed.as_ref().is_some_and(|agreed| agreed.digits.is_some()) {
            self.outward.digits.add(digit);
        } else if crate::digits::code(digit).is_some() && self.outward.tracks.len() < TRACKS {
            self.outward.tracks.push_back(Track::new(Sound::Prepared(Arc::new(Prepared::key(digit)))).0);
        }
    }
}
