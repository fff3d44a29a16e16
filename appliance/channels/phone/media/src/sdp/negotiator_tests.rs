use proptest::prelude::*;

use super::*;

fn negotiator(secure: SecurePolicy) -> Negotiator {
    Negotiator::new(Terms {
        address: "192.0.2.1".parse().unwrap(),
        port: 20_000,
        codecs: vec![Codec::G722, Codec::Pcma, Codec::Pcmu],
        packet_ms: 20,
        secure,
        session: 7,
    })
}

fn sdp(rest: &str) -> Vec<u8> {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{}", rest.replace('\n', "\r\n"))
        .into_bytes()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a negotiator with the default terms makes of an offer.
fn answered(rest: &str) -> (Agreed, String) {
    let mut line = negotiator(SecurePolicy::Off);
    let answer = line.answer(&sdp(rest)).unwrap();
    (line.agreed().unwrap().clone(), text(&answer))
}

fn status(rest: &str, secure: SecurePolicy) -> u16 {
    negotiator(secure).answer(&sdp(rest)).unwrap_err().status()
}

const KEY: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\n";

#[test]
fn the_codec_is_the_first_of_ours_that_is_offered() {
    for (formats, codec, payload_type) in
        [("0 8 9", Codec::G722, 9), ("0 8", Codec::Pcma, 8), ("0", Codec::Pcmu, 0), ("18 3 0 101", Codec::Pcmu, 0)]
    {
        let (agreed, answer) = answered(&format!("m=audio 4000 RTP/AVP {formats}\n"));
        assert_eq!((agreed.codec, agreed.payload_type), (codec, payload_type));
        assert!(answer.contains(&format!("m=audio 20000 RTP/AVP {payload_type}\r\n")), "{answer}");
    }
}

#[test]
fn payload_types_are_what_the_map_says() {
    let (agreed, answer) = answered(
        "m=audio 4000 RTP/AVP 97 0 96 110\na=rtpmap:97 pcma/8000/1\na=rtpmap:96 telephone-event/8000\n\
         a=rtpmap:0 opus/48000/2\na=rtpmap:110 telephone-event/48000\n",
    );
    assert_eq!((agreed.codec, agreed.payload_type, agreed.digits), (Codec::Pcma, 97, Some(96)));
    assert!(answer.contains("m=audio 20000 RTP/AVP 97 96\r\n"), "{answer}");
    assert!(answer.contains("a=fmtp:96 0-15\r\n"), "{answer}");
}

#[test]
fn the_clock_of_g722_is_8000() {
    assert_eq!(answered("m=audio 4000 RTP/AVP 9\na=rtpmap:9 G722/8000\n").0.codec, Codec::G722);
    assert_eq!(status("m=audio 4000 RTP/AVP 96\na=rtpmap:96 G722/16000\n", SecurePolicy::Off), 488);
}

#[test]
fn a_packet_is_as_long_as_the_peer_asks() {
    for (attributes, ms) in [
        ("", 20),
        ("a=ptime:30\n", 30),
        ("a=ptime:5\n", 10),
        ("a=ptime:25\n", 20),
        ("a=ptime:20.0\n", 20),
        ("a=ptime:200\n", 60),
        ("a=ptime:40\na=maxptime:30\n", 30),
        ("a=maxptime:10\n", 10),
    ] {
        let (agreed, answer) = answered(&format!("m=audio 4000 RTP/AVP 8\n{attributes}"));
        assert_eq!(agreed.packet_ms, ms, "{attributes}");
        assert!(answer.contains(&format!("a=ptime:{ms}\r\n")));
    }
}

#[test]
fn other_sections_are_refused_and_keep_their_place() {
    let (agreed, answer) = answered(
        "m=video 4002 RTP/AVP 96\nm=audio 0 RTP/AVP 8\nm=audio 4000 RTP/AVP 8\nc=IN IP4 192.0.2.77\na=mid:x\n\
         m=image 4004 udptl t38\n",
    );
    let sections: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        sections,
        ["m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 8", "m=audio 20000 RTP/AVP 8", "m=image 0 udptl t38"]
    );
    assert_eq!(agreed.rtp, Some("192.0.2.77:4000".parse().unwrap()));
    assert!(answer.contains("a=mid:x\r\n"));
}

#[test]
fn what_cannot_be_carried_is_refused_with_488() {
    for rest in [
        "m=image 4000 udptl t38\n",
        "m=video 4000 RTP/AVP 96\n",
        "m=audio 0 RTP/AVP 8\n",
        "m=audio 4000 RTP/AVP 18\n",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 8\n",
        "m=audio 4000 RTP/SAVP 8\n",
        "m=audio 4000 RTP/AVP 8\nc=IN IP6 2001:db8::1\n",
    ] {
        assert_eq!(status(rest, SecurePolicy::Off), 488, "{rest}");
    }
    let error = negotiator(SecurePolicy::Off).answer(&sdp("m=image 4000 udptl t38\n")).unwrap_err();
    assert!(error.warning_text().contains("fax"), "{error}");
}

