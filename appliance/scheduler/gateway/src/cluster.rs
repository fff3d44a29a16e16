//! The port of the cluster: what is heard of nodes and models, for people.

use async_trait::async_trait;
use desk::ports::cluster::{Cluster, Gpu, GpuHealth, Model, Node, Replica, Step, StepAction, StepState};
use placement::Action;
use policy::Standing;
use protocol::Class;
use protocol::gpu::{GpuReport, Health};

use crate::gateway::Gateway;
use crate::placing::{self, PendingStep};
use crate::status::{ModelStatus, NodeStatus, PlacedReplica};

#[async_trait]
impl Cluster for Gateway {
    async fn nodes(&self) -> Vec<Node> {
        self.node_status().await.into_iter().map(node).collect()
    }

    fn models(&self) -> Vec<Model> {
        self.status().into_iter().map(model).collect()
    }

    fn steps(&self) -> Vec<Step> {
        self.placement().pending.into_iter().map(step).collect()
    }
}

fn step(pending: PendingStep) -> Step {
    Step {
        action: match pending.action {
            Action::Load => StepAction::Load,
            Action::Unload => StepAction::Unload,
        },
        state: match pending.state {
            placing::StepState::Waiting => StepState::Waiting,
            placing::StepState::Emptying { .. } => StepState::Emptying,
            placing::StepState::Begun { .. } => StepState::Begun,
        },
        model: pending.model,
        node: pending.node,
        gpu: pending.gpu,
        interrupts: pending.interrupts,
    }
}

fn node(status: NodeStatus) -> Node {
    let description = status.description.as_ref();
    Node {
        name: status.name,
        silent_ms: status.silent_ms,
        drained: status.drained,
        release: description.map(|description| description.version.clone()),
        gpus: description.map(|description| description.gpus.gpus.iter().map(gpu).collect()).unwrap_or_default(),
        trouble: status.trouble.or_else(|| description.and_then(|description| description.gpus.unavailable())),
    }
}

fn gpu(report: &GpuReport) -> Gpu {
    let vram = report.sample.vram.unwrap_or_default();
    Gpu {
        index: report.sample.index,
        product: report.sample.name.clone(),
        celsius: report.sample.thermal.gpu_celsius,
        busy_percent: report.sample.utilisation.map(|utilisation| utilisation.gpu_percent),
        used_bytes: vram.used_bytes,
        total_bytes: vram.total_bytes,
        health: match report.health.verdict {
            Health::Ok => GpuHealth::Ok,
            Health::AdmitNothingNew => GpuHealth::AdmitsNothing,
            Health::Drain => GpuHealth::Draining,
            Health::NeedsReset => GpuHealth::NeedsReset,
        },
        reasons: report.health.reasons.iter().map(|reason| reason.message.clone()).collect(),
    }
}

fn model(status: ModelStatus) -> Model {
    let waiting = Class::ALL.map(|class| status.waiting.get(class.name()).copied().unwrap_or_default());
    let replica = |placed: PlacedReplica| Replica {
        node: placed.node,
        serves: matches!(placed.status.standing, Standing::Serving | Standing::Returning),
        busy: placed.status.streaming + u32::try_from(placed.status.reading).unwrap_or(u32::MAX),
        slots: placed.status.slots,
    };
    Model {
        name: status.model,
        live: status.live,
        waiting,
        replicas: status.replicas.into_iter().map(replica).collect(),
    }
}
