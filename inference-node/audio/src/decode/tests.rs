use super::*;
use crate::encode::{OutputFormat, encode};
use crate::g711::alaw_encode;

fn second_of_tone(rate: u32) -> Pcm {
    let samples = (0..rate).map(|n| 0.3 * (n as f32 * 0.2).sin()).collect();
    Pcm { rate, samples }
}

fn wav() -> Vec<u8> {
    encode(&second_of_tone(16_000), OutputFormat::Wav, None).unwrap()
}

fn decoded(bytes: &[u8]) -> Result<Pcm, DecodeError> {
    decode(bytes, None, Limits::default())
}

#[test]
fn nothing_at_all_and_no_samples_are_empty() {
    assert!(matches!(decoded(&[]), Err(DecodeError::Empty)));
    let no_samples = encode(&Pcm { rate: 8000, samples: Vec::new() }, OutputFormat::Wav, None).unwrap();
    assert!(matches!(decoded(&no_samples), Err(DecodeError::Empty)));
}

#[test]
fn a_text_is_no_audio() {
    assert!(matches!(decoded(b"Buna ziua, as dori o programare."), Err(DecodeError::NotAudio)));
}

#[test]
fn a_truncated_wav_is_a_clear_error_that_says_how_much_is_there() {
    let wav = wav();
    match decoded(&wav[..44 + 16_000]) {
        Err(DecodeError::Truncated { readable_seconds }) => assert!((readable_seconds - 0.5).abs() < 0.001),
        other => panic!("{other:?}"),
    }
    assert!(matches!(decoded(&wav[..30]), Err(DecodeError::Truncated { .. })));
}

#[test]
fn a_streamed_wav_ends_where_it_ends() {
    for unknown in [0u32, 0x7fff_f000, u32::MAX] {
        let mut stream = wav();
        stream[4..8].copy_from_slice(&unknown.to_le_bytes());
        stream[40..44].copy_from_slice(&unknown.to_le_bytes());
        assert_eq!(decoded(&stream[..44 + 16_000]).unwrap().samples.len(), 8000);
    }
}

#[test]
fn a_g711_wav_without_its_parameter_length_is_read() {
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x06\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x04\0\0\0".to_vec();
    wav.extend([alaw_encode(1000); 4]);
    let pcm = decoded(&wav).unwrap();
    assert_eq!((pcm.rate, pcm.samples.len()), (8000, 4));
    assert!((pcm.samples[0] * 32768.0 - 1000.0).abs() < 32.0);
}

#[test]
fn raw_telephone_samples_are_read_when_they_are_named() {
    let bytes = [alaw_encode(8000); 800];
    let pcm = decode(&bytes, FormatHint::from_mime("audio/PCMA"), Limits::default()).unwrap();
    assert_eq!((pcm.rate, pcm.samples.len()), (8000, 800));
    assert!(matches!(decoded(&bytes), Err(DecodeError::NotAudio)));
    let pcm = decode(&[0, 64, 1], FormatHint::from_mime("audio/pcm;rate=24000"), Limits::default()).unwrap();
    assert_eq!((pcm.rate, pcm.samples.as_slice()), (24_000, [0.5].as_slice()));
}

#[test]
fn too_long_and_too_many_are_refused_before_they_are_decoded() {
    let limits = Limits { max_seconds: 0.9, ..Limits::default() };
    assert!(matches!(decode(&wav(), None, limits), Err(DecodeError::TooLong { .. })));
    let limits = Limits { max_samples: 15_999, ..Limits::default() };
    assert!(matches!(decode(&wav(), None, limits), Err(DecodeError::TooManySamples { .. })));
    // A stream does not say how long it is: it is refused on the way.
    let mut stream = wav();
    stream[4..8].copy_from_slice(&[0xff; 4]);
    stream[40..44].copy_from_slice(&[0xff; 4]);
    assert!(matches!(decode(&stream, None, limits), Err(DecodeError::TooManySamples { .. })));
    // What is kept counts, after conversion.
    assert_eq!(decode_at(&wav(), None, limits, 8000).unwrap().samples.len(), 8000);
}

#[test]
fn rates_that_no_sound_has_are_refused() {
    let mut wav = wav();
    wav[24..28].copy_from_slice(&1_000_000u32.to_le_bytes());
    assert!(matches!(decoded(&wav), Err(DecodeError::SampleRate { rate: 1_000_000 })));
    let hint = Some(FormatHint::S16le { rate: 1 });
    assert!(matches!(decode(&[0; 10], hint, Limits::default()), Err(DecodeError::SampleRate { rate: 1 })));
}

#[test]
fn conversion_on_the_way_gives_what_conversion_afterwards_gives() {
    let afterwards = crate::resample(&decoded(&wav()).unwrap(), 8000).unwrap();
    let on_the_way = decode_at(&wav(), None, Limits::default(), 8000).unwrap();
    assert_eq!(afterwards.samples.len(), on_the_way.samples.len());
    let worst = afterwards.samples.iter().zip(&on_the_way.samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn formats_that_we_write_are_read_back_and_their_ends_are_missed_when_cut_off() {
    let source = second_of_tone(16_000);
    for format in [OutputFormat::Flac, OutputFormat::Opus, OutputFormat::WavAlaw, OutputFormat::WavUlaw] {
        let bytes = encode(&source, format, None).unwrap();
        let pcm = decoded(&bytes).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert!((pcm.seconds() - 1.0).abs() < 0.001, "{format:?}: {} s", pcm.seconds());
        let cut = decoded(&bytes[..bytes.len() / 2]);
        assert!(matches!(cut, Err(DecodeError::Truncated { .. })), "{format:?}: {cut:?}");
    }
}