#[test]
fn what_cannot_be_read_is_refused_with_400_and_the_place() {
    for (rest, place) in [
        ("", "m="),
        ("m=audio 4000 RTP/AVP x\n", "m="),
        ("m=audio 4000 RTP/AVP 200\n", "m="),
        ("m=audio x RTP/AVP 8\n", "syntax"),
        ("m=audio 4000 RTP/AVP 8\na=ptime:x\n", "a=ptime"),
        ("m=audio 4000 RTP/AVP 8\na=rtcp:x\n", "a=rtcp"),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 224.2.1.1/127\n", "c="),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 300.1.1.1\n", "c="),
    ] {
        match negotiator(SecurePolicy::Off).answer(&sdp(rest)) {
            Err(NegotiationError::Malformed { place: at, .. }) => assert_eq!(at, place, "{rest}"),
            other => panic!("{rest}: {other:?}"),
        }
    }
    assert_eq!(negotiator(SecurePolicy::Off).answer(&vec![b'v'; 100_000]).unwrap_err().status(), 400);
}

#[test]
fn hold_and_its_end_are_answered_from_our_side() {
    for (attribute, ours, held) in [
        ("a=sendrecv\n", Direction::SendReceive, false),
        ("a=sendonly\n", Direction::ReceiveOnly, true),
        ("a=recvonly\n", Direction::SendOnly, false),
        ("a=inactive\n", Direction::Inactive, true),
        ("c=IN IP4 0.0.0.0\n", Direction::ReceiveOnly, true),
    ] {
        let (agreed, answer) = answered(&format!("m=audio 4000 RTP/AVP 8\n{attribute}"));
        assert_eq!((agreed.direction, agreed.held_by_peer), (ours, held), "{attribute}");
        assert!(answer.contains(&format!("a={}\r\n", ours.name())), "{answer}");
    }
}

#[test]
fn control_goes_where_the_peer_says() {
    for (attributes, rtcp) in [
        ("", "192.0.2.9:4001"),
        ("a=rtcp:5000\n", "192.0.2.9:5000"),
        ("a=rtcp:5000 IN IP4 192.0.2.10\n", "192.0.2.10:5000"),
        ("a=rtcp-mux\n", "192.0.2.9:4000"),
    ] {
        let (agreed, answer) = answered(&format!("m=audio 4000 RTP/AVP 8\n{attributes}"));
        assert_eq!(agreed.rtcp, Some(rtcp.parse().unwrap()), "{attributes}");
        assert_eq!(answer.contains("a=rtcp-mux"), attributes.contains("mux"));
    }
}

#[test]
fn the_version_grows_only_with_a_change() {
    let mut line = negotiator(SecurePolicy::Off);
    let offer = sdp("m=audio 4000 RTP/AVP 8\n");
    let first = line.answer(&offer).unwrap();
    assert_eq!(line.answer(&offer).unwrap(), first, "the same once more");
    assert!(text(&first).contains("o=- 7 1 IN IP4 192.0.2.1"), "{}", text(&first));
    let held = line.answer(&sdp("m=audio 4000 RTP/AVP 8\na=sendonly\n")).unwrap();
    assert!(text(&held).contains("o=- 7 2 IN"), "{}", text(&held));
    let moved = line.answer(&sdp("m=audio 4400 RTP/AVP 8\na=sendonly\n")).unwrap();
    assert_eq!(moved, held, "only the peer has changed");
}

#[test]
fn policy_decides_on_encryption_and_nothing_is_downgraded_silently() {
    let (plain, with_key) = ("m=audio 4000 RTP/AVP 8\n".to_owned(), format!("m=audio 4000 RTP/AVP 8\n{KEY}"));
    let secure = format!("m=audio 4000 RTP/SAVP 8\n{KEY}");
    let foreign = "m=audio 4000 RTP/SAVP 8\na=crypto:1 F8_128_HMAC_SHA1_80 inline:x\n".to_owned();
    let outcome = |offer: &str, policy| {
        let mut line = negotiator(policy);
        line.answer(&sdp(offer)).map(|_| line.negotiated().unwrap().secure).map_err(|error| error.status())
    };
    for (offer, off, offered, required) in [
        (&plain, Ok(false), Ok(false), Err(488)),
        (&with_key, Ok(false), Ok(true), Ok(true)),
        (&secure, Err(488), Ok(true), Ok(true)),
        (&foreign, Err(488), Err(488), Err(488)),
    ] {
        assert_eq!(outcome(offer, SecurePolicy::Off), off, "{offer}");
        assert_eq!(outcome(offer, SecurePolicy::Offered), offered, "{offer}");
        assert_eq!(outcome(offer, SecurePolicy::Required), required, "{offer}");
    }
    let mut line = negotiator(SecurePolicy::Required);
    line.answer(&sdp(&secure)).unwrap();
    assert!(line.answer(&sdp(&plain)).is_err());
    assert!(line.negotiated().unwrap().secure, "what was agreed before still holds");
}

