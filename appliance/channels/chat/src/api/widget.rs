//! What the embedded element needs to begin: its frame as HTML and its own few texts, in one language.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use ui::Problem;
use utoipa::ToSchema;

use super::ProblemSchema;
use crate::access::Caller;
use crate::app::App;
use crate::texts::{ElementTexts, texts};

/// The element's frame and texts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Widget {
    /// The language.
    language: String,
    /// The frame: the greeting, the list of turns, the banner's place and the form.
    html: String,
    /// Whether answers in this language can be heard, at `speech` of their turns.
    listening: bool,
    /// Whether questions in this language can be spoken: recordings are then written down at `/transcriptions`.
    speaking: bool,
    /// What the element says by itself.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    texts: &'static ElementTexts,
}

/// Get the embedded element's frame
#[utoipa::path(get, path = "/api/v1/widget", tag = "widget",
    params(("lang" = Option<String>, Query, description = "ro, hu or en")),
    responses((status = 200, body = Widget), (status = 403, body = ProblemSchema)))]
pub(crate) async fn read(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Widget>, Problem> {
    let html = crate::pages::frame(&app, caller.language);
    let abilities = app.parts.speech.abilities();
    Ok(Json(Widget {
        language: caller.language.code().to_owned(),
        html,
        listening: abilities.speaks(caller.language),
        speaking: abilities.hears(caller.language),
        texts: &texts(caller.language).element,
    }))
}
