//! Our relay in a process of its own: bridges of [`Media`], set up by the same few words of the ng protocol.

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};

use media::{Bridge, Codec, Line, LineWish, Media, MediaConfig, SecurePolicy};

use crate::bencode::Value;
use crate::ng::DATAGRAM;

/// A call: the caller's line, the called one's, and the bridge once both have agreed.
struct Call {
    /// What the caller sees, made when it offered.
    answer: String,
    caller: Line,
    called: Line,
    bridge: Option<Bridge>,
}

/// Serves until the process is killed.
pub(crate) fn serve(control: u16, first_port: u16, last_port: u16, threads: usize) {
    let local = Ipv4Addr::LOCALHOST;
    let media = Media::start(MediaConfig {
        first_port,
        last_port,
        threads,
        // As its peer beside it: neither asks for real time.
        real_time_priority: 0,
        codecs: vec![Codec::Pcma],
        ..MediaConfig::default()
    })
    .unwrap();
    let socket = UdpSocket::bind((local, control)).unwrap();
    let mut calls = HashMap::new();
    let mut datagram = [0; DATAGRAM];
    while let Ok((length, from)) = socket.recv_from(&mut datagram) {
        let Some(space) = datagram[..length].iter().position(|byte| *byte == b' ') else { continue };
        let (cookie, question) = datagram[..length].split_at(space + 1);
        let told = Value::read(question).and_then(|question| respond(&media, &mut calls, &question));
        let told = told.unwrap_or_else(|| Value::map([("result", Value::text("error"))]));
        let mut answer = cookie.to_vec();
        told.write(&mut answer);
        let _unreachable = socket.send_to(&answer, from);
    }
}

fn respond(media: &Media, calls: &mut HashMap<Vec<u8>, Call>, question: &Value) -> Option<Value> {
    let sdp = match question.get("command")? {
        b"ping" => return Some(Value::map([("result", Value::text("pong"))])),
        b"offer" => {
            let wish = LineWish { local: Ipv4Addr::LOCALHOST.into(), secure: SecurePolicy::Off };
            let (mut caller, mut called) = (media.open(wish).ok()?, media.open(wish).ok()?);
            let answer = caller.answer(question.get("sdp")?).ok()?;
            let offer = called.offer();
            let answer = String::from_utf8_lossy(&answer).into_owned();
            calls.insert(question.get("call-id")?.to_vec(), Call { answer, caller, called, bridge: None });
            String::from_utf8_lossy(&offer).into_owned()
        }
        b"answer" => {
            let call = calls.get_mut(question.get("call-id")?)?;
            call.called.accept(question.get("sdp")?).ok()?;
            call.bridge.get_or_insert_with(|| media.bridge(&call.caller, &call.called));
            call.answer.clone()
        }
        _ => return None,
    };
    Some(Value::map([("result", Value::text("ok")), ("sdp", Value::text(sdp))]))
}
