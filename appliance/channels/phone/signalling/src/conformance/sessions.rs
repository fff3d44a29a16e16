//! What the two sides of an answered call ask of each other: other sessions, refreshes, reports (RFC 3261 §14, RFC 4028).

use super::*;

#[test]
fn a_session_is_never_agreed_for_less_than_the_caller_can_take() {
    let agreed = |more: &str| {
        let mut stranger = Stranger::new(SipConfig::default());
        stranger.request("INVITE", 1, &format!("Supported: timer\n{more}"), OFFER);
        response(&stranger.accept()).headers.number(Known::SessionExpires)
    };
    assert_eq!(agreed("Session-Expires: 7200\nMin-SE: 3600\n"), Some(3600));
    assert_eq!(agreed("Min-SE: 2400\n"), Some(2400));
    assert_eq!(agreed("Session-Expires: 7200\n"), Some(1800));
    let mut stranger = Stranger::talk(SipConfig::default());
    stranger.request("UPDATE", 2, "Supported: timer\nSession-Expires: 7200\nMin-SE: 3600\n", "");
    let heard = stranger.request("UPDATE", 3, "Supported: timer\nSession-Expires: 7200\nMin-SE: 3600\n", "");
    assert_eq!(response(&heard).headers.number(Known::SessionExpires), Some(3600));
}

#[test]
fn a_session_that_the_caller_was_to_refresh_ends_with_bye() {
    let mut stranger = Stranger::new(SipConfig::default());
    stranger.request("INVITE", 1, "Supported: timer\nSession-Expires: 90;refresher=uac\n", OFFER);
    assert!(response(&stranger.accept()).headers.lists(Known::Require, "timer"));
    stranger.request("ACK", 1, "", "");
    assert!(requests(&stranger.pass(Duration::from_secs(59)), "BYE").is_empty());
    assert_eq!(requests(&stranger.pass(Duration::from_millis(1100)), "BYE").len(), 1);
}

#[test]
fn a_number_that_goes_back_is_out_of_order() {
    let mut stranger = Stranger::talk(SipConfig::default());
    assert_eq!(response(&stranger.request("OPTIONS", 10, "", "")).status, 200);
    assert_eq!(response(&stranger.request("INFO", 9, "", "")).status, 500);
    assert_eq!(response(&stranger.request("BYE", 11, "", "")).status, 200);
    assert_eq!(response(&stranger.request("BYE", 12, "", "")).status, 481);
}

#[test]
fn two_invites_at_once_of_the_other_side_are_told_apart() {
    let mut stranger = Stranger::talk(SipConfig::default());
    assert!(stranger.request("INVITE", 2, "", OFFER).is_empty());
    let heard = stranger.request("INVITE", 3, "", OFFER);
    assert_eq!(response(&heard).status, 500);
    assert!(response(&heard).headers.get(Known::RetryAfter).is_some());
}

#[test]
fn what_the_other_side_offers_while_our_offer_is_out_is_glare() {
    let mut stranger = Stranger::talk(SipConfig::default());
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.offer(leg, sdp(), now).expect("offered");
    assert_eq!(requests(&stranger.hear(), "INVITE").len(), 1);
    assert_eq!(response(&stranger.request("INVITE", 2, "", OFFER)).status, 491);
    assert_eq!(response(&stranger.request("UPDATE", 3, "", OFFER)).status, 491);
    // A refresh without an offer is none.
    assert_eq!(response(&stranger.request("UPDATE", 4, "", "")).status, 200);
}

#[test]
fn whoever_hangs_up_leaves_no_invite_unanswered() {
    let mut stranger = Stranger::talk(SipConfig::default());
    stranger.request("INVITE", 2, "", OFFER);
    assert_eq!(statuses(&stranger.request("BYE", 3, "", "")), [200, 487]);
}

#[test]
fn options_within_a_call_that_is_over_say_so() {
    let mut stranger = Stranger::talk(SipConfig::default());
    assert_eq!(response(&stranger.request("OPTIONS", 2, "", "")).status, 200);
    stranger.request("BYE", 3, "", "");
    assert_eq!(response(&stranger.request("OPTIONS", 4, "", "")).status, 481);
}

#[test]
fn whoever_does_not_want_reports_keeps_his_call() {
    let mut stranger = Stranger::talk(SipConfig::default());
    stranger.request("REFER", 2, "Refer-To: <sip:other@127.0.0.1>\n", "");
    let referred = |event: &Event| if let Event::Referred { request, .. } = event { Some(*request) } else { None };
    let refer = stranger.events.iter().find_map(referred).expect("referred");
    let (leg, now) = (stranger.leg(), stranger.now);
    stranger.agent.refer_accepted(leg, refer, now);
    let heard = stranger.hear();
    assert_eq!(response(&heard).status, 202);
    let notify = requests(&heard, "NOTIFY")[0].clone();
    assert_eq!(notify.headers.get(Known::Event), Some("refer"));
    stranger.say(&super::dialling::answer(&notify, 481, "", ""));
    assert!(!stranger.has_ended());
    let now = stranger.now;
    stranger.agent.report(leg, refer, 200, now);
    assert!(requests(&stranger.hear(), "NOTIFY").is_empty());
}

#[test]
fn an_info_of_another_kind_is_told_which_kinds_are_read() {
    let mut stranger = Stranger::talk(SipConfig::default());
    let heard = stranger.request("INFO", 2, "Content-Type: application/x-other\n", "hello");
    assert_eq!(response(&heard).status, 415);
    assert!(response(&heard).headers.lists(Known::Accept, "application/dtmf-relay"));
    let key = "Content-Type: application/dtmf-relay\n";
    assert_eq!(response(&stranger.request("INFO", 3, key, "Signal=#\nDuration=200\n")).status, 200);
    assert!(stranger.events.iter().any(|event| matches!(event, Event::Digit(_, '#', _))));
}
