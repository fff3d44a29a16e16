//! The watchdog at work: reads what is open, plans, and does what the plan says.

use std::sync::Arc;

use desk::conversation::Owner;
use desk::journal::{Actor, Event};
use desk::ports::cases::Cases;
use desk::ports::conversations::Conversations;
use desk::ports::time::TimeSource;
use desk::ports::{PortError, PortResult};
use desk::watchdog::{Action, WatchdogPolicy, plan};

/// How many open cases one round looks at; those due first.
const ROUND: u32 = 10_000;

/// What the watchdog works with.
pub(super) struct Watchdog {
    /// Conversations.
    pub(super) conversations: Arc<dyn Conversations>,
    /// Cases.
    pub(super) cases: Arc<dyn Cases>,
    /// The time.
    pub(super) time: Arc<dyn TimeSource>,
    /// When it steps in.
    pub(super) policy: WatchdogPolicy,
}

impl Watchdog {
    /// One round. What somebody else changed meanwhile is left to the next.
    ///
    /// # Errors
    /// When the open cases cannot be read or a change cannot be written.
    pub(super) async fn round(&self) -> PortResult<u64> {
        let watched = self.cases.watched(ROUND).await?;
        let mut done = 0;
        for action in plan(&watched, self.time.now(), &self.policy) {
            match self.act(action).await {
                Ok(()) => done += 1,
                Err(PortError::Conflict { .. } | PortError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    async fn act(&self, action: Action) -> PortResult<()> {
        match action {
            Action::Raise { case, version, level, reason } => {
                let mut raised = self.cases.case(case).await?;
                if raised.version != version {
                    return Err(PortError::Conflict { what: "case" });
                }
                raised.level = level;
                raised.updated_at = self.time.now();
                metrics::counter!("sfetnic_escalations_total", "reason" => kind(&reason.mark())).increment(1);
                tracing::info!(%case, ?level, reason = reason.mark(), "raised a case");
                self.cases.update(raised, Actor::System, Event::CaseEscalated, Some(reason.mark())).await?;
            }
            Action::ReturnToQueue { conversation, version, department, reason } => {
                metrics::counter!("sfetnic_escalations_total", "reason" => kind(&reason.mark())).increment(1);
                tracing::info!(%conversation, reason = reason.mark(), "put a conversation back into its queue");
                self.conversations.transfer(conversation, version, Owner::Queue(department), Actor::System).await?;
            }
        }
        Ok(())
    }
}

/// The reason without the term, so that the metric's labels stay few.
fn kind(mark: &str) -> String {
    mark.split(':').next().unwrap_or_default().to_owned()
}
