//! Trunks: how fast their calls may come, what they ask to be left alone for, and a NAT between (RFC 3261 §21.5.4, RFC 3581).

use super::dialling::candidate;
use super::*;
use crate::config::PeerConfig;
use crate::dialling::{CallerId, Dial, Target};
use crate::peers::Peer;

/// An agent with one trunk on two addresses, from the first of which the stranger speaks.
fn trunk(config: PeerConfig, advertised: Option<(&str, u16)>) -> Stranger {
    let house = SipConfig { overflow_calls: 1, ..SipConfig::default() };
    let mut stranger = Stranger::new(house.clone());
    let mut peer = Peer::new(
        PeerConfig { name: "trunk".into(), domain: Some("trunk.example".into()), probe_seconds: 0, ..config },
        None,
        stranger.now,
    );
    let second = crate::peers::Candidate { priority: 1, ..candidate(5071) };
    peer.found(vec![candidate(5070), second]);
    let advertised = advertised.map(|(host, port)| (host.to_owned(), Some(port)));
    let locals = vec![Local { transport: Transport::Udp, address: ([127, 0, 0, 1], 5060).into(), advertised }];
    stranger.agent = Agent::new(house, vec![peer], Vec::new(), locals, stranger.now);
    stranger
}

/// The statuses, 0 for a call that is taken, of so many calls at the same moment.
fn calls(stranger: &mut Stranger, from: u32, many: u32) -> Vec<u16> {
    let call = |number: u32| {
        stranger.tag.clear();
        let text = stranger.text("INVITE", 1, "", OFFER).replace("Call-ID: one", &format!("Call-ID: {number}"));
        let heard = stranger.say(&text);
        stranger.tag.clear();
        statuses(&heard).first().copied().unwrap_or(0)
    };
    (from..from + many).map(call).collect()
}

#[test]
fn calls_that_come_too_fast_are_told_to_come_again() {
    let mut stranger = trunk(PeerConfig { calls_per_second: 2, ..PeerConfig::default() }, None);
    assert_eq!(calls(&mut stranger, 0, 4), [0, 0, 503, 503]);
    stranger.pass(Duration::from_secs(1));
    assert_eq!(calls(&mut stranger, 10, 3), [0, 0, 503]);
    let heard = stranger.request("INVITE", 1, "", OFFER);
    assert_eq!(response(&heard).headers.number(Known::RetryAfter), Some(30));
}

