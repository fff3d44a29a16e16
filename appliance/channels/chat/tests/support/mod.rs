//! The chat on a real database in a temporary folder, with a small assistant of its own and files in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    unused_imports,
    missing_docs,
    unreachable_pub,
    reason = "shared by the tests and the preview, each of which uses a part; what fails there may stop them"
)]

mod assistant;
mod client;
mod voice;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use camino::Utf8PathBuf;
use chat::{Chat, ChatConfig, ChatParts, SecretKey};
use desk::article::{Article, ArticleId, ArticleState, Audience, Facts, Source};
use desk::clock::Terms;
use desk::conversation::{Conversation, Owner};
use desk::department::Departments;
use desk::ids::{BlobId, ConversationId, IdempotencyKey, OperatorId, TurnId};
use desk::journal::Actor;
use desk::language::Language;
use desk::operator::{Operator, Role};
use desk::ports::accounts::Accounts;
use desk::ports::articles::Articles;
use desk::ports::attachments::Attachments;
use desk::ports::conversations::{Conversations, NewReply};
use desk::ports::presence::{LocalPresence, Presence};
use desk::ports::time::SystemTime;
use desk::ports::{PortError, PortResult};
use desk::reception::{Reception, ReceptionParts};
use desk::registry::Block;
use desk::turn::{Author, Content, NewTurn};
use jiff::Timestamp;
use jiff::civil::date;
use store::{Store, StoreConfig};

pub use assistant::Clerk;
pub use client::{Client, Reply, bytes_form, form};
pub use voice::{BUSY, Voice};

/// Bytes in memory.
#[derive(Default)]
pub struct Shelf(Mutex<HashMap<BlobId, Vec<u8>>>);

#[async_trait]
impl Attachments for Shelf {
    async fn keep(&self, bytes: Vec<u8>) -> PortResult<BlobId> {
        let mut shelf = self.0.lock().unwrap();
        let id = BlobId(format!("{:064x}", shelf.len()));
        shelf.insert(id.clone(), bytes);
        Ok(id)
    }

    async fn fetch(&self, id: &BlobId) -> PortResult<Vec<u8>> {
        self.0.lock().unwrap().get(id).cloned().ok_or(PortError::NotFound { what: "attachment" })
    }

    async fn forget(&self, id: &BlobId) -> PortResult<()> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}

/// Everything that citizens reach.
pub struct World {
    pub store: Store,
    pub chat: Chat,
    pub presence: Arc<LocalPresence>,
    pub operator: Operator,
    folder: tempfile::TempDir,
}

pub fn article(id: &str, language: Language, title: &str) -> Article {
    Article {
        id: ArticleId(id.to_owned()),
        language,
        title: title.to_owned(),
        asked_as: Vec::new(),
        department: "evidenta-persoanelor".to_owned(),
        audience: Audience::Citizen,
        owner: String::new(),
        state: ArticleState::Published,
        valid_from: Some(date(2026, 1, 1)),
        valid_until: None,
        review: vec!["to be confirmed by the institution".to_owned()],
        facts: assistant::facts(),
        sources: vec![Source {
            title: "Întrebări frecvente despre actele de identitate".to_owned(),
            institution: "Direcția Generală pentru Evidența Persoanelor".to_owned(),
            url: Some("https://carteadeidentitate.gov.ro/?p=139".to_owned()),
            accessed: Some(date(2026, 11, 21)),
        }],
        version: 1,
        body: "Cereți un act nou la **serviciul public** de evidență a persoanelor.\n\n## Ce aveți de făcut\n\n1. Alegeți \
               actul: electronic sau simplu.\n2. Programați-vă pe hub.mai.gov.ro.\n3. Mergeți personal la ghișeu.\n"
            .to_owned(),
    }
}

impl World {
    pub async fn open() -> Self {
        Self::with(ChatConfig::default(), Duration::ZERO).await
    }

    /// `pace`: how long the assistant takes between two sentences.
    pub async fn with(config: ChatConfig, pace: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("database")).unwrap();
        let store = Store::open(StoreConfig::single(path)).await.unwrap();
        let operator = Operator {
            id: OperatorId::new(),
            username: "ana".to_owned(),
            display_name: "Ana Pop".to_owned(),
            role: Role::Operator,
            departments: Vec::new(),
            language: Language::Ro,
            active: true,
            must_change_password: false,
            extension: None,
            created_at: Timestamp::now(),
        };
        let accounts = store.accounts();
        let operator = accounts.save(operator, Some("$argon2id$x".to_owned()), Actor::System).await.unwrap();
        let titles = [
            (Language::Ro, "Carte de identitate expirată"),
            (Language::Hu, "Lejárt személyi igazolvány"),
            (Language::En, "Expired identity card"),
        ];
        let mut articles: Vec<Article> =
            titles.map(|(language, title)| article("carte-de-identitate-expirata", language, title)).to_vec();
        articles.push(Article {
            state: ArticleState::Draft,
            facts: Facts::default(),
            ..article("ciorna", Language::Ro, "Ciornă")
        });
        store.articles().import(articles, Vec::new(), Actor::System).await.unwrap();
        let presence = Arc::new(LocalPresence::default());
        let terms = Terms::default();
        let reception = Reception::new(ReceptionParts {
            conversations: Arc::new(store.conversations()),
            cases: Arc::new(store.cases()),
            assistant: Arc::new(Clerk { pace }),
            time: Arc::new(SystemTime),
            terms: terms.clone(),
            block: Block { name: "R".to_owned(), first: 1, last: 999 },
        });
        let chat = Chat::start(ChatParts {
            reception: Arc::new(reception),
            conversations: Arc::new(store.conversations()),
            cases: Arc::new(store.cases()),
            accounts: Arc::new(accounts),
            articles: Arc::new(store.articles()),
            attachments: Arc::new(Shelf::default()),
            feed: Arc::new(store.feed()),
            presence: presence.clone() as Arc<dyn Presence>,
            speech: Arc::new(Voice),
            time: Arc::new(SystemTime),
            terms,
            departments: Departments::default(),
            secret_key: SecretKey([42; 32]),
            config,
        });
        Self { store, chat, presence, operator, folder }
    }

    /// A browser or another client, without anything yet.
    pub fn client(&self) -> Client {
        Client::new(self.chat.router())
    }

    pub async fn conversation(&self, id: ConversationId) -> Conversation {
        self.store.conversations().conversation(id).await.unwrap()
    }

    /// The operator takes the conversation over.
    pub async fn take_over(&self, id: ConversationId) {
        let version = self.conversation(id).await.version;
        let (to, by) = (Owner::Operator(self.operator.id), Actor::Operator(self.operator.id));
        self.store.conversations().transfer(id, version, to, by).await.unwrap();
    }

    /// The operator says something.
    pub async fn operator_says(&self, id: ConversationId, text: &str) {
        let conversation = self.conversation(id).await;
        let turn = NewTurn {
            id: TurnId::new(),
            conversation: id,
            author: Author::Operator(self.operator.id),
            language: conversation.language,
            content: Content::text(text),
            key: IdempotencyKey(format!("operator:{}", TurnId::new())),
        };
        let reply = NewReply { turn, expected_version: conversation.version, owner: None, case: None, settles: None };
        self.store.conversations().reply(reply).await.unwrap();
    }

    pub async fn close(self) {
        self.chat.stop(Duration::from_secs(5)).await;
        self.store.close().await.unwrap();
    }
}
