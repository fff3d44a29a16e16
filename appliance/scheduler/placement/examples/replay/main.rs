//! Replays months of a large fleet through the planner, one event at a time: demand that rises and falls, foreign programs that
//! come and go, nodes that die, return and drain. Prints how much of the possible is placed, and how long a decision takes.
//!
//! ```text
//! cargo run --release -p placement --example replay
//! cargo run --release -p placement --example replay -- --load 1.0 --flat --nodes 100 --seed 7
//! ```
//!
//! `worth placed` is bytes of replicas in place, weighted by what they are worth, against the fractional bound (`bound.rs`).
//! `oversold` is counted by books of the replay's own (`books.rs`), which know what was loaded from the steps alone.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

mod books;
mod bound;
mod catalogue;
mod events;
mod fleet;
mod report;

use std::time::{Duration, Instant};

use clap::Parser;
use nix::time::{ClockId, clock_gettime};
use placement::{Planner, Settings, Snapshot};
use protocol::gpu::UnixMillis;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::events::Story;
use crate::report::{Report, Took};

/// What is replayed.
#[derive(Debug, Parser)]
struct Options {
    /// GPU nodes.
    #[arg(long, default_value_t = 1_200)]
    nodes: usize,
    /// Events that are measured at each load, after the fleet is filled.
    #[arg(long, default_value_t = 20_000)]
    events: usize,
    /// Demanded memory against usable memory; several for several runs.
    #[arg(long, value_delimiter = ',', default_values_t = [0.7, 0.9, 0.95, 1.0, 1.1, 1.3])]
    load: Vec<f64>,
    /// Everything is worth the same: no priority to gain by, packing alone counts.
    #[arg(long)]
    flat: bool,
    /// Places looked at for making room, instead of the default.
    #[arg(long)]
    looks: Option<usize>,
    /// Times that one decision may make room, instead of the default.
    #[arg(long)]
    efforts: Option<usize>,
    /// So many of the slowest decisions are told one by one.
    #[arg(long, default_value_t = 0)]
    slowest: usize,
    /// What the fleet, the catalogue and the events are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let weights = if options.flat { "all worth the same" } else { "voice 8, chat 4, mail 2, batch 1" };
    println!(
        "{} nodes, seed {}, {} events at each load, weights: {weights}",
        options.nodes, options.seed, options.events
    );
    for load in &options.load {
        println!("{}", replay(&options, *load)?);
    }
    Ok(())
}

/// What this thread has had of a processor: on a machine that others share it tells what a decision costs, which the clock
/// on the wall does not.
fn processor_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

fn replay(options: &Options, load: f64) -> anyhow::Result<Report> {
    let default = Settings::default();
    let (looks, efforts) = (options.looks.unwrap_or(default.looks), options.efforts.unwrap_or(default.efforts));
    let settings = Settings { looks, efforts, ..default };
    let mut rng = StdRng::seed_from_u64(options.seed);
    let models = catalogue::draw(&mut rng, options.flat);
    let nodes = fleet::draw(&mut rng, options.nodes);
    let mut story = Story::new(rng, &models, &nodes, &settings, load);
    let snapshot = Snapshot { models, nodes, now: UnixMillis(0), replicas: vec![], demand: vec![], targets: vec![] };
    let mut planner = Planner::new(&snapshot, &settings)?;
    let mut report = Report::new(load, &story, options.slowest);
    for event in story.nothing_wanted() {
        planner.decide(UnixMillis(0), &event)?;
    }
    story.count();
    while !story.filled() {
        let (now, event) = story.demand_only();
        story.follow(&planner.decide(now, &event)?);
    }
    for number in 0..options.events {
        let (now, event) = story.next_event();
        let (started, worked) = (Instant::now(), processor_time()?);
        let steps = planner.decide(now, &event)?;
        let took = Took { worked: processor_time()?.saturating_sub(worked), wall: started.elapsed() };
        report.decided(took, &event, &steps);
        story.follow(&steps);
        if number % 20 == 0 {
            story.count();
            report.compare(&story);
        }
    }
    report.end(&mut story);
    Ok(report)
}
