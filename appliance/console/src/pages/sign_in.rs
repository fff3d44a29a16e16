//! Signing in and out.

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use desk::journal::{Actor, Event, NewEntry};
use desk::language::Language;
use desk::ports::PortError;
use jiff::SignedDuration;
use serde::Deserialize;
use ui::{Page, fill};

use crate::auth::session;
use crate::auth::signed_in::{Peer, Session};
use crate::pages::problem::{Problem, is_local};
use crate::pages::{language, shell};
use crate::parts::App;
use crate::texts::{Texts, texts};

/// The longest user name that is looked up.
const MAX_USERNAME: usize = 64;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    t: &'static Texts,
    institution: String,
    error: Option<String>,
    information: Option<&'static str>,
    username: String,
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    ended: Option<String>,
    #[serde(default)]
    out: Option<String>,
}

pub(crate) async fn form(State(app): State<App>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let language = language::of_request(&headers);
    let t = texts(language);
    let information: Option<&'static str> = match (asked.ended, asked.out) {
        (_, Some(_)) => Some(&t.sign_in.signed_out),
        (Some(_), None) => Some(&t.sign_in.ended),
        (None, None) => None,
    };
    let page = SignInPage { information, next: asked.next, ..blank(&app, language) };
    ui::page(&page, language)
}

fn blank(app: &App, language: Language) -> SignInPage {
    let t = texts(language);
    SignInPage {
        page: shell::frame(language, &t.sign_in.title),
        t,
        institution: app.config().institution.clone(),
        error: None,
        information: None,
        username: String::new(),
        next: String::new(),
    }
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn submit(
    State(app): State<App>,
    Peer(address): Peer,
    headers: HeaderMap,
    jar: CookieJar,
    Form(credentials): Form<Credentials>,
) -> Result<Response, Problem> {
    let language = language::of_request(&headers);
    let t = texts(language);
    let username = credentials.username.trim().to_lowercase();
    let again = |status: StatusCode, error: String| {
        let page = SignInPage {
            error: Some(error),
            username: credentials.username.clone(),
            next: credentials.next.clone(),
            ..blank(&app, language)
        };
        ui::layout::page_with(status, &page, language)
    };
    if username.is_empty() || credentials.password.is_empty() {
        return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, t.sign_in.missing.clone()));
    }
    let now = app.now();
    if let Some(wait) = app.throttle.wait(&username, address, now) {
        metrics::counter!("console_sign_ins_total", "result" => "throttled").increment(1);
        // Rounded up, so that the moment told is never too early.
        let said = ui::dates::short_duration(wait + SignedDuration::from_secs(59), language);
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, fill(&t.sign_in.wait, &[("wait", &said)]));
        response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        return Ok(response);
    }
    let found = if username.len() <= MAX_USERNAME {
        match app.parts.accounts.by_username(&username).await {
            Ok(found) => Some(found),
            Err(PortError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        }
    } else {
        None
    };
    let (operator, hash) = found.unzip();
    let fits = app.passwords.verify(credentials.password, hash).await?;
    let Some(operator) = operator.filter(|operator| fits && operator.active) else {
        app.throttle.failed(&username, address, now);
        note_refusal(&app, &username).await?;
        metrics::counter!("console_sign_ins_total", "result" => "refused").increment(1);
        return Ok(again(StatusCode::UNAUTHORIZED, t.sign_in.wrong.clone()));
    };
    app.throttle.succeeded(&username, address);
    // A session that this browser still holds ends: one browser, one session.
    if let Some(old) = session::token_of(&jar, app.config().tls) {
        end(&app, old.digest()).await?;
    }
    let token = session::open(&*app.parts.accounts, &app.config().session, operator.id, now).await?;
    metrics::counter!("console_sign_ins_total", "result" => "accepted").increment(1);
    let tls = app.config().tls;
    let jar = jar.add(session::cookie(&token, tls)).add(language::remember(operator.language, tls));
    let next = if is_local(&credentials.next) { credentials.next.as_str() } else { "/console" };
    Ok((jar, Redirect::to(next)).into_response())
}

/// Notes a refusal: the account where there is one, never the text typed, which may be a password in the wrong field.
async fn note_refusal(app: &App, username: &str) -> Result<(), Problem> {
    let mut entry = NewEntry::new(Actor::System, Event::SignInRefused);
    match app.parts.accounts.by_username(username).await {
        Ok((operator, _)) => {
            entry = entry.subject(operator.id.to_string());
            if !operator.active {
                entry = entry.detail("inactive");
            }
        }
        Err(_) => entry = entry.detail("unknown user name"),
    }
    app.parts.feed.note(entry).await?;
    Ok(())
}

async fn end(app: &App, digest: [u8; 32]) -> Result<(), Problem> {
    match app.parts.accounts.close_session(digest).await {
        Ok(()) | Err(PortError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn sign_out(
    State(app): State<App>,
    session: Session,
    jar: CookieJar,
) -> Result<(CookieJar, Redirect), Problem> {
    end(&app, session.token.digest()).await?;
    Ok((jar.add(session::no_cookie(app.config().tls)), Redirect::to("/console/sign-in?out=1")))
}
