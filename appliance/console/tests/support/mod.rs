//! The console on a real database in a temporary folder, with citizens who ask and an assistant that answers as told.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by the tests and the preview, each of which uses a part"
)]

pub mod telephone;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use camino::Utf8PathBuf;
use console::accounts::{self, NewAccount};
use console::{ConsoleConfig, ConsoleParts, SessionPolicy, Telephone};
use desk::case::{Case, CaseKind, Priority};
use desk::clock::Terms;
use desk::contact::{Address, Assurance, Channel};
use desk::conversation::Conversation;
use desk::department::Departments;
use desk::ids::{BlobId, ConversationId, DepartmentId, IdempotencyKey, TurnId};
use desk::journal::Actor;
use desk::language::Language;
use desk::operator::{Operator, Role};
use desk::outcome::{HandOff, HandOffReason, Outcome, Reply, StageTrace};
use desk::ports::assistant::{Assistant, Deaf, Listener, Question};
use desk::ports::attachments::Attachments;
use desk::ports::cases::Cases;
use desk::ports::cluster::{Cluster, Gpu, GpuHealth, Model, Node, Replica, Step, StepAction, StepState};
use desk::ports::conversations::{Conversations, NewConversation};
use desk::ports::feed::Feed;
use desk::ports::presence::LocalPresence;
use desk::ports::time::TimeSource;
use desk::ports::{PortError, PortResult};
use desk::reception::{Answered, Reception, ReceptionParts};
use desk::registry::Block;
use desk::turn::{Author, Content, NewTurn};
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use store::{Store, StoreConfig};
use tower::ServiceExt;

/// The machine's clock, moved.
#[derive(Default)]
pub struct MovedClock(AtomicI64);

impl MovedClock {
    pub fn set_back(&self, by: SignedDuration) {
        self.0.store(-by.as_secs(), Ordering::SeqCst);
    }

    pub fn set_forward(&self, by: SignedDuration) {
        self.0.store(by.as_secs(), Ordering::SeqCst);
    }
}

impl TimeSource for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes in memory.
#[derive(Default)]
pub struct Shelf(Mutex<HashMap<BlobId, Vec<u8>>>);

