//! A call's way to the desk: what the caller says becomes a turn, durable before it is answered; the answer comes back as news.

use std::sync::Arc;

use desk::call::Standing;
use desk::case::Case;
use desk::contact::{Address, Assurance, Channel};
use desk::conversation::{Conversation, Owner};
use desk::ids::{CallId, ConversationId, DepartmentId, IdempotencyKey, TurnId};
use desk::language::Language;
use desk::outcome::{HandOff, HandOffReason, Outcome, Reply};
use desk::ports::assistant::Listener;
use desk::ports::calls::CallChange;
use desk::ports::conversations::{NewConversation, NewReply};
use desk::ports::{PortError, PortResult};
use desk::reception::Answered;
use desk::turn::{Author, Content, NewTurn, Pick};
use dialogue::{CaseFacts, Event, HeardOf, Said, Submission, Told};
use tokio::sync::{OnceCell, mpsc};

use super::News;
use super::interrupted::Interrupted;
use crate::house::House;

/// A call's clerk. Clones are the same.
#[derive(Clone)]
pub(super) struct Clerk {
    shared: Arc<Shared>,
}

struct Shared {
    house: Arc<House>,
    call: CallId,
    /// Where the caller is reached: his number, or a name for one who withholds it.
    address: Address,
    conversation: OnceCell<Conversation>,
    interrupted: Interrupted,
    news: mpsc::Sender<News>,
}

/// Passes an answer's first sentences on before the answer is whole.
struct Pieces {
    submission: u64,
    news: mpsc::Sender<News>,
}

impl Listener for Pieces {
    fn hear(&self, piece: &str) {
        // A piece that finds no room is in the whole answer, which follows.
        let event = Event::ReplyPiece { submission: self.submission, text: piece.to_owned() };
        drop(self.news.try_send(News::Dialogue(Box::new(event))));
    }
}

impl Clerk {
    pub(super) fn new(house: Arc<House>, call: CallId, caller: Option<&str>, news: mpsc::Sender<News>) -> Self {
        let address = address(call, caller);
        let (conversation, interrupted) = (OnceCell::new(), Interrupted::default());
        Self { shared: Arc::new(Shared { house, call, address, conversation, interrupted, news }) }
    }

    /// The conversation of a call that goes on with one.
    pub(super) fn goes_on(&self, conversation: Conversation) {
        drop(self.shared.conversation.set(conversation));
    }

    /// The conversation, if there is one yet.
    pub(super) fn conversation(&self) -> Option<ConversationId> {
        self.shared.conversation.get().map(|conversation| conversation.id)
    }

    /// The conversation as it stands now; begins one where there is none.
    ///
    /// # Errors
    /// When it cannot be made durable or read.
    pub(super) async fn standing(&self, language: Language) -> PortResult<Conversation> {
        let begun = self.begun(language).await?;
        self.shared.house.parts.conversations.conversation(begun).await
    }

    async fn begun(&self, language: Language) -> PortResult<ConversationId> {
        let shared = &self.shared;
        let conversation = shared.conversation.get_or_try_init(|| async {
            let new = NewConversation {
                id: ConversationId::new(),
                address: shared.address.clone(),
                name: None,
                language,
                // Nobody comes back to it by a link: by number and reference.
                secret_digest: rand::random(),
                key: IdempotencyKey(format!("call:{}", shared.call)),
            };
            let conversation = shared.house.parts.reception.start(new).await?;
            let change = CallChange { conversation: Some(conversation.id), ..CallChange::default() };
            if let Err(error) = shared.house.parts.calls.change(shared.call, change).await {
                tracing::warn!(%error, "a call's conversation could not be noted with the call");
            }
            Ok::<_, PortError>(conversation)
        });
        let id = conversation.await?.id;
        shared.house.live.conversation(shared.call, id);
        Ok(id)
    }

