//! How many times faster than real time resampling, decoding and encoding are: `cargo run --release -p audio --example speed`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use audio::{Limits, OutputFormat, Pcm, Resampler, decode, encode, resample};

const SECONDS: u32 = 60;

fn main() -> Result<(), Box<dyn Error>> {
    for (from, to) in [(8000, 16000), (16000, 8000), (22050, 8000), (22050, 16000), (44100, 16000), (48000, 16000)] {
        let sound = speech_like(from);
        let start = Instant::now();
        resample(&sound, to)?;
        report(&format!("resample {from} to {to}, whole"), start);

        let mut resampler = Resampler::new(from, to)?;
        let start = Instant::now();
        for packet in sound.samples.chunks((from / 50) as usize) {
            resampler.push(packet)?;
        }
        resampler.finish()?;
        report(&format!("resample {from} to {to}, 20 ms packets"), start);
    }
    let sound = speech_like(24_000);
    for format in OutputFormat::ALL {
        let start = Instant::now();
        let bytes = encode(&sound, format, None)?;
        report(&format!("encode {}", format.name()), start);
        if !matches!(format, OutputFormat::Pcm | OutputFormat::Alaw | OutputFormat::Ulaw) {
            let start = Instant::now();
            decode(&bytes, None, Limits::default())?;
            report(&format!("decode {}", format.name()), start);
        }
    }
    Ok(())
}

fn report(what: &str, start: Instant) {
    println!("{what:<40} {:>8.0} x real time", f64::from(SECONDS) / start.elapsed().as_secs_f64());
}

fn speech_like(rate: u32) -> Pcm {
    let samples = (0..rate * SECONDS).map(|n| {
        let t = n as f32 / rate as f32;
        0.3 * (t * 900.0).sin() * (t * 12.0).sin() + 0.1 * (t * 5200.0).sin()
    });
    Pcm { rate, samples: samples.collect() }
}
