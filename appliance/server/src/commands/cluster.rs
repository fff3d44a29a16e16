//! `appliance cluster …`.

use std::process::ExitCode;

use gateway::{ModelStatus, NodeStatus};

use super::{placement, print, simulate, size};
use crate::admin::AdminClient;
use crate::cli::ClusterCommand;
use crate::config::Config;

/// Asks the running server, or reckons without one.
///
/// # Errors
/// When the server is not running, or a fleet or trace cannot be read.
pub(crate) async fn run(command: ClusterCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let client = || AdminClient::new(&config.admin_socket());
    match command {
        ClusterCommand::Plan(args) => return placement::plan(&args, config, json).await,
        ClusterCommand::Drain { node } => return placement::drain(&node, false, config, json).await,
        ClusterCommand::Undrain { node } => return placement::drain(&node, true, config, json).await,
        ClusterCommand::Status => {
            let models: Vec<ModelStatus> = client()?.get("/cluster/models").await?;
            if json {
                print::json(&models)?;
            } else if models.is_empty() {
                print::line(
                    "No model was heard of. Name the inference nodes in the configuration ([inference]); see `appliance cluster nodes`.",
                );
            } else {
                let header = ["MODEL", "NODE", "STATE", "READING", "STREAMING", "SLOTS", "TOKENS/S", "WAITING"];
                print::table(&header, models.iter().flat_map(rows));
            }
        }
        ClusterCommand::Nodes => {
            let nodes: Vec<NodeStatus> = client()?.get("/cluster/nodes").await?;
            if json {
                print::json(&nodes)?;
            } else if nodes.is_empty() {
                print::line("No inference node is configured; see [inference] in docs/operations.md.");
            } else {
                print::table(
                    &["NODE", "STATE", "HEARD", "RELEASE", "GPUS", "MODELS", "TROUBLE"],
                    nodes.iter().map(node),
                );
            }
        }
        ClusterCommand::Simulate(args) => simulate::run(args, config, json).await?,
        ClusterCommand::Size(args) => size::run(args, config, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A row for each replica; what waits stands in the model's first.
fn rows(model: &ModelStatus) -> Vec<[String; 8]> {
    let waiting: Vec<String> = model
        .waiting
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(class, count)| format!("{class} {count}"))
        .collect();
    let waiting = if waiting.is_empty() { "-".to_owned() } else { waiting.join(", ") };
    let name = format!("{}{}", model.model, if model.live { " (live)" } else { "" });
    let row = |(index, replica): (usize, &gateway::PlacedReplica)| {
        let first = index == 0;
        [
            if first { name.clone() } else { String::new() },
            replica.node.clone(),
            format!("{:?}", replica.status.standing).to_lowercase(),
            replica.status.reading.to_string(),
            replica.status.streaming.to_string(),
            replica.status.slots.to_string(),
            format!("{:.0}", replica.status.prefill_rate),
            if first { waiting.clone() } else { String::new() },
        ]
    };
    model.replicas.iter().enumerate().map(row).collect()
}

fn node(node: &NodeStatus) -> [String; 7] {
    let heard = node.silent_ms.map_or("never".to_owned(), |ms| format!("{:.1} s ago", ms as f64 / 1000.0));
    let description = node.description.as_ref();
    let models = description.map(|description| {
        let named = description.models.iter().map(|model| format!("{} ({})", model.id, state(model.state)));
        named.collect::<Vec<_>>().join(", ")
    });
    [
        node.name.clone(),
        if node.drained { "drained" } else { "in service" }.to_owned(),
        heard,
        description.map(|description| description.version.clone()).unwrap_or_default(),
        description.map(|description| description.gpus.gpus.len().to_string()).unwrap_or_default(),
        models.unwrap_or_default(),
        node.trouble.clone().unwrap_or_default(),
    ]
}

fn state(state: protocol::ModelState) -> String {
    format!("{state:?}").to_lowercase()
}
