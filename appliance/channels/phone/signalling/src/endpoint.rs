//! The handle of signalling.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Transport;
use crate::agent::{Agent, Extension};
use crate::command::{Command, Commands, LegId};
use crate::config::SipConfig;
use crate::dialling::{Dial, Dialling, Progress, Target, Way};
use crate::driver::Driver;
use crate::invitation::Invitation;
use crate::message::Uri;
use crate::peers::Peer;
use crate::resolve;
use crate::status::Status;
use crate::transport::Transports;

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
    /// Starts to listen. Calls come out of the returned queue; dropping it refuses them with 503.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: SipConfig) -> Result<(Self, mpsc::Receiver<Invitation>), StartError> {
        let now = tokio::time::Instant::now().into_std();
        let stop = CancellationToken::new();
        let (peers, targets) = peers(&config, now)?;
        let extensions = extensions(&config)?;
        let (transports, arrivals) = match Transports::listen(&config, stop.clone()).await {
            Ok(listening) => listening,
            Err(error) => {
                stop.cancel();
                return Err(error);
            }
        };
        let (commands, queue) = Commands::new();
        let (invited, invitations) = mpsc::channel(INVITATIONS);
        let locals = transports.locals();
        let addresses = locals.iter().map(|local| (local.transport, local.address)).collect();
        for (peer, targets) in targets.into_iter().enumerate() {
            // Addresses need no look-up, now or later.
            if targets.iter().any(|target| target.ip().is_none()) {
                tokio::spawn(resolve::keep_found(peer, targets, commands.clone(), stop.clone()));
            }
        }
        let agent = Agent::new(config, peers, extensions, locals, now);
        let driver =
            Driver { agent, transports, arrivals, queue, commands: commands.clone(), invitations: invited, stop };
        tokio::spawn(driver.run());
        Ok((Self { commands, addresses: Arc::new(addresses) }, invitations))
    }

    /// Calls somebody. Peers that do not answer or are full are passed over for the next.
    pub async fn dial(&self, dial: Dial) -> Dialling {
        let straight = match &dial.to {
            Target::Uri(uri) => match Uri::parse(uri) {
                Ok(uri) => resolve::find(resolve::resolver().as_ref(), &[uri]).await,
                Err(_) => Vec::new(),
            },
            _ => Vec::new(),
        };
        let (progress, received) = mpsc::channel::<Progress>(32);
        let leg = self
            .commands
            .ask(|reply| Command::Dial { dial: Box::new(dial), straight, progress, reply })
            .await
            .unwrap_or(LegId(0));
        Dialling { leg, progress: received, commands: self.commands.clone(), over: false }
    }

    /// How a call to somebody would go.
    pub async fn way(&self, to: Target) -> Way {
        self.commands.ask(|reply| Command::Way { to, reply }).await.unwrap_or_default()
    }

    /// Among servers that share one telephone ([`SipConfig::stands_by`]): this one is on duty for `term`, unless it is told so
    /// again. It registers with the trunks and takes the desk phones' registrations.
    pub async fn on_duty(&self, term: Duration) {
        self.commands.send(Command::OnDuty { term }).await;
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

/// The trunks, and where they are to be found.
fn peers(config: &SipConfig, now: Instant) -> Result<(Vec<Peer>, Vec<Vec<Uri>>), StartError> {
    let (mut peers, mut all) = (Vec::new(), Vec::new());
    for peer in &config.peers {
        let wrong = |what: &str| StartError::Config(format!("peer `{}`: {what}", peer.name));
        let mut targets = Vec::new();
        for target in &peer.targets {
            targets.push(Uri::parse(target).map_err(|_| wrong(&format!("`{target}` is no SIP address")))?);
        }
        if peer.register && (peer.user.is_none() || targets.is_empty()) {
            return Err(wrong("`register` needs `user` and `targets`"));
        }
        if peer.authenticate && (peer.user.is_none() || peer.password_file.is_none()) {
            return Err(wrong("`authenticate` needs `user` and `password_file`"));
        }
        let password = peer.password_file.as_deref().map(secret).transpose()?;
        let mut state = Peer::new(peer.clone(), password, now);
        let known = targets.iter().enumerate().filter_map(|(order, uri)| resolve::literal(uri, order));
        state.found(known.collect());
        peers.push(state);
        all.push(targets);
    }
    Ok((peers, all))
}

fn extensions(config: &SipConfig) -> Result<Vec<Extension>, StartError> {
    if config.digest.is_empty() {
        return Err(StartError::Config("`digest` names no algorithm: \"sha-256\", \"md5\" or both".into()));
    }
    let read = |extension: &crate::ExtensionConfig| {
        if extension.user.is_empty() {
            return Err(StartError::Config("an extension needs `user`".into()));
        }
        let of_it = |error: StartError| StartError::Config(format!("extension `{}`: {error}", extension.user));
        let password = secret(&extension.password_file).map_err(of_it)?;
        Ok(Extension { password, config: extension.clone() })
    };
    let mut users: Vec<&str> = config.extensions.iter().map(|extension| extension.user.as_str()).collect();
    users.sort_unstable();
    if let Some(twice) = users.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(StartError::Config(format!("extension `{}` is there twice", twice[0])));
    }
    config.extensions.iter().map(read).collect()
}

/// A password from its file, without the line's end.
fn secret(path: &Utf8Path) -> Result<String, StartError> {
    let failed = |what: String| StartError::File { path: path.to_owned(), what };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(failed("it is empty".into())) } else { Ok(text.to_owned()) }
}
