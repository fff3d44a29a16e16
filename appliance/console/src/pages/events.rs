//! Tells open pages that something changed; they load themselves afresh. No words travel here, only that there is something
//! to see.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use desk::ids::ConversationId;
use desk::journal::{Actor, Event, JournalEntry};
use desk::ports::feed::FeedItem;
use desk::ports::presence::Typist;
use futures::stream::{BoxStream, StreamExt};
use serde::Deserialize;

use crate::auth::session;
use crate::auth::signed_in::Session;
use crate::pages::conversation::Sheet;
use crate::pages::problem::Problem;
use crate::parts::App;

/// How often an open page's session is looked at: one that has ended hears no more.
const CHECK: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
pub(crate) struct Watched {
    /// The conversation on the page; none: the queue.
    conversation: Option<ConversationId>,
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
    if let Some(id) = watched.conversation {
        Sheet::load(&app, &session.operator, id).await?;
    }
    let changes = app.parts.feed.follow().filter_map(move |item| {
        let tells = match &item {
            FeedItem::Entry(entry) => concerns(entry, watched.conversation),
            FeedItem::Lagged => true,
        };
        std::future::ready(tells.then_some(Signal::Changed))
    });
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

/// Whether a row of the journal changes what the page shows.
fn concerns(entry: &JournalEntry, conversation: Option<ConversationId>) -> bool {
    let entry = &entry.entry;
    if let Some(conversation) = conversation {
        return entry.conversation == Some(conversation) && entry.event != Event::Viewed;
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
        assert!(concerns(&entry(Event::TurnAdded, Actor::Citizen, Some(here)), Some(here)));
        assert!(!concerns(&entry(Event::TurnAdded, Actor::Citizen, Some(elsewhere)), Some(here)));
        assert!(!concerns(&entry(Event::Viewed, Actor::System, Some(here)), Some(here)));
        assert!(!concerns(&entry(Event::Viewed, Actor::System, Some(here)), None));
    }

    #[test]
    fn the_queue_hears_of_citizens_and_hand_overs_not_of_every_answer() {
        assert!(concerns(&entry(Event::OwnerChanged, Actor::Assistant, None), None));
        assert!(concerns(&entry(Event::TurnAdded, Actor::Citizen, None), None));
        assert!(!concerns(&entry(Event::TurnAdded, Actor::Assistant, None), None));
        assert!(!concerns(&entry(Event::SignedIn, Actor::System, None), None));
    }
}