#[test]
fn keys_live_on_when_an_offer_is_repeated_and_change_when_the_peer_changes_them() {
    let mut line = negotiator(SecurePolicy::Required);
    line.answer(&sdp(&format!("m=audio 4000 RTP/SAVP 8\n{KEY}"))).unwrap();
    let first = line.agreed().unwrap().secure.clone().unwrap();
    line.answer(&sdp(&format!("m=audio 4000 RTP/SAVP 8\na=sendonly\n{KEY}"))).unwrap();
    assert_eq!(line.agreed().unwrap().secure.clone().unwrap(), first);
    line.answer(&sdp(&format!("m=audio 4000 RTP/SAVP 8\n{}", KEY.replace("d0R", "e0R")))).unwrap();
    let second = line.agreed().unwrap().secure.clone().unwrap();
    assert_eq!(second.ours, first.ours);
    assert_ne!(second.theirs, first.theirs);
}

#[test]
fn two_of_ours_agree_with_each_other() {
    for secure in [SecurePolicy::Off, SecurePolicy::Offered, SecurePolicy::Required] {
        let (mut a, mut b) = (negotiator(secure), negotiator(secure));
        let offer = a.offer(None);
        let answer = b.answer(&offer).unwrap();
        a.accept(&answer).unwrap();
        a.accept(&answer).unwrap();
        let (ours, theirs) = (a.agreed().unwrap(), b.agreed().unwrap());
        assert_eq!((ours.codec, ours.digits, ours.noise), (theirs.codec, theirs.digits, theirs.noise));
        match (&ours.secure, &theirs.secure) {
            (Some(ours), Some(theirs)) => assert_eq!((&ours.ours, &ours.theirs), (&theirs.theirs, &theirs.ours)),
            (None, None) => assert_eq!(secure, SecurePolicy::Off),
            other => panic!("{other:?}"),
        }
        let hold = a.offer(Some(Direction::SendOnly));
        assert!(b.answer(&offer).is_ok(), "an older offer that arrives late is answered");
        let held = b.answer(&hold).unwrap();
        a.accept(&held).unwrap();
        assert_eq!(a.agreed().unwrap().direction, Direction::SendOnly);
        assert!(b.agreed().unwrap().held_by_peer);
        assert_eq!(b.agreed().unwrap().direction, Direction::ReceiveOnly);
    }
}

#[test]
fn offers_and_answers_out_of_turn_are_told_apart() {
    let mut line = negotiator(SecurePolicy::Off);
    let answer = sdp("m=audio 4000 RTP/AVP 8\n");
    assert_eq!(line.accept(&answer).unwrap_err().status(), 491);
    line.offer(None);
    assert_eq!(line.answer(&answer).unwrap_err().status(), 491);
    line.rejected();
    assert!(line.answer(&answer).is_ok());
    line.offer(None);
    assert_eq!(line.accept(&sdp("m=audio 0 RTP/AVP 8\n")).unwrap_err().status(), 488);
    assert_eq!(line.accept(&sdp("m=audio 4000 RTP/AVP 18\n")).unwrap_err().status(), 488);
    assert!(line.agreed().is_some(), "what was agreed before still holds");
}

#[test]
fn a_later_offer_of_ours_keeps_sections_and_payload_types() {
    let mut line = negotiator(SecurePolicy::Off);
    line.answer(&sdp("m=video 4002 RTP/AVP 96\nm=audio 4000 RTP/AVP 8 97\na=rtpmap:97 telephone-event/8000\n"))
        .unwrap();
    let offer = text(&line.offer(Some(Direction::Inactive)));
    assert!(offer.contains("m=video 0 RTP/AVP 96\r\nm=audio 20000 RTP/AVP 9 8 0 97 13\r\n"), "{offer}");
    assert!(offer.contains("a=inactive\r\n"));
}

#[test]
fn the_advertised_address_and_ipv6_are_named() {
    let terms = Terms { address: "2001:db8::7".parse().unwrap(), ..negotiator(SecurePolicy::Off).terms };
    let offer = text(&Negotiator::new(terms).offer(None));
    assert!(offer.contains("c=IN IP6 2001:db8::7\r\n"), "{offer}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut line = negotiator(SecurePolicy::Offered);
        prop_assert!(line.answer(&bytes).is_err() || line.agreed().is_some());
        line.offer(None);
        let _ = line.accept(&bytes);
    }

    #[test]
    fn no_damaged_description_makes_it_panic(cuts in proptest::collection::vec((0..600_usize, any::<u8>()), 0..6)) {
        let mut bytes = sdp(&format!(
            "a=sendrecv\nm=audio 4000/2 RTP/SAVP 8 9 101 13\nb=AS:64\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n\
             a=ptime:20\na=maxptime:40\na=rtcp:4001 IN IP4 192.0.2.9\na=rtcp-mux\n{KEY}m=image 9 udptl t38\n"
        ));
        for (at, byte) in cuts {
            let length = bytes.len();
            bytes[at % length] = byte;
        }
        let mut line = negotiator(SecurePolicy::Offered);
        if let Ok(answer) = line.answer(&bytes) {
            prop_assert!(Description::read(&answer).is_ok());
        }
    }
}
