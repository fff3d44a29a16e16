//! Lines on the loopback, and sounds to tell apart.
#![allow(dead_code, unreachable_pub, reason = "each test file is a program of its own and uses a part")]

use std::f32::consts::TAU;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use media::{Codec, Ear, Frame, Heard, Line, LineWish, Media, MediaConfig, Prepared, SecurePolicy};

pub const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Media threads with a range of ports of their own.
pub fn media(change: impl FnOnce(&mut MediaConfig)) -> Media {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test programs run one after the other, but not their tests; another program's ports are passed over.
    let first = 21_000 + NEXT.fetch_add(400, Ordering::Relaxed) + (std::process::id() % 20) as u16 * 10;
    let mut config = MediaConfig {
        first_port: first,
        last_port: first + 399,
        threads: 1,
        real_time_priority: 0,
        ..MediaConfig::default()
    };
    change(&mut config);
    Media::start(config).unwrap()
}

pub fn open(media: &Media, secure: SecurePolicy) -> Line {
    media.open(LineWish { local: LOCAL, secure }).unwrap()
}

/// Two lines that have agreed.
pub fn call(media: &Media, secure: SecurePolicy) -> (Line, Line) {
    let (mut a, mut b) = (open(media, secure), open(media, secure));
    connect(&mut a, &mut b);
    (a, b)
}

pub fn connect(a: &mut Line, b: &mut Line) {
    let answer = b.answer(&a.offer()).unwrap();
    a.accept(&answer).unwrap();
}

pub fn tone(hertz: f32, rate: u32, ms: u32) -> Vec<i16> {
    (0..rate * ms / 1000).map(|i| ((i as f32 * hertz * TAU / rate as f32).sin() * 8_000.0) as i16).collect()
}

pub fn prepared(hertz: f32, ms: u32) -> Arc<Prepared> {
    Arc::new(Prepared::from_pcm(&tone(hertz, 16_000, ms), 16_000))
}

/// The part of a sound's energy that lies at a frequency, 0 to 1.
pub fn purity(samples: &[i16], rate: u32, hertz: f32) -> f32 {
    let (mut sine, mut cosine, mut energy) = (0.0_f32, 0.0_f32, 1.0_f32);
    for (i, sample) in samples.iter().enumerate() {
        let (phase, sample) = (i as f32 * hertz * TAU / rate as f32, f32::from(*sample));
        sine += phase.sin() * sample;
        cosine += phase.cos() * sample;
        energy += sample * sample;
    }
    2.0 * (sine * sine + cosine * cosine) / samples.len().max(1) as f32 / energy
}

/// The part of a sound's frames of 20 ms that are a pure tone: a machine that stalls tears holes, but into a few only.
pub fn pure_part(samples: &[i16], rate: u32, hertz: f32) -> f32 {
    let frames: Vec<bool> = samples.chunks(rate as usize / 50).map(|frame| purity(frame, rate, hertz) > 0.8).collect();
    frames.iter().filter(|pure| **pure).count() as f32 / frames.len().max(1) as f32
}

/// Waits for the first event that suits, frames left out.
pub async fn event(ear: &mut Ear, wanted: impl Fn(&Heard) -> bool) -> Heard {
    let found = async {
        loop {
            let heard = ear.next().await;
            if wanted(&heard) {
                return heard;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("it was not heard")
}

/// Waits for a frame that suits.
pub async fn frame(ear: &mut Ear, wanted: impl Fn(&Frame) -> bool) -> Frame {
    match event(ear, |heard| matches!(heard, Heard::Frame(frame) if wanted(frame))).await {
        Heard::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

/// Waits until a tone is heard.
pub async fn hears(ear: &mut Ear, hertz: f32) {
    frame(ear, |frame| purity(&frame.samples, frame.rate, hertz) > 0.8 && frame.level_db > -40.0).await;
}

/// The next frames' samples, so many milliseconds.
pub async fn listen(ear: &mut Ear, ms: usize) -> (Vec<i16>, u32) {
    let (mut samples, mut rate) = (Vec::new(), 8_000);
    while samples.len() < rate as usize * ms / 1_000 {
        let next = frame(ear, |_| true).await;
        rate = next.rate;
        samples.extend_from_slice(&next.samples);
    }
    (samples, rate)
}

pub fn only(codec: Codec) -> impl FnOnce(&mut MediaConfig) {
    move |config| config.codecs = vec![codec]
}

/// A byte of A-law (ITU-T G.711) as a sample.
pub fn linear(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = (byte >> 4 & 7, i16::from(byte & 15));
    let size = if exponent == 0 { (mantissa << 4) + 8 } else { ((mantissa << 4) + 0x108) << (exponent - 1) };
    if byte & 0x80 == 0 { -size } else { size }
}
