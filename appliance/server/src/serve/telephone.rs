//! The telephone: started with its ports, and what one server of the cluster does for it.

use std::sync::Arc;
use std::time::Duration;

use phone::{Phone, PhoneParts};
use store::{CALL_BACK_LEASE, Leases, TELEPHONE_LEASE};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::wiring::Wired;
use super::workers::under_lease;
use crate::config::Config;

/// How often it is looked for call-backs that are due.
const CALL_BACKS: Duration = Duration::from_secs(2);
/// How often whoever is on duty says so.
const DUTY: Duration = Duration::from_secs(1);
/// For how long that holds: longer than a pause, shorter than the lease that allows it.
const DUTY_TERM: Duration = Duration::from_secs(5);
/// How often it is looked for recordings whose time is over, and for calls whose server is gone.
const RECORDINGS: Duration = Duration::from_secs(600);

/// Starts the telephone, where there is to be one.
///
/// # Errors
/// When it cannot listen, or its configuration contradicts itself.
pub(super) async fn start(wired: &Wired, config: &Config) -> anyhow::Result<Option<Phone>> {
    if !config.phone.enabled {
        return Ok(None);
    }
    let store = &wired.store;
    let parts = PhoneParts {
        reception: Arc::clone(&wired.reception),
        conversations: wired.conversations(),
        cases: wired.cases(),
        calls: Arc::new(store.calls()),
        call_backs: Arc::new(store.call_backs()),
        intents: Arc::new(store.call_intents()),
        accounts: Arc::new(store.accounts()),
        attachments: wired.attachments(),
        articles: wired.articles(),
        feed: wired.feed(),
        speech: wired.gateway.live_speech(),
        time: Arc::clone(&wired.time),
        departments: config.departments.clone(),
        calendar: config.calendar.clone(),
        server: config.store.node,
        clustered: config.store.is_cluster(),
        folder: config.data.folder.join("phone"),
        config: config.phone.clone(),
    };
    let phone = Phone::start(parts).await.map_err(|error| {
        let hint = match error.is_about_an_address() {
            true => "another port is set by phone.sip.listeners, and ",
            false => "",
        };
        anyhow::Error::new(error)
            .context(format!("failed to start the telephone; {hint}phone.enabled = false does without"))
    })?;
    Ok(Some(phone))
}

/// What one server of the cluster does for all: it is known to trunks and desk phones, keeps promises to ring back, and erases
/// recordings whose time is over.
pub(super) fn keep(
    parts: &mut JoinSet<anyhow::Result<()>>,
    phone: &Phone,
    leases: &Leases,
    holder: &str,
    stop: &CancellationToken,
) {
    let on_duty = phone.clone();
    let duty = move |_lease: store::Lease| {
        let phone = on_duty.clone();
        async move {
            phone.on_duty(DUTY_TERM).await;
            Ok(())
        }
    };
    parts.spawn(under_lease(leases.clone(), TELEPHONE_LEASE, holder.to_owned(), DUTY, stop.clone(), duty));
    let dialling = phone.clone();
    let erased = Arc::new(std::sync::Mutex::new(None::<std::time::Instant>));
    let work = move |lease: store::Lease| {
        let (phone, erased) = (dialling.clone(), Arc::clone(&erased));
        async move {
            phone.dial_due(lease.epoch).await?;
            let due = {
                let mut last = erased.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let due = last.is_none_or(|last| last.elapsed() >= RECORDINGS);
                if due {
                    *last = Some(std::time::Instant::now());
                }
                due
            };
            if due {
                let count = phone.erase_stale_recordings().await?;
                if count > 0 {
                    tracing::info!(recordings = count, "recordings were erased: their time was over");
                }
                let lost = phone.close_abandoned().await?;
                if lost > 0 {
                    tracing::warn!(calls = lost, "calls were lost with servers that are gone");
                }
            }
            Ok(())
        }
    };
    parts.spawn(under_lease(leases.clone(), CALL_BACK_LEASE, holder.to_owned(), CALL_BACKS, stop.clone(), work));
}
