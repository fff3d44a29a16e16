//! Tells open pages that something changed; they load themselves afresh. No words travel here, only that there is something
//! to see.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use desk::ids::{CallId, ConversationId};
use desk::journal::{Actor, Event, JournalEntry};
use desk::operator::Operator;
use desk::ports::feed::FeedItem;
use desk::ports::presence::Typist;
use futures::stream::{BoxStream, StreamExt};
use serde::Deserialize;

use crate::auth::session;
use crate::auth::signed_in::Session;
use crate::calls;
use crate::pages::conversation::Sheet;
use crate::pages::problem::Problem;
use crate::parts::App;

/// How often an open page's session is looked at: one that has ended hears no more.
const CHECK: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
pub(crate) struct Watched {
    /// The conversation on the page.
    conversation: Option<ConversationId>,
    /// The call on the page. The page of another server's call also names its conversation once there is one, for no other
    /// reason than that the page then changes its address here and is followed anew.
    call: Option<CallId>,
    /// Whether the page lists calls.
    calls: Option<u8>,
}

/// What the page shows; the queue where the address names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Queue,
    Conversation(ConversationId),
    Calls,
    Call(CallId, Option<ConversationId>),
}

/// What a page hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Load afresh.
    Changed,
    /// The citizen is typing.
    Typing,
    /// Look whether the session goes on.
    Check,
}

