//! `appliance cluster plan`, `drain` and `undrain`.

use std::process::ExitCode;

use anyhow::bail;
use gateway::{PendingStep, PlacementStatus, StepState};
use placement::{Action, Assignment, ModelId, NodeName, Plan};

use super::print;
use crate::admin::{AdminClient, Drained};
use crate::cli::PlanArgs;
use crate::config::Config;

/// How a catalogue is written, for who has none.
const NO_CATALOGUE: &str = "\
Nothing is placed: the configuration lists no models, and each node loads what its own configuration says. To have the
appliance place models, list them in its configuration:

  [[inference.models]]
  id = \"qwen3-32b\"                 # as in the nodes' stores: inference-node models list
  vram_gib = 40                    # GPU memory of a replica, weights and cache
  wants = [{ class = \"chat\", weight = 4, minimum = 1, wanted = 2 }]

and have the nodes load nothing by themselves ([models] load = [] in inference-node.toml). More: docs/operations.md.";

/// Prints the plan.
///
/// # Errors
/// When the server is not running, or a model or node is not known.
pub(crate) async fn plan(args: &PlanArgs, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let client = AdminClient::new(&config.admin_socket())?;
    let mut status: PlacementStatus = client.get("/cluster/placement").await?;
    check(args, &status)?;
    narrow(args, &mut status);
    if json {
        print::json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !status.drained.is_empty() {
        let drained: Vec<&str> = status.drained.iter().map(String::as_str).collect();
        print::line(format_args!("Drained: {} (`appliance cluster undrain NODE` takes one back)", drained.join(", ")));
    }
    if status.models == 0 {
        print::line(NO_CATALOGUE);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(plan) = &status.plan else {
        print::line("No plan yet: the nodes were not heard so far; see `appliance cluster nodes`.");
        return Ok(ExitCode::SUCCESS);
    };
    print_plan(&status, plan);
    if args.why {
        print::line("");
        status.aims.iter().for_each(print::line);
        print::line("");
        plan.reasons.iter().for_each(print::line);
    } else if !plan.unplaced.is_empty() {
        print::line("\n`appliance cluster plan --why` says for each model and node why it lies there or does not.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a node drained, or takes it back.
///
/// # Errors
/// When the server is not running, or does not know the node.
pub(crate) async fn drain(node: &str, back: bool, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let client = AdminClient::new(&config.admin_socket())?;
    let verb = if back { "undrain" } else { "drain" };
    let done: Drained = client.post(&format!("/cluster/nodes/{node}/{verb}"), &()).await?;
    if json {
        print::json(&done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let node = &done.node;
    match (done.drained, done.changed) {
        (true, true) => print::line(format_args!(
            "{node} is drained: it is given nothing new, what runs finishes, its models move off. `appliance cluster plan` shows how far that is."
        )),
        (true, false) => print::line(format_args!("{node} is drained already.")),
        (false, true) => print::line(format_args!("{node} is back in service.")),
        (false, false) => print::line(format_args!("{node} is in service already.")),
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses names that the plan does not have.
fn check(args: &PlanArgs, status: &PlacementStatus) -> anyhow::Result<()> {
    let Some(plan) = &status.plan else { return Ok(()) };
    let reasons = || plan.reasons.iter();
    if let Some(model) = &args.model
        && !reasons().any(|reason| reason.model.0 == *model)
    {
        bail!("there is no model `{model}` in the catalogue; there are: {}", list(reasons().map(|it| &it.model.0)));
    }
    if let Some(node) = &args.node
        && !reasons().any(|reason| reason.node.0 == *node)
    {
        bail!("no node `{node}` is heard; there are: {}", list(reasons().map(|it| &it.node.0)));
    }
    Ok(())
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: std::collections::BTreeSet<&str> = names.map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// Leaves only what concerns the model and the node that were asked for. The plan's steps stay, for they refer to each other
/// by number; what is pending of them does not.
fn narrow(args: &PlanArgs, status: &mut PlacementStatus) {
    let model = |id: &str| args.model.as_deref().is_none_or(|wanted| wanted == id);
    let node = |name: &str| args.node.as_deref().is_none_or(|wanted| wanted == name);
    let of = |id: &ModelId, name: &NodeName| model(&id.0) && node(&name.0);
    status.aims.retain(|aim| model(&aim.model));
    status.pending.retain(|step| model(&step.model) && node(&step.node));
    status.refusals.retain(|refusal| model(&refusal.model) && node(&refusal.node));
    if let Some(plan) = &mut status.plan {
        plan.assignments.retain(|it| it.slots.iter().any(|slot| of(&it.model, &slot.node)));
        plan.reasons.retain(|reason| of(&reason.model, &reason.node));
        plan.unplaced.retain(|unplaced| model(&unplaced.model.0));
    }
}

fn print_plan(status: &PlacementStatus, plan: &Plan) {
    print::line(if status.acting {
        "This server carries the plan out."
    } else {
        "Another server dispatches and carries its plan out; this is what this server hears and would do."
    });
    print::line("");
    if plan.assignments.is_empty() {
        print::line("No model lies on a GPU.");
    } else {
        print::table(&["MODEL", "NODE", "GPU", "GIB", "STATE"], plan.assignments.iter().map(|it| row(it, status)));
    }
    print::line("");
    if status.pending.is_empty() {
        print::line("Nothing is to be done: everything lies as it should.");
    } else {
        print::table(&["STEP", "MODEL", "NODE", "GPU", "STATE", "WHY"], status.pending.iter().map(step));
    }
    for unplaced in &plan.unplaced {
        print::line(format_args!("\n{unplaced}"));
    }
    for remark in &status.remarks {
        print::line(format_args!("\n{remark}"));
    }
    for refusal in &status.refusals {
        let gateway::RefusedModel { model, node, reason, seconds } = refusal;
        print::line(format_args!("\n{model} failed on {node}, which is left alone with it for {seconds} s: {reason}"));
    }
}

fn row(assignment: &Assignment, status: &PlacementStatus) -> [String; 5] {
    let Assignment { model, slots, bytes_per_gpu, stays } = assignment;
    let here = |step: &&PendingStep| {
        step.action == Action::Load && step.model == model.0 && slots.iter().any(|slot| slot.node.0 == step.node)
    };
    let coming = status.pending.iter().any(|step| here(&step));
    let gpus: Vec<String> = slots.iter().map(|slot| slot.gpu.to_string()).collect();
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let gib = *bytes_per_gpu as f64 / f64::from(1 << 30);
    [
        model.0.clone(),
        slots.first().map(|slot| slot.node.0.clone()).unwrap_or_default(),
        gpus.join(", "),
        format!("{gib:.1}"),
        if coming || (!stays && !status.acting) { "comes" } else { "there" }.to_owned(),
    ]
}

fn step(step: &PendingStep) -> [String; 6] {
    let state = match step.state {
        StepState::Waiting => "waits".to_owned(),
        StepState::Emptying { seconds } => format!("requests finish, for {seconds} s"),
        StepState::Begun { seconds } => format!("under way for {seconds} s"),
    };
    let interrupts = if step.interrupts { "; the model answers nowhere until it is loaded again" } else { "" };
    [
        match step.action {
            Action::Load => "load",
            Action::Unload => "unload",
        }
        .to_owned(),
        step.model.clone(),
        step.node.clone(),
        step.gpu.to_string(),
        state,
        format!("{}{interrupts}", step.because),
    ]
}