#[async_trait]
impl Attachments for Shelf {
    async fn keep(&self, bytes: Vec<u8>) -> PortResult<BlobId> {
        let id = BlobId(format!("{:064x}", bytes.len()));
        self.0.lock().unwrap().insert(id.clone(), bytes);
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

/// Says what it was told to say next.
#[derive(Default)]
pub struct Scripted(Mutex<Vec<Outcome>>);

#[async_trait]
impl Assistant for Scripted {
    async fn reply(&self, question: Question<'_>, _: &dyn Listener) -> Reply {
        let outcome = self.0.lock().unwrap().pop().unwrap();
        let stage = |stage: &str, decision: &str, micros| StageTrace {
            stage: stage.to_owned(),
            decision: decision.to_owned(),
            micros,
        };
        Reply {
            language: question.conversation.language,
            trace: vec![
                stage("normalise", "41 characters, 8 words", 18),
                stage("language", &format!("{}, 0.98", question.conversation.language), 64),
                stage("safety", "nothing found", 41),
                stage("patterns", "no pattern", 22),
                stage("retrieve", "5 passages, best 0.41", 1_840),
                stage("check", "confidence 0.41 below 0.62", 12),
            ],
            outcome,
        }
    }
}

/// Two nodes, one of them with a sick GPU, and a model.
pub struct Rack;

#[async_trait]
impl Cluster for Rack {
    async fn nodes(&self) -> Vec<Node> {
        let gpu = Gpu {
            index: 0,
            product: "NVIDIA H200".to_owned(),
            celsius: Some(61),
            busy_percent: Some(40),
            used_bytes: 70 << 30,
            total_bytes: 140 << 30,
            health: GpuHealth::NeedsReset,
            reasons: vec!["XID 79: fallen off the bus".to_owned()],
        };
        let sick = Node {
            name: "gpu-1".to_owned(),
            silent_ms: Some(120),
            drained: false,
            release: Some("0.1.0".to_owned()),
            gpus: vec![gpu],
            trouble: None,
        };
        let drained = Node { name: "gpu-3".to_owned(), silent_ms: Some(90), drained: true, ..Node::default() };
        let silent =
            Node { name: "gpu-2".to_owned(), trouble: Some("connection refused".to_owned()), ..Node::default() };
        vec![sick, silent, drained]
    }

    fn models(&self) -> Vec<Model> {
        let replica = Replica { node: "gpu-1".to_owned(), serves: false, busy: 3, slots: 8 };
        vec![Model { name: "qwen".to_owned(), live: false, waiting: [1, 2, 0, 40], replicas: vec![replica] }]
    }

    fn steps(&self) -> Vec<Step> {
        let step = |action, state, node: &str, interrupts| Step {
            action,
            state,
            model: "qwen".to_owned(),
            node: node.to_owned(),
            gpu: 1,
            interrupts,
        };
        vec![
            step(StepAction::Load, StepState::Begun, "gpu-1", false),
            step(StepAction::Unload, StepState::Emptying, "gpu-3", false),
            step(StepAction::Unload, StepState::Waiting, "gpu-2", true),
        ]
    }
}

/// The whole desk.
pub struct Desk {
    pub store: Store,
    pub clock: Arc<MovedClock>,
    pub reception: Reception,
    pub assistant: Arc<Scripted>,
    pub shelf: Arc<Shelf>,
    pub switchboard: Arc<telephone::Switchboard>,
    pub router: Router,
    folder: tempfile::TempDir,
}

pub fn hand_off(reason: HandOffReason, department: &str, kind: CaseKind, priority: Priority, notice: &str) -> Outcome {
    Outcome::HandOff(HandOff {
        reason,
        department: DepartmentId::from(department),
        case_kind: kind,
        priority,
        notice: notice.to_owned(),
    })
}

impl Desk {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let clock = Arc::new(MovedClock::default());
        let time: Arc<dyn TimeSource> = clock.clone();
        let store = Store::open_at(StoreConfig::single(path.join("database")), time.clone()).await.unwrap();
        let conversations: Arc<dyn Conversations> = Arc::new(store.conversations());
        let cases: Arc<dyn Cases> = Arc::new(store.cases());
        let assistant = Arc::new(Scripted::default());
        let shelf = Arc::new(Shelf::default());
        let switchboard = Arc::new(telephone::Switchboard::default());
        let block = Block { name: "PET".to_owned(), first: 1_000, last: 9_999 };
        let reception = Reception::new(ReceptionParts {
            conversations: conversations.clone(),
            cases: cases.clone(),
            assistant: assistant.clone(),
            time: time.clone(),
            terms: Terms::default(),
            block: block.clone(),
        });
        let router = console::router(ConsoleParts {
            accounts: Arc::new(store.accounts()),
            conversations,
            cases,
            feed: Arc::new(store.feed()),
            attachments: shelf.clone(),
            presence: Arc::new(LocalPresence::default()),
            cluster: Arc::new(Rack),
            telephone: Telephone {
                server: telephone::HERE,
                calls: Arc::new(store.calls()),
                call_backs: Arc::new(store.call_backs()),
                live: switchboard.clone(),
                intents: Arc::new(store.call_intents()),
            },
            time,
            terms: Terms::default(),
            config: ConsoleConfig {
                institution: "Primăria comunei Exemplu".to_owned(),
                tls: false,
                session: SessionPolicy::default(),
                departments: Departments::default(),
                block,
            },
        })
        .unwrap();
        Self { store, clock, reception, assistant, shelf, switchboard, router, folder }
    }

    /// An account with its one-time password.
    pub async fn account(&self, username: &str, name: &str, role: Role, departments: &[&str]) -> (Operator, String) {
        let new = NewAccount {
            username: username.to_owned(),
            display_name: name.to_owned(),
            role,
            departments: departments.iter().map(|slug| DepartmentId::from(*slug)).collect(),
            language: Language::Ro,
        };
        let made = accounts::create(&self.store.accounts(), new, Actor::Admin(0), self.clock.now()).await.unwrap();
        (made.operator, made.one_time_password)
    }

    /// A browser in which that account has signed in and chosen its password.
    pub async fn working(&self, username: &str, name: &str, role: Role, departments: &[&str]) -> Browser {
        let (_, one_time) = self.account(username, name, role, departments).await;
        let mut browser = self.browser();
        browser.post("/console/sign-in", &[("username", username), ("password", &one_time)]).await;
        let chosen = [("current", one_time.as_str()), ("new", PASSWORD), ("repeat", PASSWORD)];
        let answer = browser.post("/console/password", &chosen).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser
    }

    pub fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookies: HashMap::new(), site: "same-origin" }
    }

    /// A citizen's conversation.
    pub async fn citizen(&self, name: Option<&str>, language: Language) -> Conversation {
        self.reached_by(Channel::Chat, format!("browser-{}", ConversationId::new()), name, language).await
    }

    /// A citizen's conversation on the telephone.
    pub async fn caller(&self, number: &str, language: Language) -> Conversation {
        self.reached_by(Channel::Phone, number.to_owned(), None, language).await
    }

    async fn reached_by(
        &self,
        channel: Channel,
        value: String,
        name: Option<&str>,
        language: Language,
    ) -> Conversation {
        let id = ConversationId::new();
        let new = NewConversation {
            id,
            address: Address { channel, value, assurance: Assurance::Claimed },
            name: name.map(str::to_owned),
            language,
            secret_digest: [7; 32],
            key: IdempotencyKey(id.to_string()),
        };
        self.reception.start(new).await.unwrap()
    }

    /// The citizen says something; while the assistant has the word it does `outcome`.
    pub async fn says(&self, conversation: &Conversation, content: Content, outcome: Option<Outcome>) -> Option<Case> {
        let id = TurnId::new();
        let turn = NewTurn {
            id,
            conversation: conversation.id,
            author: Author::Citizen,
            language: conversation.language,
            content,
            key: IdempotencyKey(id.to_string()),
        };
        let recorded = self.reception.receive(turn).await.unwrap();
        self.assistant.0.lock().unwrap().push(outcome?);
        match self.reception.answer(&recorded.turn, &Deaf).await.unwrap() {
            Answered::Replied { case, .. } => case.map(|case| *case),
            _ => None,
        }
    }

    /// A citizen whose first question becomes a case.
    pub async fn waiting(&self, question: &str, department: &str) -> (Conversation, Case) {
        let conversation = self.citizen(None, Language::Ro).await;
        let outcome = hand_off(
            HandOffReason::NotInKnowledge,
            department,
            CaseKind::Question,
            Priority::Normal,
            "Un coleg preia întrebarea dumneavoastră.",
        );
        let case = self.says(&conversation, Content::text(question), Some(outcome)).await.unwrap();
        (self.now(&conversation).await, case)
    }

    /// The conversation as it stands.
    pub async fn now(&self, conversation: &Conversation) -> Conversation {
        self.store.conversations().conversation(conversation.id).await.unwrap()
    }

    /// How many rows of the journal tell of `event`.
    pub async fn noted(&self, event: desk::journal::Event) -> usize {
        let entries = self.store.feed().entries_after(0, 10_000).await.unwrap();
        entries.iter().filter(|row| row.entry.event == event).count()
    }
}

