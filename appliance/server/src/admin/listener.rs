//! The socket itself: made so that nobody slips in, and every caller's user id checked.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use camino::Utf8Path;
use desk::journal::Actor;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::{Admin, AdminError, AdminParts, router};

/// Who calls, by the kernel's word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// The Unix user id; `None` when the kernel would not say.
    pub uid: Option<u32>,
}

impl Peer {
    /// Who the journal says it was.
    pub(super) fn actor(self) -> Actor {
        self.uid.map_or(Actor::System, Actor::Admin)
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|credentials| credentials.uid()) }
    }
}

/// Serves the socket until `stop`.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) async fn listen(path: &Utf8Path, parts: AdminParts, stop: CancellationToken) -> anyhow::Result<()> {
    // A socket left behind by a killed server; the database's own lock has made sure that no other server is alive here.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("failed to replace the admin socket `{path}`"));
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(|| {
        format!(
            "failed to make the admin socket `{path}`; its folder must be writable and the path shorter than 108 bytes"
        )
    })?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
        .with_context(|| format!("failed to protect the admin socket `{path}`"))?;
    let parts: Admin = Arc::new(parts);
    let app = router(Arc::clone(&parts)).layer(middleware::from_fn_with_state(parts, only_admins));
    axum::serve(listener, app.into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .context("the admin socket failed")
}

async fn only_admins(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let own = nix::unistd::geteuid().as_raw();
    match peer.uid {
        Some(uid) if uid == 0 || uid == own || parts.users.contains(&uid) => next.run(request).await,
        uid => {
            tracing::warn!(uid, "refused a caller of the admin socket");
            AdminError(StatusCode::FORBIDDEN, "this user may not administer the server (admin.users)".to_owned())
                .into_response()
        }
    }
}
