//! The inference nodes and their models, for administrators; the page renews itself.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use desk::ports::cluster::{Gpu, GpuHealth, Model, Node, Step, StepAction, StepState};
use ui::{Page, fill};

use crate::auth::signed_in::Administrator;
use crate::pages::problem::Problem;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::texts::{Texts, texts};

/// A node that was silent for so long is said to be: it is heard every 200 ms.
const SILENT_MS: u64 = 2_000;

struct NodeRow {
    name: String,
    /// The tag's tone and its word.
    state: (&'static str, &'static str),
    release: String,
    trouble: Option<String>,
    gpus: Vec<GpuRow>,
}

struct GpuRow {
    name: String,
    state: (&'static str, &'static str),
    celsius: String,
    busy: String,
    memory: String,
    memory_percent: u64,
    reasons: Vec<String>,
}

struct ModelRow {
    name: String,
    live: bool,
    waiting: [usize; 4],
    replicas: Vec<ReplicaRow>,
}

struct ReplicaRow {
    node: String,
    state: (&'static str, &'static str),
    busy: u32,
    slots: u32,
}

#[derive(Template)]
#[template(path = "cluster.html")]
struct ClusterPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    nodes: Vec<NodeRow>,
    models: Vec<ModelRow>,
    /// Each a sentence.
    steps: Vec<String>,
}

pub(crate) async fn page(State(app): State<App>, Administrator(operator): Administrator) -> Result<Response, Problem> {
    let t = texts(operator.language);
    let nodes = app.parts.cluster.nodes().await;
    let view = ClusterPage {
        page: shell::frame(operator.language, &t.cluster.title),
        shell: Shell::new(&app, &operator, "cluster"),
        t,
        nodes: nodes.into_iter().map(|node| row(t, node)).collect(),
        models: app.parts.cluster.models().into_iter().map(|model| model_row(t, model)).collect(),
        steps: app.parts.cluster.steps().iter().map(|step| step_text(t, step)).collect(),
    };
    Ok(ui::layout::page_with(StatusCode::OK, &view, operator.language))
}

fn row(t: &'static Texts, node: Node) -> NodeRow {
    let state = match node.silent_ms {
        None => ("bad", t.cluster.never.as_str()),
        Some(silent) if silent > SILENT_MS => ("bad", t.cluster.silent.as_str()),
        Some(_) if node.drained => ("warn", t.cluster.drained.as_str()),
        Some(_) if node.gpus.iter().any(|gpu| gpu.health != GpuHealth::Ok) => ("warn", t.cluster.unwell.as_str()),
        Some(_) => ("good", t.cluster.heard.as_str()),
    };
    let gpus = node.gpus.into_iter().map(|gpu| gpu_row(t, gpu)).collect();
    NodeRow { name: node.name, state, release: node.release.unwrap_or_default(), trouble: node.trouble, gpus }
}

fn gpu_row(t: &'static Texts, gpu: Gpu) -> GpuRow {
    let state = match gpu.health {
        GpuHealth::Ok => ("good", t.cluster.gpu_ok.as_str()),
        GpuHealth::AdmitsNothing => ("warn", t.cluster.gpu_admits_nothing.as_str()),
        GpuHealth::Draining => ("warn", t.cluster.gpu_draining.as_str()),
        GpuHealth::NeedsReset => ("bad", t.cluster.gpu_needs_reset.as_str()),
    };
    let percent = |value: Option<u32>| value.map_or("–".to_owned(), |value| format!("{value} %"));
    let memory = fill(&t.cluster.of, &[("used", &gigabytes(gpu.used_bytes)), ("total", &gigabytes(gpu.total_bytes))]);
    GpuRow {
        name: format!("{} · {}", gpu.index, gpu.product),
        state,
        celsius: gpu.celsius.map_or("–".to_owned(), |celsius| format!("{celsius} °C")),
        busy: percent(gpu.busy_percent),
        memory,
        memory_percent: gpu.used_bytes.saturating_mul(100).checked_div(gpu.total_bytes).unwrap_or(0),
        reasons: gpu.reasons,
    }
}

fn gigabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
    let gigabytes = bytes as f64 / f64::from(1 << 30);
    format!("{gigabytes:.1}")
}

fn model_row(t: &'static Texts, model: Model) -> ModelRow {
    let replicas = model.replicas.into_iter().map(|replica| {
        let state =
            if replica.serves { ("good", t.cluster.serves.as_str()) } else { ("warn", t.cluster.serves_not.as_str()) };
        ReplicaRow { node: replica.node, state, busy: replica.busy, slots: replica.slots }
    });
    ModelRow { name: model.name, live: model.live, waiting: model.waiting, replicas: replicas.collect() }
}

fn step_text(t: &'static Texts, step: &Step) -> String {
    let template = match (step.action, step.state) {
        (StepAction::Load, StepState::Waiting) => &t.cluster.load_waits,
        (StepAction::Load, StepState::Emptying | StepState::Begun) => &t.cluster.load_goes,
        (StepAction::Unload, StepState::Waiting) => &t.cluster.unload_waits,
        (StepAction::Unload, StepState::Emptying) => &t.cluster.unload_empties,
        (StepAction::Unload, StepState::Begun) => &t.cluster.unload_goes,
    };
    let gpu = step.gpu.to_string();
    let text = fill(template, &[("model", &step.model), ("node", &step.node), ("gpu", &gpu)]);
    if step.interrupts { format!("{text} {}", t.cluster.interrupts) } else { text }
}
