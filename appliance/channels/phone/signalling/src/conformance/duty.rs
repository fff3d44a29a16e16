//! Servers that share one telephone: who is known to trunks and desk phones, and how a call of ours would go.

use super::dialling::candidate;
use super::*;
use crate::agent::Extension;
use crate::config::{ExtensionConfig, PeerConfig, SecureMedia};
use crate::dialling::{Target, Way};
use crate::peers::Peer;

/// One of several servers, with a trunk that wants to be registered with.
fn one_of_several() -> Stranger {
    let config = SipConfig { stands_by: true, ..SipConfig::default() };
    let mut stranger = Stranger::new(config.clone());
    let peer = PeerConfig {
        name: "trunk".into(),
        domain: Some("trunk.example".into()),
        user: Some("institutia".into()),
        register: true,
        probe_seconds: 0,
        secure_media: SecureMedia::Required,
        ..PeerConfig::default()
    };
    let mut peer = Peer::new(peer, Some("parola".into()), stranger.now);
    peer.found(vec![candidate(5070)]);
    let locals = vec![Local { transport: Transport::Udp, address: ([127, 0, 0, 1], 5060).into(), advertised: None }];
    let desk_phone = Extension {
        config: ExtensionConfig { user: "204".into(), ..ExtensionConfig::default() },
        password: "parola".into(),
    };
    stranger.agent = Agent::new(config, vec![peer], vec![desk_phone], locals, stranger.now);
    stranger
}

/// The `Expires` of the registrations among what was said.
fn registrations(heard: &[Message]) -> Vec<u32> {
    requests(heard, "REGISTER").iter().filter_map(|request| request.headers.number(Known::Expires)).collect()
}

#[test]
fn a_server_that_stands_by_is_known_to_nobody_until_it_is_on_duty_and_again_once_its_term_is_over() {
    let mut stranger = one_of_several();
    assert!(registrations(&stranger.pass(Duration::from_secs(30))).is_empty());
    assert_eq!(statuses(&stranger.request("OPTIONS", 1, "", "")), [503]);
    stranger.tag.clear();
    let heard = stranger.request("REGISTER", 2, "", "");
    assert_eq!(statuses(&heard), [503]);
    assert!(response(&heard).headers.number(Known::RetryAfter).is_some());

    stranger.agent.on_duty(Duration::from_secs(5), stranger.now);
    let heard = stranger.pass(Duration::from_millis(10));
    assert_eq!(registrations(&heard), [600]);
    let request = requests(&heard, "REGISTER")[0];
    let line = |name: Known| request.headers.get(name).unwrap_or_default().to_owned();
    stranger.say(&format!(
        "SIP/2.0 200 OK\nVia: {}\nFrom: {}\nTo: {};tag=r\nCall-ID: {}\nCSeq: {}\nContact: {};expires=600\nContent-Length: 0\n\n",
        line(Known::Via),
        line(Known::From),
        line(Known::To),
        line(Known::CallId),
        line(Known::CSeq),
        line(Known::Contact),
    ));
    stranger.tag.clear();
    assert_eq!(statuses(&stranger.request("OPTIONS", 3, "", "")), [200]);
    stranger.pass(Duration::from_secs(3));
    // Renewed in time: nothing happens at the end of the first term.
    stranger.agent.on_duty(Duration::from_secs(5), stranger.now);
    assert!(registrations(&stranger.pass(Duration::from_secs(4))).is_empty());
    assert_eq!(registrations(&stranger.pass(Duration::from_millis(1_010))), [0]);
    stranger.tag.clear();
    assert_eq!(statuses(&stranger.request("OPTIONS", 4, "", "")), [503]);
}

#[test]
fn a_server_on_its_own_needs_no_turn() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.agent.on_duty(Duration::from_secs(1), stranger.now);
    stranger.pass(Duration::from_secs(9));
    assert_eq!(statuses(&stranger.request("OPTIONS", 1, "", "")), [200]);
}

#[test]
fn how_a_call_would_go_is_known_before_it_is_made() {
    let stranger = one_of_several();
    let way = stranger.agent.way(Target::Number("0721000000".into()), stranger.now);
    assert_eq!(way.secure_media, SecureMedia::Required);
    let nowhere = stranger.agent.way(Target::Extension("204".into()), stranger.now);
    assert_eq!(nowhere, Way::default());
}
