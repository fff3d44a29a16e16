//! The figures of one run.

use std::fmt;
use std::time::Duration;

use placement::{Action, Because, Event, Step};

use crate::events::Story;

/// How long a decision took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// On a processor.
    pub(crate) worked: Duration,
    /// By the clock on the wall.
    pub(crate) wall: Duration,
}

pub(crate) struct Report {
    load: f64,
    slowest: usize,
    /// Processor time of a decision, and what it was about.
    told: Vec<(Duration, String)>,
    gpus: usize,
    times: Vec<(Took, &'static str)>,
    ratios: Vec<f64>,
    filled: Vec<f64>,
    loads: usize,
    moved: usize,
    pushed: usize,
    interrupted: usize,
    moved_bytes: u64,
    wanted_bytes: u64,
    oversold: u64,
    surplus: usize,
    impossible: u64,
}

impl Report {
    pub(crate) fn new(load: f64, story: &Story, slowest: usize) -> Self {
        Self {
            load,
            slowest,
            told: vec![],
            gpus: story.gpus(),
            times: vec![],
            ratios: vec![],
            filled: vec![],
            loads: 0,
            moved: 0,
            pushed: 0,
            interrupted: 0,
            moved_bytes: 0,
            wanted_bytes: 0,
            oversold: 0,
            surplus: 0,
            impossible: 0,
        }
    }

    pub(crate) fn decided(&mut self, took: Took, event: &Event, steps: &[Step]) {
        let kind = match event {
            Event::Wanted { .. } => "demand",
            Event::Joined { .. } => "join",
            Event::Read(_) => "reading",
            Event::Lost(_) => "loss",
        };
        self.times.push((took, kind));
        if self.slowest > 0 {
            let about = match event {
                Event::Wanted { model, replicas, .. } => format!("{model} wants {replicas}"),
                Event::Joined { node, .. } | Event::Read(node) => format!("{kind} of {}", node.name),
                Event::Lost(node) => format!("loss of {node}"),
            };
            self.told.push((took.worked, format!("{about}: {} steps", steps.len())));
        }
        for step in steps {
            let bytes = step.bytes_per_gpu * step.slots.len() as u64;
            match (step.action, &step.because) {
                (Action::Load, Because::Moved) => {
                    self.moved += 1;
                    self.moved_bytes += bytes;
                }
                (Action::Load, _) => {
                    self.loads += 1;
                    self.wanted_bytes += bytes;
                }
                (Action::Unload, Because::MadeRoom(_)) => self.pushed += 1,
                (Action::Unload, _) => {}
            }
            self.interrupted += usize::from(step.interrupts);
        }
    }

    pub(crate) fn compare(&mut self, story: &Story) {
        let worth = story.worth();
        if worth.bound > 0 {
            self.ratios.push(worth.placed as f64 / worth.bound as f64);
        }
        self.filled.push(worth.bytes as f64 / story.capacity() as f64);
        self.surplus += worth.surplus;
    }

    pub(crate) fn end(&mut self, story: &mut Story) {
        story.books.check_all();
        self.oversold = story.books.oversold;
        self.impossible = story.books.impossible;
    }

    fn percentile(&self, share: f64, kind: Option<&str>, figure: fn(&Took) -> Duration) -> f64 {
        let of = self.times.iter().filter(|(_, its)| kind.is_none_or(|kind| kind == *its));
        let mut times: Vec<Duration> = of.map(|(took, _)| figure(took)).collect();
        times.sort_unstable();
        let at = ((times.len() as f64 - 1.0) * share).round() as usize;
        times.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e6)
    }
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len().max(1) as f64
}

fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "load {:.2} of {} GPUs", self.load, self.gpus)?;
        writeln!(
            f,
            "  worth placed of the fractional bound: mean {:.4}, least {:.4}",
            mean(&self.ratios),
            least(&self.ratios)
        )?;
        writeln!(
            f,
            "  usable memory in use: mean {:.3}; oversold {}, impossible steps {}, surplus replicas {}",
            mean(&self.filled),
            self.oversold,
            self.impossible,
            self.surplus
        )?;
        let each = self.times.len().max(1) as f64;
        writeln!(
            f,
            "  per 1,000 decisions: {:.0} loads, {:.0} moved, {:.0} unloaded for others, {:.1} interrupted; {:.2} bytes moved per byte loaded",
            self.loads as f64 / each * 1e3,
            self.moved as f64 / each * 1e3,
            self.pushed as f64 / each * 1e3,
            self.interrupted as f64 / each * 1e3,
            self.moved_bytes as f64 / self.wanted_bytes.max(1) as f64
        )?;
        let worked = |share, kind| self.percentile(share, kind, |took| took.worked);
        let (p50, p99, max) = (worked(0.5, None), worked(0.99, None), worked(1.0, None));
        write!(f, "  decision, processor time: p50 {p50:.0} µs, p99 {p99:.0} µs, max {max:.0} µs (p99")?;
        for kind in ["demand", "reading", "loss", "join"] {
            write!(f, " {kind} {:.0}", worked(0.99, Some(kind)))?;
        }
        let wall = |share| self.percentile(share, None, |took| took.wall);
        let (p50, p99, max) = (wall(0.5), wall(0.99), wall(1.0));
        let mut told = self.told.clone();
        told.sort_by_key(|told| std::cmp::Reverse(told.0));
        for (worked, about) in told.iter().take(self.slowest) {
            write!(f, "\n    {} µs: {about}", worked.as_micros())?;
        }
        write!(f, ")\n  decision, wall: p50 {p50:.0} µs, p99 {p99:.0} µs, max {max:.0} µs")?;
        Ok(())
    }
}
