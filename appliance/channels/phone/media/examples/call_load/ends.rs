//! The callers' ends of calls: one port each, paced on an absolute clock, one thread for all.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use crate::counts::{Counts, Stream};

/// The time of a packet of G.711, and its bytes.
const PACKET: Duration = Duration::from_millis(20);
const SOUND: usize = 160;
const HEADER: usize = 12;
/// G.711 A-law's number in RTP.
const ALAW: u8 = 8;

/// One caller.
struct End {
    socket: UdpSocket,
    port: u16,
    /// Who speaks to it; it sends there.
    peer: Option<SocketAddr>,
    sent: u32,
    due: Duration,
    heard: Option<Stream>,
}

/// All callers.
pub(crate) struct Ends {
    poll: Poll,
    events: Events,
    ends: Vec<End>,
    speech: Vec<u8>,
    epoch: Instant,
    counts: Counts,
}

impl Ends {
    /// Takes as many ports as there are calls.
    pub(crate) fn bind(calls: usize, mut speech: Vec<u8>) -> io::Result<Self> {
        speech.truncate(speech.len() / SOUND * SOUND);
        if speech.is_empty() {
            return Err(io::Error::other("the speech is shorter than a packet"));
        }
        let poll = Poll::new()?;
        let mut ends = Vec::with_capacity(calls);
        for _ in 0..calls {
            let (socket, port) = bind(&poll, ends.len())?;
            ends.push(End { socket, port, peer: None, sent: 0, due: Duration::ZERO, heard: None });
        }
        let events = Events::with_capacity(1_024);
        Ok(Self { poll, events, ends, speech, epoch: Instant::now(), counts: Counts::default() })
    }

    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ends.iter().map(|end| end.port)
    }

    /// Sends what is due and reads what has come, for about a millisecond.
    pub(crate) fn work(&mut self) -> io::Result<()> {
        for end in &mut self.ends {
            let now = self.epoch.elapsed();
            if end.peer.is_some() && end.due <= now {
                end.send(&self.speech);
                self.counts.sent(now - end.due > PACKET);
                end.due += PACKET;
            }
        }
        self.poll.poll(&mut self.events, Some(Duration::from_millis(1)))?;
        for event in &self.events {
            if let Some(end) = self.ends.get_mut(event.token().0) {
                end.read(self.epoch, &mut self.counts);
            }
        }
        Ok(())
    }

    /// Begins to count.
    pub(crate) fn begin(&mut self) {
        self.counts = Counts::new();
        self.ends.iter_mut().filter_map(|end| end.heard.as_mut()).for_each(Stream::begin);
    }

    /// Ends that: the counts, as JSON.
    pub(crate) fn end(&mut self) -> String {
        let streams: Vec<&Stream> = self.ends.iter().filter_map(|end| end.heard.as_ref()).collect();
        let text = self.counts.report(&streams);
        self.counts.stop();
        text
    }

    /// The calls are over: whoever sends to a port next is its next call.
    pub(crate) fn hang_up(&mut self) -> io::Result<()> {
        for end in &mut self.ends {
            let mut bytes = [0; 2_048];
            while end.socket.recv_from(&mut bytes).is_ok() {}
            (end.peer, end.sent, end.heard) = (None, 0, None);
        }
        Ok(())
    }
}

impl End {
    fn send(&mut self, speech: &[u8]) {
        let Some(peer) = self.peer else { return };
        let mut packet = [0; HEADER + SOUND];
        packet[..2].copy_from_slice(&[0x80, ALAW]);
        packet[2..4].copy_from_slice(&(self.sent as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&self.sent.wrapping_mul(SOUND as u32).to_be_bytes());
        packet[8..HEADER].copy_from_slice(&u32::from(self.port).to_be_bytes());
        let place = self.sent as usize * SOUND % speech.len();
        packet[HEADER..].copy_from_slice(&speech[place..place + SOUND]);
        self.sent = self.sent.wrapping_add(1);
        // What the system does not take is lost, as on a network.
        drop(self.socket.send_to(&packet, peer));
    }

    fn read(&mut self, epoch: Instant, counts: &mut Counts) {
        let mut bytes = [0; 2_048];
        loop {
            match self.socket.recv_from(&mut bytes) {
                // Reports of another call (RTCP) may come to this port: it is the next one after the other's.
                Ok((length, from)) if length > HEADER && bytes[0] >> 6 == 2 && bytes[1] & 0x7f == ALAW => {
                    let now = epoch.elapsed();
                    if self.peer.is_none() {
                        (self.peer, self.due) = (Some(from), now + PACKET);
                    }
                    // What another says is of a call before, on its last way.
                    if self.peer == Some(from) {
                        counts.heard(&mut self.heard, &bytes[..length], now);
                    }
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }
}

fn bind(poll: &Poll, token: usize) -> io::Result<(UdpSocket, u16)> {
    let mut socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    poll.registry().register(&mut socket, Token(token), Interest::READABLE)?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}
