//! What a line can say: sounds prepared once for all calls, and sounds that are still being made.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use audio_codec::resampler::BoxedResampler;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender, error::TryRecvError};

use crate::Codec;
use crate::codec::{Encoder, TICKS_PER_MS};
use crate::digits::tone::tones;

/// Something to play.
#[derive(Debug)]
pub enum Sound {
    /// A sound that is known whole, shared by all lines that play it.
    Prepared(Arc<Prepared>),
    /// A sound that arrives while it is played.
    Streamed(StreamedSound),
}

/// A sound that is known whole, encoded at most once for each codec.
pub struct Prepared {
    narrow: Vec<i16>,
    wide: Vec<i16>,
    encoded: [OnceLock<Box<[u8]>>; 3],
}

impl Prepared {
    /// Keeps a sound of one channel at `rate` samples in a second, 8000 to 48000.
    ///
    /// This resamples the whole sound: milliseconds for each second of it, off the media threads.
    pub fn from_pcm(samples: &[i16], rate: u32) -> Self {
        let mut narrow = resample(samples, rate, Codec::Pcma.rate());
        let mut wide = resample(samples, rate, Codec::G722.rate());
        narrow.resize(wide.len().div_ceil(2), 0);
        wide.resize(narrow.len() * 2, 0);
        Self { narrow, wide, encoded: Default::default() }
    }

    /// The tones of a key, with the pause that follows.
    pub(crate) fn key(key: char) -> Self {
        let sound = |codec: Codec| {
            let mut tones = tones(key, codec.rate(), 100);
            tones.resize(codec.rate() as usize * 160 / 1_000, 0);
            tones
        };
        Self { narrow: sound(Codec::Pcma), wide: sound(Codec::G722), encoded: Default::default() }
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        duration(self.ticks())
    }

    /// The same in ticks of 1/8000 s.
    pub(crate) fn ticks(&self) -> usize {
        self.narrow.len()
    }

    /// Encodes it for a codec, unless that was done. Not for a media thread.
    pub(crate) fn encode(&self, codec: Codec) -> &[u8] {
        self.encoded[codec as usize].get_or_init(|| {
            let mut bytes = vec![0; self.narrow.len()];
            Encoder::new(codec).encode(self.pcm(codec), &mut bytes);
            bytes.into()
        })
    }

    /// Its bytes, if it was encoded for the codec.
    pub(crate) fn encoded(&self, codec: Codec) -> Option<&[u8]> {
        self.encoded[codec as usize].get().map(AsRef::as_ref)
    }

    /// Its samples at the codec's rate.
    pub(crate) fn pcm(&self, codec: Codec) -> &[i16] {
        if codec == Codec::G722 { &self.wide } else { &self.narrow }
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("duration", &self.duration()).finish_non_exhaustive()
    }
}

/// Ticks of 1/8000 s as a duration.
pub(crate) fn duration(ticks: usize) -> Duration {
    Duration::from_micros(ticks as u64 * 1_000 / TICKS_PER_MS as u64)
}

fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    match BoxedResampler::new(from as usize, to as usize) {
        Ok(mut resampler) => resampler.resample(samples),
        Err(_) => Vec::new(),
    }
}

/// The end of a stream that a line plays.
pub struct StreamedSound {
    rate: u32,
    chunks: UnboundedReceiver<Vec<i16>>,
    room: Arc<Semaphore>,
    resampler: Option<Box<(u32, BoxedResampler)>>,
    ready: VecDeque<i16>,
    finished: bool,
}

/// The end of a stream into which a sound is written.
#[derive(Debug)]
pub struct SoundWriter {
    // The semaphore bounds it, in samples.
    chunks: UnboundedSender<Vec<i16>>,
    room: Arc<Semaphore>,
    bound: usize,
}

/// The stream's sound was stopped or its line closed: what is pushed would never be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the streamed sound has ended")]
pub struct StreamEnded;

/// A stream of one channel at `rate` samples in a second, 8000 to 48000, that holds at most `bound` of unsaid sound.
pub fn stream(rate: u32, bound: Duration) -> (SoundWriter, StreamedSound) {
    let (sender, chunks) = mpsc::unbounded_channel();
    let bound = usize::try_from(u128::from(rate) * bound.as_millis() / 1_000).unwrap_or(usize::MAX);
    let bound = bound.clamp(1, Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(bound));
    let writer = SoundWriter { chunks: sender, room: Arc::clone(&room), bound };
    (writer, StreamedSound { rate, chunks, room, resampler: None, ready: VecDeque::new(), finished: false })
}

