//! The public API under `/api/v1`, and its description.

mod attachments;
mod cases;
mod conversations;
mod events;
mod feedback;
mod socket;
mod speech;
mod turns;
mod widget;

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use desk::language::Language;
use serde::de::DeserializeOwned;
use ui::{Problem, ProblemKind};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Problem details (RFC 9457).
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemSchema {
    /// `urn:sfetnic:problem:<name>`.
    r#type: String,
    /// What a person is told, in the request's language.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What exactly.
    detail: Option<String>,
}

struct Secret;

impl Modify for Secret {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The secret that beginning the conversation returned"))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("secret", SecurityScheme::Http(scheme));
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sfetnic: citizens' API",
        description = "Ask the institution, follow the conversation and the case that it may become. Messages are durable when \
                       they are acknowledged; a message sent again with the same Idempotency-Key is not said twice. Problems are \
                       RFC 9457 problem details in the request's language (`lang` or Accept-Language).",
        license(name = "EUPL-1.2")
    ),
    components(schemas(ProblemSchema, crate::follower::PageEvent)),
    modifiers(&Secret),
    tags(
        (name = "conversations", description = "Begin, send, read, follow"),
        (name = "cases", description = "Follow what a person answers"),
        (name = "widget", description = "What the embedded element needs")
    )
)]
struct Description;

/// The API's routes with their description.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(conversations::begin))
        .routes(routes!(conversations::read))
        .routes(routes!(conversations::transcript))
        .routes(routes!(turns::send, turns::list))
        .routes(routes!(events::follow))
        .routes(routes!(socket::open))
        .routes(routes!(attachments::upload))
        .routes(routes!(attachments::download))
        .routes(routes!(speech::speak))
        .routes(routes!(speech::hear))
        .routes(routes!(speech::hear_first))
        .routes(routes!(feedback::give))
        .routes(routes!(cases::read))
        .routes(routes!(widget::read))
}

/// The description of the API, as `docs/openapi.json` holds it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

/// The largest JSON body: the longest turn, in any script, and room to spare.
const MAX_JSON: usize = 64 * 1024;

/// A JSON body whose defects are problem details.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _app: &Arc<App>) -> Result<Self, Problem> {
        let language = ui::problem::accepted_language(request.headers()).unwrap_or_default();
        let bytes = axum::body::to_bytes(request.into_body(), MAX_JSON).await;
        let bytes = bytes.map_err(|_| Problem::new(ProblemKind::TooLarge, language))?;
        let body = serde_json::from_slice(&bytes);
        body.map(Self).map_err(|error| Problem::new(ProblemKind::Malformed, language).detail(error.to_string()))
    }
}

/// The key of a request that may be repeated; a random one where the client brings none.
pub(crate) fn idempotency_key(headers: &HeaderMap, language: Language) -> Result<String, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(crate::secret::random_key()) };
    let key = value.to_str().map_err(|_| Problem::new(ProblemKind::Malformed, language))?.to_owned();
    crate::intake::check_key(&key, language)?;
    Ok(key)
}

pub(crate) use attachments::{keep as keep_file, multipart as multipart_problem};
pub(crate) use cases::find as find_case;

/// Keeps whether an answer was of use.
pub(crate) async fn keep_opinion(
    app: &App,
    caller: &crate::access::Caller,
    access: &crate::access::Access,
    number: u64,
    useful: bool,
    why: Option<String>,
) -> Result<(), Problem> {
    feedback::keep(app, caller, access, number, feedback::Opinion { useful, why }).await
}
