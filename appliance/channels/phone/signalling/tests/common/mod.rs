//! Two endpoints that call each other over the loopback.
#![allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use bytes::Bytes;
use signalling::{
    Call, CallEvent, CallEvents, CallerId, Dial, Dialling, Endpoint, Invitation, Listener, Progress, SipConfig, Target,
    TimersConfig, Transport,
};
use tokio::sync::mpsc;

/// Longer than anything that is waited for takes.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
pub(crate) const ANSWER: &str =
    "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 50000 RTP/AVP 8\r\n";

pub(crate) fn offer() -> Bytes {
    Bytes::from_static(OFFER.as_bytes())
}

pub(crate) fn answer() -> Bytes {
    Bytes::from_static(ANSWER.as_bytes())
}

/// Free ports, and waits a tenth as long.
pub(crate) fn config(transports: &[Transport]) -> SipConfig {
    let listeners = transports.iter().map(|kind| Listener::new(*kind, ([127, 0, 0, 1], 0).into()));
    SipConfig {
        listeners: listeners.collect(),
        timers: TimersConfig { t1_milliseconds: 50, t2_milliseconds: 400, t4_milliseconds: 100 },
        ..SipConfig::default()
    }
}

pub(crate) async fn start(config: SipConfig) -> (Endpoint, mpsc::Receiver<Invitation>) {
    Endpoint::start(config).await.expect("it starts")
}

/// The address of an endpoint, as one dials it.
pub(crate) fn address(endpoint: &Endpoint, transport: Transport) -> String {
    let (_, at) = endpoint.local_addresses().into_iter().find(|(kind, _)| *kind == transport).expect("listens");
    format!("sip:test@{at};transport={transport}")
}

pub(crate) fn dial(to: String) -> Dial {
    let from = CallerId { number: Some("+40212345678".into()), display: Some("Ana".into()), anonymous: false };
    Dial::new(Target::Uri(to), from, offer())
}

pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("in time")
}

pub(crate) async fn invitation(invitations: &mut mpsc::Receiver<Invitation>) -> Invitation {
    within(invitations.recv()).await.expect("an invitation")
}

/// Waits for the answer.
pub(crate) async fn answered(dialling: &mut Dialling) -> (Call, CallEvents, Bytes) {
    loop {
        match within(dialling.next()).await.expect("it goes on") {
            Progress::Answered { call, events, answer } => return (call, events, answer),
            Progress::Failed { status, reason } => panic!("{status} {reason}"),
            _ => {}
        }
    }
}

/// Waits for the refusal.
pub(crate) async fn failed(dialling: &mut Dialling) -> u16 {
    loop {
        match within(dialling.next()).await.expect("it goes on") {
            Progress::Failed { status, .. } => return status,
            Progress::Answered { .. } => panic!("answered"),
            _ => {}
        }
    }
}

pub(crate) async fn event(events: &mut CallEvents) -> CallEvent {
    within(events.next()).await.expect("an event")
}

/// Calls and answers: caller's side, then callee's.
pub(crate) async fn talk(
    caller: &Endpoint,
    callee: &Endpoint,
    invitations: &mut mpsc::Receiver<Invitation>,
    transport: Transport,
) -> ((Call, CallEvents), (Call, CallEvents)) {
    let mut dialling = caller.dial(dial(address(callee, transport))).await;
    let theirs = invitation(invitations).await.accept(answer()).await.expect("accepted");
    let (call, events, sdp) = answered(&mut dialling).await;
    assert_eq!(sdp, answer());
    ((call, events), theirs)
}

/// Waits until an endpoint has no calls left.
pub(crate) async fn idle(endpoint: &Endpoint) {
    within(async {
        while endpoint.status().await.calls > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
