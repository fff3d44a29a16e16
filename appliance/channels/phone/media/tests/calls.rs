//! Calls between two lines of ours on the loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::net::{IpAddr, Ipv6Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use media::{Codec, Direction, Heard, Idle, LineWish, MediaError, SecurePolicy, Sound, StreamEnded, stream};
use support::{
    LOCAL, call, connect, event, frame, hears, linear, listen, media, only, open, prepared, pure_part, purity, tone,
};

#[tokio::test]
async fn the_sound_that_is_sent_is_the_sound_that_is_heard_in_every_codec_plain_and_encrypted() {
    let mut calls = tokio::task::JoinSet::new();
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        for secure in [SecurePolicy::Off, SecurePolicy::Required] {
            calls.spawn(sound_is_heard(codec, secure));
        }
    }
    calls.join_all().await;
}

async fn sound_is_heard(codec: Codec, secure: SecurePolicy) {
    let media = media(only(codec));
    let (a, mut b) = call(&media, secure);
    let negotiated = b.negotiated().unwrap();
    assert_eq!((negotiated.codec, negotiated.secure), (codec, secure == SecurePolicy::Required));
    let mut ear = b.ear().unwrap();
    assert!(b.ear().is_none(), "there is one ear");
    let playing = a.play(Sound::Prepared(prepared(440.0, 1_500)));
    event(&mut ear, |heard| *heard == Heard::Started).await;
    hears(&mut ear, 440.0).await;
    let (samples, rate) = listen(&mut ear, 200).await;
    assert_eq!(rate, codec.rate());
    assert!(pure_part(&samples, rate, 440.0) > 0.5, "{codec:?} {secure:?}");
    let ended = playing.ended().await;
    assert!(ended.complete && ended.stopped_at.is_none());
    assert_eq!(ended.heard, Duration::from_millis(1_500));
    frame(&mut ear, |frame| frame.level_db < -60.0).await;
}

#[tokio::test]
async fn every_packet_length_carries_sound_both_ways() {
    for ms in [10, 20, 30, 40, 50, 60] {
        let media = media(|config| config.packet_ms = ms);
        let (mut a, mut b) = call(&media, SecurePolicy::Off);
        assert_eq!(a.negotiated().unwrap().packet_ms, ms);
        let (mut at_a, mut at_b) = (a.ear().unwrap(), b.ear().unwrap());
        a.play(Sound::Prepared(prepared(440.0, 60_000)));
        b.play(Sound::Prepared(prepared(700.0, 60_000)));
        hears(&mut at_b, 440.0).await;
        hears(&mut at_a, 700.0).await;
    }
}

#[tokio::test]
async fn an_interruption_stops_the_sound_and_tells_how_much_was_heard() {
    let media = media(|_| ());
    let (a, mut b) = call(&media, SecurePolicy::Off);
    let mut ear = b.ear().unwrap();
    let playing = a.play(Sound::Prepared(prepared(440.0, 60_000)));
    let next = a.play(Sound::Prepared(prepared(900.0, 1_500)));
    hears(&mut ear, 440.0).await;
    playing.stop();
    let ended = playing.ended().await;
    assert!(!ended.complete && ended.stopped_at.is_some());
    assert!(ended.heard >= Duration::from_millis(20) && ended.heard < Duration::from_secs(30), "{ended:?}");
    assert_eq!(playing.position(), ended.heard);
    hears(&mut ear, 900.0).await;
    assert!(next.ended().await.complete);
}

#[tokio::test]
async fn a_pause_holds_the_sound_where_it_is() {
    let media = media(|_| ());
    let (a, mut b) = call(&media, SecurePolicy::Off);
    let mut ear = b.ear().unwrap();
    let playing = a.play(Sound::Prepared(prepared(440.0, 3_000)));
    hears(&mut ear, 440.0).await;
    playing.pause();
    frame(&mut ear, |frame| frame.level_db < -60.0).await;
    let position = playing.position();
    listen(&mut ear, 200).await;
    assert_eq!(playing.position(), position);
    playing.resume();
    hears(&mut ear, 440.0).await;
    assert_eq!(playing.ended().await.heard, Duration::from_secs(3));
}

