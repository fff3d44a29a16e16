//! Calls that we make, and what the other side may answer (RFC 3261 §8.1.3, §13.2).

use super::*;
use crate::command::LegId;
use crate::config::PeerConfig;
use crate::dialling::{CallerId, Dial, Target};
use crate::peers::{Candidate, Peer};

pub(super) fn candidate(port: u16) -> Candidate {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Candidate { transport: Transport::Udp, address, local: None, host: "127.0.0.1".into(), priority: 0, weight: 0 }
}

fn call(stranger: &mut Stranger, uri: &str) -> (LegId, Request) {
    let dial = Dial::new(Target::Uri(uri.into()), CallerId::default(), sdp());
    let leg = stranger.agent.dial(dial, vec![candidate(5070)], stranger.now);
    let heard = stranger.hear();
    (leg, requests(&heard, "INVITE")[0].clone())
}

/// What the other side answers to a request.
pub(super) fn answer(request: &Request, status: u16, more: &str, body: &str) -> String {
    let copied = |name: &str, value: String| format!("{name}: {value}\n");
    let get = |name| request.headers.get(name).unwrap_or_default().to_owned();
    let lines = [
        copied("Via", get(Known::Via)),
        copied("From", get(Known::From)),
        copied("To", format!("{};tag=b", get(Known::To))),
        copied("Call-ID", get(Known::CallId)),
        copied("CSeq", get(Known::CSeq)),
    ];
    let length = body.replace('\n', "\r\n").len();
    format!("SIP/2.0 {status} Something\n{}{more}Content-Length: {length}\n\n{body}", lines.concat())
}

fn failures(stranger: &Stranger) -> Vec<u16> {
    let failed = |event: &Event| if let Event::Failed { status, .. } = event { Some(*status) } else { None };
    stranger.events.iter().filter_map(failed).collect()
}

#[test]
fn a_redirection_is_followed_the_most_wanted_first() {
    let mut stranger = Stranger::new(SipConfig::default());
    let (_, invite) = call(&mut stranger, "sip:1@127.0.0.1:5070");
    let contacts = "Contact: <sip:2@127.0.0.1:5071>;q=0.2, \"Ana\" <sip:3@127.0.0.1:5072?Subject=x>;q=0.9\n";
    let heard = stranger.say(&answer(&invite, 302, contacts, ""));
    assert_eq!(requests(&heard, "ACK").len(), 1);
    let again = requests(&heard, "INVITE")[0].clone();
    assert_eq!(again.uri, "sip:3@127.0.0.1:5072");
    // The next contact, where that one fails.
    let heard = stranger.say(&answer(&again, 503, "", ""));
    let last = requests(&heard, "INVITE")[0].clone();
    assert_eq!(last.uri, "sip:2@127.0.0.1:5071");
    stranger.say(&answer(&last, 486, "", ""));
    assert_eq!(failures(&stranger), [486]);
}

#[test]
fn whoever_is_sent_in_a_circle_gives_up() {
    let mut stranger = Stranger::new(SipConfig::default());
    let (_, mut invite) = call(&mut stranger, "sip:1@127.0.0.1:5070");
    let mut invites = 1;
    loop {
        let heard = stranger.say(&answer(&invite, 302, "Contact: <sip:1@127.0.0.1:5070>\n", ""));
        let Some(next) = requests(&heard, "INVITE").first().map(|next| (*next).clone()) else { break };
        (invite, invites) = (next, invites + 1);
        assert!(invites < 20, "it never ends");
    }
    assert_eq!((invites, failures(&stranger)), (6, vec![302]));
}

#[test]
fn a_trunk_sends_calls_elsewhere_within_itself_alone() {
    let now = Instant::now();
    let config = PeerConfig {
        name: "trunk".into(),
        targets: vec!["sip:127.0.0.1:5070".into()],
        domain: Some("trunk.example".into()),
        probe_seconds: 0,
        ..PeerConfig::default()
    };
    let mut stranger = Stranger::new(SipConfig::default());
    let mut peer = Peer::new(config, None, now);
    peer.found(vec![candidate(5070)]);
    let locals = vec![Local { transport: Transport::Udp, address: ([127, 0, 0, 1], 5060).into(), advertised: None }];
    stranger.agent = Agent::new(SipConfig::default(), vec![peer], Vec::new(), locals, now);
    for (contact, expected) in [
        ("<tel:+40211234567>", Some("sip:+40211234567@trunk.example")),
        ("<sip:7@trunk.example>", Some("sip:7@trunk.example")),
        ("<sip:7@127.0.0.1:5075>", Some("sip:7@127.0.0.1:5075")),
        ("<sip:7@203.0.113.9>", None),
        ("<sip:7@elsewhere.example>", None),
        ("<mailto:ana@trunk.example>", None),
    ] {
        let dial = Dial::new(Target::Number("100".into()), CallerId::default(), sdp());
        stranger.agent.dial(dial, Vec::new(), stranger.now);
        let heard = stranger.hear();
        let text = answer(requests(&heard, "INVITE")[0], 302, &format!("Contact: {contact}\n"), "");
        let heard = stranger.say(&text);
        let next = requests(&heard, "INVITE").first().map(|next| next.uri.clone());
        assert_eq!(next.as_deref(), expected, "{contact}");
    }
}

