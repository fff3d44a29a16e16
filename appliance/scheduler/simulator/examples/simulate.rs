//! Simulates a fleet under a trace and prints what came of it.
//!
//! `cargo run --release -p simulator --example simulate -- --nodes 8 --trace conversation.jsonl.gz:chat --policy sfetnic`
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use anyhow::Context;
use clap::Parser;
use policy::PolicyConfig;
use protocol::Class;
use simulator::size::{self, Demand};
use simulator::{CostModel, Fleet, POLICIES, Scenario, bound, plot, simulate, trace};

/// Replays traces of requests against a fleet of replicas.
#[derive(Parser)]
struct Arguments {
    /// A number of equal one-GPU nodes, or the path of a fleet file.
    #[arg(long, default_value = "8")]
    nodes: String,
    /// A size of GPU for equal nodes, in place of the default cost model.
    #[arg(long)]
    profile: Option<String>,
    /// Blocks that each prefix cache holds; without limit by default.
    #[arg(long)]
    cache_blocks: Option<usize>,
    /// Finds the least number of nodes for so many calls, with `--chats`, in place of a trace.
    #[arg(long)]
    calls: Option<u32>,
    /// Chats under way at once.
    #[arg(long, default_value_t = 0)]
    chats: u32,
    /// Writes a picture of the reports.
    #[arg(long)]
    svg: Option<String>,
    /// The class whose times the picture shows.
    #[arg(long, default_value = "chat")]
    svg_class: String,
    /// A trace and its class: `PATH[:CLASS[:FACTOR[:FROM_SECS:FOR_SECS]]]`, FACTOR so many times as fast. Several are merged.
    #[arg(long, required_unless_present = "calls")]
    trace: Vec<String>,
    /// Scales the merged trace so that its least work is so many times the fleet's capacity.
    #[arg(long)]
    load: Option<f64>,
    /// Policies; all by default.
    #[arg(long)]
    policy: Vec<String>,
    /// Our policy's configuration with the classes' targets, a TOML file.
    #[arg(long)]
    config: Option<String>,
    /// For whatever is drawn by chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

fn read(spec: &str, seed: u64) -> anyhow::Result<Vec<trace::Arrival>> {
    let mut parts = spec.split(':');
    let path = parts.next().unwrap_or_default();
    let class = parts.next().unwrap_or("chat");
    let class = Class::from_name(class).with_context(|| format!("no class is named `{class}`"))?;
    let factor: f64 = parts.next().map_or(Ok(1.0), str::parse)?;
    let from: f64 = parts.next().map_or(Ok(0.0), str::parse)?;
    let length: f64 = parts.next().map_or(Ok(f64::INFINITY), str::parse)?;
    let arrivals = trace::read(path.into(), class, seed, &trace::CallShape::default())?;
    let arrivals = if length.is_finite() { trace::window(arrivals, from, length) } else { arrivals };
    Ok(trace::faster(arrivals, factor))
}

fn config(arguments: &Arguments) -> anyhow::Result<PolicyConfig> {
    match &arguments.config {
        Some(path) => Ok(toml::from_str(&std::fs::read_to_string(path)?)?),
        None => Ok(PolicyConfig::default()),
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut cost = match &arguments.profile {
        Some(name) => CostModel::profile(name).with_context(|| format!("no profile is named `{name}`"))?,
        None => CostModel::default(),
    };
    if arguments.cache_blocks.is_some() {
        cost.cache_blocks = arguments.cache_blocks;
    }
    if let Some(calls) = arguments.calls {
        let demand = Demand { calls, chats: arguments.chats, ..Demand::default() };
        let sizing = size::size(&demand, &cost, &config(&arguments)?, 1_024)?;
        println!("{} nodes: {:#?}", sizing.nodes, sizing.report.goodput);
        return Ok(());
    }
    let fleet = Fleet::from_spec(&arguments.nodes, &cost)?;
    let costs = fleet.replicas()?;
    let config = config(&arguments)?;
    let traces = arguments
        .trace
        .iter()
        .enumerate()
        .map(|(at, spec)| read(spec, arguments.seed + at as u64))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut arrivals = trace::merge(traces);
    if let Some(load) = arguments.load {
        let factor = load / bound::offered_load(&arrivals, &costs);
        arrivals = trace::faster(arrivals, factor);
        if !arguments.json {
            println!("{factor:.4} times as fast");
        }
    }
    let policies = if arguments.policy.is_empty() {
        POLICIES.iter().map(ToString::to_string).collect()
    } else {
        arguments.policy.clone()
    };
    let scenario =
        Scenario { arrivals: &arrivals, costs: &costs, faults: &fleet.faults, config: &config, seed: arguments.seed };
    let mut reports = Vec::new();
    for policy in policies {
        let began = std::time::Instant::now();
        let report = simulate(&policy, &scenario)?;
        let took = began.elapsed().as_secs_f64();
        reports.push(report.clone());
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
            continue;
        }
        println!(
            "{policy:13} load {:.2} hits {:.4} imbalance {:.2} instant {:.2} read {:.2} goodput {:.4}  ({took:.1} s)",
            report.offered_load,
            report.prefix_hit_rate,
            report.load_imbalance,
            report.load_imbalance_instant,
            report.read_imbalance,
            report.goodput.weighted,
        );
        for (class, goodput) in &report.goodput.classes {
            let times = report.ttft_ms.get(class).cloned().unwrap_or_default();
            let counts = report.classes.get(class).cloned().unwrap_or_default();
            println!(
                "    {class:6} goodput {goodput:.4}  first token p50 {:.0} p90 {:.0} p99 {:.0} ms  of {} finished {} good {} \
                 withdrawn {} lost {} share {:.3} rejected {:?}",
                times.p50,
                times.p90,
                times.p99,
                counts.requests,
                counts.finished,
                counts.good,
                counts.withdrawn,
                counts.lost,
                counts.work_share,
                counts.rejected,
            );
        }
    }
    if let Some(path) = &arguments.svg {
        std::fs::write(path, plot::svg(&reports, &arguments.svg_class))?;
    }
    Ok(())
}