#[tokio::test]
async fn a_streamed_sound_is_heard_while_it_is_made_and_its_writer_learns_of_the_end() {
    let media = media(|_| ());
    let (a, mut b) = call(&media, SecurePolicy::Off);
    let mut ear = b.ear().unwrap();
    let (mut writer, sound) = stream(22_050, Duration::from_millis(300));
    let playing = a.play(Sound::Streamed(sound));
    let writing = tokio::spawn(async move {
        writer.push(&tone(440.0, 22_050, 2_000)).await.unwrap();
        writer.finish();
    });
    hears(&mut ear, 440.0).await;
    writing.await.unwrap();
    let ended = playing.ended().await;
    assert!(ended.complete && ended.heard.as_millis().abs_diff(2_000) <= 2, "{ended:?}");

    let (mut writer, sound) = stream(8_000, Duration::from_millis(100));
    let playing = a.play(Sound::Streamed(sound));
    writer.push(&tone(440.0, 8_000, 100)).await.unwrap();
    playing.stop();
    playing.ended().await;
    assert_eq!(writer.push(&tone(440.0, 8_000, 1_000)).await, Err(StreamEnded));
}

#[tokio::test]
async fn loudness_follows_the_gain() {
    let media = media(only(Codec::Pcma));
    let (a, mut b) = call(&media, SecurePolicy::Off);
    let mut ear = b.ear().unwrap();
    a.play(Sound::Prepared(prepared(440.0, 20_000)));
    let loud = frame(&mut ear, |frame| frame.level_db > -20.0).await;
    a.set_gain(-12.0);
    let soft = frame(&mut ear, |frame| frame.level_db < -24.0 && frame.level_db > -40.0).await;
    assert!((loud.level_db - soft.level_db - 12.0).abs() < 4.0, "{} {}", loud.level_db, soft.level_db);
}

#[tokio::test]
async fn keys_arrive_once_each_as_events_and_as_tones() {
    let media = media(|_| ());
    let (a, mut b) = call(&media, SecurePolicy::Off);
    let mut ear = b.ear().unwrap();
    a.send_digits("12#");
    assert_eq!(keys(&mut ear, 3).await, "12#");

    // Towards a peer that never heard of telephone-event, and from it.
    let (mut a, mut b) = (open(&media, SecurePolicy::Off), open(&media, SecurePolicy::Off));
    let without = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap().replace(" 101", "");
        text.lines()
            .filter(|line| !line.contains("telephone") && !line.contains("0-15"))
            .fold(String::new(), |all, line| all + line + "\r\n")
    };
    let answer = b.answer(without(&a.offer()).as_bytes()).unwrap();
    a.accept(&answer).unwrap();
    assert!(!a.negotiated().unwrap().digits);
    let mut ear = b.ear().unwrap();
    event(&mut ear, |heard| *heard == Heard::Started).await;
    a.send_digits("47*");
    assert_eq!(keys(&mut ear, 3).await, "47*");
}

async fn keys(ear: &mut media::Ear, count: usize) -> String {
    let mut keys = String::new();
    while keys.len() < count {
        match event(ear, |heard| matches!(heard, Heard::Digit { .. })).await {
            Heard::Digit { digit, duration } => {
                assert!(duration >= Duration::from_millis(60), "{duration:?}");
                keys.push(digit);
            }
            other => panic!("{other:?}"),
        }
    }
    keys
}

#[tokio::test]
async fn hold_silences_the_line_and_resuming_brings_it_back() {
    for secure in [SecurePolicy::Off, SecurePolicy::Required] {
        let media = media(|_| ());
        let (mut a, mut b) = call(&media, secure);
        let mut ear = b.ear().unwrap();
        a.play(Sound::Prepared(prepared(440.0, 60_000)));
        hears(&mut ear, 440.0).await;
        let answer = b.answer(&a.offer_with(Direction::Inactive)).unwrap();
        a.accept(&answer).unwrap();
        event(&mut ear, |heard| *heard == Heard::Held).await;
        let answer = b.answer(&a.offer_with(Direction::SendReceive)).unwrap();
        a.accept(&answer).unwrap();
        event(&mut ear, |heard| *heard == Heard::Resumed).await;
        hears(&mut ear, 440.0).await;
    }
}

#[tokio::test]
async fn the_codec_may_change_in_the_middle_of_a_call() {
    let (wide, narrow) = (media(only(Codec::G722)), media(only(Codec::Pcma)));
    let both = media(|_| ());
    let mut line = open(&both, SecurePolicy::Off);
    let mut ear = line.ear().unwrap();
    let mut first = open(&wide, SecurePolicy::Off);
    connect(&mut first, &mut line);
    first.play(Sound::Prepared(prepared(440.0, 60_000)));
    hears(&mut ear, 440.0).await;
    // The peer moves to another place and another codec.
    let mut second = open(&narrow, SecurePolicy::Off);
    connect(&mut second, &mut line);
    drop(first);
    second.play(Sound::Prepared(prepared(900.0, 60_000)));
    frame(&mut ear, |frame| frame.rate == 8_000 && purity(&frame.samples, 8_000, 900.0) > 0.8).await;
}

