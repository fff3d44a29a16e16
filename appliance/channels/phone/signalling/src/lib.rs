//! SIP: calls signalled over UDP, TCP and TLS.
//!
//! The protocol is a core without input and output: bytes and the time go in, bytes and events come out. Around it lies a
//! thin shell of sockets, so that every rule of the protocol is tested without sockets and without waiting. What a call
//! says and hears is not decided here: session descriptions pass through as bytes.

mod agent;
mod call;
mod cause;
mod command;
mod config;
#[cfg(test)]
mod conformance;
mod dialling;
mod dialog;
mod digest;
mod driver;
mod endpoint;
mod identity;
mod invitation;
mod message;
mod peers;
#[cfg(test)]
mod properties;
mod registration;
#[cfg(test)]
mod rehearsal;
mod resolve;
mod route;
mod schedule;
mod session_timer;
mod status;
mod stream;
#[cfg(test)]
mod torture;
mod transaction;
mod transport;
mod transport_kind;

pub use call::{
    Call, CallEvent, CallEvents, CallName, EndedBy, OfferError, PendingOffer, PendingRefer, Refer, Referral,
};
pub use cause::{Cause, CauseProtocol};
pub use config::{DigestAlgorithm, ExtensionConfig, Listener, PeerConfig, SecureMedia, SipConfig, TimersConfig};
pub use dialling::{CallerId, Dial, Dialling, Progress, Target, Way};
pub use endpoint::{Endpoint, StartError};
pub use invitation::{Caller, Invitation, InvitationError, InvitationEvent, Rejection};
pub use status::{ExtensionStatus, PeerStatus, Status, TargetStatus};
pub use transport_kind::Transport;
