//! Calls between two endpoints, over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::time::Duration;

use common::*;
use signalling::{CallEvent, Cause, EndedBy, Invitation, Progress, Refer, Rejection, SipConfig, Transport};

const PLAIN: [Transport; 2] = [Transport::Udp, Transport::Tcp];

#[tokio::test]
async fn a_call_rings_is_answered_and_hung_up_over_udp_and_over_tcp() {
    for transport in PLAIN {
        let (caller, _none) = start(config(&PLAIN)).await;
        let (callee, mut invitations) = start(config(&PLAIN)).await;
        let mut dialling = caller.dial(dial(address(&callee, transport))).await;
        let invitation = invitation(&mut invitations).await;
        assert_eq!(invitation.offer, Some(offer()));
        assert_eq!(invitation.caller.number.as_deref(), Some("+40212345678"));
        assert_eq!(invitation.caller.display.as_deref(), Some("Ana"));
        assert_eq!((invitation.dialled.as_str(), invitation.transport), ("test", transport));
        invitation.ring().await;
        assert!(matches!(within(dialling.next()).await, Some(Progress::Ringing)));
        let (callee_call, mut callee_events) = invitation.accept(answer()).await.expect("accepted");
        let (call, mut events, sdp) = answered(&mut dialling).await;
        assert_eq!(sdp, answer());
        assert_eq!(call.name().remote_tag, callee_call.name().local_tag);
        callee_call.hang_up(Cause::normal()).await;
        match event(&mut events).await {
            CallEvent::Ended { by: EndedBy::Them, cause, .. } => assert_eq!(cause, Some(Cause::normal())),
            other => panic!("{other:?}"),
        }
        assert!(matches!(event(&mut callee_events).await, CallEvent::Ended { by: EndedBy::Us, .. }));
        idle(&caller).await;
        idle(&callee).await;
    }
}

#[tokio::test]
async fn early_media_is_heard_before_the_answer_and_acknowledged() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let mut dialling = caller.dial(dial(address(&callee, Transport::Udp))).await;
    let invitation = invitation(&mut invitations).await;
    invitation.progress(answer()).await.expect("sent");
    match within(dialling.next()).await {
        Some(Progress::EarlyMedia(sdp)) => assert_eq!(sdp, answer()),
        other => panic!("{other:?}"),
    }
    let (_call, _events) = invitation.accept(answer()).await.expect("accepted");
    assert_eq!(answered(&mut dialling).await.2, answer());
}

#[tokio::test]
async fn a_caller_who_gives_up_is_not_answered_any_more() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let mut dialling = caller.dial(dial(address(&callee, Transport::Udp))).await;
    let mut invitation = invitation(&mut invitations).await;
    invitation.ring().await;
    assert!(matches!(within(dialling.next()).await, Some(Progress::Ringing)));
    dialling.cancel().await;
    assert_eq!(failed(&mut dialling).await, 487);
    within(invitation.cancelled()).await;
    assert!(invitation.accept(answer()).await.is_err());
    idle(&callee).await;
}

#[tokio::test]
async fn a_rejection_says_when_to_try_again_and_where() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    // Names are not looked up for a redirection.
    for rejection in [Rejection::status(486), Rejection::unavailable(30), Rejection::redirect("sip:1@x.invalid")] {
        let mut dialling = caller.dial(dial(address(&callee, Transport::Udp))).await;
        let status = rejection.status;
        invitation(&mut invitations).await.reject(rejection).await;
        assert_eq!(failed(&mut dialling).await, status);
    }
}

#[tokio::test]
async fn a_call_is_made_where_its_first_callee_sends_it() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (first, mut sends_on) = start(config(&PLAIN)).await;
    let (second, mut takes) = start(config(&PLAIN)).await;
    let mut dialling = caller.dial(dial(address(&first, Transport::Udp))).await;
    let elsewhere = address(&second, Transport::Tcp);
    invitation(&mut sends_on).await.reject(Rejection::redirect(&elsewhere)).await;
    let taken = invitation(&mut takes).await;
    assert_eq!(taken.transport, Transport::Tcp);
    let _theirs = taken.accept(answer()).await.expect("accepted");
    answered(&mut dialling).await;
}

#[tokio::test]
async fn hold_and_resume_pass_in_either_direction_and_a_refusal_leaves_the_call() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let ((call, mut events), (callee_call, mut callee_events)) =
        talk(&caller, &callee, &mut invitations, Transport::Udp).await;
    for (asks, hears) in [(&call, &mut callee_events), (&callee_call, &mut events)] {
        let asking = tokio::spawn({
            let asks = asks.clone();
            async move { (asks.offer(offer()).await, asks.offer(offer()).await) }
        });
        match event(hears).await {
            CallEvent::Offer(pending) => {
                assert_eq!(pending.sdp, Some(offer()));
                pending.answer(answer()).await;
            }
            other => panic!("{other:?}"),
        }
        match event(hears).await {
            CallEvent::Offer(pending) => drop(pending),
            other => panic!("{other:?}"),
        }
        let (first, second) = within(asking).await.expect("joined");
        assert_eq!(first, Ok(answer()));
        assert_eq!(second.expect_err("declined").status, 488);
    }
    assert_eq!(caller.status().await.answered, 1);
}

