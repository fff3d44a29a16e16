//! `load`: sends chat completions at times fixed beforehand, and reports what came of them.
//!
//! Exit codes: 0 a valid run, 1 a run that could not begin, 2 wrong arguments, 3 a run in which the generator itself was late, so
//! that its figures say nothing.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bench::load::{ClassSpec, LoadConfig, Pace, Plan, Report, TraceOptions, read_trace, run};
use camino::Utf8PathBuf;
use clap::Parser;
use hyper::header::{HeaderName, HeaderValue};

/// The exit code of a run whose generator could not keep up.
const LATE: u8 = 3;

/// An open-loop load: arrivals never wait for answers.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// `host:port` of a server; given more than once, they are taken in turn.
    #[arg(long, required = true)]
    target: Vec<String>,
    /// The model asked for.
    #[arg(long, default_value = "fake")]
    model: String,
    /// A class of a synthetic load: NAME=SHARE:PROMPT_TOKENS:OUTPUT_TOKENS; may be repeated.
    #[arg(long, value_name = "CLASS", default_value = "chat=1:200:16")]
    class: Vec<ClassSpec>,
    /// Requests per second, at Poisson times.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Seconds in which requests arrive.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Send only this class's requests, at the times that they have among the others.
    #[arg(long)]
    only: Option<String>,
    /// Replay this trace of JSON lines (timestamp, input_length, output_length, hash_ids; .gz or not) instead.
    #[arg(long)]
    trace: Option<Utf8PathBuf>,
    /// The trace's requests are of this class.
    #[arg(long, default_value = "chat")]
    trace_class: String,
    /// Requests taken from the trace's beginning; all without it.
    #[arg(long)]
    limit: Option<usize>,
    /// Time runs so many times faster, as at the servers: traces are compressed, targets shortened.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Instead of fixed times, keep so many requests under way.
    #[arg(long)]
    closed: Option<usize>,
    /// Ask for whole answers instead of streams.
    #[arg(long)]
    no_stream: bool,
    /// A further header, `name: value`; may be repeated.
    #[arg(long)]
    header: Vec<String>,
    /// Seconds at the beginning that do not count.
    #[arg(long, default_value_t = 0.0)]
    warmup: f64,
    /// Seconds after the last arrival in which answers are waited for.
    #[arg(long, default_value_t = 30.0)]
    drain: f64,
    /// Seconds that one request may take.
    #[arg(long, default_value_t = 120.0)]
    timeout: f64,
    /// Milliseconds that 99 of 100 requests may be sent late by the generator's own fault.
    #[arg(long, default_value_t = 10.0)]
    max_lateness_ms: f64,
    /// Seed of times and sizes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tell of each request in the report, too (with --json).
    #[arg(long)]
    each: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    anyhow::ensure!(arguments.speed > 0.0 && arguments.rate > 0.0, "speed and rate must be positive");
    let plan = plan(&arguments)?;
    let config = config(&arguments)?;
    let closed = arguments.closed.is_some();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the asynchronous runtime")?;
    let report = tokio::task::LocalSet::new().block_on(&runtime, run(plan, config));
    print(&report, arguments.json).context("failed to print the report")?;
    let limit = seconds(arguments.max_lateness_ms / 1e3)?;
    Ok(if closed || report.lateness.kept_up(limit) { ExitCode::SUCCESS } else { ExitCode::from(LATE) })
}

fn plan(arguments: &Arguments) -> anyhow::Result<Plan> {
    let plan = match &arguments.trace {
        Some(path) => {
            let options =
                TraceOptions { speed: arguments.speed, limit: arguments.limit, class: arguments.trace_class.clone() };
            read_trace(path, &options)?
        }
        None => Plan::poisson(&arguments.class, arguments.rate, arguments.seconds, arguments.seed),
    };
    Ok(match &arguments.only {
        Some(class) => plan.only(class),
        None => plan,
    })
}

fn config(arguments: &Arguments) -> anyhow::Result<LoadConfig> {
    let pace = match arguments.closed {
        Some(concurrency) => Pace::Closed { concurrency, duration: seconds(arguments.seconds)? },
        None => Pace::Open,
    };
    let headers = arguments.header.iter().map(|header| {
        let (name, value) = header.split_once(':').with_context(|| format!("`{header}` is not `name: value`"))?;
        Ok((HeaderName::try_from(name.trim())?, HeaderValue::try_from(value.trim())?))
    });
    Ok(LoadConfig {
        targets: arguments.target.clone(),
        model: arguments.model.clone(),
        stream: !arguments.no_stream,
        headers: headers.collect::<anyhow::Result<_>>()?,
        pace,
        warmup: seconds(arguments.warmup)?,
        drain: seconds(arguments.drain)?,
        timeout: seconds(arguments.timeout)?,
        speed: arguments.speed,
        each: arguments.each,
    })
}

fn seconds(value: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(value).with_context(|| format!("{value} is not a length of time in seconds"))
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{:.1} requests/s completed in {:.1} s; weighted goodput {:.3}; sent late by {:.2} ms (p99 {:.2})",
        report.completed_per_second,
        report.seconds,
        report.weighted_goodput,
        report.lateness.ms.p50,
        report.lateness.ms.p99,
    )?;
    for (name, class) in &report.classes {
        writeln!(
            out,
            "{name}: {} requests, {} good; first token {:.2} ms (p99 {:.2}), between tokens {:.2} (p99 {:.2}), end {:.2} (p99 {:.2})",
            class.requests,
            class.good,
            class.first_token_ms.p50,
            class.first_token_ms.p99,
            class.between_tokens_ms.p50,
            class.between_tokens_ms.p99,
            class.end_ms.p50,
            class.end_ms.p99,
        )?;
        for (outcome, count) in &class.outcomes {
            writeln!(out, "  {outcome}: {count}")?;
        }
    }
    Ok(())
}
