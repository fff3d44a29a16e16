//! G.711 agrees with sox, for every byte and every sample.

use crate::tools::{Workbench, run};

fn sox(bench: &Workbench, input: &[u8], from: &str, to: &str) -> Vec<u8> {
    let path = bench.write("input", input);
    let path = path.to_str().unwrap();
    run("sox", &["-D", "-t", from, "-r", "8000", "-c", "1", path, "-t", to, "-"])
}

#[test]
fn every_byte_means_what_it_means_to_sox() {
    let bench = Workbench::new();
    let all: Vec<u8> = (0..=255).collect();
    for (law, decode) in [("al", audio::alaw_decode as fn(u8) -> i16), ("ul", audio::ulaw_decode)] {
        let theirs = sox(&bench, &all, law, "s16");
        let ours: Vec<u8> = all.iter().flat_map(|&byte| decode(byte).to_le_bytes()).collect();
        assert_eq!(ours, theirs, "{law}");
    }
}

#[test]
fn every_sample_becomes_the_byte_of_sox_or_its_neighbour() {
    // sox rounds to 13 and 14 bits before it encodes, where the Recommendation's decision values cut: at the edge of an
    // interval, no more than 16 wide, they differ by one step.
    let bench = Workbench::new();
    let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    let input: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    for (law, encode) in [("al", audio::alaw_encode as fn(i16) -> u8), ("ul", audio::ulaw_encode)] {
        let theirs = sox(&bench, &input, "s16", law);
        let mut different = 0;
        for (&sample, &their) in samples.iter().zip(&theirs) {
            let our = encode(sample);
            different += usize::from(our != their);
            let mut near = sample.saturating_sub(16)..=sample.saturating_add(16);
            assert!(near.any(|near| encode(near) == their), "{law} of {sample}: {our:#04x}, sox {their:#04x}");
        }
        assert!(different < samples.len() / 20, "{law}: {different} differ");
    }
}
