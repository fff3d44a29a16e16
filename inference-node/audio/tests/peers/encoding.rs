//! What we write is read by ffmpeg and sox.

use audio::{OutputFormat, StreamEncoder, encode};

use crate::signal::{self, assert_alike};
use crate::tools::{Workbench, duration_by_ffprobe, read_by_ffmpeg, read_by_sox, run};

/// Name of the file and least correlation for each format that has a header.
const FILES: [(OutputFormat, &str, f64); 5] = [
    (OutputFormat::Wav, "out.wav", 0.9999),
    (OutputFormat::WavAlaw, "alaw.wav", 0.98),
    (OutputFormat::WavUlaw, "ulaw.wav", 0.98),
    (OutputFormat::Flac, "out.flac", 0.9999),
    (OutputFormat::Opus, "out.opus", 0.97),
];

fn streamed(format: OutputFormat) -> Vec<u8> {
    let pcm = signal::pcm();
    let mut encoder = StreamEncoder::new(format, pcm.rate).unwrap();
    let mut bytes = Vec::new();
    for part in pcm.samples.chunks(777) {
        bytes.extend(encoder.push(part).unwrap());
    }
    bytes.extend(encoder.finish().unwrap());
    bytes
}

#[test]
fn whole_files_are_read_and_their_headers_tell_their_length() {
    let bench = Workbench::new();
    for (format, name, correlation) in FILES {
        let path = bench.write(name, &encode(&signal::pcm(), format, None).unwrap());
        assert_alike(&read_by_ffmpeg(&path), correlation, name);
        // sox is often built without Opus.
        if format != OutputFormat::Opus {
            assert_alike(&read_by_sox(&path), correlation, name);
        }
        let seconds = duration_by_ffprobe(&path);
        assert!((seconds - signal::pcm().seconds()).abs() < 0.010, "{name}: {seconds} s");
    }
}

#[test]
fn streams_are_read_to_their_end() {
    let bench = Workbench::new();
    for (format, name, correlation) in FILES {
        let path = bench.write(name, &streamed(format));
        assert_alike(&read_by_ffmpeg(&path), correlation, name);
    }
}

#[test]
fn headerless_samples_are_what_they_say() {
    let bench = Workbench::new();
    for (format, kind, correlation) in [
        (OutputFormat::Pcm, "s16le -ar 24000", 0.99),
        (OutputFormat::Alaw, "alaw -ar 8000", 0.98),
        (OutputFormat::Ulaw, "mulaw -ar 8000", 0.98),
    ] {
        let raw = bench.write("out.raw", &streamed(format));
        let wav = bench.path("out.wav");
        let mut arguments = vec!["-v", "error", "-y", "-f"];
        arguments.extend(kind.split_whitespace());
        arguments.extend(["-ac", "1", "-i", raw.to_str().unwrap(), wav.to_str().unwrap()]);
        run("ffmpeg", &arguments);
        assert_alike(&read_by_ffmpeg(&wav), correlation, kind);
    }
}

#[test]
fn opus_comes_in_pages_while_speech_is_still_being_made() {
    let pcm = signal::pcm();
    let mut encoder = StreamEncoder::new(OutputFormat::Opus, pcm.rate).unwrap();
    let (mut pages, mut longest_wait, mut waited) = (0, 0, 0);
    for part in pcm.samples.chunks(160) {
        waited += 10;
        let bytes = encoder.push(part).unwrap();
        let new = bytes.windows(4).filter(|four| four == b"OggS").count();
        if new > 0 {
            longest_wait = longest_wait.max(waited);
            waited = 0;
        }
        pages += new;
    }
    assert!(pages > 10, "{pages} pages");
    assert!(longest_wait <= 240, "{longest_wait} ms of speech without a page");
}

#[test]
fn nothing_to_say_is_still_a_file_that_players_open() {
    let bench = Workbench::new();
    for (format, name, _) in FILES {
        let bytes = StreamEncoder::new(format, 16_000).unwrap().finish().unwrap();
        let path = bench.write(name, &bytes);
        // FLAC without a frame is valid (RFC 9639, section 8.2), but ffmpeg asks for one.
        if format != OutputFormat::Flac {
            run("ffprobe", &["-v", "error", path.to_str().unwrap()]);
        }
    }
}
