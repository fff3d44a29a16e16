//! Sound in the forms that speech needs: decoded, resampled, encoded.
//!
//! **In.** [`decode`] takes the bytes that a client sent and gives mono samples, whatever the file was: WAV, MP3, FLAC, Ogg
//! with Opus or Vorbis, WebM with Opus, or headerless telephone samples when the client names them. What the bytes are is
//! read from the bytes; the client's word counts only where they do not say. Bytes are untrusted: limits hold while decoding,
//! and no input makes it panic.
//!
//! **Between.** [`Resampler`] converts sample rates as samples come, with less than 10 ms of delay from 8 kHz up, [`resample`]
//! does so at once, and [`level`] keeps loud speech from clipping.
//!
//! **Out.** [`StreamEncoder`] makes WAV, FLAC, Ogg Opus, raw PCM or G.711 while speech is still being synthesised;
//! [`encode`](encode()) makes a whole file.
//!
//! MP3 and AAC are not written: their usual encoders are under the LGPL or terms of their own, and need further build tools.

mod decode;
mod encode;
mod g711;
pub mod level;
mod pcm;
mod resample;
mod wav;

pub use decode::{DecodeError, FormatHint, Limits, decode, decode_at};
pub use encode::{EncodeError, OutputFormat, StreamEncoder, encode};
pub use g711::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};
pub use pcm::{Pcm, to_i16};
pub use resample::{ResampleError, Resampler, resample};
