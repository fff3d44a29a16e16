//! No bytes make the decoder panic, hang or take more than it may.

use audio::{FormatHint, Limits, decode_at};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::tools::Workbench;

const LIMITS: Limits = Limits { max_seconds: 60.0, max_samples: 60 * 16_000 };

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let bench = Workbench::new();
    [
        ("s16.wav", "-c:a pcm_s16le -t 0.5"),
        ("wide.wav", "-c:a pcm_s24le -ac 6 -t 0.3"),
        ("alaw.wav", "-c:a pcm_alaw -ar 8000 -t 0.5"),
        ("file.mp3", "-c:a libmp3lame -b:a 48k -t 0.8"),
        ("file.ogg", "-c:a libvorbis -t 0.8"),
        ("file.opus", "-c:a libopus -b:a 24k -page_duration 100000 -t 0.8"),
        ("file.flac", "-c:a flac -t 0.5"),
        ("file.webm", "-c:a libopus -b:a 24k -t 0.8"),
        ("vorbis.webm", "-c:a libvorbis -t 0.8"),
    ]
    .map(|(name, options)| (name, bench.by_ffmpeg(name, options)))
    .into()
}

/// Where bytes change: half of them in the first 200, where headers lie.
fn change() -> impl Strategy<Value = (bool, prop::sample::Index, u8)> {
    (any::<bool>(), any::<prop::sample::Index>(), any::<u8>())
}

#[test]
fn mutated_files_are_decoded_or_refused() {
    for (name, file) in files() {
        let mutations = (prop::collection::vec(change(), 1..24), prop::option::of(any::<prop::sample::Index>()));
        let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&mutations, |(changes, cut)| {
            let mut bytes = file.clone();
            for (in_header, index, value) in changes {
                let range = if in_header { bytes.len().min(200) } else { bytes.len() };
                bytes[index.index(range)] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(pcm) = decode_at(&bytes, None, LIMITS, 16_000) {
                prop_assert!(pcm.seconds() <= 60.1);
                prop_assert!(pcm.samples.iter().all(|sample| sample.is_finite()));
            }
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

proptest! {
    #![proptest_config(Config { cases: 128, failure_persistence: None, ..Config::default() })]

    #[test]
    fn noise_under_any_name_is_decoded_or_refused(
        mark in prop::sample::select(vec![
            &b""[..], b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"\x1a\x45\xdf\xa3", b"ID3\x04\0\0\0\0\0\0",
            b"\xff\xfb\x90\x64",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..3000),
        hint in prop::sample::select(vec![
            None, Some(FormatHint::Mp3), Some(FormatHint::Alaw { rate: 8000 }), Some(FormatHint::S16le { rate: 0 }),
        ]),
    ) {
        let bytes = [mark, &noise].concat();
        let _ = decode_at(&bytes, hint, LIMITS, 16_000);
    }
}
