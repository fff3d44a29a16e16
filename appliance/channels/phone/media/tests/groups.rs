//! Bridges and rooms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::time::Duration;

use media::{Codec, Ear, Heard, Line, Media, MediaConfig, Role, SecurePolicy, Sound};
use support::{call, connect, event, hears, linear, listen, media, only, open, prepared, pure_part, purity};

/// A caller with its ear, and our line to it.
struct Leg {
    caller: Line,
    ear: Ear,
    ours: Line,
}

fn leg(callers: &Media, house: &Media, secure: SecurePolicy) -> Leg {
    let (mut caller, mut ours) = (open(callers, secure), open(house, secure));
    connect(&mut caller, &mut ours);
    let ear = caller.ear().unwrap();
    Leg { caller, ear, ours }
}

fn two_threads(config: &mut MediaConfig) {
    config.threads = 2;
}

#[tokio::test]
async fn bridged_callers_hear_each_other_whatever_their_codecs_and_encryption() {
    let house = media(two_threads);
    for (first, second) in [(Codec::Pcma, Codec::Pcma), (Codec::Pcma, Codec::G722), (Codec::Pcmu, Codec::Pcma)] {
        for secure in [SecurePolicy::Off, SecurePolicy::Required] {
            let (one, two) = (media(only(first)), media(only(second)));
            let (mut a, mut b) = (leg(&one, &house, SecurePolicy::Off), leg(&two, &house, secure));
            let bridge = house.bridge(&a.ours, &b.ours);
            a.caller.play(Sound::Prepared(prepared(440.0, 60_000)));
            b.caller.play(Sound::Prepared(prepared(900.0, 60_000)));
            hears(&mut b.ear, 440.0).await;
            hears(&mut a.ear, 900.0).await;
            let (samples, rate) = listen(&mut a.ear, 400).await;
            assert!(pure_part(&samples, rate, 900.0) > 0.5, "{first:?} {second:?}");
            drop(bridge);
            a.ours.play(Sound::Prepared(prepared(1_500.0, 60_000)));
            hears(&mut a.ear, 1_500.0).await;
        }
    }
}

#[tokio::test]
async fn keys_pass_through_a_bridge() {
    for second in [Codec::Pcma, Codec::G722] {
        let (house, one, two) = (media(two_threads), media(only(Codec::Pcma)), media(only(second)));
        let (mut a, mut b) = (leg(&one, &house, SecurePolicy::Off), leg(&two, &house, SecurePolicy::Off));
        let _bridge = house.bridge(&a.ours, &b.ours);
        a.caller.play(Sound::Prepared(prepared(440.0, 60_000)));
        hears(&mut b.ear, 440.0).await;
        a.caller.send_digits("5*");
        for wanted in ['5', '*'] {
            event(&mut b.ear, |heard| matches!(heard, Heard::Digit { digit, .. } if *digit == wanted)).await;
        }
        b.caller.send_digits("9");
        event(&mut a.ear, |heard| matches!(heard, Heard::Digit { digit: '9', .. })).await;
    }
}

#[tokio::test]
async fn a_bridge_can_be_listened_to_recorded_and_spoken_into() {
    let (house, one) = (media(|_| ()), media(only(Codec::Pcma)));
    let (mut a, b) = (leg(&one, &house, SecurePolicy::Off), leg(&one, &house, SecurePolicy::Off));
    let (mut a_ours, b_ours) = (a.ours, b.ours);
    let mut ear = a_ours.ear().unwrap();
    let mut tap = a_ours.tap();
    let _bridge = house.bridge(&a_ours, &b_ours);
    a.caller.play(Sound::Prepared(prepared(440.0, 60_000)));
    b.caller.play(Sound::Prepared(prepared(900.0, 60_000)));
    hears(&mut ear, 440.0).await;
    hears(&mut a.ear, 900.0).await;
    let mut pair = tap.next().await.unwrap();
    for _ in 0..1_000 {
        let (left, right) = (pair.left.map(linear), pair.right.map(linear));
        if purity(&left, 8_000, 440.0) > 0.7 && purity(&right, 8_000, 900.0) > 0.7 {
            break;
        }
        pair = tap.next().await.unwrap();
    }
    assert!(purity(&pair.right.map(linear), 8_000, 900.0) > 0.7, "what the other party says is on the right");
    let notice = a_ours.play(Sound::Prepared(prepared(1_500.0, 1_500)));
    hears(&mut a.ear, 1_500.0).await;
    assert!(notice.ended().await.complete);
    hears(&mut a.ear, 900.0).await;
}

#[tokio::test]
async fn a_supervisor_listens_whispers_and_joins() {
    let (house, peers) = (media(two_threads), media(only(Codec::Pcma)));
    let mut caller = leg(&peers, &house, SecurePolicy::Off);
    let mut operator = leg(&peers, &house, SecurePolicy::Off);
    let mut supervisor = leg(&peers, &house, SecurePolicy::Off);
    let room = house.room();
    room.add(&caller.ours, Role::Party);
    room.add(&operator.ours, Role::Coached);
    caller.caller.play(Sound::Prepared(prepared(440.0, 120_000)));
    hears(&mut operator.ear, 440.0).await;
    supervisor.caller.play(Sound::Prepared(prepared(1_500.0, 120_000)));

    room.add(&supervisor.ours, Role::Listen);
    hears(&mut supervisor.ear, 440.0).await;
    hears(&mut operator.ear, 440.0).await;

    room.add(&supervisor.ours, Role::Whisper);
    event(&mut operator.ear, |heard| matches!(heard, Heard::Frame(frame) if share(frame, 1_500.0) > 0.3)).await;
    let (samples, rate) = listen(&mut caller.ear, 300).await;
    assert!(pure_part(&samples, rate, 1_500.0) < 0.1, "the caller does not hear who whispers");

    room.add(&supervisor.ours, Role::Party);
    hears(&mut caller.ear, 1_500.0).await;

    room.remove(&supervisor.ours);
    hears(&mut operator.ear, 440.0).await;
    drop(room);
    operator.ours.play(Sound::Prepared(prepared(700.0, 60_000)));
    hears(&mut operator.ear, 700.0).await;
}

fn share(frame: &media::Frame, hertz: f32) -> f32 {
    purity(&frame.samples, frame.rate, hertz)
}

#[tokio::test]
async fn a_bridge_outlives_neither_of_its_lines() {
    let house = media(two_threads);
    let (a, mut b) = call(&house, SecurePolicy::Off);
    let (c, d) = call(&house, SecurePolicy::Off);
    let _bridge = house.bridge(&a, &c);
    let mut ear = b.ear().unwrap();
    drop(c);
    event(&mut ear, |heard| *heard == Heard::Started).await;
    a.play(Sound::Prepared(prepared(440.0, 60_000)));
    hears(&mut ear, 440.0).await;
    drop((a, d));
    tokio::time::timeout(Duration::from_secs(20), async {
        while house.figures().lines > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}
