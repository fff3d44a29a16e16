//! Following a case: by the address that came with the hand-over, or by reference and key.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use desk::language::Language;
use desk::ports::PortError;
use desk::reference::Reference;
use serde::Deserialize;
use ui::{Html, Page, Problem};

use super::{PageProblem, Site, head, home, home_path};
use crate::access::{Access, Caller, cookie_for};
use crate::api::find_case;
use crate::app::App;
use crate::view::{CaseView, Viewer};

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    page: Page,
    site: Site,
    case: CaseView,
    kind: String,
    subject: String,
    banner: Html,
    turns: Vec<Html>,
    home: String,
}

#[derive(Template)]
#[template(path = "case_find.html")]
struct FindPage {
    page: Page,
    site: Site,
    reference: String,
    wrong: bool,
}

/// The reference and its key.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    numar: String,
    #[serde(default)]
    cheie: String,
}

/// The key that an address brings.
#[derive(Deserialize)]
pub(crate) struct Key {
    cheie: Option<String>,
}

fn find_page(app: &App, language: Language, reference: String, wrong: bool) -> Response {
    let site = Site::new(app, language, |language| format!("/caz?lang={language}"));
    let page = head(app, language, &site.t.case.title, &[]);
    let status = if wrong { StatusCode::NOT_FOUND } else { StatusCode::OK };
    ui::layout::page_with(status, &FindPage { page, site, reference, wrong }, language)
}

/// `GET /caz`: asks for reference and key.
pub(crate) async fn ask(State(app): State<Arc<App>>, caller: Caller) -> Response {
    find_page(&app, caller.language, String::new(), false)
}

/// `POST /caz`.
pub(crate) async fn look_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    Form(wanted): Form<Wanted>,
) -> Result<Response, PageProblem> {
    // People paste the whole address where the key is asked for.
    let key = wanted.cheie.rsplit("cheie=").next().unwrap_or_default();
    let key = key.split('&').next().unwrap_or_default().trim();
    enter(&app, &caller, &wanted.numar, key).await
}

/// Keeps the key in a cookie and shows the case without it in the address.
async fn enter(app: &Arc<App>, caller: &Caller, reference: &str, key: &str) -> Result<Response, PageProblem> {
    let Some(access) = find_case(app, caller, reference, key).await? else {
        return Ok(find_page(app, caller.language, reference.to_owned(), true));
    };
    let digits = reference.parse::<Reference>().map(String::from).unwrap_or_default();
    let mut headers = HeaderMap::new();
    let cookie = cookie_for(access.conversation.id, &access.secret, app.parts.config.secure_cookies);
    if let Ok(cookie) = cookie.parse() {
        headers.insert(SET_COOKIE, cookie);
    }
    Ok((headers, Redirect::to(&format!("/caz/{digits}?lang={}", caller.language))).into_response())
}

/// `GET /caz/{reference}`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(reference): Path<String>,
    Query(key): Query<Key>,
) -> Result<Response, PageProblem> {
    if let Some(key) = key.cheie {
        return enter(&app, &caller, &reference, &key).await;
    }
    let wanted = reference.parse::<Reference>().ok();
    let Some(mut access) = caller.current(&app).await? else {
        return Ok(find_page(&app, caller.language, reference, false));
    };
    let case = match wanted {
        Some(wanted) => match app.parts.cases.by_reference(wanted).await {
            Ok(case) => Some(case),
            Err(PortError::NotFound { .. }) => None,
            Err(error) => return Err(Problem::from_port(&error, caller.language).into()),
        },
        None => None,
    };
    match case {
        Some(case) if case.conversation == access.conversation.id => {
            // The conversation may have come to another case since.
            access.conversation.case = Some(case.id);
            page(&app, &caller, &access, case.subject).await
        }
        _ => Ok(find_page(&app, caller.language, reference, true)),
    }
}

async fn page(app: &Arc<App>, caller: &Caller, access: &Access, subject: String) -> Result<Response, PageProblem> {
    let language = caller.language;
    let viewer = Viewer { app: app.clone(), language, base: caller.base.clone(), html: true };
    let view = viewer.conversation(&access.conversation, &access.secret).await;
    let view = view.map_err(|error| Problem::from_port(&error, language))?;
    let Some(case) = view.case else { return Ok(find_page(app, language, String::new(), false)) };
    let filled = home::read(app, caller, language, access).await?;
    let digits: String = case.reference.split(' ').collect();
    let site = Site::new(app, language, |language| format!("/caz/{digits}?lang={language}"));
    let kinds = &site.t.case.kinds;
    let kind = match case.kind.as_str() {
        "incident" => &kinds.incident,
        "petition" => &kinds.petition,
        "public_information" => &kinds.public_information,
        _ => &kinds.question,
    };
    let page = CasePage {
        page: head(app, language, &format!("{} {}", site.t.case.title, case.reference), &[]),
        kind: kind.clone(),
        subject,
        banner: Html(view.html.unwrap_or_default()),
        turns: filled.turns,
        home: home_path(language),
        case,
        site,
    };
    Ok(ui::page(&page, language))
}
