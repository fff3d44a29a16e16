//! The ng protocol of rtpengine, from the side that asks: a cookie and a dictionary for each datagram.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::bencode::Value;

/// The longest wait for an answer before the question is repeated.
const ANSWER: Duration = Duration::from_secs(1);
/// The largest datagram.
pub(crate) const DATAGRAM: usize = 8_192;

/// A relay, as its control sees it.
pub(crate) struct Control {
    socket: UdpSocket,
    cookie: u64,
}

impl Control {
    /// Waits until the relay answers.
    pub(crate) fn reach(relay: SocketAddr, patience: Duration) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(relay)?;
        socket.set_read_timeout(Some(ANSWER))?;
        let (mut control, begin) = (Self { socket, cookie: 0 }, Instant::now());
        loop {
            match control.ask("ping", Vec::new()) {
                Ok(_) => return Ok(control),
                Err(error) if begin.elapsed() > patience => return Err(error),
                // Nobody listens yet.
                Err(_) => std::thread::park_timeout(Duration::from_millis(50)),
            }
        }
    }

    /// Tells of the caller's description; gives what the called one is to see.
    pub(crate) fn offer(&mut self, call: &str, sdp: &str) -> io::Result<String> {
        let flags = Value::List(vec![Value::text("trust-address")]);
        self.describe("offer", vec![("from-tag", "caller"), ("call-id", call), ("sdp", sdp), ("ICE", "remove")], flags)
    }

    /// Tells of the called one's description; gives what the caller is to see.
    pub(crate) fn answer(&mut self, call: &str, sdp: &str) -> io::Result<String> {
        let texts = vec![("from-tag", "caller"), ("to-tag", "called"), ("call-id", call), ("sdp", sdp)];
        self.describe("answer", texts, Value::List(vec![Value::text("trust-address")]))
    }

    fn describe(&mut self, command: &str, texts: Vec<(&str, &str)>, flags: Value) -> io::Result<String> {
        let mut entries: Vec<(&str, Value)> = texts.into_iter().map(|(key, text)| (key, Value::text(text))).collect();
        entries.push(("flags", flags));
        let told = self.ask(command, entries)?;
        let sdp = told.get("sdp").and_then(|sdp| std::str::from_utf8(sdp).ok());
        sdp.map(str::to_owned).ok_or_else(|| io::Error::other(format!("{command}: no description in {told:?}")))
    }

    fn ask(&mut self, command: &str, mut entries: Vec<(&str, Value)>) -> io::Result<Value> {
        self.cookie += 1;
        entries.push(("command", Value::text(command)));
        let cookie = format!("{}_{} ", std::process::id(), self.cookie);
        let mut question = cookie.clone().into_bytes();
        Value::map(entries).write(&mut question);
        let mut datagram = [0; DATAGRAM];
        for _ in 0..3 {
            self.socket.send(&question)?;
            let length = match self.socket.recv(&mut datagram) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                received => received?,
            };
            let Some(told) = datagram[..length].strip_prefix(cookie.as_bytes()).and_then(Value::read) else { continue };
            return match told.get("result") {
                Some(b"ok" | b"pong") => Ok(told),
                _ => Err(io::Error::other(format!("{command}: {told:?}"))),
            };
        }
        Err(io::Error::new(ErrorKind::TimedOut, format!("no answer to {command}")))
    }
}
