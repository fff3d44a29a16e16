//! The console's addresses, all below `/console`.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};

use crate::auth::origin;
use crate::auth::password::PasswordError;
use crate::pages::{
    accounts, attachment, calls, case, cluster, conversation, events, extension, language, password, problem, queue,
    sign_in,
};
use crate::parts::{App, ConsoleParts};

/// The largest form: a reply of the longest length, percent-encoded.
const MAX_FORM_BYTES: usize = 256 * 1024;

/// The console below `/console`, with its own security headers. The assets that its pages name are served by
/// [`ui::assets::router`].
///
/// # Errors
/// When the decoy password that unknown users are compared with cannot be made.
pub fn router(parts: ConsoleParts) -> Result<Router, PasswordError> {
    let app = App::new(parts)?;
    let pages = Router::new()
        .route("/", get(queue::page))
        .route("/find", get(queue::find))
        .route("/events", get(events::stream))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/password", get(password::form).post(password::submit))
        .route("/language", post(language::choose))
        .route("/conversations/{id}", get(conversation::page))
        .route("/conversations/{id}/take", post(conversation::take))
        .route("/conversations/{id}/reply", post(conversation::reply))
        .route("/conversations/{id}/give-back", post(conversation::give_back))
        .route("/conversations/{id}/queue", post(conversation::queue))
        .route("/conversations/{id}/close", post(conversation::close))
        .route("/conversations/{id}/typing", post(conversation::typing))
        .route("/conversations/{id}/attachments/{number}/{index}", get(attachment::fetch))
        .route("/cases/{id}/change", post(case::change))
        .route("/cases/{id}/wait", post(case::wait))
        .route("/cases/{id}/resume", post(case::resume))
        .route("/cases/{id}/extend", post(case::extend))
        .route("/cases/{id}/forward", post(case::forward))
        .route("/conversations/{id}/call-back", post(calls::promise))
        .route("/calls", get(calls::live))
        .route("/calls/history", get(calls::history))
        .route("/calls/{id}", get(calls::one))
        .route("/calls/{id}/command", post(calls::command))
        .route("/calls/{id}/recording", get(calls::recording))
        .route("/call-backs/{id}/dial", post(calls::dial))
        .route("/call-backs/{id}/cancel", post(calls::cancel))
        .route("/extension", get(extension::form).post(extension::submit))
        .route("/cluster", get(cluster::page))
        .route("/accounts", get(accounts::page).post(accounts::create))
        .route("/accounts/{username}/reset", post(accounts::reset))
        .route("/accounts/{username}/active", post(accounts::set_active))
        .fallback(problem::not_found);
    Ok(Router::new()
        .nest("/console", pages)
        .layer(middleware::from_fn(origin::guard))
        .layer(middleware::from_fn(problem::render))
        .layer(middleware::map_response(ui::security::headers))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(app))
}
