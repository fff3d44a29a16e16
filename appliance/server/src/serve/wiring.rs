//! Which part gets which: the ports of the domain and what implements them.

use std::sync::Arc;
use std::time::Duration;

use answers::Answers;
use anyhow::Context;
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use blobs::Blobs;
use chat::{Chat, ChatParts, SecretKey};
use console::accounts::Issued;
use console::{ConsoleParts, SessionPolicy};
use desk::ports::accounts::Accounts;
use desk::ports::articles::Articles;
use desk::ports::attachments::Attachments;
use desk::ports::cases::Cases;
use desk::ports::conversations::Conversations;
use desk::ports::feed::Feed;
use desk::ports::live_calls::NoCalls;
use desk::ports::presence::{LocalPresence, Presence};
use desk::ports::time::{SystemTime, TimeSource};
use desk::reception::{Reception, ReceptionParts};
use gateway::Gateway;
use knowledge::KnowledgeIndex;
use phone::Phone;
use store::Store;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use super::generator::NodesGenerator;
use super::secrets::MasterKey;
use crate::admin::AdminParts;
use crate::config::Config;

/// Everything that runs, wired together.
pub(super) struct Wired {
    pub(super) store: Store,
    pub(super) index: KnowledgeIndex,
    pub(super) reception: Arc<Reception>,
    pub(super) time: Arc<dyn TimeSource>,
    pub(super) gateway: Gateway,
    blobs: Arc<Blobs>,
    presence: Arc<dyn Presence>,
    secret_key: SecretKey,
}

/// Opens the database, prepares the knowledge base and wires the parts.
///
/// # Errors
/// Says which part cannot start.
pub(super) async fn wire(config: &Config, patience: Duration) -> anyhow::Result<Wired> {
    let master = MasterKey::read_or_make(&config.master_key())?;
    let blobs = open_attachments(config).await?;
    let store = Store::open(config.store.clone()).await.context("failed to open the database")?;
    store.wait_until_ready(patience).await.context("the database did not get ready")?;

    let index_folder = config.data.folder.join("index");
    let index = tokio::task::spawn_blocking(move || KnowledgeIndex::open(&index_folder))
        .await
        .context("the indexer panicked")?
        .context("failed to open the search index")?;
    super::knowledge::prepare(&index, &store.articles(), config.knowledge.starter_pack).await?;

    let time: Arc<dyn TimeSource> = Arc::new(SystemTime);
    let peer_key = (!config.inference.peers.is_empty()).then(|| master.derive("passing requests on"));
    let gateway = Gateway::start(&config.inference, peer_key.as_ref());
    // Before the first request: a node that was drained stays so.
    crate::admin::follow_drained(&store.drained_nodes(), &gateway).await.context("failed to read the drained nodes")?;
    let generation = &config.answers.generation;
    let generator = generation.model.clone().map(|model| {
        let first_word = Duration::from_millis(generation.first_sentence_ms);
        Arc::new(NodesGenerator { models: gateway.language_models(), model, first_word }) as Arc<dyn answers::Generator>
    });
    let assistant = Arc::new(Answers::new(config.answers.clone(), index.clone(), generator));
    assistant.warm_up().await;
    let reception = Arc::new(Reception::new(ReceptionParts {
        conversations: Arc::new(store.conversations()),
        cases: Arc::new(store.cases()),
        assistant,
        time: Arc::clone(&time),
        terms: config.terms_in_force(),
        block: config.registry.block.clone(),
    }));
    Ok(Wired {
        store,
        index,
        reception,
        time,
        gateway,
        blobs: Arc::new(blobs),
        presence: Arc::new(LocalPresence::default()),
        secret_key: SecretKey(master.derive("citizens' secrets")),
    })
}

/// The store of attachments, encrypted under a key derived from the master key.
///
/// # Errors
/// When its folder, key or credentials cannot be used.
pub(crate) async fn open_attachments(config: &Config) -> anyhow::Result<Blobs> {
    let master = MasterKey::read_or_make(&config.master_key())?;
    Blobs::open(&config.blobs, master.derive("attachments")).await.context("failed to open the store of attachments")
}

/// What is compressed: not sound, which is sent while it is made and hardly gets smaller.
fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::const_new("audio/")))
}