/// What every account chooses.
pub const PASSWORD: &str = "corect cal baterie agrafa";

/// What the server answered.
pub struct Answer {
    pub status: StatusCode,
    pub location: String,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The value of the first hidden field of that name.
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.text.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {}", self.text)).1;
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A browser: keeps cookies, says where its requests come from.
pub struct Browser {
    router: Router,
    cookies: HashMap<String, String>,
    /// What it sends as `Sec-Fetch-Site`.
    pub site: &'static str,
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), String::new()).await
    }

    /// What an open page hears, as it comes.
    pub async fn signals(&self, path: &str) -> BoxStream<'static, String> {
        let response = self.ask(Request::get(path), String::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let pieces = response.into_body().into_data_stream();
        pieces.map(|piece| String::from_utf8_lossy(&piece.unwrap()).into_owned()).boxed()
    }

    /// A part of what is there, as a player asks for it.
    pub async fn get_part(&mut self, path: &str, range: &str) -> Answer {
        self.send(Request::get(path).header(header::RANGE, range), String::new()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&");
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, body).await
    }

    async fn ask(&self, request: axum::http::request::Builder, body: String) -> Response {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = request
            .header(header::COOKIE, cookies)
            .header(header::ACCEPT_LANGUAGE, "ro")
            .header("sec-fetch-site", self.site)
            .body(Body::from(body))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Answer {
        let response = self.ask(request, body).await;
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = response.status();
        let headers = response.headers().clone();
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), 4 << 20).await.unwrap();
        Answer {
            status,
            location: location.unwrap_or_default(),
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
