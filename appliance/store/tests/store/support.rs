//! The shared database, and the small things that stories are made of.

use std::future::Future;
use std::sync::LazyLock;

use desk::case::{Case, CaseKind, CaseState, Level, Priority};
use desk::clock::Terms;
use desk::contact::{Address, Assurance, Channel};
use desk::conversation::{Conversation, Owner};
use desk::ids::{CaseId, ContactId, ConversationId, DepartmentId, IdempotencyKey, OperatorId, TurnId};
use desk::language::Language;
use desk::outcome::HandOffReason;
use desk::ports::conversations::{Conversations, NewConversation, NewReply, Recorded};
use desk::reference::Reference;
use desk::turn::{Author, Content, NewTurn};
use jiff::Timestamp;
use store::{Store, StoreConfig};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
static STORE: OnceCell<Store> = OnceCell::const_new();

/// Runs a story on the shared database.
pub(crate) fn story<F: Future<Output = ()>>(tell: impl FnOnce(Store) -> F) {
    RUNTIME.block_on(async {
        let store = STORE.get_or_init(|| async { Store::open(StoreConfig::single(folder())).await.unwrap() }).await;
        tell(store.clone()).await;
    });
}

/// Runs a story that opens databases of its own.
pub(crate) fn alone<F: Future<Output = ()>>(tell: impl FnOnce() -> F) {
    RUNTIME.block_on(tell());
}

/// A new folder, left to the system's cleaning: the shared database is never dropped.
pub(crate) fn folder() -> camino::Utf8PathBuf {
    camino::Utf8PathBuf::from_path_buf(tempfile::Builder::new().prefix("store").tempdir().unwrap().keep()).unwrap()
}

pub(crate) fn key() -> IdempotencyKey {
    IdempotencyKey(uuid::Uuid::new_v4().to_string())
}

pub(crate) fn address(channel: Channel) -> Address {
    Address { channel, value: uuid::Uuid::new_v4().to_string(), assurance: Assurance::Claimed }
}

pub(crate) fn department() -> DepartmentId {
    DepartmentId::from("evidenta-persoanelor")
}

pub(crate) fn new_conversation(channel: Channel) -> NewConversation {
    NewConversation {
        id: ConversationId::new(),
        address: address(channel),
        name: None,
        language: Language::Ro,
        secret_digest: rand_digest(),
        key: key(),
    }
}

pub(crate) fn rand_digest() -> [u8; 32] {
    rand::random()
}

pub(crate) async fn begin(store: &Store, channel: Channel) -> Conversation {
    store.conversations().start(new_conversation(channel)).await.unwrap()
}

pub(crate) fn says(conversation: ConversationId, author: Author, text: &str) -> NewTurn {
    NewTurn {
        id: TurnId::new(),
        conversation,
        author,
        language: Language::Ro,
        content: Content::text(text),
        key: key(),
    }
}

pub(crate) async fn asks(store: &Store, conversation: ConversationId, text: &str) -> Recorded {
    store.conversations().record(says(conversation, Author::Citizen, text)).await.unwrap()
}

pub(crate) fn answers(conversation: &Conversation, author: Author, text: &str) -> NewReply {
    NewReply {
        turn: says(conversation.id, author, text),
        expected_version: conversation.version,
        owner: None,
        case: None,
        settles: None,
    }
}

pub(crate) fn case_of(conversation: &Conversation, kind: CaseKind) -> Case {
    let now = Timestamp::now();
    Case {
        id: CaseId::new(),
        reference: Reference::from_random(rand::random()),
        conversation: conversation.id,
        contact: conversation.contact,
        kind,
        department: department(),
        level: Level::L1,
        priority: Priority::Normal,
        state: CaseState::New,
        assignee: None,
        reason: HandOffReason::NotInKnowledge,
        subject: "Mi-am pierdut buletinul în străinătate".to_owned(),
        language: Language::Ro,
        clocks: Terms::default().start(kind, now),
        registered: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// A conversation in which the assistant has just opened a case.
pub(crate) async fn handed_off(store: &Store, kind: CaseKind) -> (Conversation, Case) {
    let conversation = begin(store, Channel::Chat).await;
    let asked = asks(store, conversation.id, "Mi-am pierdut buletinul").await;
    let case = case_of(&conversation, kind);
    let reply = NewReply {
        case: Some(case.clone()),
        settles: Some(asked.turn.id),
        ..answers(&asked.conversation, Author::Assistant, "Vă preia un coleg.")
    };
    let recorded = store.conversations().reply(reply).await.unwrap();
    assert_eq!(recorded.conversation.owner, Owner::Queue(department()));
    (recorded.conversation, case)
}

pub(crate) fn operator() -> OperatorId {
    OperatorId::new()
}

pub(crate) fn nobody() -> ContactId {
    ContactId::new()
}