pub(crate) async fn stream(
    State(app): State<App>,
    session: Session,
    Query(watched): Query<Watched>,
) -> Result<impl IntoResponse, Problem> {
    if session.operator.must_change_password {
        return Err(Problem::ChangePassword);
    }
    let shown = shown(&app, &session.operator, &watched).await?;
    let noted = app.parts.feed.follow().filter_map(move |item| {
        let tells = match &item {
            FeedItem::Entry(entry) => concerns(entry, shown),
            FeedItem::Lagged => true,
        };
        std::future::ready(tells.then_some(Signal::Changed))
    });
    // What the telephone of this server knows and the journal does not: who speaks, half-heard words.
    let telephone = &app.parts.telephone.live;
    let heard: BoxStream<'static, Signal> = match shown {
        Shown::Calls => telephone.changes().map(|()| Signal::Changed).boxed(),
        // When it ends the stream goes on: the journal tells of the end.
        Shown::Call(id, _) => telephone.follow(id).map(|_| Signal::Changed).chain(futures::stream::pending()).boxed(),
        Shown::Queue | Shown::Conversation(_) => futures::stream::pending().boxed(),
    };
    let changes = futures::stream::select(noted, heard);
    let typing: BoxStream<'static, Signal> = match watched.conversation {
        Some(id) => app
            .parts
            .presence
            .follow(id)
            .filter(|typist| std::future::ready(*typist == Typist::Citizen))
            .map(|_| Signal::Typing)
            .boxed(),
        None => futures::stream::pending().boxed(),
    };
    let start = tokio::time::Instant::now() + CHECK;
    let checks =
        tokio_stream::wrappers::IntervalStream::new(tokio::time::interval_at(start, CHECK)).map(|_| Signal::Check);
    let signals = futures::stream::select(futures::stream::select(changes, typing), checks);
    let messages = signals
        .then(move |signal| {
            let app = app.clone();
            let token = session.token.clone();
            async move {
                match signal {
                    Signal::Changed => Some(Message::default().event("changed").data("1")),
                    Signal::Typing => Some(Message::default().event("typing").data("1")),
                    Signal::Check => {
                        // The watching itself is no use of the session: an unattended page does not keep it open.
                        let goes_on = session::goes_on(&*app.parts.accounts, &token, app.now()).await;
                        goes_on.then(|| Message::default().comment("session goes on"))
                    }
                }
            }
        })
        .take_while(|message| std::future::ready(message.is_some()))
        .filter_map(|message| std::future::ready(message.map(Ok::<_, Infallible>)));
    Ok(Sse::new(messages).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn shown(app: &App, operator: &Operator, watched: &Watched) -> Result<Shown, Problem> {
    if let Some(id) = watched.conversation {
        Sheet::load(app, operator, id).await?;
        return Ok(Shown::Conversation(id));
    }
    if let Some(id) = watched.call {
        let sheet = calls::Sheet::load(app, operator, id).await?;
        return Ok(Shown::Call(id, sheet.conversation()));
    }
    Ok(if watched.calls.is_some() { Shown::Calls } else { Shown::Queue })
}

/// Whether a row of the journal changes what the page shows.
fn concerns(entry: &JournalEntry, shown: Shown) -> bool {
    let entry = &entry.entry;
    let looks = matches!(entry.event, Event::Viewed | Event::RecordingHeard);
    match shown {
        Shown::Conversation(conversation) => return entry.conversation == Some(conversation) && !looks,
        Shown::Call(call, conversation) => {
            let named = entry.subject.as_deref() == Some(call.to_string().as_str());
            return !looks && (named || conversation.is_some() && entry.conversation == conversation);
        }
        Shown::Calls => {
            return matches!(
                entry.event,
                Event::CallStarted | Event::CallChanged | Event::CallEnded | Event::CallBackChanged
            );
        }
        Shown::Queue => {}
    }
    match entry.event {
        // While the assistant answers, the queue stays as it is.
        Event::TurnAdded => entry.actor != Actor::Assistant,
        Event::OwnerChanged
        | Event::ConversationClosed
        | Event::ConversationReopened
        | Event::LanguageChanged
        | Event::CaseOpened
        | Event::CaseChanged
        | Event::CaseRegistered
        | Event::CaseEscalated => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use desk::journal::NewEntry;
    use jiff::Timestamp;

    use super::*;

    fn entry(event: Event, actor: Actor, conversation: Option<ConversationId>) -> JournalEntry {
        let mut entry = NewEntry::new(actor, event);
        entry.conversation = conversation;
        JournalEntry { seq: 1, at: Timestamp::UNIX_EPOCH, entry }
    }

    #[test]
    fn a_look_wakes_nobody_and_another_conversation_does_not_wake_this_one() {
        let (here, elsewhere) = (ConversationId::new(), ConversationId::new());
        assert!(concerns(&entry(Event::TurnAdded, Actor::Citizen, Some(here)), Shown::Conversation(here)));
        assert!(!concerns(&entry(Event::TurnAdded, Actor::Citizen, Some(elsewhere)), Shown::Conversation(here)));
        assert!(!concerns(&entry(Event::Viewed, Actor::System, Some(here)), Shown::Conversation(here)));
        assert!(!concerns(&entry(Event::Viewed, Actor::System, Some(here)), Shown::Queue));
    }

    #[test]
    fn the_queue_hears_of_citizens_and_hand_overs_not_of_every_answer() {
        assert!(concerns(&entry(Event::OwnerChanged, Actor::Assistant, None), Shown::Queue));
        assert!(concerns(&entry(Event::TurnAdded, Actor::Citizen, None), Shown::Queue));
        assert!(!concerns(&entry(Event::TurnAdded, Actor::Assistant, None), Shown::Queue));
        assert!(!concerns(&entry(Event::SignedIn, Actor::System, None), Shown::Queue));
    }

    #[test]
    fn a_calls_page_hears_of_its_own_call_and_of_its_conversation() {
        let (call, other, conversation) = (CallId::new(), CallId::new(), ConversationId::new());
        let named = |call: CallId, event| {
            let mut entry = entry(event, Actor::System, None);
            entry.entry.subject = Some(call.to_string());
            entry
        };
        let shown = Shown::Call(call, Some(conversation));
        assert!(concerns(&named(call, Event::CallChanged), shown));
        assert!(!concerns(&named(other, Event::CallChanged), shown));
        assert!(!concerns(&named(call, Event::RecordingHeard), shown));
        assert!(concerns(&entry(Event::TurnAdded, Actor::Assistant, Some(conversation)), shown));
        assert!(concerns(&named(other, Event::CallStarted), Shown::Calls));
        assert!(!concerns(&entry(Event::TurnAdded, Actor::Citizen, None), Shown::Calls));
        assert!(!concerns(&entry(Event::TurnAdded, Actor::Citizen, None), Shown::Call(call, None)));
    }
}
