//! Whatever bytes come, reading them neither panics nor loses what was written.

use bytes::Bytes;
use proptest::prelude::*;

use crate::message::body::{digit, session, sipfrag_status};
use crate::message::params::{Params, quote, unquote};
use crate::message::{Known, Message, NameAddr, Request, Uri, Via, check, parse};
use crate::stream::{Frame, Framer};

fn line() -> impl Strategy<Value = String> {
    "[ -~ăîșțâ]{0,60}".prop_map(|text| text.trim().to_owned())
}

proptest! {
    #[test]
    fn no_bytes_stop_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse::parse(&bytes);
    }

    #[test]
    fn no_text_stops_any_reader(text in "[ -~\r\n\t;:<>\",%@=]{0,200}") {
        let _ = (Uri::parse(&text), NameAddr::parse(&text), Via::parse(&text), Params::parse(&text));
        let _ = (digit("application/dtmf-relay", text.as_bytes()), sipfrag_status(text.as_bytes()));
        let _ = (crate::Cause::parse(&text), crate::identity::replaces(&text), crate::digest::parse(&text));
        let message = format!("INVITE sip:a@b SIP/2.0\r\nVia: {text}\r\nFrom: {text}\r\nContact: {text}\r\n\r\n{text}");
        if let Ok(Message::Request(request)) = parse::parse(message.as_bytes()) {
            let _ = check::request(&request);
            let _ = session(&request.headers, &request.body);
        }
    }

    #[test]
    fn a_written_message_reads_back_the_same(
        subject in line(), other in line(), body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut request = Request::new("INVITE", "sip:a@b");
        request.headers.push(Known::CallId, subject);
        request.headers.push(crate::message::name::Name::parse("x-other"), other);
        let request = request.with_body("application/sdp", Bytes::from(body));
        let Ok(Message::Request(mut read)) = parse::parse(&request.to_bytes()) else { panic!("it does not read") };
        read.headers.remove(Known::ContentLength);
        prop_assert_eq!(read, request);
    }

    #[test]
    fn addresses_and_parameters_read_back_the_same(
        user in "[a-z0-9+ ăș%@:;]{1,20}", name in "[ -~]{1,30}", value in "[ -~]{0,20}", port in 1u16..,
    ) {
        let uri = Uri::sip(Some(&user), "example.org", Some(port));
        prop_assert_eq!(uri.user_plain(), Some(user));
        let mut address = NameAddr { display: Some(name), uri, params: Params::default() };
        address.params.set("tag", Some(&value));
        let read = NameAddr::parse(&address.to_string()).expect("it reads");
        prop_assert_eq!(read, address);
        prop_assert_eq!(unquote(&quote(&value)), Ok(value));
    }

    #[test]
    fn a_stream_yields_the_same_messages_however_it_is_cut(cuts in proptest::collection::vec(1usize..90, 1..40)) {
        let one = Request::new("OPTIONS", "sip:a@b").with_body("text/plain", Bytes::from_static(b"hello")).to_bytes();
        let stream = [&one[..], b"\r\n\r\n", &one[..], &one[..]].concat();
        let mut framer = Framer::default();
        let mut messages = 0;
        let (mut rest, mut cuts) = (&stream[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let cut = cuts.next().unwrap_or(1).min(rest.len());
            framer.push(&rest[..cut]);
            rest = &rest[cut..];
            while let Some(frame) = framer.next().expect("it stays whole") {
                if let Frame::Message(bytes) = frame {
                    prop_assert_eq!(&bytes, &one);
                    messages += 1;
                }
            }
        }
        prop_assert_eq!(messages, 3);
    }

    #[test]
    fn no_stream_stops_the_framer_or_fills_it(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let mut framer = Framer::default();
        framer.push(&bytes);
        while let Ok(Some(_)) = framer.next() {}
    }
}
