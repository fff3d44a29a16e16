//! The front page: the question form, and the conversation once there is one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use desk::language::Language;
use ui::{Html, Page, Problem};

use super::{Filled, PageProblem, Site, fill, head, home_path};
use crate::access::{Access, Caller};
use crate::app::App;
use crate::texts::texts;
use crate::transcript;
use crate::view::Viewer;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
    site: Site,
    thread: Html,
    /// The conversation's id and the number of its last turn.
    conversation: Option<(String, u64)>,
    element: String,
}

/// `/`: in the language of the conversation, else of the browser.
pub(crate) async fn negotiated(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, PageProblem> {
    show(&app, &caller, None).await
}

/// `/ro`.
pub(crate) async fn romanian(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, PageProblem> {
    show(&app, &caller, Some(Language::Ro)).await
}

/// `/hu`.
pub(crate) async fn hungarian(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, PageProblem> {
    show(&app, &caller, Some(Language::Hu)).await
}

/// `/en`.
pub(crate) async fn english(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, PageProblem> {
    show(&app, &caller, Some(Language::En)).await
}

async fn show(app: &Arc<App>, caller: &Caller, language: Option<Language>) -> Result<Response, PageProblem> {
    let access = caller.current(app).await?;
    let language =
        language.or_else(|| access.as_ref().map(|access| access.conversation.language)).unwrap_or(caller.language);
    render(app, caller, language, access.as_ref(), None, String::new()).await
}

/// The page in `language`; an error is shown beside the form, with what was typed.
pub(crate) async fn render(
    app: &Arc<App>,
    caller: &Caller,
    language: Language,
    access: Option<&Access>,
    problem: Option<&Problem>,
    typed: String,
) -> Result<Response, PageProblem> {
    let t = texts(language);
    let error = problem.map(|problem| problem.detail.clone().unwrap_or_else(|| problem.title().to_owned()));
    let mut filled = Filled { error, typed, ..Filled::default() };
    let mut conversation = None;
    if let Some(access) = access {
        filled = Filled { error: filled.error, typed: filled.typed, ..read(app, caller, language, access).await? };
        conversation = Some((access.conversation.id.to_string(), access.conversation.turns));
    }
    let element = serde_json::to_string(&t.element).unwrap_or_default();
    let home = Home {
        page: head(app, language, &t.page.title, &["embed.js"]),
        site: Site::new(app, language, home_path),
        thread: Html(fill(app, language, filled)),
        conversation,
        element,
    };
    let status = problem.map_or(axum::http::StatusCode::OK, |problem| problem.kind.status());
    Ok(ui::layout::page_with(status, &home, language))
}

/// What the conversation brings into the frame.
pub(crate) async fn read(
    app: &Arc<App>,
    caller: &Caller,
    language: Language,
    access: &Access,
) -> Result<Filled, PageProblem> {
    let port = |error| Problem::from_port(&error, language);
    let viewer = Viewer { app: app.clone(), language, base: caller.base.clone(), html: true };
    let turns = transcript::all_turns(&viewer, access.conversation.id).await.map_err(port)?;
    let view = viewer.conversation(&access.conversation, &access.secret).await.map_err(port)?;
    Ok(Filled {
        turns: turns.into_iter().filter_map(|turn| turn.html).map(Html).collect(),
        banner: view.html.unwrap_or_default(),
        status: view.status,
        owner: view.owner,
        transcript: Some(format!("/api/v1/conversations/{}/transcript?lang={language}", view.id)),
        ..Filled::default()
    })
}
