//! Which server dispatches for the cluster: the one that holds the lease.

use std::time::Duration;

use gateway::{Gateway, Role};
use store::{DISPATCHER_LEASE, Leases};
use tokio_util::sync::CancellationToken;

/// How long the lease is held without being renewed: so long may requests wait when the dispatcher's server dies.
const TERM: Duration = Duration::from_secs(3);
/// How often this server looks who holds it.
const LOOK: Duration = Duration::from_millis(250);

/// Keeps the gateway told of this server's part, until `stop`.
///
/// # Errors
/// Never; the type is that of all workers.
pub(super) async fn run(
    gateway: Gateway,
    leases: Leases,
    holder: String,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    gateway.play(Role::Follower { dispatcher: None });
    let keeper = leases.keep(DISPATCHER_LEASE, holder, TERM);
    let mut held = keeper.watch();
    loop {
        let lease = held.borrow_and_update().clone();
        let role = match lease {
            Some(lease) => Role::Dispatcher { epoch: lease.epoch },
            None => Role::Follower { dispatcher: holder_of(&leases).await },
        };
        gateway.play(role);
        tokio::select! {
            () = stop.cancelled() => break,
            _ = held.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    gateway.play(Role::Follower { dispatcher: None });
    keeper.release().await;
    Ok(())
}

/// The number of the server that holds the lease, as this server's copy of the database has it: good enough to ask, for the
/// nodes refuse a dispatcher that is over.
async fn holder_of(leases: &Leases) -> Option<u64> {
    let lease = leases.last_known(DISPATCHER_LEASE).await.ok()??;
    lease.holder.split(':').next()?.parse().ok()
}
