//! `appliance cluster simulate`.

use anyhow::Context;
use indicatif::ProgressBar;
use simulator::{CostModel, Fleet, POLICIES, Report, Scenario, bound, plot, trace};

use super::print;
use crate::cli::SimulateArgs;
use crate::config::Config;

/// Simulates and prints.
///
/// # Errors
/// When the fleet or a trace cannot be read, or the picture not written.
pub(super) async fn run(args: SimulateArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    let dispatch = config.inference.dispatch.clone();
    let picture = args.svg.clone().map(|path| (path, args.svg_class));
    let reports = tokio::task::spawn_blocking(move || simulate(&args, &dispatch)).await.context("it panicked")??;
    if let Some((path, class)) = picture {
        std::fs::write(&path, plot::svg(&reports, class.name()))
            .with_context(|| format!("failed to write `{path}`"))?;
    }
    match (json, reports.as_slice()) {
        (true, [report]) => print::json(report)?,
        (true, reports) => print::json(&reports)?,
        (false, reports) => print_tables(reports),
    }
    Ok(())
}

/// The cost model of equal nodes.
pub(super) fn cost_of(gpu: Option<&str>) -> CostModel {
    gpu.and_then(CostModel::profile).unwrap_or_default()
}

fn simulate(args: &SimulateArgs, dispatch: &policy::PolicyConfig) -> anyhow::Result<Vec<Report>> {
    let mut cost = cost_of(args.gpu.as_deref());
    if args.cache_blocks.is_some() {
        cost.cache_blocks = args.cache_blocks;
    }
    let fleet = Fleet::from_spec(&args.nodes, &cost)?;
    let costs = fleet.replicas()?;
    let traces = (args.seed..).zip(&args.trace).map(|(seed, spec)| spec.read(seed, &trace::CallShape::default()));
    let mut arrivals = trace::merge(traces.collect::<Result<_, _>>()?);
    if let Some(load) = args.load {
        let factor = load / bound::offered_load(&arrivals, &costs);
        arrivals = trace::faster(arrivals, factor);
    }
    let scenario =
        Scenario { arrivals: &arrivals, costs: &costs, faults: &fleet.faults, config: dispatch, seed: args.seed };
    let policies = if args.policy.is_empty() { POLICIES.map(str::to_owned).to_vec() } else { args.policy.clone() };
    let bar = ProgressBar::new(policies.len() as u64).with_message("policies");
    let reports = policies.iter().map(|policy| {
        let report = simulator::simulate(policy, &scenario);
        bar.inc(1);
        report
    });
    let reports = reports.collect::<Result<_, _>>()?;
    bar.finish_and_clear();
    Ok(reports)
}

fn print_tables(reports: &[Report]) {
    if let Some(first) = reports.first() {
        print::line(format_args!(
            "{} requests on {} nodes in {:.0} s; their least work is {:.2} of what the nodes can do",
            first.requests, first.replicas, first.simulated_secs, first.offered_load
        ));
    }
    print::line("");
    let row = |report: &Report| {
        [
            report.policy.clone(),
            format!("{:.4}", report.goodput.weighted),
            format!("{:.4}", report.prefix_hit_rate),
            format!("{:.2}", report.load_imbalance),
        ]
    };
    print::table(&["POLICY", "GOODPUT", "PREFIX HITS", "IMBALANCE"], reports.iter().map(row));
    print::line("");
    print_classes(reports);
}

/// A row for each policy and class.
pub(super) fn print_classes(reports: &[Report]) {
    let header =
        ["POLICY", "CLASS", "REQUESTS", "GOODPUT", "P50 MS", "P90 MS", "P99 MS", "REJECTED", "LOST", "MOVED", "SHARE"];
    let rows = reports.iter().flat_map(|report| {
        report.classes.iter().map(|(class, counts)| {
            let times = report.ttft_ms.get(class).cloned().unwrap_or_default();
            let goodput = report.goodput.classes.get(class).copied().unwrap_or_default();
            [
                report.policy.clone(),
                class.clone(),
                counts.requests.to_string(),
                format!("{goodput:.4}"),
                format!("{:.0}", times.p50),
                format!("{:.0}", times.p90),
                format!("{:.0}", times.p99),
                counts.rejected.values().sum::<usize>().to_string(),
                counts.lost.to_string(),
                counts.withdrawn.to_string(),
                format!("{:.3}", counts.work_share),
            ]
        })
    });
    print::table(&header, rows);
}
