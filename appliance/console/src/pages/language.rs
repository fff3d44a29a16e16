//! The language of a page: the account's, else the one last used in this browser, else what the browser asks for.

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::Redirect;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use desk::language::Language;
use desk::operator::Operator;
use desk::ports::accounts::Accounts;
use serde::Deserialize;

use crate::auth::signed_in::Session;
use crate::pages::problem::Problem;
use crate::parts::App;

const COOKIE: &str = "sfetnic-console-language";

/// The language for a page of nobody known.
pub(crate) fn of_request(headers: &HeaderMap) -> Language {
    CookieJar::from_headers(headers)
        .get(COOKIE)
        .and_then(|cookie| cookie.value().parse().ok())
        .or_else(|| ui::problem::accepted_language(headers))
        .unwrap_or_default()
}

/// Remembers `language` in this browser, for the sign-in page.
pub(crate) fn remember(language: Language, tls: bool) -> Cookie<'static> {
    Cookie::build((COOKIE, language.code()))
        .path("/console")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(tls)
        .build()
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    language: Language,
}

/// Changes the console's language for this account.
pub(crate) async fn choose(
    State(app): State<App>,
    session: Session,
    jar: CookieJar,
    Form(choice): Form<Choice>,
) -> Result<(CookieJar, Redirect), Problem> {
    let actor = desk::journal::Actor::Operator(session.operator.id);
    let changed = Operator { language: choice.language, ..session.operator };
    let accounts: &dyn Accounts = &*app.parts.accounts;
    accounts.save(changed, None, actor).await?;
    Ok((jar.add(remember(choice.language, app.config().tls)), Redirect::to("/console?notice=language")))
}
