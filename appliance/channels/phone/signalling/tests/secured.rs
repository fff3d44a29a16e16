//! TLS with certificates both ways, passwords both ways, and trunks that fail.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use camino::Utf8PathBuf;
use common::*;
use signalling::{
    CallEvent, CallerId, Cause, Dial, EndedBy, Endpoint, ExtensionConfig, Listener, PeerConfig, Progress, Rejection,
    SipConfig, Target, Transport,
};

fn openssl(folder: &Path, arguments: &str) {
    let status = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("openssl is installed");
    assert!(status.success(), "openssl {arguments}");
}

/// An authority, and a certificate for 127.0.0.1 that it signed.
fn certificates(folder: &Path) {
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        .expect("written");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    openssl(folder, &format!("req {key} -keyout own.key -out own.csr -subj /CN=sip"));
    openssl(
        folder,
        "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out own.pem -days 2 -extfile names",
    );
}

fn tls(folder: &Path, own: bool) -> SipConfig {
    let path = |name: &str| Utf8PathBuf::from_path_buf(folder.join(name)).expect("UTF-8");
    let mut config = config(&[Transport::Udp]);
    config.authorities = Some(path("ca.pem"));
    if own {
        config.listeners.push(Listener {
            certificate: Some(path("own.pem")),
            key: Some(path("own.key")),
            client_ca: Some(path("ca.pem")),
            ..Listener::new(Transport::Tls, ([127, 0, 0, 1], 0).into())
        });
    }
    config
}

#[tokio::test]
async fn a_call_over_tls_with_certificates_on_both_sides_ends_on_the_connection_it_came_by() {
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let (caller, _none) = start(tls(folder.path(), true)).await;
    let (callee, mut invitations) = start(tls(folder.path(), true)).await;
    let ((_call, mut events), (their_call, _their_events)) =
        talk(&caller, &callee, &mut invitations, Transport::Tls).await;
    their_call.hang_up(Cause::normal()).await;
    assert!(matches!(event(&mut events).await, CallEvent::Ended { by: EndedBy::Them, .. }));
    assert_eq!((caller.status().await.connections, callee.status().await.connections), (1, 1));
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_not_connected() {
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let (caller, _none) = start(tls(folder.path(), false)).await;
    let (callee, _invitations) = start(tls(folder.path(), true)).await;
    let mut dialling = caller.dial(dial(address(&callee, Transport::Tls))).await;
    assert_eq!(failed(&mut dialling).await, 503);
}

fn password(folder: &Path, name: &str, text: &str) -> Utf8PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    Utf8PathBuf::from_path_buf(path).expect("UTF-8")
}

fn trunk(to: &[&Endpoint]) -> PeerConfig {
    let targets = to.iter().map(|to| address(to, Transport::Udp).replace("test@", "")).collect();
    PeerConfig { name: "trunk".into(), targets, probe_seconds: 0, ..PeerConfig::default() }
}

/// An endpoint where `201` may register with a password.
async fn registrar(folder: &Path) -> (Endpoint, tokio::sync::mpsc::Receiver<signalling::Invitation>) {
    let extension = ExtensionConfig {
        user: "201".into(),
        password_file: password(folder, "right", "open sesame\n"),
        ..ExtensionConfig::default()
    };
    start(SipConfig { extensions: vec![extension], ..config(&[Transport::Udp]) }).await
}

async fn phone(
    exchange: &Endpoint,
    secret: Utf8PathBuf,
) -> (Endpoint, tokio::sync::mpsc::Receiver<signalling::Invitation>) {
    let peer =
        PeerConfig { user: Some("201".into()), password_file: Some(secret), register: true, ..trunk(&[exchange]) };
    start(SipConfig { peers: vec![peer], ..config(&[Transport::Udp]) }).await
}

