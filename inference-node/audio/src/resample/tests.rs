use super::*;

fn tone(rate: u32, hertz: f64, seconds: f64) -> Pcm {
    let samples = (0..(f64::from(rate) * seconds) as usize)
        .map(|n| (0.5 * (std::f64::consts::TAU * hertz * n as f64 / f64::from(rate)).sin()) as f32)
        .collect();
    Pcm { rate, samples }
}

/// The amplitude of `hertz` in the middle of the sound, in decibels: one bin of a Fourier transform under a Hann window.
fn level(pcm: &Pcm, hertz: f64) -> f64 {
    let margin = pcm.samples.len() / 10;
    let middle = &pcm.samples[margin..pcm.samples.len() - margin];
    let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
    for (n, sample) in middle.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / middle.len() as f64).cos();
        let angle = std::f64::consts::TAU * hertz * n as f64 / f64::from(pcm.rate);
        re += window * f64::from(*sample) * angle.cos();
        im += window * f64::from(*sample) * angle.sin();
        weight += window;
    }
    20.0 * (2.0 * re.hypot(im) / weight).log10()
}

fn rms_decibels(samples: &[f32]) -> f64 {
    let power = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64;
    10.0 * power.log10()
}

const PAIRS: [(u32, u32); 10] = [
    (8000, 16000),
    (16000, 8000),
    (22050, 8000),
    (22050, 16000),
    (44100, 16000),
    (48000, 16000),
    (48000, 8000),
    (24000, 48000),
    (16000, 44100),
    (11111, 16000),
];

#[test]
fn a_tone_keeps_its_frequency_its_level_and_its_place() {
    for (from, to) in PAIRS {
        let converted = resample(&tone(from, 1000.0, 1.0), to).unwrap();
        assert_eq!(converted.samples.len(), to as usize, "{from} to {to}");
        let change = level(&converted, 1000.0) - level(&tone(to, 1000.0, 1.0), 1000.0);
        assert!(change.abs() < 0.1, "{from} to {to}: {change} dB");
        // Subtracting the tone that belongs there leaves what was added or shifted: no more than half a sample.
        let shift = 0.55 * 1000.0 * std::f64::consts::TAU / f64::from(to);
        let ideal = tone(to, 1000.0, 1.0);
        let margin = to as usize / 10;
        let rest: Vec<f32> = converted.samples.iter().zip(&ideal.samples).map(|(a, b)| a - b).collect();
        let rest = rms_decibels(&rest[margin..rest.len() - margin]) - rms_decibels(&ideal.samples);
        assert!(rest < 20.0 * shift.log10(), "{from} to {to}: {rest} dB");
    }
}

#[test]
fn the_voice_band_of_telephony_is_flat() {
    for (from, to) in [(8000, 16000), (16000, 8000), (22050, 8000), (48000, 8000)] {
        for hertz in [100.0, 300.0, 2000.0, 3400.0] {
            let converted = resample(&tone(from, hertz, 1.0), to).unwrap();
            let change = level(&converted, hertz) - level(&tone(to, hertz, 1.0), hertz);
            assert!(change.abs() < 0.2, "{hertz} Hz, {from} to {to}: {change} dB");
        }
    }
}

#[test]
fn what_the_new_rate_cannot_hold_is_suppressed_and_not_mirrored() {
    for (from, to, hertz) in
        [(16000, 8000, 6000.0), (22050, 8000, 6000.0), (48000, 16000, 12000.0), (44100, 16000, 9500.0)]
    {
        let converted = resample(&tone(from, hertz, 1.0), to).unwrap();
        let margin = converted.samples.len() / 10;
        let rest = rms_decibels(&converted.samples[margin..converted.samples.len() - margin])
            - rms_decibels(&tone(from, hertz, 1.0).samples);
        assert!(rest < -60.0, "{hertz} Hz, {from} to {to}: {rest} dB");
    }
    // Upwards, the image of 1 kHz around the old rate.
    let up = resample(&tone(8000, 1000.0, 1.0), 16000).unwrap();
    assert!(level(&up, 7000.0) - level(&up, 1000.0) < -60.0);
}

#[test]
fn streaming_in_odd_chunks_gives_what_the_whole_gives() {
    for (from, to) in PAIRS {
        let input = tone(from, 440.0, 0.7);
        let whole = resample(&input, to).unwrap();
        for size in [1, 7, 160, 333, 5000] {
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut streamed = Vec::new();
            for part in input.samples.chunks(size) {
                streamed.extend(resampler.push(part).unwrap());
            }
            streamed.extend(resampler.finish().unwrap());
            assert_eq!(streamed.len(), whole.samples.len(), "{from} to {to} by {size}");
            let worst = streamed.iter().zip(&whole.samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{from} to {to} by {size}: {worst}");
        }
    }
}

#[test]
fn a_finished_resampler_is_as_new() {
    let input = tone(8000, 440.0, 0.1);
    let mut resampler = Resampler::new(8000, 16000).unwrap();
    let mut once = || {
        let mut output = resampler.push(&input.samples).unwrap();
        output.extend(resampler.finish().unwrap());
        output
    };
    assert_eq!(once(), once());
}

#[test]
fn speech_of_a_telephone_waits_no_more_than_ten_milliseconds() {
    for (from, to) in [(8000, 16000), (16000, 8000), (22050, 8000), (8000, 48000)] {
        let latency = Resampler::new(from, to).unwrap().latency_seconds();
        assert!(latency <= 0.010, "{from} to {to}: {latency} s");
        // And truly: after 20 ms of input at least 10 ms have come out.
        let mut resampler = Resampler::new(from, to).unwrap();
        let came = resampler.push(&tone(from, 440.0, 0.020).samples).unwrap().len();
        assert!(came as f64 / f64::from(to) >= 0.0099, "{from} to {to}: {came}");
    }
}

#[test]
fn empty_and_tiny_inputs_have_the_right_length() {
    for (from, to) in PAIRS {
        for samples in [0usize, 1, 2, 9] {
            let input = Pcm { rate: from, samples: vec![0.1; samples] };
            let expected = (samples as f64 * f64::from(to) / f64::from(from)).round() as usize;
            assert!(resample(&input, to).unwrap().samples.len().abs_diff(expected) <= 1);
        }
    }
}

#[test]
fn rates_that_no_sound_has_are_refused() {
    assert!(matches!(Resampler::new(0, 8000), Err(ResampleError::Rate { .. })));
    assert!(matches!(Resampler::new(8000, 1_000_000), Err(ResampleError::Rate { .. })));
}