    /// Hands something to the desk; the answer comes as news, once.
    pub(super) fn submit(&self, submission: Submission) {
        let clerk = self.clone();
        let number = submission.number;
        self.spawn("submit", async move {
            let event = match clerk.answer(submission).await {
                Ok(Some(event)) => event,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "what a caller said could not be answered");
                    Event::ReplyFailed { submission: number }
                }
            };
            clerk.tell(event).await;
        });
    }

    async fn answer(&self, submission: Submission) -> PortResult<Option<Event>> {
        let Submission { number, said, language, .. } = submission;
        let reception = &self.shared.house.parts.reception;
        // What is answered next rests on what the caller knows.
        self.shared.interrupted.settle(&*self.shared.house.parts.conversations).await;
        let standing = self.standing(language).await?;
        // While the caller speaks with the assistant it answers him, though his case waits for a person.
        if matches!(standing.owner, Owner::Queue(_)) {
            self.owner(Owner::Assistant, language).await?;
        }
        let conversation = standing.id;
        let content = match said {
            Said::Text(text) => Content::text(text),
            Said::Pick { turn, number, label } => {
                Content { text: label, pick: Some(Pick { turn, number }), ..Content::default() }
            }
        };
        let turn = NewTurn {
            id: TurnId::new(),
            conversation,
            author: Author::Citizen,
            language,
            content,
            key: IdempotencyKey(format!("call:{}:{number}", self.shared.call)),
        };
        let recorded = reception.receive(turn).await?;
        let pieces = Pieces { submission: number, news: self.shared.news.clone() };
        match Box::pin(reception.answer(&recorded.turn, &pieces)).await? {
            Answered::Replied { turn, case, .. } => {
                self.shared.interrupted.replied(number, turn.id);
                let Content { outcome, trace, text, .. } = turn.content;
                let outcome = outcome.unwrap_or(Outcome::Remark { text, choices: Vec::new() });
                let reply = Reply { outcome, language: turn.language, trace };
                let case = case.map(|case| facts(&case));
                let answered = dialogue::Answered { submission: number, turn: turn.number, reply, case };
                Ok(Some(Event::Reply(Box::new(answered))))
            }
            Answered::LeftToPerson => {
                let owner = self.standing(language).await?.owner;
                self.tell(Event::Owner(owner)).await;
                Ok(Some(Event::ReplyFailed { submission: number }))
            }
            Answered::Already => Ok(Some(Event::ReplyFailed { submission: number })),
        }
    }

    /// Keeps how much of an answer the caller heard.
    pub(super) fn heard(&self, heard: HeardOf) {
        self.shared.interrupted.heard(heard);
        let clerk = self.clone();
        self.spawn("heard", async move {
            clerk.shared.interrupted.settle(&*clerk.shared.house.parts.conversations).await;
        });
    }

    /// Keeps what was chosen and told by key without the desk: the caller's turn, and ours that settles it.
    pub(super) fn told(&self, told: Told) {
        let clerk = self.clone();
        self.spawn("told", async move {
            if let Err(error) = clerk.keep_told(told).await {
                tracing::warn!(%error, "what was told by key could not be kept");
            }
        });
    }

    async fn keep_told(&self, told: Told) -> PortResult<()> {
        let Told { position, chosen, said, language } = told;
        let parts = &self.shared.house.parts;
        let conversation = self.begun(language).await?;
        let place = format!("{}:{}:{}", self.shared.call, position.guide.0, position.step.0);
        let turn = NewTurn {
            id: TurnId::new(),
            conversation,
            author: Author::Citizen,
            language,
            content: Content::text(chosen),
            key: IdempotencyKey(format!("key:{place}")),
        };
        let recorded = parts.reception.receive(turn).await?;
        let outcome = Outcome::Remark { text: said.clone(), choices: Vec::new() };
        let reply = NewReply {
            turn: NewTurn {
                id: TurnId::new(),
                conversation,
                author: Author::Assistant,
                language,
                content: Content { text: said, outcome: Some(outcome), ..Content::default() },
                key: IdempotencyKey(format!("answer:{}", recorded.turn.id)),
            },
            expected_version: recorded.conversation.version,
            owner: None,
            case: None,
            settles: Some(recorded.turn.id),
        };
        parts.conversations.reply(reply).await.map(drop)
    }

    /// The caller is served in another language from here on.
    pub(super) fn language(&self, language: Language) {
        let Some(conversation) = self.conversation() else { return };
        let clerk = self.clone();
        self.spawn("language", async move {
            if let Err(error) = clerk.shared.house.parts.conversations.set_language(conversation, language).await {
                tracing::debug!(%error, "a conversation's language could not be changed");
            }
        });
    }

    /// The case for which a person is wanted: the conversation's own, or a new one.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub(super) async fn case(
        &self,
        department: Option<DepartmentId>,
        reason: HandOffReason,
        language: Language,
        asked: &str,
        notice: &str,
    ) -> PortResult<Case> {
        let parts = &self.shared.house.parts;
        let conversation = self.standing(language).await?;
        if let Some(id) = conversation.case {
            let case = parts.cases.case(id).await?;
            if case.state.is_open() {
                return Ok(case);
            }
        }
        let department = department.unwrap_or_else(|| parts.departments.front_desk());
        let hand_off = HandOff {
            reason,
            department,
            case_kind: desk::case::CaseKind::Question,
            priority: desk::case::Priority::Normal,
            notice: notice.to_owned(),
        };
        parts.reception.hand_over(&conversation, hand_off, asked, language).await
    }

    /// Moves the conversation to whoever has the caller.
    pub(super) async fn owner(&self, to: Owner, language: Language) -> PortResult<()> {
        let conversation = self.standing(language).await?;
        if conversation.owner == to {
            return Ok(());
        }
        let parts = &self.shared.house.parts;
        let actor = match &to {
            Owner::Operator(operator) => desk::journal::Actor::Operator(*operator),
            _ => desk::journal::Actor::System,
        };
        parts.conversations.transfer(conversation.id, conversation.version, to, actor).await.map(drop)
    }

    /// The call is over: a case that is still open waits for its people, not for the assistant.
    pub(super) async fn leave(&self) {
        let Some(id) = self.conversation() else { return };
        let parts = &self.shared.house.parts;
        let left: PortResult<()> = async {
            let conversation = parts.conversations.conversation(id).await?;
            let Some(case) = conversation.case.filter(|_| conversation.owner == Owner::Assistant) else {
                return Ok(());
            };
            let case = parts.cases.case(case).await?;
            if !case.state.is_open() {
                return Ok(());
            }
            let to = Owner::Queue(case.department);
            parts.conversations.transfer(id, conversation.version, to, desk::journal::Actor::System).await.map(drop)
        }
        .await;
        if let Err(error) = left {
            tracing::warn!(%error, "the conversation of a call that ended could not be given to its department");
        }
    }

    /// Writes what changed of the call, in the background; a change that is lost is in the call's end.
    pub(super) fn note(&self, change: CallChange) {
        let clerk = self.clone();
        self.spawn("note", async move {
            if let Err(error) = clerk.shared.house.parts.calls.change(clerk.shared.call, change).await {
                tracing::debug!(%error, "a change of a call could not be written");
            }
        });
    }

    /// Writes who has the caller, where that is worth it.
    pub(super) fn stands(&self, before: &Standing, now: &Standing) {
        if before.is_worth_writing(now) {
            self.note(CallChange { standing: Some(now.clone()), ..CallChange::default() });
        }
    }

    pub(super) async fn tell(&self, event: Event) {
        // The call is gone where nobody takes it.
        drop(self.shared.news.send(News::Dialogue(Box::new(event))).await);
    }

    fn spawn(&self, what: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        use tracing::Instrument as _;
        let span = tracing::debug_span!("clerk", what);
        self.shared.house.tasks.spawn(work.instrument(span));
    }
}

/// What the caller is told of a case.
pub(super) fn facts(case: &Case) -> CaseFacts {
    let due = case.clocks.iter().map(|clock| desk::calendar::day_of(clock.due)).min();
    CaseFacts { reference: case.reference, department: Some(case.department.clone()), due }
}

fn address(call: CallId, caller: Option<&str>) -> Address {
    let channel = Channel::Phone;
    match caller {
        Some(number) => Address { channel, value: number.to_owned(), assurance: Assurance::Asserted },
        None => Address { channel, value: format!("withheld:{call}"), assurance: Assurance::Claimed },
    }
}