impl SoundWriter {
    /// Appends samples, and waits while the stream is full.
    ///
    /// # Errors
    /// `StreamEnded` when nobody plays it any more.
    pub async fn push(&mut self, samples: &[i16]) -> Result<(), StreamEnded> {
        for part in samples.chunks(self.bound.min(4_096)) {
            let permits = self.room.acquire_many(part.len() as u32).await.map_err(|_| StreamEnded)?;
            permits.forget();
            self.chunks.send(part.to_vec()).map_err(|_| StreamEnded)?;
        }
        Ok(())
    }

    /// Says that all was pushed; the same as dropping the writer.
    pub fn finish(self) {}
}

impl StreamedSound {
    /// Builds what is needed to play at a codec's rate, outside the media threads.
    pub(crate) fn make_ready(&mut self, codec: Codec) {
        let rate = codec.rate();
        if rate != self.rate && self.resampler.as_ref().is_none_or(|resampler| resampler.0 != rate) {
            let resampler = BoxedResampler::new(self.rate as usize, rate as usize);
            self.resampler = resampler.ok().map(|resampler| Box::new((rate, resampler)));
        }
    }

    /// Takes samples at the codec's rate: as many as there are, up to `out`'s length.
    pub(crate) fn take(&mut self, codec: Codec, out: &mut [i16]) -> usize {
        self.make_ready(codec);
        while self.ready.len() < out.len() {
            match self.chunks.try_recv() {
                Ok(chunk) => {
                    self.room.add_permits(chunk.len());
                    match self.resampler.as_deref_mut() {
                        Some((rate, resampler)) if *rate == codec.rate() => {
                            self.ready.extend(resampler.resample(&chunk));
                        }
                        _ => self.ready.extend(chunk),
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.finished = true;
                    break;
                }
            }
        }
        let count = out.len().min(self.ready.len());
        for (place, sample) in out.iter_mut().zip(self.ready.drain(..count)) {
            *place = sample;
        }
        count
    }

    /// Whether all was said.
    pub(crate) fn finished(&self) -> bool {
        self.finished && self.ready.is_empty()
    }
}

impl Drop for StreamedSound {
    fn drop(&mut self) {
        self.room.close();
    }
}

impl fmt::Debug for StreamedSound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedSound").field("rate", &self.rate).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sounds::{correlation, tone};

    #[test]
    fn a_sound_keeps_its_length_and_pitch_at_every_rate() {
        for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let sound = Prepared::from_pcm(&tone(440.0, rate, 500, 8_000.0), rate);
            assert!(sound.duration().as_millis().abs_diff(500) <= 2, "{rate}: {:?}", sound.duration());
            for codec in [Codec::Pcma, Codec::G722] {
                let likeness = correlation(sound.pcm(codec), &tone(440.0, codec.rate(), 500, 8_000.0));
                assert!(likeness > 0.98, "{rate} {codec:?}: {likeness}");
            }
        }
    }

    #[test]
    fn a_sound_is_encoded_once_for_each_codec() {
        let sound = Prepared::from_pcm(&tone(440.0, 8_000, 100, 8_000.0), 8_000);
        assert!(sound.encoded(Codec::Pcma).is_none());
        let first = sound.encode(Codec::Pcma).as_ptr();
        assert_eq!(sound.encode(Codec::Pcma).as_ptr(), first);
        assert_eq!(sound.encoded(Codec::Pcma).map(<[u8]>::len), Some(800));
        assert!(Prepared::from_pcm(&[], 8_000).duration().is_zero());
    }

    #[tokio::test]
    async fn a_full_stream_makes_its_writer_wait() {
        let (mut writer, mut sound) = stream(8_000, Duration::from_millis(100));
        writer.push(&[1; 800]).await.unwrap();
        let mut out = [0; 800];
        {
            let mut more = std::pin::pin!(writer.push(&[2; 80]));
            assert!(futures_pending(more.as_mut()).await);
            assert_eq!(sound.take(Codec::Pcma, &mut out), 800);
            more.await.unwrap();
        }
        writer.finish();
        assert_eq!(sound.take(Codec::Pcma, &mut out), 80);
        assert!(sound.finished());
    }

    #[tokio::test]
    async fn a_writer_learns_that_nobody_plays_any_more() {
        let (mut writer, sound) = stream(8_000, Duration::from_millis(10));
        drop(sound);
        assert_eq!(writer.push(&[0; 10]).await, Err(StreamEnded));
    }

    async fn futures_pending(future: std::pin::Pin<&mut impl Future>) -> bool {
        let mut future = future;
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }
}
