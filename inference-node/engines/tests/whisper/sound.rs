//! Sounds at 16 kHz: speech by espeak-ng, and what a telephone brings that is none.

use std::f32::consts::TAU;
use std::io::Write;
use std::process::{Command, Stdio};

use protocol::Language;

pub(crate) const RATE: usize = 16_000;

/// A sentence as espeak-ng speaks it, with a little silence around.
pub(crate) fn spoken(language: Language, sentence: &str) -> Vec<f32> {
    let wav = Command::new("espeak-ng")
        .args(["-v", language.code(), "-s", "150", "--stdout", sentence])
        .output()
        .expect("espeak-ng is needed: install the package `espeak-ng`");
    let mut sox = Command::new("sox")
        .args([
            "-t",
            "wav",
            "--ignore-length",
            "-",
            "-r",
            "16000",
            "-c",
            "1",
            "-b",
            "16",
            "-e",
            "signed",
            "-t",
            "raw",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sox is needed: install the package `sox`");
    let mut input = sox.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&wav.stdout));
    let raw = sox.wait_with_output().unwrap().stdout;
    writer.join().unwrap().unwrap();
    let speech = raw.chunks_exact(2).map(|bytes| f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0);
    let speech: Vec<f32> = speech.collect();
    assert!(speech.len() > RATE / 4, "espeak-ng said nothing");
    [silence(0.4), speech, silence(0.4)].concat()
}

pub(crate) fn silence(seconds: f32) -> Vec<f32> {
    vec![0.0; (seconds * RATE as f32) as usize]
}

/// White noise, the same each time.
pub(crate) fn noise(seconds: f32, loudness: f32) -> Vec<f32> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..(seconds * RATE as f32) as usize).map(|_| next() * loudness).collect()
}

/// Tones that sound together.
pub(crate) fn tone(seconds: f32, hertz: &[f32]) -> Vec<f32> {
    let one = |index: usize| hertz.iter().map(|hertz| (index as f32 * hertz * TAU / RATE as f32).sin()).sum::<f32>();
    (0..(seconds * RATE as f32) as usize).map(|index| one(index) * 0.3 / hertz.len() as f32).collect()
}

/// A tone that comes and goes, half a second each, as a busy line has it.
pub(crate) fn busy(seconds: f32) -> Vec<f32> {
    let mut samples = tone(seconds, &[425.0]);
    for (index, sample) in samples.iter_mut().enumerate() {
        if index / (RATE / 2) % 2 == 1 {
            *sample = 0.0;
        }
    }
    samples
}
