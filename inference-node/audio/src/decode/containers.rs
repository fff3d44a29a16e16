//! Containers, read by symphonia packet by packet.

use std::io::{Cursor, ErrorKind, Read};
use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known as ids;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource};
use symphonia::default::formats::{FlacReader, MkvReader, MpaReader, OggReader, WavReader};
use symphonia_adapter_libopus::OpusDecoder;

use super::error::DecodeError;
use super::sink::Sink;
use super::sniff::Container;
use super::{vorbis, wave};

/// symphonia's decoders and libopus.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<OpusDecoder>();
    codecs
});

/// What a file says about its own length.
#[derive(Debug, Clone, Copy, Default)]
struct Promise {
    /// How many frames; `None` where it does not say.
    frames: Option<u64>,
    /// How many may be missing: lengths that are rounded, or count what a decoder swallows at the ends.
    tolerance: u64,
    /// Whether an end without the container's own mark of an end is one too early.
    end_is_marked: bool,
}

pub(super) fn decode(container: Container, bytes: &[u8], sink: &mut Sink) -> Result<(), DecodeError> {
    let wave = if container == Container::Wave { Some(wave::read(bytes)?) } else { None };
    let source: Box<dyn MediaSource + '_> = match (&wave, container) {
        (Some(wave), _) => Box::new(ReadOnlySource::new(Cursor::new(&wave.header).chain(wave.data))),
        // Only Ogg needs to seek: to its last page, for the length of what it ends with. Where MP3 can seek it guesses its
        // length and then trims to its guess; WebM follows pointers beyond the end of a cut file and gives up.
        (None, Container::Ogg) => Box::new(Cursor::new(bytes)),
        (None, _) => Box::new(ReadOnlySource::new(bytes)),
    };
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut reader = open(container, stream).map_err(|error| opening_failed(container, &error))?;
    let mut playing = Playing::begin(reader.as_ref(), sink)?;
    let promise = match &wave {
        Some(wave) => Promise { frames: wave.promised_frames, ..Promise::default() },
        None => promise(container, reader.as_ref(), &playing),
    };
    if let Some(frames) = promise.frames {
        sink.promise(frames)?;
    }
    let ending = playing.read_all(reader.as_mut(), sink)?;
    playing.judge(promise, &ending, sink)
}

fn open<'a>(container: Container, stream: MediaSourceStream<'a>) -> Result<Box<dyn FormatReader + 'a>, Error> {
    let options = FormatOptions::default();
    Ok(match container {
        Container::Wave => Box::new(WavReader::try_new(stream, options)?),
        Container::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Container::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Container::Webm => Box::new(MkvReader::try_new(stream, options)?),
        Container::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
    })
}

fn opening_failed(container: Container, error: &Error) -> DecodeError {
    match error {
        // Where MP3 was only presumed, no frame at all means that it is none.
        Error::IoError(_) if container == Container::Mp3 => DecodeError::NotAudio,
        Error::IoError(_) => DecodeError::Truncated { readable_seconds: 0.0 },
        Error::Unsupported(what) => DecodeError::Unsupported { what: format!("this kind of audio ({what})") },
        other => DecodeError::Damaged { readable_seconds: 0.0, reason: other.to_string() },
    }
}

fn promise(container: Container, reader: &dyn FormatReader, playing: &Playing) -> Promise {
    let track = reader.tracks().iter().find(|track| track.id == playing.track_id);
    let frames = track.and_then(|track| track.num_frames);
    match container {
        // STREAMINFO of 0 means unknown, which symphonia leaves out; its numbers are exact.
        Container::Wave | Container::Flac => Promise { frames, ..Promise::default() },
        // The first frames may lack the bits that they borrow from earlier ones.
        Container::Mp3 => Promise { frames, tolerance: 2 * 1152, ..Promise::default() },
        Container::Ogg => Promise { frames: None, tolerance: 0, end_is_marked: true },
        // The duration of the longest track, in milliseconds, with the last packet or without it.
        Container::Webm => {
            let media = reader.media_info();
            let seconds = media.time_base.zip(media.duration).and_then(|(base, length)| base.calc_duration(length));
            let rate = f64::from(playing.rate);
            let one_track = reader.tracks().len() == 1;
            Promise {
                frames: seconds.filter(|_| one_track).map(|seconds| (seconds.as_secs_f64() * rate) as u64),
                tolerance: (rate * 0.13) as u64,
                end_is_marked: false,
            }
        }
    }
}

/// How the packets ended.
enum Ending {
    /// At the container's own end, or at a mere end of bytes where that is the way to end.
    Regular,
    /// In the middle of something.
    EndOfBytes,
    /// At bytes that make no sense.
    Nonsense(String),
}

/// The track that is decoded.
struct Playing {
    track_id: u32,
    rate: u32,
    decoder: Box<dyn AudioDecoder>,
    /// Packets that gave samples.
    good_packets: u64,
    /// Why the last packet that gave none did not.
    last_fault: Option<String>,
}