#[tokio::test]
async fn two_sides_that_offer_at_the_same_moment_both_get_their_turn() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let ((call, events), (callee_call, callee_events)) = talk(&caller, &callee, &mut invitations, Transport::Udp).await;
    let agree = |mut events: signalling::CallEvents| async move {
        while let Some(event) = events.next().await {
            if let CallEvent::Offer(pending) = event {
                pending.answer(answer()).await;
            }
        }
    };
    // The ACK of the first answer must have come, or the offers would only wait for it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (a, b) = (call.clone(), callee_call.clone());
    let both = async { tokio::join!(a.offer(offer()), b.offer(offer())) };
    let tasks = [tokio::spawn(agree(events)), tokio::spawn(agree(callee_events))];
    let (one, other) = within(both).await;
    assert_eq!((one, other), (Ok(answer()), Ok(answer())));
    call.hang_up(Cause::normal()).await;
    for task in tasks {
        within(task).await.expect("joined");
    }
}

#[tokio::test]
async fn keys_arrive_as_they_were_pressed() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let ((call, _events), (_callee, mut callee_events)) =
        talk(&caller, &callee, &mut invitations, Transport::Tcp).await;
    for digit in "159*#D".chars() {
        call.send_digit(digit, Duration::from_millis(120)).await;
        match event(&mut callee_events).await {
            CallEvent::Digit { digit: heard, duration } => {
                assert_eq!((heard, duration), (digit, Duration::from_millis(120)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_is_sent_elsewhere_reports_how_it_goes() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let ((call, mut events), (callee_call, _callee_events)) =
        talk(&caller, &callee, &mut invitations, Transport::Udp).await;
    let refer = Refer { to: "sip:operator@127.0.0.1".into(), replaces: Some(call.name()), referred_by: None };
    let mut referral = callee_call.refer(refer).await;
    match event(&mut events).await {
        CallEvent::Referred(mut pending) => {
            assert_eq!(pending.to, "sip:operator@127.0.0.1");
            assert!(pending.replaces.is_some() && pending.referred_by.is_some());
            pending.accept().await;
            assert_eq!(within(referral.next()).await, Some(100));
            pending.progress(180).await;
            pending.progress(200).await;
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(within(referral.next()).await, Some(180));
    assert_eq!(within(referral.next()).await, Some(200));
    assert_eq!(within(referral.next()).await, None);

    let refer = Refer { to: "sip:operator@127.0.0.1".into(), replaces: None, referred_by: None };
    let mut referral = callee_call.refer(refer).await;
    match event(&mut events).await {
        CallEvent::Referred(pending) => pending.refuse(603).await,
        other => panic!("{other:?}"),
    }
    assert_eq!((within(referral.next()).await, within(referral.next()).await), (Some(603), None));
}

#[tokio::test]
async fn a_call_whose_owner_is_gone_is_hung_up() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let ((_call, mut events), theirs) = talk(&caller, &callee, &mut invitations, Transport::Udp).await;
    drop(theirs);
    assert!(matches!(event(&mut events).await, CallEvent::Ended { by: EndedBy::Them, .. }));
    let mut dialling = caller.dial(dial(address(&callee, Transport::Udp))).await;
    drop(invitation(&mut invitations).await);
    assert_eq!(failed(&mut dialling).await, 480);
}

#[tokio::test]
async fn a_full_house_is_told_and_beyond_that_refused() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let limits = SipConfig { max_calls: 1, overflow_calls: 1, ..config(&PLAIN) };
    let (callee, mut invitations) = start(limits).await;
    let (_caller_side, _callee_side) = talk(&caller, &callee, &mut invitations, Transport::Udp).await;
    let mut second = caller.dial(dial(address(&callee, Transport::Udp))).await;
    let full: Invitation = invitation(&mut invitations).await;
    assert!(full.full);
    let mut third = caller.dial(dial(address(&callee, Transport::Udp))).await;
    assert_eq!(failed(&mut third).await, 503);
    full.reject(Rejection::unavailable(30)).await;
    assert_eq!(failed(&mut second).await, 503);
}

#[tokio::test]
async fn stopping_ends_every_call() {
    let (caller, _none) = start(config(&PLAIN)).await;
    let (callee, mut invitations) = start(config(&PLAIN)).await;
    let ((_call, mut events), _theirs) = talk(&caller, &callee, &mut invitations, Transport::Tcp).await;
    within(callee.stop(Duration::from_secs(5))).await;
    assert!(matches!(event(&mut events).await, CallEvent::Ended { by: EndedBy::Them, .. }));
}

#[tokio::test]
async fn nobody_at_home_is_told_at_once_over_tcp_and_after_the_wait_over_udp() {
    let (caller, _none) = start(config(&PLAIN)).await;
    for transport in PLAIN {
        // A port that was free a moment ago.
        let (gone, _none) = start(config(&[transport])).await;
        let to = address(&gone, transport);
        within(gone.stop(Duration::ZERO)).await;
        let mut dialling = caller.dial(dial(to)).await;
        assert_eq!(failed(&mut dialling).await, 503);
    }
}

#[tokio::test]
async fn it_listens_on_ipv6_too() {
    let listen = || {
        let mut config = config(&[Transport::Udp]);
        config.listeners[0].address = "[::1]:0".parse().expect("an address");
        config
    };
    let (caller, _none) = start(listen()).await;
    let (callee, mut invitations) = start(listen()).await;
    let ((call, _events), (_their, mut events)) = talk(&caller, &callee, &mut invitations, Transport::Udp).await;
    assert!(call.local().is_ipv6());
    call.hang_up(Cause::normal()).await;
    assert!(matches!(event(&mut events).await, CallEvent::Ended { by: EndedBy::Them, .. }));
}