#[tokio::test]
async fn silence_of_the_network_is_told_once_and_the_end_of_a_line_for_ever() {
    let media = media(|config| config.timeout_seconds = 1);
    let (mut a, b) = call(&media, SecurePolicy::Off);
    let mut ear = a.ear().unwrap();
    event(&mut ear, |heard| *heard == Heard::Started).await;
    drop(b);
    event(&mut ear, |heard| *heard == Heard::TimedOut).await;
    let playing = a.play(Sound::Prepared(prepared(440.0, 60_000)));
    let mut tap = a.tap();
    drop(a);
    event(&mut ear, |heard| {
        assert_ne!(*heard, Heard::TimedOut);
        *heard == Heard::Closed
    })
    .await;
    assert_eq!(ear.next().await, Heard::Closed);
    assert!(!playing.ended().await.complete);
    while tap.next().await.is_some() {}
}

#[tokio::test]
async fn a_tap_holds_both_directions_side_by_side() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let media = media(only(codec));
        let (a, b) = call(&media, SecurePolicy::Off);
        a.play(Sound::Prepared(prepared(440.0, 60_000)));
        b.play(Sound::Prepared(prepared(900.0, 60_000)));
        let mut tap = a.tap();
        let mut good = 0;
        for _ in 0..1_000 {
            let pair = tap.next().await.unwrap();
            let (left, right) = (pair.left.map(linear), pair.right.map(linear));
            good += u32::from(purity(&left, 8_000, 900.0) > 0.8 && purity(&right, 8_000, 440.0) > 0.8);
            if good == 20 {
                break;
            }
        }
        assert_eq!(good, 20, "{codec:?}");
    }
}

