//! Single requests: what each must have, and what it is refused with (RFC 3261 §8.2).

use super::*;

#[test]
fn what_only_proxies_are_asked_for_refuses_no_call() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, "Proxy-Require: sec-agree\n", OFFER);
    assert_eq!(statuses(&stranger.accept()), [200]);
}

#[test]
fn more_hops_than_there_are_is_a_bad_request() {
    for (hops, expected) in [("0", 200), ("255", 200), ("256", 400), ("-1", 400), ("many", 400)] {
        let mut stranger = Stranger::new(SipConfig::default());
        let text = stranger.text("OPTIONS", 1, "", "").replace("Max-Forwards: 70", &format!("Max-Forwards: {hops}"));
        assert_eq!(response(&stranger.say(&text)).status, expected, "{hops}");
    }
}

#[test]
fn every_mandatory_header_is_missed_and_none_may_come_twice() {
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let mut stranger = Stranger::new(SipConfig::default());
        let text = stranger.text("OPTIONS", 1, "", "");
        let line =
            text.lines().find(|line| line.starts_with(&format!("{name}:"))).expect("the header").to_owned() + "\n";
        assert_eq!(response(&stranger.say(&text.replace(&line, ""))).status, 400, "without {name}");
        assert_eq!(response(&stranger.say(&text.replace(&line, &line.repeat(2)))).status, 400, "{name} twice");
    }
    let mut stranger = Stranger::new(SipConfig::default());
    let text = stranger.text("INVITE", 1, "", OFFER).replace("Contact: <sip:ana@127.0.0.1:5070>\n", "");
    assert_eq!(response(&stranger.say(&text)).status, 400, "an INVITE without Contact");
}

#[test]
fn refusals_say_what_would_have_been_taken() {
    let lists = |more: &str, method: &str, body: &str, status: u16, header: Known, expected: &str| {
        let mut stranger = Stranger::new(SipConfig::default());
        let heard = stranger.request(method, 1, more, body);
        let response = response(&heard);
        assert_eq!(response.status, status);
        assert!(response.headers.get(header).is_some_and(|value| value.contains(expected)), "{status}: {response:?}");
    };
    lists("Require: 100rel, precondition\n", "INVITE", OFFER, 420, Known::Unsupported, "precondition");
    lists("Content-Type: text/plain\n", "INVITE", "hello", 415, Known::Accept, "application/sdp");
    lists("Content-Encoding: gzip\n", "INVITE", OFFER, 415, Known::AcceptEncoding, "identity");
    lists("", "MESSAGE", "", 405, Known::Allow, "INVITE");
    lists("", "PUBLISH", "", 405, Known::Allow, "INVITE");
    lists("Event: presence\n", "SUBSCRIBE", "", 489, Known::AllowEvents, "refer");
    lists("", "DANCE", "", 501, Known::Allow, "INVITE");
    lists("Supported: timer\nSession-Expires: 60\n", "INVITE", OFFER, 422, Known::MinSe, "90");
}

#[test]
fn a_part_that_must_be_understood_refuses_the_call_and_one_that_need_not_be_is_passed_over() {
    let body = |handling: &str| {
        format!(
            "--x\nContent-Type: application/sdp\n\n{OFFER}\n--x\nContent-Type: application/isup\n\
             Content-Disposition: signal;handling={handling}\n\n0123\n--x--\n"
        )
    };
    for (handling, status) in [("required", 415), ("optional", 200)] {
        let mut stranger = Stranger::new(SipConfig::default());
        let more = "Content-Type: multipart/mixed;boundary=x\n";
        let mut heard = stranger.request("INVITE", 1, more, &body(handling));
        if heard.is_empty() {
            heard = stranger.accept();
        }
        assert_eq!(response(&heard).status, status, "{handling}");
    }
}

#[test]
fn the_same_request_by_two_ways_is_answered_once() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, "", OFFER);
    assert_eq!(response(&stranger.request("INVITE", 1, "", OFFER)).status, 482);
}
