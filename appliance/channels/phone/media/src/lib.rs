//! A call's sound: session descriptions, RTP, codecs, the steady clock.
//!
//! [`Media::start`] starts a few threads of the operating system that do nothing but carry sound. A call leg is a [`Line`]:
//! it negotiates by offer and answer, is heard through its [`Ear`], says what is given to [`Line::play`], and may be joined
//! with another by [`Media::bridge`] or with several in a [`Room`]. Everything that the outside does to a line travels
//! through bounded queues that neither side ever waits for: a slow listener loses old frames, a slow speaker is heard as a
//! pause, and no call hears of another's trouble.
//!
//! Rejected: tasks of the asynchronous runtime per call (a busy runtime is late by tens of milliseconds), and one thread per
//! call (a thousand stacks, and the scheduler as clock).

mod codec;
mod conceal;
mod config;
mod digits;
mod ear;
mod error;
mod group;
mod jitter;
mod leg;
mod line;
mod media;
mod playing;
mod ports;
mod rtcp;
mod rtp;
mod sdp;
mod shared;
mod sound;
mod srtp;
mod statistics;
mod tap;
mod voice;
mod worker;

#[cfg(test)]
mod test_sounds;

pub use config::{Codec, Idle, MediaConfig, SecurePolicy};
pub use ear::{Ear, Frame, Heard};
pub use error::{MediaError, NegotiationError};
pub use group::{Bridge, Role, Room};
pub use line::{Direction, Line, LineWish, Negotiated};
pub use media::Media;
pub use playing::{Ended, Playing};
pub use sound::{Prepared, Sound, SoundWriter, StreamEnded, StreamedSound, stream};
pub use statistics::{Figures, Statistics};
pub use tap::{Tap, TapPair};