#[tokio::test]
async fn figures_tell_what_was_sent_and_received() {
    let media = media(|_| ());
    let (a, b) = call(&media, SecurePolicy::Off);
    tokio::time::timeout(Duration::from_secs(20), async {
        while b.statistics().packets_received < 50 || a.statistics().packets_sent < 50 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!((b.statistics().lost, b.statistics().refused), (0, 0));
    assert_eq!(media.figures().lines, 2);
    assert!(media.figures().packets_sent >= 100);
}

#[tokio::test]
async fn two_hundred_lines_on_one_thread_keep_their_clock() {
    let media = media(|config| {
        (config.first_port, config.last_port) = (40_000, 41_999);
    });
    let sound = prepared(440.0, 60_000);
    let mut lines = Vec::new();
    for _ in 0..100 {
        let (a, b) = call(&media, SecurePolicy::Off);
        a.play(Sound::Prepared(Arc::clone(&sound)));
        lines.extend([a, b]);
    }
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let figures = media.figures();
    println!("200 lines: {figures:?}");
    // What is due is either sent or skipped, and the clock never runs ahead.
    let due = 200 * (1_000 + 2_000) / 20;
    assert!(figures.packets_sent > 200 && figures.packets_sent + figures.skipped < due, "{figures:?}");
}

#[tokio::test]
async fn a_line_that_has_nothing_to_say_may_describe_its_silence() {
    let media = media(|config| config.idle = Idle::ComfortNoise);
    let (a, mut b) = call(&media, SecurePolicy::Off);
    let mut ear = b.ear().unwrap();
    frame(&mut ear, |frame| !frame.concealed && (-80.0..-60.0).contains(&frame.level_db)).await;
    let figures = media.figures();
    assert!(figures.packets_sent < 500, "{figures:?}");
    a.play(Sound::Prepared(prepared(440.0, 60_000)));
    hears(&mut ear, 440.0).await;
}

#[tokio::test]
async fn nonsense_on_its_ports_harms_neither_a_call_nor_its_neighbour() {
    for secure in [SecurePolicy::Off, SecurePolicy::Required] {
        let media = media(|_| ());
        let (mut a, mut b) = (open(&media, secure), open(&media, secure));
        let offer = a.offer();
        let answer = b.answer(&offer).unwrap();
        a.accept(&answer).unwrap();
        let (c, mut d) = call(&media, SecurePolicy::Off);
        let (mut at_b, mut at_d) = (b.ear().unwrap(), d.ear().unwrap());
        a.play(Sound::Prepared(prepared(440.0, 60_000)));
        c.play(Sound::Prepared(prepared(900.0, 60_000)));
        hears(&mut at_b, 440.0).await;
        let text = String::from_utf8(answer.to_vec()).unwrap();
        let port: u16 = text.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
        let flood = tokio::task::spawn_blocking(move || {
            let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
            let mut state = 1_u32;
            let mut random = move || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            for index in 0..20_000_u32 {
                let mut bytes: Vec<u8> = (0..random()).map(|_| random()).collect();
                // Half of it looks like RTP or RTCP at first sight.
                for (place, byte) in
                    bytes.iter_mut().zip([0x80 | random() & 0x3f, [9, 8, 101, 13, 200, 201][index as usize % 6]])
                {
                    *place = if index % 2 == 0 { byte } else { *place };
                }
                socket.send_to(&bytes, (LOCAL, port + u16::from(index % 3 == 0))).unwrap();
            }
        });
        flood.await.unwrap();
        hears(&mut at_b, 440.0).await;
        hears(&mut at_d, 900.0).await;
        while b.statistics().refused == 0 {
            hears(&mut at_b, 440.0).await;
        }
        assert_eq!(d.statistics().refused, 0);
    }
}

#[tokio::test]
async fn calls_go_over_ipv6_as_well() {
    let local = IpAddr::from(Ipv6Addr::LOCALHOST);
    if UdpSocket::bind((local, 0)).is_err() {
        println!("this machine has no IPv6");
        return;
    }
    let media = media(|config| config.bind.push(local));
    let wish = LineWish { local, secure: SecurePolicy::Offered };
    let (mut a, mut b) = (media.open(wish).unwrap(), media.open(wish).unwrap());
    connect(&mut a, &mut b);
    assert!(b.negotiated().unwrap().secure);
    let mut ear = b.ear().unwrap();
    a.play(Sound::Prepared(prepared(440.0, 60_000)));
    hears(&mut ear, 440.0).await;
}

#[tokio::test]
async fn a_line_that_closes_sends_a_last_report_encrypted_or_not_on_one_port_or_two() {
    for secure in [SecurePolicy::Off, SecurePolicy::Required] {
        for one_port in [true, false] {
            let media = media(|_| ());
            let (mut a, mut b) = (open(&media, secure), open(&media, secure));
            let mut offer = String::from_utf8(a.offer().to_vec()).unwrap();
            if !one_port {
                offer = offer.replace("a=rtcp-mux\r\n", "");
            }
            let answer = b.answer(offer.as_bytes()).unwrap();
            a.accept(&answer).unwrap();
            tokio::time::timeout(Duration::from_secs(20), async {
                while a.statistics().packets_received == 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                drop(a);
                while b.statistics().peer_loss.is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
            .await
            .unwrap_or_else(|_| panic!("{secure:?}, one port: {one_port}"));
            assert_eq!(b.statistics().refused, 0);
        }
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_and_ports_that_run_out_are_told() {
    let media = media(|config| config.last_port = config.first_port + 3);
    let (_a, _b) = (open(&media, SecurePolicy::Off), open(&media, SecurePolicy::Off));
    let wish = LineWish { local: LOCAL, secure: SecurePolicy::Off };
    assert!(matches!(media.open(wish), Err(MediaError::PortsExhausted { pairs: 2 })));
    let elsewhere = LineWish { local: "192.0.2.1".parse().unwrap(), ..wish };
    assert!(matches!(media.open(elsewhere), Err(MediaError::Address { .. })));
    media.stop();
    assert!(matches!(media.open(wish), Err(MediaError::Stopped)));
    for change in [
        (|config: &mut media::MediaConfig| config.packet_ms = 25) as fn(&mut _),
        |config| config.codecs.clear(),
        |config| config.last_port = 0,
        |config| config.jitter_ms = [200, 20],
    ] {
        let mut config = media::MediaConfig::default();
        change(&mut config);
        assert!(matches!(media::Media::start(config), Err(MediaError::Setting { .. })));
    }
}

#[tokio::test]
async fn five_thousand_lines_one_after_the_other_leave_nothing_behind() {
    let media = media(|config| {
        (config.first_port, config.last_port) = (34_000, 39_999);
    });
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let sound = prepared(440.0, 1_000);
    for round in 0..50 {
        let mut lines = Vec::new();
        while lines.len() < 100 {
            match media.open(LineWish { local: LOCAL, secure: SecurePolicy::Off }) {
                Ok(line) => lines.push(line),
                // All pairs rest for a moment after the first thousands.
                Err(MediaError::PortsExhausted { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => panic!("round {round}: {error}"),
            }
        }
        let [a, b, ..] = lines.as_mut_slice() else { panic!() };
        connect(a, b);
        a.play(Sound::Prepared(Arc::clone(&sound)));
    }
    tokio::time::timeout(Duration::from_secs(20), async {
        while media.figures().lines > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(Arc::strong_count(&sound), 1, "no sound is held");
    // Other tests of this program open sockets meanwhile.
    assert!(descriptors() < 1_000, "{}", descriptors());
}
