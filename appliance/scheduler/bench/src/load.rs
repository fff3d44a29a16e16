//! A load whose arrivals are fixed beforehand and never wait for answers, and what came of it.
//!
//! A generator that waits for answers before it sends more spares the server exactly when it is slow ("coordinated omission",
//! Tene). So the plan holds every arrival's time, from a seed or from a trace, and whatever is late by the generator's own
//! fault is measured. Times to the first token count from the moment of sending; how late that was is told beside them, and a
//! run whose generator could not keep up is marked invalid. Only [`Pace::Closed`] waits, on purpose: it finds how much a program
//! can do at all.

mod class;
mod client;
mod drive;
mod plan;
mod report;
mod trace;

pub use class::{ClassSpec, ParseClassError, Targets, smg_priority};
pub use client::Outcome;
pub use drive::{LoadConfig, Pace, run};
pub use plan::{Arrival, Plan};
pub use report::{ClassReport, Lateness, Quantiles, Report, RequestReport};
pub use trace::{TraceError, TraceOptions, read_trace};