impl Playing {
    /// Chooses the first audio track and makes its decoder.
    fn begin(reader: &dyn FormatReader, sink: &mut Sink) -> Result<Self, DecodeError> {
        let (track, params) = reader.tracks().iter().find_map(audio_of).ok_or_else(|| DecodeError::Unsupported {
            what: "a file without an audio track that we know".to_owned(),
        })?;
        let headers = params.extra_data.as_deref().unwrap_or_default();
        if params.codec == ids::CODEC_ID_VORBIS && !vorbis::is_modest(headers) {
            let reason = "a Vorbis codebook is absurdly large".to_owned();
            return Err(DecodeError::Damaged { readable_seconds: 0.0, reason });
        }
        let decoder = CODECS.make_audio_decoder(params, &AudioDecoderOptions::default()).map_err(|error| {
            let named = codec_name(params.codec);
            match error {
                Error::Unsupported(why) if named == "Opus" => {
                    DecodeError::Unsupported { what: format!("this form of Opus ({why})") }
                }
                Error::Unsupported(_) => DecodeError::Unsupported { what: format!("the codec {named}") },
                other => DecodeError::Damaged { readable_seconds: 0.0, reason: other.to_string() },
            }
        })?;
        let rate = params.sample_rate.unwrap_or(0);
        sink.begin(rate)?;
        Ok(Self { track_id: track.id, rate, decoder, good_packets: 0, last_fault: None })
    }

    fn read_all(&mut self, reader: &mut dyn FormatReader, sink: &mut Sink) -> Result<Ending, DecodeError> {
        let mut interleaved: Vec<f32> = Vec::new();
        loop {
            let packet = match reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(Ending::Regular),
                // An Ogg stream follows another one, as some radio stations send. Its decoder begins anew.
                Err(Error::ResetRequired) => {
                    let next = Self::begin(reader, sink)?;
                    *self = Self { good_packets: self.good_packets, last_fault: self.last_fault.take(), ..next };
                    continue;
                }
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(Ending::EndOfBytes);
                }
                Err(error) => return Ok(Ending::Nonsense(error.to_string())),
            };
            if packet.track_id != self.track_id {
                continue;
            }
            match self.decoder.decode(&packet) {
                Ok(decoded) => {
                    if decoded.spec().rate() != self.rate {
                        sink.begin(decoded.spec().rate())?;
                    }
                    let channels = decoded.spec().channels().count();
                    decoded.copy_to_vec_interleaved(&mut interleaved);
                    self.good_packets += u64::from(!interleaved.is_empty());
                    sink.push(&interleaved, channels)?;
                }
                // One bad packet is a click in an otherwise good recording. What follows must keep its time.
                Err(Error::DecodeError(_) | Error::IoError(_)) if self.good_packets == 0 => {
                    self.last_fault = Some("its first packets cannot be decoded".to_owned());
                }
                Err(error @ (Error::DecodeError(_) | Error::IoError(_))) => {
                    self.last_fault = Some(error.to_string());
                    // Packets of these codecs last 120 ms at most; a longer one is a lie.
                    sink.push_silence(packet.dur.get().min(u64::from(self.rate) / 8))?;
                }
                Err(error) => return Ok(Ending::Nonsense(error.to_string())),
            }
        }
    }

    /// Whether what was read is what the file promised.
    fn judge(self, promise: Promise, ending: &Ending, sink: &Sink) -> Result<(), DecodeError> {
        let readable_seconds = sink.seconds();
        let damaged = |reason: &str| DecodeError::Damaged { readable_seconds, reason: reason.to_owned() };
        let short = promise.frames.is_some_and(|frames| sink.frames().saturating_add(promise.tolerance) < frames);
        match ending {
            Ending::Nonsense(reason) => Err(damaged(reason)),
            Ending::EndOfBytes if short || promise.end_is_marked => Err(DecodeError::Truncated { readable_seconds }),
            Ending::Regular if short => Err(DecodeError::Truncated { readable_seconds }),
            _ if self.good_packets == 0 => match self.last_fault {
                Some(fault) => Err(damaged(&fault)),
                None => Err(DecodeError::Empty),
            },
            _ => Ok(()),
        }
    }
}

fn audio_of(track: &Track) -> Option<(&Track, &AudioCodecParameters)> {
    (track.track_type() == Some(TrackType::Audio)).then_some(())?;
    Some((track, track.codec_params.as_ref()?.audio()?))
}

/// The name of a codec that a container may hold, for messages.
fn codec_name(codec: AudioCodecId) -> String {
    let name = match codec {
        ids::CODEC_ID_OPUS => "Opus",
        ids::CODEC_ID_AAC => "AAC",
        ids::CODEC_ID_AC3 => "AC-3",
        ids::CODEC_ID_EAC3 => "E-AC-3",
        ids::CODEC_ID_MP1 => "MPEG layer I",
        ids::CODEC_ID_MP2 => "MPEG layer II",
        ids::CODEC_ID_ALAC => "ALAC",
        ids::CODEC_ID_DCA => "DTS",
        ids::CODEC_ID_SPEEX => "Speex",
        ids::CODEC_ID_WAVPACK => "WavPack",
        ids::CODEC_ID_ADPCM_MS => "Microsoft ADPCM",
        ids::CODEC_ID_ADPCM_IMA_WAV => "IMA ADPCM",
        _ => return format!("{codec}"),
    };
    name.to_owned()
}
