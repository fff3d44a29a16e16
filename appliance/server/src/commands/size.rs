//! `appliance cluster size`.

use anyhow::Context;
use indicatif::ProgressBar;
use serde_json::json;
use simulator::size::{Demand, Sizing, size};

use super::{print, simulate};
use crate::cli::SizeArgs;
use crate::config::Config;

/// Finds the number of nodes and prints it.
///
/// # Errors
/// When not even the largest number keeps the targets.
pub(super) async fn run(args: SizeArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    let dispatch = config.inference.dispatch.clone();
    let SizeArgs { calls, chats, gpu, goodput, most } = args;
    let bar = ProgressBar::new_spinner().with_message("simulating larger and smaller fleets");
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let search = move || {
        let demand = Demand { calls, chats, goodput, ..Demand::default() };
        size(&demand, &simulate::cost_of(gpu.as_deref()), &dispatch, most)
    };
    let Sizing { nodes, report } = tokio::task::spawn_blocking(search).await.context("it panicked")??;
    bar.finish_and_clear();
    if json {
        print::json(&json!({ "nodes": nodes, "report": report }))?;
    } else {
        let nodes =
            if nodes == 1 { "1 node of one GPU is".to_owned() } else { format!("{nodes} nodes of one GPU are") };
        print::line(format_args!(
            "{nodes} enough for {calls} calls and {chats} chats at once: at least {:.0} % of each class's answers come within its targets.",
            goodput * 100.0
        ));
        print::line("Buy one more than that, so that a node may fail. What the simulation saw:\n");
        simulate::print_classes(&[report]);
    }
    Ok(())
}
