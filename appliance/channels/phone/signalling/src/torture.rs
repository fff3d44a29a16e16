//! The messages of RFC 4475 and what becomes of them: files beside the tests, expectations in one table.

use std::net::SocketAddr;
use std::time::Instant;

use crate::agent::{Agent, Event, Local, Output};
use crate::config::{ExtensionConfig, SipConfig};
use crate::message::{Message, parse};
use crate::route::Route;
use crate::{Transport, agent};

fn agent(now: Instant) -> Agent {
    let phone = ExtensionConfig { user: "phone".into(), ..ExtensionConfig::default() };
    let phones = vec![agent::Extension { config: phone, password: "secret".into() }];
    let local = SocketAddr::from(([127, 0, 0, 1], 5060));
    let locals = vec![Local { transport: Transport::Udp, address: local, advertised: None }];
    Agent::new(SipConfig::default(), Vec::new(), phones, locals, now)
}

/// The statuses with which an agent answers a datagram, 100 left out; 0 for an invitation that is passed on.
fn answers(bytes: &[u8]) -> Vec<u16> {
    let now = Instant::now();
    let mut agent = agent(now);
    let route = Route::to(Transport::Udp, SocketAddr::from(([127, 0, 0, 1], 5070)), "127.0.0.1");
    agent.receive(bytes, &route, now);
    let mut answers = Vec::new();
    while let Some(output) = agent.take_output() {
        match output {
            Output::Send { bytes, .. } => match parse::parse(&bytes) {
                Ok(Message::Response(response)) if response.status > 100 => answers.push(response.status),
                Ok(_) => {}
                Err(error) => panic!("we wrote what we cannot read: {error:?}"),
            },
            Output::Event(Event::Invited(..)) => answers.push(0),
            Output::Event(_) => {}
        }
    }
    answers
}

/// Every file, and what it is answered with; nothing is silence.
const EXPECTED: &[(&str, &[u16])] = &[
    // §3.1.1 Valid messages.
    ("wsinv", &[0]),
    ("intmeth", &[501]),
    ("esc01", &[0]),
    ("escnull", &[401]),
    ("esc02", &[501]),
    ("lwsdisp", &[200]),
    ("longreq", &[0]),
    ("dblreq", &[401]),
    ("semiuri", &[200]),
    ("transports", &[200]),
    ("mpart01", &[405]),
    ("unreason", &[]),
    ("noreason", &[]),
    // §3.1.2 Invalid messages.
    ("badinv01", &[400]),
    ("clerr", &[400]),
    ("ncl", &[400]),
    ("scalar02", &[400]),
    ("scalarlg", &[]),
    ("quotbal", &[400]),
    ("ltgtruri", &[400]),
    ("lwsruri", &[400]),
    ("lwsstart", &[400]),
    ("trws", &[400]),
    ("escruri", &[400]),
    // A date that is not in GMT changes nothing for us, so the call is taken.
    ("baddate", &[0]),
    ("regbadct", &[400]),
    ("badaspec", &[400]),
    ("baddn", &[400]),
    ("badvers", &[505]),
    ("mismatch01", &[400]),
    ("mismatch02", &[400]),
    ("bigcode", &[]),
    // §3.2 Transactions: the branch is the cookie alone, so the transaction is told by everything else.
    ("badbranch", &[200]),
    // §3.3 The application.
    ("insuf", &[400]),
    ("unkscm", &[416]),
    ("novelsc", &[416]),
    // To has an unknown scheme, which is nobody that registers here.
    ("unksm2", &[401]),
    ("bext01", &[420]),
    ("invut", &[415]),
    ("regaut01", &[401]),
    ("multi01", &[400]),
    ("mcl01", &[400]),
    ("bcast", &[]),
    ("zeromf", &[200]),
    ("cparam01", &[401]),
    ("cparam02", &[401]),
    ("regescrt", &[401]),
    ("sdp01", &[406]),
    // §3.4 A client of RFC 2543, without branch and tag.
    ("inv2543", &[0]),
];

#[test]
fn every_torture_message_is_answered_as_the_table_says() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture");
    let mut wrong = Vec::new();
    for (name, expected) in EXPECTED {
        let bytes = std::fs::read(format!("{folder}/{name}.sip")).expect(name);
        let given = answers(&bytes);
        if given != *expected {
            wrong.push(format!("{name}: {given:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let files = std::fs::read_dir(folder).expect("the folder").count();
    assert_eq!(files, EXPECTED.len(), "a file without an expectation");
}

#[test]
fn what_is_valid_is_understood_word_for_word() {
    let read = |name: &str| {
        let bytes =
            std::fs::read(format!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/{}.sip"), name)).expect("read");
        parse::parse(&bytes)
    };
    let Ok(Message::Request(wsinv)) = read("wsinv") else { panic!("wsinv") };
    assert_eq!(wsinv.headers.cseq().map(|cseq| cseq.number), Some(9));
    assert_eq!(wsinv.headers.list(crate::message::Known::Via).count(), 3);
    assert!(wsinv.body.starts_with(b"v=0"));
    let Ok(Message::Request(esc01)) = read("esc01") else { panic!("esc01") };
    let uri = crate::message::Uri::parse(&esc01.uri).expect("an address");
    assert_eq!(uri.user_plain().as_deref(), Some("sips:user@example.com"));
    let Ok(Message::Request(semiuri)) = read("semiuri") else { panic!("semiuri") };
    let uri = crate::message::Uri::parse(&semiuri.uri).expect("an address");
    assert_eq!(uri.user_plain().as_deref(), Some("user;par=u@example.net"));
    let Ok(Message::Response(unreason)) = read("unreason") else { panic!("unreason") };
    assert_eq!((unreason.status, unreason.reason.contains('ш')), (200, true));
    let Ok(Message::Response(noreason)) = read("noreason") else { panic!("noreason") };
    assert_eq!((noreason.status, noreason.reason.as_str()), (100, ""));
    let Ok(Message::Request(dblreq)) = read("dblreq") else { panic!("dblreq") };
    assert!(dblreq.body.is_empty());
}