#[test]
fn a_stray_2xx_of_another_fork_is_acknowledged_and_hung_up() {
    let mut stranger = Stranger::new(SipConfig::default());
    let (_, invite) = call(&mut stranger, "sip:1@127.0.0.1:5070");
    let contact = "Contact: <sip:1@127.0.0.1:5070>\nContent-Type: application/sdp\n";
    let first = answer(&invite, 200, contact, OFFER);
    assert_eq!(requests(&stranger.say(&first), "ACK").len(), 1);
    assert_eq!(requests(&stranger.say(&first), "ACK").len(), 1, "again, for the same");
    let heard = stranger.say(&first.replace(";tag=b", ";tag=c"));
    assert_eq!((requests(&heard, "ACK").len(), requests(&heard, "BYE").len()), (1, 1));
}

#[test]
fn reliable_responses_are_acknowledged_once_and_in_order() {
    let mut stranger = Stranger::new(SipConfig::default());
    let (_, invite) = call(&mut stranger, "sip:1@127.0.0.1:5070");
    let reliable = |rseq: u32| {
        let more = format!("Contact: <sip:1@127.0.0.1:5070>\nRequire: 100rel\nRSeq: {rseq}\n");
        answer(&invite, 180, &more, "")
    };
    let heard = stranger.say(&reliable(41));
    assert_eq!(requests(&heard, "PRACK")[0].headers.get(Known::RAck), Some("41 1 INVITE"));
    assert!(stranger.say(&reliable(41)).is_empty(), "the same again");
    assert!(stranger.say(&reliable(43)).is_empty(), "one is missing");
    assert_eq!(requests(&stranger.say(&reliable(42)), "PRACK").len(), 1);
}

#[test]
fn a_strict_proxy_is_spoken_to_as_it_wants() {
    let mut stranger = Stranger::new(SipConfig::default());
    let (leg, invite) = call(&mut stranger, "sip:1@127.0.0.1:5070");
    let more = "Record-Route: <sip:p2.example;lr>, <sip:p1.example>\nContact: <sip:1@host.example>\n\
                Content-Type: application/sdp\n";
    stranger.say(&answer(&invite, 200, more, OFFER));
    stranger.agent.hang_up(leg, crate::Cause::normal(), stranger.now);
    let heard = stranger.hear();
    let bye = requests(&heard, "BYE")[0];
    assert_eq!(bye.uri, "sip:p1.example");
    let routes: Vec<&str> = bye.headers.list(Known::Route).collect();
    assert_eq!(routes, ["<sip:p2.example;lr>", "<sip:1@host.example>"]);
}

#[test]
fn what_rings_on_after_its_cancel_is_not_waited_for_for_ever() {
    let mut stranger = Stranger::new(SipConfig::default());
    let (leg, invite) = call(&mut stranger, "sip:1@127.0.0.1:5070");
    let rings = answer(&invite, 180, "Contact: <sip:1@127.0.0.1:5070>\n", "");
    stranger.say(&rings);
    stranger.agent.cancel(leg, 487, stranger.now);
    let heard = stranger.hear();
    stranger.say(&answer(requests(&heard, "CANCEL")[0], 200, "", ""));
    stranger.say(&rings);
    stranger.pass(Duration::from_secs(120));
    assert_eq!(stranger.agent.counts(), [0; 5]);
}

#[test]
fn another_session_that_is_never_decided_ends_the_call() {
    let mut stranger = Stranger::talk(SipConfig::default());
    let leg = stranger.leg();
    stranger.agent.offer(leg, sdp(), stranger.now).expect("offered");
    let heard = stranger.hear();
    stranger.say(&answer(requests(&heard, "INVITE")[0], 100, "", ""));
    stranger.pass(Duration::from_secs(300));
    assert!(stranger.has_ended());
    assert_eq!(stranger.agent.counts(), [0; 5]);
}