async fn until_registered(phone: &Endpoint) {
    within(async {
        while phone.status().await.peers[0].registered != Some(true) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_desk_phone_registers_is_called_calls_and_leaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let (exchange, mut calls) = registrar(folder.path()).await;
    let (phone, mut invitations) = phone(&exchange, password(folder.path(), "same", "open sesame")).await;
    until_registered(&phone).await;
    assert_eq!(exchange.status().await.extensions[0].bindings, 1);

    let to = Dial::new(Target::Extension("201".into()), CallerId::default(), offer());
    let mut dialling = exchange.dial(to).await;
    let (_call, _events) = invitation(&mut invitations).await.accept(answer()).await.expect("accepted");
    let _answered = answered(&mut dialling).await;

    let mut outgoing = phone.dial(Dial::new(Target::Number("112".into()), CallerId::default(), offer())).await;
    let coming = invitation(&mut calls).await;
    assert_eq!((coming.extension.as_deref(), coming.caller.asserted), (Some("201"), true));
    assert_eq!(coming.dialled, "112");
    coming.reject(Rejection::status(486)).await;
    assert_eq!(failed(&mut outgoing).await, 486);

    within(phone.stop(Duration::from_secs(5))).await;
    assert_eq!(exchange.status().await.extensions[0].bindings, 0);
}

#[tokio::test]
async fn a_wrong_password_does_not_register() {
    let folder = tempfile::tempdir().expect("a folder");
    let (exchange, _calls) = registrar(folder.path()).await;
    let (phone, _invitations) = phone(&exchange, password(folder.path(), "wrong", "open barley")).await;
    within(async {
        while phone.status().await.peers[0].registration_failure.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(phone.status().await.peers[0].registration_failure, Some(401));
    assert_eq!(exchange.status().await.extensions[0].bindings, 0);
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let (caller, _none) = start(config(&[Transport::Udp])).await;
    let (callee, _invitations) = start(SipConfig { loopback_callers: false, ..config(&[Transport::Udp]) }).await;
    let mut dialling = caller.dial(dial(address(&callee, Transport::Udp))).await;
    assert_eq!(failed(&mut dialling).await, 403);
}

#[tokio::test]
async fn a_call_that_one_address_refuses_or_does_not_answer_goes_to_the_next() {
    let (silent, _none) = start(config(&[Transport::Udp])).await;
    let (busy, mut refused) = start(config(&[Transport::Udp])).await;
    let (well, mut taken) = start(config(&[Transport::Udp])).await;
    let peer = trunk(&[&silent, &busy, &well]);
    within(silent.stop(Duration::ZERO)).await;
    let (caller, _none) =
        start(SipConfig { peers: vec![peer], failover_milliseconds: 200, ..config(&[Transport::Udp]) }).await;
    let number = || Dial::new(Target::Number("0211".into()), CallerId::default(), offer());
    let mut first = caller.dial(number()).await;
    invitation(&mut refused).await.reject(Rejection::unavailable(60)).await;
    let (_call, _events) = invitation(&mut taken).await.accept(answer()).await.expect("accepted");
    let (call, _events, _) = answered(&mut first).await;
    assert_eq!(call.peer(), Some("trunk"));
    let up: Vec<bool> = caller.status().await.peers[0].targets.iter().map(|target| target.up).collect();
    assert_eq!(up, [false, false, true]);
    // The next call asks neither of the two again.
    let mut second = caller.dial(number()).await;
    invitation(&mut taken).await.ring().await;
    assert!(matches!(within(second.next()).await, Some(Progress::Ringing)));
}

#[tokio::test]
async fn a_trunk_that_must_give_its_password_is_asked_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = password(folder.path(), "secret", "shared");
    let ours = PeerConfig {
        name: "carrier".into(),
        allow: vec!["127.0.0.0/8".parse().expect("a network")],
        user: Some("city".into()),
        password_file: Some(secret.clone()),
        authenticate: true,
        trusted: true,
        ..PeerConfig::default()
    };
    let (callee, mut invitations) = start(SipConfig { peers: vec![ours], ..config(&[Transport::Udp]) }).await;
    let theirs =
        PeerConfig { user: Some("city".into()), password_file: Some(secret), trusted: true, ..trunk(&[&callee]) };
    let (caller, _none) = start(SipConfig { peers: vec![theirs], ..config(&[Transport::Udp]) }).await;
    let from = CallerId { number: Some("+40211".into()), display: None, anonymous: false };
    let mut dialling = caller.dial(Dial::new(Target::Number("119".into()), from.clone(), offer())).await;
    let coming = invitation(&mut invitations).await;
    assert_eq!((coming.peer.as_deref(), coming.caller.asserted), (Some("carrier"), true));
    assert_eq!(coming.caller.number.as_deref(), Some("+40211"));
    let (_call, _events) = coming.accept(answer()).await.expect("accepted");
    let _answered = answered(&mut dialling).await;

    let hidden = CallerId { anonymous: true, ..from };
    let _dialling = caller.dial(Dial::new(Target::Number("119".into()), hidden, offer())).await;
    let coming = invitation(&mut invitations).await;
    assert!(coming.caller.anonymous && coming.caller.number.is_none());
}