#[test]
fn a_trunk_has_no_more_calls_than_are_its_own() {
    let mut stranger = trunk(PeerConfig { max_calls: 2, ..PeerConfig::default() }, None);
    assert_eq!(calls(&mut stranger, 0, 4), [0, 0, 0, 503]);
    let full = |event: &Event| if let Event::Invited(_, invited) = event { Some(invited.full) } else { None };
    assert_eq!(stranger.events.iter().filter_map(full).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn an_address_that_asks_for_peace_is_left_alone_for_just_that_time() {
    let mut stranger = trunk(PeerConfig::default(), None);
    let dialled = |stranger: &mut Stranger| {
        let dial = Dial::new(Target::Number("100".into()), CallerId::default(), sdp());
        stranger.agent.dial(dial, Vec::new(), stranger.now);
        sent(stranger)
    };
    let (port, invite) = dialled(&mut stranger);
    assert_eq!(port, 5070);
    let text = super::dialling::answer(&invite, 503, "Retry-After: 20\n", "").replace('\n', "\r\n");
    stranger.agent.receive(text.as_bytes(), &stranger.route, stranger.now);
    assert_eq!(sent(&mut stranger).0, 5071, "the same call, on the other address");
    assert_eq!(dialled(&mut stranger).0, 5071);
    stranger.pass(Duration::from_secs(20));
    assert_eq!(dialled(&mut stranger).0, 5070);
}

/// The next INVITE that is sent, and to which port.
fn sent(stranger: &mut Stranger) -> (u16, Request) {
    while let Some(output) = stranger.agent.take_output() {
        if let Output::Send { route, bytes } = output
            && let Ok(Message::Request(request)) = parse::parse(&bytes)
            && request.method == "INVITE"
        {
            return (route.remote.port(), request);
        }
    }
    panic!("no INVITE");
}

#[test]
fn behind_a_nat_the_address_outside_is_told() {
    let mut stranger = trunk(PeerConfig::default(), Some(("sip.example.ro", 5099)));
    stranger.request("INVITE", 1, "", OFFER);
    let heard = stranger.accept();
    let contact = response(&heard).headers.get(Known::Contact).expect("a contact").to_owned();
    assert!(contact.contains("@sip.example.ro:5099;"), "{contact}");
    stranger.request("ACK", 1, "", "");
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.hang_up(leg, crate::Cause::normal(), now);
    let heard = stranger.hear();
    let via = requests(&heard, "BYE")[0].headers.via().expect("a hop");
    assert_eq!((via.host.as_str(), via.port), ("sip.example.ro", Some(5099)));
    assert!(via.params.has("rport"));
}

/// Where the next thing that is sent goes.
fn way(stranger: &mut Stranger) -> SocketAddr {
    let output = std::iter::from_fn(|| stranger.agent.take_output());
    let mut ways =
        output.filter_map(|output| if let Output::Send { route, .. } = output { Some(route.remote) } else { None });
    ways.next().expect("sent")
}

#[test]
fn a_caller_behind_a_nat_is_reached_where_he_came_from() {
    let allow = vec!["203.0.113.0/24".parse().expect("a network")];
    let mut stranger = trunk(PeerConfig { allow, ..PeerConfig::default() }, None);
    stranger.route.remote = "203.0.113.7:40123".parse().expect("an address");
    let inside = |text: String| text.replace("127.0.0.1:5070", "192.168.1.7:5060");
    // Without `rport` a response goes to the port that Via names.
    let options = inside(stranger.text("OPTIONS", 1, "", "")).replace('\n', "\r\n");
    stranger.agent.receive(options.as_bytes(), &stranger.route, stranger.now);
    assert_eq!(way(&mut stranger).to_string(), "203.0.113.7:5060");
    let invite = inside(stranger.text("INVITE", 2, "", OFFER));
    stranger.say(&invite);
    stranger.accept();
    stranger.request("ACK", 2, "", "");
    // A request goes to where the call came from: nobody is at that contact.
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.hang_up(leg, crate::Cause::normal(), now);
    assert_eq!(way(&mut stranger).to_string(), "203.0.113.7:40123");
}

#[test]
fn whoever_moves_within_a_call_is_followed() {
    let mut stranger = trunk(PeerConfig::default(), None);
    stranger.request("INVITE", 1, "", OFFER);
    stranger.accept();
    stranger.request("ACK", 1, "", "");
    stranger.request("UPDATE", 2, "Contact: <sip:ana@127.0.0.1:5077>\n", "");
    let (leg, now) = (stranger.leg(), stranger.now);
    // And moves again in the answer to our offer.
    stranger.agent.offer(leg, sdp(), now).expect("offered");
    let (port, invite) = sent(&mut stranger);
    assert_eq!((port, invite.uri.as_str()), (5077, "sip:ana@127.0.0.1:5077"));
    let more = "Contact: <sip:ana@127.0.0.1:5078>\nContent-Type: application/sdp\n";
    let text = super::dialling::answer(&invite, 200, more, OFFER).replace('\n', "\r\n");
    stranger.agent.receive(text.as_bytes(), &stranger.route, stranger.now);
    assert_eq!(way(&mut stranger).port(), 5078, "the ACK");
    let _rest = stranger.hear();
    stranger.agent.hang_up(leg, crate::Cause::normal(), now);
    assert_eq!(way(&mut stranger).port(), 5078, "the BYE");
}
