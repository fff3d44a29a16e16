//! An INVITE until it is answered and acknowledged: PRACK, CANCEL, UPDATE, another INVITE in between (RFC 3261 §13, §14,
//! RFC 3262, RFC 3311).

use super::*;

const ANOTHER: &str = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 40002 RTP/AVP 0\n";

/// A call whose answer was told in a reliable 183 and waits for its PRACK.
fn reliably(more: &str) -> Stranger {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, &format!("Supported: 100rel{more}\n"), OFFER);
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.progress(leg, sdp(), now).expect("early");
    let heard = stranger.hear();
    assert!(response(&heard).headers.lists(Known::Require, "100rel"));
    stranger
}

#[test]
fn a_call_whose_early_answer_was_acknowledged_outlives_its_ack() {
    let mut stranger = reliably("");
    assert_eq!(response(&stranger.request("PRACK", 2, "RAck: 1 1 INVITE\n", "")).status, 200);
    assert_eq!(response(&stranger.accept()).status, 200);
    stranger.request("ACK", 1, "", "");
    let heard = stranger.pass(Duration::from_secs(40));
    assert!(heard.is_empty() && !stranger.has_ended(), "{heard:?}");
}

#[test]
fn an_offer_in_a_prack_is_answered_in_its_200() {
    let mut stranger = reliably("");
    let text = stranger.text("PRACK", 2, "RAck: 1 1 INVITE\n", ANOTHER);
    assert!(stranger.say(&text).is_empty(), "it waits for the decision");
    let (request, offer) = stranger.offered();
    assert!(offer.is_some_and(|offer| offer.ends_with(b"m=audio 40002 RTP/AVP 0\r\n")));
    // The 200 of the INVITE waits until this answer is out.
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.accept(leg, sdp(), now).expect("accepted");
    assert!(stranger.hear().is_empty());
    stranger.agent.decide_offer(leg, request, Ok(sdp()), now);
    let heard = stranger.hear();
    let answers: Vec<(u16, String, bool)> = heard
        .iter()
        .filter_map(|message| if let Message::Response(one) = message { Some(one) } else { None })
        .map(|one| (one.status, one.headers.cseq().expect("a number").method, one.body == sdp()))
        .collect();
    assert_eq!(answers, [(200, "PRACK".to_owned(), true), (200, "INVITE".to_owned(), false)]);
    // Said again when asked again.
    assert_eq!(response(&stranger.say(&text)).body, sdp());
}

#[test]
fn an_offer_in_a_prack_that_nobody_decides_is_declined_and_the_call_goes_on() {
    let mut stranger = reliably("");
    stranger.request("PRACK", 2, "RAck: 1 1 INVITE\n", ANOTHER);
    assert_eq!(response(&stranger.pass(Duration::from_secs(17))).status, 488);
    assert_eq!(response(&stranger.accept()).status, 200);
}

#[test]
fn another_invite_before_the_answer_to_the_first_may_come_again_in_a_while() {
    let mut stranger = reliably("");
    let heard = stranger.request("INVITE", 2, "", ANOTHER);
    assert_eq!(response(&heard).status, 500);
    assert!(response(&heard).headers.number(Known::RetryAfter).is_some_and(|seconds| seconds <= 10));
}

#[test]
fn an_update_before_the_ack_is_taken_once_our_answer_is_out() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, "", OFFER);
    stranger.accept();
    assert!(stranger.request("UPDATE", 2, "", ANOTHER).is_empty(), "it waits for the decision");
    let (request, _) = stranger.offered();
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.decide_offer(leg, request, Ok(sdp()), now);
    assert_eq!(response(&stranger.hear()).status, 200);
    stranger.request("ACK", 1, "", "");
    assert!(stranger.pass(Duration::from_secs(40)).is_empty() && !stranger.has_ended());
}

#[test]
fn an_offer_before_the_ack_that_brings_the_answer_to_ours_is_glare() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, "", "");
    stranger.accept();
    assert_eq!(response(&stranger.request("UPDATE", 2, "", ANOTHER)).status, 491);
    assert_eq!(response(&stranger.request("INVITE", 3, "", ANOTHER)).status, 491);
}

#[test]
fn an_invitation_is_over_when_the_caller_said_it_would_be() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, "Expires: 5\n", OFFER);
    assert!(stranger.pass(Duration::from_secs(4)).is_empty());
    assert_eq!(statuses(&stranger.pass(Duration::from_millis(1100))), [487]);
    assert!(stranger.events.iter().any(|event| matches!(event, Event::Cancelled(..))));
}

#[test]
fn whoever_calls_a_secured_address_is_told_a_secured_contact() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.route.transport = Transport::Tls;
    let text = stranger.text("INVITE", 1, "", OFFER).replace("INVITE sip:", "INVITE sips:");
    stranger.say(&text);
    let heard = stranger.accept();
    assert!(response(&heard).headers.get(Known::Contact).is_some_and(|contact| contact.starts_with("<sips:")));
}

#[test]
fn headers_in_a_contact_are_no_part_of_where_requests_go() {
    let mut stranger = Stranger::new(SipConfig::default());
    let more = "Contact: <sip:ana@127.0.0.1:5070;method=INVITE?Subject=x>\n";
    stranger.request("INVITE", 1, more, OFFER);
    stranger.accept();
    stranger.request("ACK", 1, "", "");
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.hang_up(leg, crate::Cause::normal(), now);
    let heard = stranger.hear();
    assert_eq!(requests(&heard, "BYE")[0].uri, "sip:ana@127.0.0.1:5070");
}

#[test]
fn a_caller_whose_connection_is_gone_is_answered_where_his_via_says() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.route = Route {
        transport: Transport::Tcp,
        remote: SocketAddr::from(([127, 0, 0, 1], 39_999)),
        connection: Some(7),
        ..stranger.route
    };
    stranger.request("INVITE", 1, "", OFFER);
    stranger.agent.connection_closed(7);
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.accept(leg, sdp(), now).expect("accepted");
    let sent = std::iter::from_fn(|| stranger.agent.take_output())
        .find_map(|output| if let Output::Send { route, .. } = output { Some(route) } else { None });
    let route = sent.expect("the 200");
    assert_eq!((route.remote.port(), route.connection), (5070, None));
}
