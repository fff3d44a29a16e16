//! The page of a conversation.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use desk::contact::Channel;
use desk::conversation::{ConversationState, Owner};
use desk::ids::ConversationId;
use desk::operator::Operator;
use serde::Deserialize;
use ui::{Page, dates, fill};

use super::load::{Contents, Sheet};
use crate::auth::signed_in::SignedIn;
use crate::pages::notice::{NoticeLine, NoticeQuery};
use crate::pages::problem::Problem;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::texts::{Texts, texts};
use crate::view::case::CaseView;
use crate::view::contact::ContactView;
use crate::view::phone::PhoneView;
use crate::view::turn::{Sight, TurnView};

/// What may be done with the conversation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stance {
    /// Nobody's or the assistant's: may be taken.
    Free,
    /// This operator's.
    Mine,
    /// A colleague's.
    Taken,
    /// Ended.
    Closed,
}

#[derive(Template)]
#[template(path = "conversation.html")]
struct ConversationPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    notice: Option<NoticeLine>,
    id: String,
    version: u64,
    owner: String,
    heading: String,
    stance: Stance,
    channel: String,
    opened: String,
    language: &'static str,
    language_code: &'static str,
    waits: Option<String>,
    case: Option<CaseView>,
    contact: ContactView,
    /// Where it is a telephone conversation: nobody writes in it.
    phone: Option<PhoneView>,
    on_the_line: bool,
    /// Changes with what may be done: the composer is shown anew then.
    composer: String,
    turns: Vec<TurnView>,
    earlier: Option<u64>,
    key: String,
    typed: String,
    reply_error: Option<&'static str>,
    reply_hint: String,
    max_chars: usize,
}

/// What an act that did not go through leaves on the page.
#[derive(Default)]
pub(crate) struct Leftover {
    pub(crate) notice: Option<NoticeLine>,
    /// What was typed and not sent.
    pub(crate) typed: String,
    pub(crate) reply_error: Option<&'static str>,
}

#[derive(Deserialize)]
pub(crate) struct Range {
    before: Option<u64>,
}

pub(crate) async fn page(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<ConversationId>,
    Query(range): Query<Range>,
    Query(notice): Query<NoticeQuery>,
) -> Result<Response, Problem> {
    let leftover = Leftover { notice: notice.line(texts(operator.language)), ..Leftover::default() };
    show(&app, &operator, id, range.before, StatusCode::OK, leftover).await
}

/// Renders the page as things stand.
pub(crate) async fn show(
    app: &App,
    operator: &Operator,
    id: ConversationId,
    before: Option<u64>,
    status: StatusCode,
    leftover: Leftover,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(app, operator, id).await?;
    let contents = Contents::load(app, operator, &sheet, before).await?;
    let template = prepare(app, operator, &sheet, &contents, leftover);
    Ok(ui::layout::page_with(status, &template, operator.language))
}

/// The reason at the top of the page is not said again at the turn that it belongs to.
fn without_repeated_reason(turn: TurnView, said: Option<&str>) -> TurnView {
    TurnView { reason: turn.reason.filter(|reason| Some(reason.as_str()) != said), ..turn }
}

fn stance(sheet: &Sheet, operator: &Operator) -> Stance {
    match (&sheet.conversation.state, &sheet.conversation.owner) {
        (ConversationState::Closed, _) => Stance::Closed,
        (_, Owner::Operator(holder)) if *holder == operator.id => Stance::Mine,
        (_, Owner::Operator(_)) => Stance::Taken,
        (_, Owner::Queue(_) | Owner::Assistant) => Stance::Free,
    }
}

fn prepare(app: &App, operator: &Operator, sheet: &Sheet, contents: &Contents, leftover: Leftover) -> ConversationPage {
    let (now, language) = (app.now(), operator.language);
    let t = texts(language);
    let Sheet { conversation, case } = sheet;
    let names = &contents.names;
    let contact = ContactView::new(&contents.contact, t);
    let citizen = if contact.named { contact.name.clone() } else { t.conversation.citizen.clone() };
    let sight = Sight { t, language, answered_in: conversation.language, now, names, citizen: &citizen };
    let owner = match (&conversation.state, &conversation.owner) {
        (ConversationState::Closed, _) => t.conversation.closed.clone(),
        (_, Owner::Assistant) => t.conversation.with_assistant.clone(),
        (_, Owner::Queue(department)) => {
            let name = app.config().departments.name(department, language);
            fill(&t.conversation.in_queue, &[("department", name)])
        }
        (_, Owner::Operator(holder)) if *holder == operator.id => t.conversation.yours.clone(),
        (_, Owner::Operator(holder)) => {
            let name = names.get(holder).map_or("", String::as_str);
            fill(&t.conversation.held_by, &[("name", name)])
        }
    };
    let heading = case
        .as_ref()
        .map(|case| case.subject.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|subject| !subject.is_empty())
        .unwrap_or_else(|| t.conversation.title.clone());
    let phone = (conversation.channel == Channel::Phone).then(|| PhoneView::new(&contents.calls, now, language, t));
    let on_the_line = phone.as_ref().and_then(|phone| phone.on_the_line);
    let title = case.as_ref().map_or_else(|| t.conversation.title.clone(), |case| case.reference.to_string());
    ConversationPage {
        page: shell::frame(language, &title),
        shell: Shell::new(app, operator, "conversation"),
        t,
        notice: leftover.notice,
        id: conversation.id.to_string(),
        version: conversation.version,
        owner,
        heading,
        stance: stance(sheet, operator),
        channel: t.channel(conversation.channel).to_owned(),
        opened: fill(&t.conversation.opened, &[("when", &dates::moment(conversation.created_at, now, language))]),
        language: conversation.language.endonym(),
        language_code: conversation.language.code(),
        waits: conversation.waiting_since.map(|since| {
            let wait = dates::short_duration(now.duration_since(since), language);
            fill(&t.case.waited, &[("wait", &wait)])
        }),
        case: case.as_ref().map(|case| CaseView::new(app, operator, case, names, t)),
        contact,
        phone,
        on_the_line: on_the_line.is_some(),
        composer: on_the_line
            .map_or_else(|| conversation.version.to_string(), |call| format!("{}:{call}", conversation.version)),
        earlier: contents.turns.first().map(|turn| turn.number).filter(|first| *first > 1),
        turns: contents
            .turns
            .iter()
            .map(|turn| TurnView::new(turn, contents.feedback.get(&turn.id), &sight))
            .map(|turn| without_repeated_reason(turn, case.as_ref().map(|case| t.reason(case.reason))))
            .collect(),
        key: uuid::Uuid::now_v7().to_string(),
        typed: leftover.typed,
        reply_error: leftover.reply_error,
        reply_hint: fill(&t.conversation.reply_hint, &[("language", conversation.language.endonym())]),
        max_chars: desk::turn::MAX_TEXT_CHARS,
    }
}
