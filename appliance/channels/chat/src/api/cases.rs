//! Cases, for those who hold the reference and the secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use desk::ports::PortError;
use desk::reference::Reference;
use serde::Serialize;
use ui::{Problem, ProblemKind};
use utoipa::ToSchema;

use super::ProblemSchema;
use super::conversations::Rendering;
use crate::access::{Access, Caller};
use crate::app::App;
use crate::view::ConversationView;

/// A case with the conversation in which it arose.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseFound {
    /// The conversation; its `case` is the one asked for.
    conversation: ConversationView,
}

/// Follow a case by its reference and the conversation's secret
#[utoipa::path(get, path = "/api/v1/cases/{reference}", tag = "cases", security(("secret" = [])),
    params(("reference" = String, Path, description = "Nine digits, grouped or not")),
    responses((status = 200, body = CaseFound), (status = 401, body = ProblemSchema), (status = 404, body = ProblemSchema)))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(reference): Path<String>,
) -> Result<Json<CaseFound>, Problem> {
    let secret = caller.bearer().ok_or_else(|| Problem::new(ProblemKind::Unauthorised, caller.language))?.to_owned();
    let access = find(&app, &caller, &reference, &secret).await?;
    let access = access.ok_or_else(|| Problem::new(ProblemKind::NotFound, caller.language))?;
    let viewer = Rendering { render: None }.viewer(&app, &caller);
    let view = viewer.conversation(&access.conversation, &access.secret).await;
    let conversation = view.map_err(|error| Problem::from_port(&error, caller.language))?;
    Ok(Json(CaseFound { conversation }))
}

/// The conversation of the case, if reference and secret belong together. A wrong reference and a wrong secret look the same.
pub(crate) async fn find(app: &App, caller: &Caller, reference: &str, secret: &str) -> Result<Option<Access>, Problem> {
    let Ok(reference) = reference.parse::<Reference>() else { return Ok(None) };
    match app.parts.cases.by_reference(reference).await {
        Ok(case) => {
            let mut access = caller.open(app, case.conversation, secret.trim()).await?;
            // The conversation may have come to another case since.
            if let Some(access) = &mut access {
                access.conversation.case = Some(case.id);
            }
            Ok(access)
        }
        Err(PortError::NotFound { .. }) => Ok(None),
        Err(error) => Err(Problem::from_port(&error, caller.language)),
    }
}
