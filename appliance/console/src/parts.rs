//! What the console is made of: the ports it works with and its configuration.

use std::sync::Arc;

use desk::clock::Terms;
use desk::department::Departments;
use desk::ports::accounts::Accounts;
use desk::ports::attachments::Attachments;
use desk::ports::call_backs::CallBacks;
use desk::ports::calls::Calls;
use desk::ports::cases::Cases;
use desk::ports::cluster::Cluster;
use desk::ports::conversations::Conversations;
use desk::ports::feed::Feed;
use desk::ports::live_calls::{CallIntents, LiveCalls};
use desk::ports::presence::Presence;
use desk::ports::time::TimeSource;
use desk::registry::Block;

use crate::audit::Audit;
use crate::auth::password::{PasswordError, Passwords};
use crate::auth::session::SessionPolicy;
use crate::auth::throttle::Throttle;

/// How the console is set up.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// The institution's name, shown in the header.
    pub institution: String,
    /// Whether browsers reach it over TLS: the session's cookie then is `Secure` and bound to the host.
    pub tls: bool,
    /// How long a session lives.
    pub session: SessionPolicy,
    /// The departments and their names.
    pub departments: Departments,
    /// Where a case gets its number when an operator makes it a registered one.
    pub block: Block,
}

/// What the console knows the telephone by.
pub struct Telephone {
    /// The number of this server: a call of another one is commanded through [`Telephone::intents`].
    pub server: u64,
    /// What is kept of calls.
    pub calls: Arc<dyn Calls>,
    /// Promises to ring back.
    pub call_backs: Arc<dyn CallBacks>,
    /// The calls that go on here.
    pub live: Arc<dyn LiveCalls>,
    /// Commands on their way to other servers.
    pub intents: Arc<dyn CallIntents>,
}

/// What the console works with.
pub struct ConsoleParts {
    /// Accounts and sessions.
    pub accounts: Arc<dyn Accounts>,
    /// Conversations and turns.
    pub conversations: Arc<dyn Conversations>,
    /// Cases and the registry.
    pub cases: Arc<dyn Cases>,
    /// The journal: what open pages follow and where views are noted.
    pub feed: Arc<dyn Feed>,
    /// Bytes that came with turns.
    pub attachments: Arc<dyn Attachments>,
    /// Who types where.
    pub presence: Arc<dyn Presence>,
    /// The inference nodes.
    pub cluster: Arc<dyn Cluster>,
    /// The telephone.
    pub telephone: Telephone,
    /// The time.
    pub time: Arc<dyn TimeSource>,
    /// By when what is owed.
    pub terms: Terms,
    /// How it is set up.
    pub config: ConsoleConfig,
}

/// The console at work: its parts, and what it keeps in memory.
pub(crate) struct Inner {
    pub(crate) parts: ConsoleParts,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) audit: Audit,
}

/// What every handler gets.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

impl App {
    pub(crate) fn new(parts: ConsoleParts) -> Result<Self, PasswordError> {
        let passwords = Passwords::new()?;
        Ok(Self(Arc::new(Inner { parts, passwords, throttle: Throttle::default(), audit: Audit::default() })))
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.0.parts.time.now()
    }

    pub(crate) fn config(&self) -> &ConsoleConfig {
        &self.0.parts.config
    }
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
