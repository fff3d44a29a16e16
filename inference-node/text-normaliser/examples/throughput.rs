//! Megabytes of text read each second, on one core: the case files' own texts, over and over, and plain prose beside them.
//!
//! ```sh
//! cargo run --release -p text-normaliser --example throughput
//! ```
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use text_normaliser::{Language, clauses, normalise};

/// Bytes of text in each measurement.
const SIZE: usize = 8 << 20;

const TEXTS: [(Language, &str, &str); 3] = [
    (
        Language::Romanian,
        include_str!("../tests/cases/ro.tsv"),
        "Pentru eliberarea cărții de identitate, cetățeanul se prezintă la ghișeul serviciului de evidență a persoanelor cu actele \
         necesare. Cererea se completează și se semnează în fața funcționarului, iar taxa se plătește la casierie.\n",
    ),
    (
        Language::Hungarian,
        include_str!("../tests/cases/hu.tsv"),
        "A személyi igazolvány kiállításához az állampolgár személyesen jelenik meg a nyilvántartó hivatal ablakánál a szükséges \
         iratokkal. A kérelmet a tisztviselő előtt kell kitölteni és aláírni, az illetéket pedig a pénztárnál kell befizetni.\n",
    ),
    (
        Language::English,
        include_str!("../tests/cases/en.tsv"),
        "To obtain an identity card, the citizen comes to the counter of the local population register with the documents \
         required. The application is completed and signed in front of the clerk, and the fee is paid at the cashier.\n",
    ),
];

fn main() {
    println!("{:<12}{:>14}{:>14}{:>14}{:>14}", "", "cases MB/s", "letters MB/s", "prose MB/s", "clauses MB/s");
    for (language, file, prose) in TEXTS {
        let cases: Vec<String> = file
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("# "))
            .filter_map(|line| line.split_once('\t'))
            .map(|(text, _)| text.replace("\\n", "\n"))
            .collect();
        // Nothing but what must be rewritten; then each case within three sentences of prose, as in a real letter; then prose.
        let dense = cases.join("\n");
        let mixed: String = cases.iter().map(|case| format!("{prose}{case}\n")).collect();
        let rates = [&dense, &mixed, prose].map(|text| rate(text, |text| normalise(text, language).len()));
        let cut = rate(&mixed, |text| clauses(text).map(str::len).sum::<usize>());
        println!("{:<12}{:>14.0}{:>14.0}{:>14.0}{:>14.0}", format!("{language:?}"), rates[0], rates[1], rates[2], cut);
    }
}

/// Megabytes per second; the best of three.
fn rate(text: &str, work: impl Fn(&str) -> usize) -> f64 {
    let text = text.repeat(SIZE / text.len() + 1);
    let time = (0..3)
        .map(|_| {
            let (start, clock) = (processor_time(), Instant::now());
            assert!(work(&text) > 0);
            processor_time().zip(start).map_or_else(|| clock.elapsed(), |(end, start)| end.saturating_sub(start))
        })
        .min()
        .unwrap_or(Duration::MAX);
    text.len() as f64 / 1e6 / time.as_secs_f64()
}

/// Time that this thread has had a processor (Linux), so that other work on the machine counts less.
fn processor_time() -> Option<Duration> {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    line.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
