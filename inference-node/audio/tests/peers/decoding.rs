//! Files of ffmpeg and sox are read.

use audio::{DecodeError, FormatHint, Limits, Pcm, decode, decode_at};

use crate::signal::{self, assert_alike};
use crate::tools::Workbench;

fn at_signal_rate(bytes: &[u8], hint: Option<FormatHint>, what: &str) -> Vec<f32> {
    let read = decode_at(bytes, hint, Limits::default(), signal::RATE);
    read.unwrap_or_else(|error| panic!("{what}: {error}")).samples
}

#[test]
fn every_kind_of_wav_is_read() {
    let bench = Workbench::new();
    for (options, correlation) in [
        ("-c:a pcm_u8", 0.99),
        ("-c:a pcm_s16le", 0.9999),
        ("-c:a pcm_s24le", 0.9999),
        ("-c:a pcm_s32le", 0.9999),
        ("-c:a pcm_f32le", 0.9999),
        ("-c:a pcm_f64le", 0.9999),
        ("-c:a pcm_alaw -ar 8000", 0.98),
        ("-c:a pcm_mulaw -ar 8000", 0.98),
        ("-c:a pcm_s16le -ac 2 -ar 44100", 0.99),
        ("-c:a pcm_s16le -ac 2 -ar 22050", 0.99),
        // More than two channels, or more than 16 bits, come as WAVE_FORMAT_EXTENSIBLE.
        ("-c:a pcm_s24le -ac 6 -ar 48000", 0.99),
        ("-c:a pcm_f32le -ac 8", 0.999),
    ] {
        let bytes = bench.by_ffmpeg("file.wav", options);
        assert_alike(&at_signal_rate(&bytes, None, options), correlation, options);
    }
}

#[test]
fn every_container_and_codec_is_read() {
    let bench = Workbench::new();
    for (name, options, correlation) in [
        ("file.mp3", "-c:a libmp3lame -b:a 64k", 0.98),
        ("variable.mp3", "-c:a libmp3lame -q:a 4 -ar 44100 -ac 2", 0.98),
        ("file.ogg", "-c:a libvorbis -q:a 4", 0.98),
        ("file.opus", "-c:a libopus -b:a 32k", 0.95),
        ("stereo.ogg", "-c:a libopus -b:a 48k -ac 2", 0.95),
        ("file.flac", "-c:a flac", 0.9999),
        ("deep.flac", "-c:a flac -sample_fmt s32 -ar 48000 -ac 2", 0.99),
        ("file.webm", "-c:a libopus -b:a 32k", 0.95),
        // As browsers record: clusters and segment of unknown length, no duration.
        ("live.webm", "-c:a libopus -b:a 32k -f webm -live 1", 0.95),
    ] {
        let bytes = bench.by_ffmpeg(name, options);
        assert_alike(&at_signal_rate(&bytes, None, name), correlation, name);
    }
}

#[test]
fn a_wav_that_sox_streams_is_read_to_its_end() {
    let bytes = Workbench::new().by_sox("-t wav -e signed -b 16");
    assert_alike(&at_signal_rate(&bytes, None, "streamed"), 0.9999, "streamed");
}

#[test]
fn raw_telephone_samples_of_sox_are_read_by_their_name() {
    let bench = Workbench::new();
    for (kind, name) in [("al", "call.al"), ("ul", "call.ul")] {
        let bytes = bench.by_sox(&format!("-t {kind} -r 8000"));
        assert_alike(&at_signal_rate(&bytes, FormatHint::from_file_name(name), name), 0.98, name);
    }
    let hint = Some(FormatHint::S16le { rate: signal::RATE });
    assert_alike(&at_signal_rate(&signal::s16le(), hint, "raw"), 0.9999, "raw");
}

#[test]
fn a_file_cut_in_half_is_truncated_and_says_how_much_can_be_read() {
    let bench = Workbench::new();
    for (name, options) in [
        ("file.wav", "-c:a pcm_s16le"),
        ("file.flac", "-c:a flac"),
        ("file.mp3", "-c:a libmp3lame -b:a 64k"),
        ("file.ogg", "-c:a libvorbis -page_duration 200000"),
        ("file.opus", "-c:a libopus -page_duration 200000"),
        ("file.webm", "-c:a libopus -b:a 64k -vbr off"),
    ] {
        let bytes = bench.by_ffmpeg(name, options);
        match decode(&bytes[..bytes.len() / 2], None, Limits::default()) {
            Err(DecodeError::Truncated { readable_seconds }) => {
                assert!((0.3..2.2).contains(&readable_seconds), "{name}: {readable_seconds} s");
            }
            other => panic!("{name}: {:?}", other.map(|pcm| pcm.seconds())),
        }
    }
}

#[test]
fn a_recording_in_progress_may_end_anywhere() {
    let bench = Workbench::new();
    for (name, options) in [
        ("live.webm", "-c:a libopus -b:a 64k -vbr off -f webm -live 1 -cluster_time_limit 500"),
        ("bare.mp3", "-c:a libmp3lame -b:a 64k -write_xing 0"),
    ] {
        let bytes = bench.by_ffmpeg(name, options);
        let half = decode(&bytes[..bytes.len() / 2], None, Limits::default());
        let seconds = half.as_ref().map(Pcm::seconds);
        assert!(matches!(seconds, Ok(0.3..2.0)), "{name}: {seconds:?}");
    }
}

#[test]
fn a_small_file_that_unpacks_to_more_than_allowed_is_refused() {
    let bench = Workbench::new();
    // Ten minutes of silence in a few kilobytes stand for the days that fit into a megabyte.
    for (name, options) in [("file.flac", "-c:a flac"), ("live.opus", "-c:a libopus -b:a 6k -frame_duration 60")] {
        let bytes = bench.by_ffmpeg(name, &format!("{options} -filter:a volume=0,apad=whole_dur=600"));
        let limits = Limits { max_seconds: 300.0, ..Limits::default() };
        let refused = decode(&bytes, None, limits);
        assert!(matches!(refused, Err(DecodeError::TooLong { .. })), "{name} of {} bytes", bytes.len());
    }
}

#[test]
fn a_codec_that_is_not_read_is_named() {
    let bench = Workbench::new();
    for (name, options, named) in [
        ("file.m4a", "-c:a aac", "MP4"),
        ("file.mka", "-c:a aac", "AAC"),
        ("adpcm.wav", "-c:a adpcm_ima_wav", "IMA ADPCM"),
        ("file.aiff", "-c:a pcm_s16be", "AIFF"),
    ] {
        match decode(&bench.by_ffmpeg(name, options), None, Limits::default()) {
            Err(DecodeError::Unsupported { what }) => assert!(what.contains(named), "{name}: {what}"),
            other => panic!("{name}: {:?}", other.map(|pcm| pcm.seconds())),
        }
    }
}

#[test]
fn one_damaged_packet_does_not_shift_what_follows() {
    let mut bytes = Workbench::new().by_ffmpeg("file.flac", "-c:a flac -frame_size 1024");
    let middle = bytes.len() / 4;
    for byte in &mut bytes[middle..middle + 20] {
        *byte ^= 0x5a;
    }
    // FLAC checks its frames, so a damaged one is lost; either is said or it is bridged, never glued together.
    if let Ok(pcm) = decode(&bytes, None, Limits::default()) {
        assert_alike(&pcm.samples, 0.8, "damaged");
    }
}
