//! The chat at work: its parts, its open pages and the answers under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use desk::clock::Terms;
use desk::department::Departments;
use desk::ids::OperatorId;
use desk::ports::accounts::Accounts;
use desk::ports::articles::Articles;
use desk::ports::attachments::Attachments;
use desk::ports::cases::Cases;
use desk::ports::conversations::Conversations;
use desk::ports::feed::Feed;
use desk::ports::presence::Presence;
use desk::ports::speech::Speech;
use desk::ports::time::TimeSource;
use desk::reception::Reception;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ChatConfig;
use crate::limits::{Buckets, Connections};
use crate::live::Live;
use crate::secret::SecretKey;

/// For how long an operator's name is remembered.
const NAME_LIFE: Duration = Duration::from_secs(60);
/// How many operators' names are remembered.
const NAMES: usize = 1_000;

/// What the chat works with.
pub struct ChatParts {
    /// Takes turns and sees that each is answered.
    pub reception: Arc<Reception>,
    /// Conversations and turns.
    pub conversations: Arc<dyn Conversations>,
    /// Cases, for those who come back.
    pub cases: Arc<dyn Cases>,
    /// The staff, for the names that citizens see.
    pub accounts: Arc<dyn Accounts>,
    /// The knowledge base, for the pages that sources lead to.
    pub articles: Arc<dyn Articles>,
    /// Bytes that come with turns.
    pub attachments: Arc<dyn Attachments>,
    /// The journal, from which open pages learn of changes.
    pub feed: Arc<dyn Feed>,
    /// Who types where.
    pub presence: Arc<dyn Presence>,
    /// Speaks answers and hears questions, where that is set up.
    pub speech: Arc<dyn Speech>,
    /// The time.
    pub time: Arc<dyn TimeSource>,
    /// By when what is owed.
    pub terms: Terms,
    /// The departments and their names.
    pub departments: Departments,
    /// The key that all servers share; citizens' secrets are derived from it.
    pub secret_key: SecretKey,
    /// How it is set up.
    pub config: ChatConfig,
}

/// The state that handlers share.
pub(crate) struct App {
    pub(crate) parts: ChatParts,
    pub(crate) live: Arc<Live>,
    pub(crate) buckets: Buckets,
    pub(crate) connections: Connections,
    pub(crate) answering: Arc<Semaphore>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    names: Mutex<HashMap<OperatorId, (Arc<str>, Instant)>>,
}

impl App {
    /// The name that citizens see of a member of staff; `None` when the account cannot be read.
    pub(crate) async fn operator_name(&self, id: OperatorId) -> Option<Arc<str>> {
        if let Some((name, at)) = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&id)
            && at.elapsed() < NAME_LIFE
        {
            return Some(name.clone());
        }
        let name: Arc<str> = self.parts.accounts.operator(id).await.ok()?.display_name.into();
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(id, (name.clone(), Instant::now()));
        Some(name)
    }
}

/// The chat. Start it once; it follows the journal until stopped.
pub struct Chat {
    app: Arc<App>,
}

impl Chat {
    /// Begins to follow the journal. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(parts: ChatParts) -> Self {
        let app = Arc::new(App {
            live: Arc::new(Live::default()),
            buckets: Buckets::new(parts.config.limits.remembered),
            connections: Connections::default(),
            answering: Arc::new(Semaphore::new(parts.config.answers_at_once.max(1))),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            names: Mutex::default(),
            parts,
        });
        crate::figures::describe();
        let follower = app.live.clone().run(app.parts.feed.clone(), app.parts.cases.clone());
        let stop = app.stop.clone();
        app.tasks.spawn(async move {
            tokio::select! {
                () = follower => {}
                () = stop.cancelled() => {}
            }
        });
        Self { app }
    }

    /// Pages, element and API. The assets under `/assets/` are served by [`ui::assets::router`].
    pub fn router(&self) -> axum::Router {
        crate::routes::router(self.app.clone())
    }

    /// Ends live connections and waits for answers under way, at most `patience`. What is not answered by then stays pending
    /// and is answered after the next start.
    pub async fn stop(&self, patience: Duration) {
        self.app.stop.cancel();
        self.app.tasks.close();
        if tokio::time::timeout(patience, self.app.tasks.wait()).await.is_err() {
            tracing::warn!("answers under way were left to the next start");
        }
    }
}
