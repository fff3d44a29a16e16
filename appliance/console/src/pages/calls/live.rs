//! Who is on the line now, those who wait for a person first; and whom we have promised to ring.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use desk::call::Holder;
use desk::call_back::{CallBack, CallBackReason, CallBackState};
use desk::ids::ConversationId;
use desk::operator::Operator;
use desk::ports::call_backs::CallBackFilter;
use jiff::SignedDuration;
use ui::{Page, dates, fill};

use crate::auth::signed_in::SignedIn;
use crate::pages::notice::{NoticeLine, NoticeQuery};
use crate::pages::problem::Problem;
use crate::pages::queue::names;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::queue::case_if_there;
use crate::texts::{Texts, texts};
use crate::view::call::{LiveRow, Sight};
use crate::{access, calls};

/// How many promises the page lists; those due later come into view as these are kept.
const CALL_BACKS: u32 = 100;
/// A promise is pressing when so little is left of it.
const SOON: SignedDuration = SignedDuration::from_mins(15);

struct Section {
    id: &'static str,
    title: &'static str,
    rows: Vec<LiveRow>,
}

/// A promise to ring somebody.
struct BackRow {
    id: String,
    version: u64,
    due: String,
    due_full: String,
    class: &'static str,
    number: String,
    reason: &'static str,
    reference: Option<String>,
    conversation: Option<ConversationId>,
    department: String,
    language: &'static str,
    language_name: &'static str,
    tried: Option<String>,
    dialling: bool,
}

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    notice: Option<NoticeLine>,
    telephone: bool,
    sections: Vec<Section>,
    backs: Vec<BackRow>,
    extension: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Query(notice): Query<NoticeQuery>,
) -> Result<Response, Problem> {
    let t = texts(operator.language);
    let names = names(&*app.parts.accounts).await?;
    let sight = Sight { app: &app, t, language: operator.language, now: app.now(), names: &names };
    let going = calls::going(&app, &operator).await?;
    let section = |id, title: &'static str, holder| {
        let held = going.iter().filter(|going| going.live.standing.holder() == holder);
        Section { id, title, rows: held.map(|going| LiveRow::new(going, &sight)).collect() }
    };
    let sections = [
        section("waiting", &t.calls.waiting, Holder::Waiting),
        section("assistant", &t.calls.assistant, Holder::Assistant),
        section("people", &t.calls.people, Holder::Person),
    ];
    let waiting = sections[0].rows.len();
    let title = if waiting > 0 { format!("({waiting}) {}", t.calls.title) } else { t.calls.title.clone() };
    let backs = backs(&app, &operator, &sight).await?;
    let page = CallsPage {
        page: shell::frame(operator.language, &title),
        shell: Shell::new(&app, &operator, "calls"),
        t,
        notice: notice.line(t),
        telephone: app.parts.telephone.live.abilities().telephone,
        sections: sections.into_iter().filter(|section| !section.rows.is_empty()).collect(),
        backs,
        extension: operator.extension.as_ref().map(|number| fill(&t.calls.rings_at, &[("number", &number.grouped())])),
    };
    Ok(ui::page(&page, operator.language))
}

async fn backs(app: &App, operator: &Operator, sight: &Sight<'_>) -> Result<Vec<BackRow>, Problem> {
    let filter = CallBackFilter {
        open: true,
        departments: access::departments(operator),
        limit: CALL_BACKS,
        ..CallBackFilter::default()
    };
    let mut rows = Vec::new();
    for back in app.parts.telephone.call_backs.list(filter).await? {
        let case = case_if_there(&*app.parts.cases, back.case).await?;
        rows.push(BackRow {
            reference: case.as_ref().map(|case| case.reference.to_string()),
            conversation: case.as_ref().map(|case| case.conversation),
            ..row(&back, sight)
        });
    }
    Ok(rows)
}

fn row(back: &CallBack, sight: &Sight<'_>) -> BackRow {
    let t = sight.t;
    let left = back.not_after.duration_since(sight.now);
    let class = if left.is_negative() {
        "late"
    } else if left < SOON {
        "soon"
    } else {
        "calm"
    };
    let template = if left.is_negative() { &t.calls.was_due } else { &t.calls.due };
    let when = dates::moment(back.not_after, sight.now, sight.language);
    BackRow {
        id: back.id.to_string(),
        version: back.version,
        due: fill(template, &[("when", &when)]),
        due_full: dates::full(back.not_after, sight.language),
        class,
        number: back.number.grouped(),
        reason: reason(back.reason, t),
        reference: None,
        conversation: None,
        department: sight.department(Some(&back.department)),
        language: back.language.code(),
        language_name: back.language.endonym(),
        tried: (back.attempts > 0).then(|| fill(&t.calls.tried, &[("count", &back.attempts.to_string())])),
        dialling: back.state == CallBackState::Dialling,
    }
}

fn reason(reason: CallBackReason, t: &'static Texts) -> &'static str {
    match reason {
        CallBackReason::AllBusy => &t.call_back.all_busy,
        CallBackReason::InsteadOfWaiting => &t.call_back.instead_of_waiting,
        CallBackReason::Closed => &t.call_back.closed,
        CallBackReason::Requested => &t.call_back.requested,
        CallBackReason::CutOff => &t.call_back.cut_off,
    }
}
