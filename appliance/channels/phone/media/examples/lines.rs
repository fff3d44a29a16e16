//! What a call costs: pairs of lines that speak to each other, or bridges between callers, for some seconds.
//!
//! `cargo run --release -p media --example lines -- bridges 200 10 [threads]` prints CPU per call, how late packets were
//! sent, and memory. The callers' own threads are counted apart, so that the figure is what the house spends. `pairs` speak
//! and listen, with voice activity; `bridges` relay packets; `transcoded` bridges have another codec on each side; `secure`
//! bridges are encrypted on both. Each line takes two descriptors: raise `ulimit -n` for thousands.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for the person at the terminal")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Bridge, Codec, Line, LineWish, Media, MediaConfig, Prepared, SecurePolicy, Sound};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let kind = arguments.first().map_or("bridges", String::as_str);
    let (count, seconds, threads) = (number(1, 100), number(2, 10), number(3, 1) as usize);
    let secure = if kind == "secure" { SecurePolicy::Required } else { SecurePolicy::Off };
    let house = start(20_000, threads, vec![Codec::Pcma, Codec::Pcmu]);
    let callers = start(45_000, threads, vec![Codec::Pcma]);
    let others = start(33_000, threads, vec![if kind == "transcoded" { Codec::Pcmu } else { Codec::Pcma }]);
    let house_threads = threads_named().into_iter().take(threads).collect::<Vec<_>>();

    let sound = Arc::new(Prepared::from_pcm(&speech_like(), 8_000));
    let mut lines: Vec<Line> = Vec::new();
    let mut bridges: Vec<Bridge> = Vec::new();
    let mut ears = Vec::new();
    for _ in 0..count {
        let (mut caller, mut a) = (open(&callers, secure), open(&house, secure));
        connect(&mut caller, &mut a);
        speak(&caller, &sound, seconds);
        if kind == "pairs" {
            speak(&a, &sound, seconds);
            ears.extend(a.ear());
        } else {
            let (mut other, mut b) = (open(&others, secure), open(&house, secure));
            connect(&mut other, &mut b);
            speak(&other, &sound, seconds);
            bridges.push(house.bridge(&a, &b));
            lines.extend([other, b]);
        }
        lines.extend([caller, a]);
    }
    std::thread::park_timeout(Duration::from_secs(2));
    let (before, begin, packets) = (cpu(&house_threads), Instant::now(), house.figures());
    std::thread::park_timeout(Duration::from_secs(seconds));
    let (spent, passed) = (cpu(&house_threads) - before, begin.elapsed());
    let (figures, calls) = (house.figures(), count as f64);
    let lost: u64 = lines.iter().map(|line| line.statistics().lost).sum();
    println!("{kind}: {count} for {:.1} s on {threads} thread(s)", passed.as_secs_f64());
    println!(
        "house CPU: {:.3} cores, {:.0} calls per core",
        spent / passed.as_secs_f64(),
        calls * passed.as_secs_f64() / spent
    );
    println!(
        "packets: {} received, {} sent, {lost} lost, {} skipped",
        figures.packets_received - packets.packets_received,
        figures.packets_sent - packets.packets_sent,
        figures.skipped - packets.skipped
    );
    println!("send delay p99: {:?} (callers {:?})", figures.send_delay_p99, callers.figures().send_delay_p99);
    println!("memory of all lines and threads: {} MB", resident_megabytes());
}

fn start(first_port: u16, threads: usize, codecs: Vec<Codec>) -> Media {
    let last_port = first_port + 11_999;
    Media::start(MediaConfig { first_port, last_port, threads, codecs, max_lines: 10_000, ..MediaConfig::default() })
        .unwrap()
}

fn open(media: &Media, secure: SecurePolicy) -> Line {
    media.open(LineWish { local: [127, 0, 0, 1].into(), secure }).unwrap()
}

fn connect(a: &mut Line, b: &mut Line) {
    let answer = b.answer(&a.offer()).unwrap();
    a.accept(&answer).unwrap();
}

fn speak(line: &Line, sound: &Arc<Prepared>, seconds: u64) {
    for _ in 0..(seconds + 10) / 5 {
        line.play(Sound::Prepared(Arc::clone(sound)));
    }
}

/// Five seconds that rise and fall about as speech does.
fn speech_like() -> Vec<i16> {
    let samples = 0..40_000;
    samples.map(|i| i as f32 / 8_000.0).map(|t| ((t * 1_100.0).sin() * (t * 14.0).sin() * 9_000.0) as i16).collect()
}

/// The ids of the media threads, the oldest first.
fn threads_named() -> Vec<String> {
    let name = |id: &String| fs::read_to_string(format!("/proc/self/task/{id}/comm")).unwrap_or_default();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let mut ids: Vec<String> = tasks.map(|task| task.file_name().to_string_lossy().into_owned()).collect();
    ids.sort_by_key(|id| id.parse::<u64>().unwrap_or(u64::MAX));
    ids.into_iter().filter(|id| name(id).starts_with("media-")).collect()
}

/// Seconds of CPU that threads have used, from the scheduler's nanoseconds.
fn cpu(threads: &[String]) -> f64 {
    let nanoseconds = |id: &String| -> f64 {
        let text = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).unwrap_or_default();
        text.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
    };
    threads.iter().map(nanoseconds).sum::<f64>() / 1e9
}

fn resident_megabytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_ascii_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