impl Wired {
    pub(super) fn conversations(&self) -> Arc<dyn Conversations> {
        Arc::new(self.store.conversations())
    }

    pub(super) fn cases(&self) -> Arc<dyn Cases> {
        Arc::new(self.store.cases())
    }

    pub(super) fn articles(&self) -> Arc<dyn Articles> {
        Arc::new(self.store.articles())
    }

    pub(super) fn attachments(&self) -> Arc<dyn Attachments> {
        Arc::clone(&self.blobs) as _
    }

    pub(super) fn feed(&self) -> Arc<dyn Feed> {
        Arc::new(self.store.feed())
    }

    fn accounts(&self) -> Arc<dyn Accounts> {
        Arc::new(self.store.accounts())
    }

    /// What the admin socket works with.
    pub(super) fn admin(&self, config: &Config, phone: Option<Phone>) -> AdminParts {
        AdminParts {
            articles: self.articles(),
            accounts: self.accounts(),
            feed: self.feed(),
            store: self.store.clone(),
            blobs: Arc::clone(&self.blobs) as _,
            backup_key: config.backup_key(),
            spool: config.data.folder.clone(),
            gateway: self.gateway.clone(),
            phone,
            calls: Arc::new(self.store.calls()),
            conversations: self.conversations(),
            users: config.admin.users.clone(),
        }
    }

    /// The first administrator, if this server made the account now.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub(super) async fn first_administrator(&self, config: &Config) -> anyhow::Result<Option<Issued>> {
        let username = &config.console.first_administrator;
        console::accounts::first_administrator(&self.store.accounts(), username, self.time.now())
            .await
            .context("failed to make the first administrator")
    }

    /// The chat, following the journal.
    pub(super) fn chat(&self, config: &Config) -> Chat {
        Chat::start(ChatParts {
            reception: Arc::clone(&self.reception),
            conversations: self.conversations(),
            cases: self.cases(),
            accounts: self.accounts(),
            articles: self.articles(),
            attachments: self.attachments(),
            feed: self.feed(),
            presence: Arc::clone(&self.presence),
            speech: self.gateway.speech(),
            time: Arc::clone(&self.time),
            terms: config.terms_in_force(),
            departments: config.departments.clone(),
            secret_key: self.secret_key.clone(),
            config: chat::ChatConfig {
                secure_cookies: config.chat.secure_cookies || config.http.tls.is_some(),
                ..config.chat.clone()
            },
        })
    }

    /// Every page and the public API.
    ///
    /// # Errors
    /// When the console cannot be set up.
    pub(super) fn router(&self, config: &Config, chat: &Chat, phone: Option<&Phone>) -> anyhow::Result<Router> {
        let console = console::router(ConsoleParts {
            accounts: self.accounts(),
            conversations: self.conversations(),
            cases: self.cases(),
            feed: self.feed(),
            attachments: self.attachments(),
            presence: Arc::clone(&self.presence),
            cluster: Arc::new(self.gateway.clone()),
            telephone: console::Telephone {
                server: self.store.config().node,
                calls: Arc::new(self.store.calls()),
                call_backs: Arc::new(self.store.call_backs()),
                live: phone.map_or_else(|| Arc::new(NoCalls) as _, Phone::live),
                intents: Arc::new(self.store.call_intents()),
            },
            time: Arc::clone(&self.time),
            terms: config.terms_in_force(),
            config: console::ConsoleConfig {
                institution: config.chat.institution.ro.clone(),
                tls: config.http.tls.is_some(),
                session: SessionPolicy {
                    idle: Duration::from_secs(config.console.idle_minutes * 60),
                    absolute: Duration::from_secs(config.console.session_hours * 3600),
                },
                departments: config.departments.clone(),
                block: config.registry.block.clone(),
            },
        })
        .context("failed to set up the console")?;
        Ok(chat
            .router()
            .merge(console)
            .merge(self.gateway.router().unwrap_or_default())
            // A nested router answers below its path only.
            .route("/console/", get(|| async { Redirect::permanent("/console") }))
            .merge(ui::assets::router())
            .layer(axum::middleware::map_response(ui::security::headers))
            .layer(compression())
            .layer(axum::middleware::from_fn(service::trace::serve))
            .layer(tower_http::catch_panic::CatchPanicLayer::new()))
    }
}
