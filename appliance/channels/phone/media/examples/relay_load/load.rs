//! The load: calls of two streams each, paced on an absolute clock, and what of them comes back.
//!
//! A packet carries the time at which it was sent and its number, so that its way through the relay can be told apart from
//! the sender's own lateness. One thread sends and reads: both relays are measured by the same hand.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use crate::ng::Control;

/// The time of a packet of G.711.
const PACKET: Duration = Duration::from_millis(20);
const HEADER: usize = 12;
const BYTES: usize = HEADER + 160;
/// What is under way at the end has this long to come back.
const ON_ITS_WAY: Duration = Duration::from_millis(300);
/// Steps of the histogram, and their width.
const STEPS: usize = 4_000;
const WIDTH_US: u64 = 10;

/// One end of a call: what it sends and what it hears.
struct End {
    socket: UdpSocket,
    packet: [u8; BYTES],
    sent: u32,
    due: Duration,
    /// How long the packet heard last was under way.
    transit: Option<Duration>,
}

/// All calls.
pub(crate) struct Load {
    poll: Poll,
    ends: Vec<End>,
    /// The ends in the order in which they send, and the place in it that is next.
    order: Vec<usize>,
    next: usize,
    epoch: Instant,
    counts: Counts,
}

/// What was counted while it was measured.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Packets that were sent, and those of them that came back in time.
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Packets that were sent more than one packet's time late: the load itself could not keep up.
    pub(crate) late: u64,
    jitter: Vec<u32>,
    from: Duration,
    until: Duration,
}

impl Load {
    /// Sets calls up through a relay, or without any from end to end.
    pub(crate) fn set_up(calls: usize, mut relay: Option<&mut Control>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut ends = Vec::with_capacity(calls * 2);
        for call in 0..calls {
            let (caller, called) = (bind()?, bind()?);
            let (for_caller, for_called) = match &mut relay {
                Some(relay) => {
                    let name = format!("call-{call}");
                    let for_called = relay.offer(&name, &describe(&caller)?)?;
                    let for_caller = relay.answer(&name, &describe(&called)?)?;
                    (address(&for_caller)?, address(&for_called)?)
                }
                None => (called.local_addr()?, caller.local_addr()?),
            };
            for (mut socket, to) in [(caller, for_caller), (called, for_called)] {
                socket.connect(to)?;
                poll.registry().register(&mut socket, Token(ends.len()), Interest::READABLE)?;
                ends.push(End::new(socket, ends.len(), calls * 2));
            }
        }
        let mut order: Vec<usize> = (0..ends.len()).collect();
        order.sort_by_key(|index| ends[*index].due);
        Ok(Self { poll, ends, order, next: 0, epoch: Instant::now(), counts: Counts::new() })
    }

    /// Sends and reads: first to warm up, then for as long as is measured. `meter` is read at the begin and at the end of
    /// that; gives what was counted, and by how much the meter went on.
    pub(crate) fn run(
        mut self,
        warm_up: Duration,
        measured: Duration,
        meter: impl Fn() -> f64,
    ) -> io::Result<(Counts, f64)> {
        self.epoch = Instant::now();
        (self.counts.from, self.counts.until) = (warm_up, warm_up + measured);
        let mut events = Events::with_capacity(1_024);
        self.work(&mut events, warm_up)?;
        let before = meter();
        self.work(&mut events, warm_up + measured)?;
        let spent = meter() - before;
        self.work(&mut events, warm_up + measured + ON_ITS_WAY)?;
        Ok((self.counts, spent))
    }

    fn work(&mut self, events: &mut Events, until: Duration) -> io::Result<()> {
        while self.epoch.elapsed() < until {
            self.send_due();
            self.poll.poll(events, Some(Duration::from_millis(1)))?;
            for event in &*events {
                self.read(event.token().0);
            }
        }
        Ok(())
    }

    /// Sends what is due: the streams come one after the other, and then the first again.
    fn send_due(&mut self) {
        while let Some(end) = self.order.get(self.next).and_then(|index| self.ends.get_mut(*index)) {
            let now = self.epoch.elapsed();
            if end.due > now || now >= self.counts.until {
                return;
            }
            let counts = &mut self.counts;
            if end.send(now) && now >= counts.from {
                counts.sent += 1;
                counts.late += u64::from(now - end.due > PACKET);
            }
            end.due += PACKET;
            self.next = (self.next + 1) % self.order.len();
        }
    }

    fn read(&mut self, index: usize) {
        let Some(end) = self.ends.get_mut(index) else { return };
        let mut bytes = [0; BYTES + 64];
        loop {
            match end.socket.recv(&mut bytes) {
                Ok(BYTES) => end.hear(&bytes[..BYTES], self.epoch.elapsed(), &mut self.counts),
                // Not ours: another format.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }
}

impl End {
    fn new(socket: UdpSocket, index: usize, of: usize) -> Self {
        let mut packet = [0xd5; BYTES];
        packet[..2].copy_from_slice(&[0x80, 8]);
        packet[8..HEADER].copy_from_slice(&(index as u32 + 1).to_be_bytes());
        // One stream after the other, evenly over the time of a packet; a call's two streams are far apart.
        let place = index / 2 + index % 2 * (of / 2);
        let due = PACKET.mul_f64(place as f64 / of as f64);
        Self { socket, packet, sent: 0, due, transit: None }
    }

    fn send(&mut self, now: Duration) -> bool {
        self.packet[2..4].copy_from_slice(&(self.sent as u16).to_be_bytes());
        self.packet[4..8].copy_from_slice(&self.sent.wrapping_mul(160).to_be_bytes());
        self.packet[HEADER..HEADER + 8].copy_from_slice(&(now.as_nanos() as u64).to_be_bytes());
        self.sent = self.sent.wrapping_add(1);
        self.socket.send(&self.packet).is_ok()
    }

    fn hear(&mut self, bytes: &[u8], now: Duration, counts: &mut Counts) {
        let Some(stamp) = bytes[HEADER..].first_chunk().copied().map(u64::from_be_bytes) else { return };
        let sent = Duration::from_nanos(stamp);
        // Silence that a relay says by itself bears no time.
        if sent > now {
            return;
        }
        let transit = now - sent;
        let before = self.transit.replace(transit);
        if sent >= counts.from && sent < counts.until {
            counts.received += 1;
            if let Some(before) = before {
                counts.add(transit.abs_diff(before));
            }
        }
    }
}

impl Counts {
    fn new() -> Self {
        Self { sent: 0, received: 0, late: 0, jitter: vec![0; STEPS], from: Duration::ZERO, until: Duration::ZERO }
    }

    /// Whether the load kept its pace, but for two packets of a hundred.
    pub(crate) fn in_time(&self) -> bool {
        self.late * 50 <= self.sent
    }

    fn add(&mut self, jitter: Duration) {
        let step = usize::try_from(jitter.as_micros() as u64 / WIDTH_US).unwrap_or(STEPS).min(STEPS - 1);
        self.jitter[step] += 1;
    }

    /// The jitter that a part of the packets stayed below: the change of the time under way from one packet of a stream to
    /// the next (RFC 3550 §6.4.1, not smoothed).
    pub(crate) fn jitter(&self, part: f64) -> Duration {
        let all: u64 = self.jitter.iter().map(|count| u64::from(*count)).sum();
        let mut below = (all as f64 * part) as u64;
        for (step, count) in self.jitter.iter().enumerate() {
            if u64::from(*count) > below {
                return Duration::from_micros((step as u64 + 1) * WIDTH_US);
            }
            below -= u64::from(*count);
        }
        Duration::from_micros(STEPS as u64 * WIDTH_US)
    }
}

fn bind() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())
}

/// The description of an end that speaks G.711 A-law only.
fn describe(socket: &UdpSocket) -> io::Result<String> {
    let at = socket.local_addr()?;
    let (ip, port) = (at.ip(), at.port());
    Ok(format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
         a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    ))
}

/// Where a description wants its sound.
fn address(sdp: &str) -> io::Result<SocketAddr> {
    let after = |key: &str| sdp.lines().find_map(|line| line.strip_prefix(key));
    let ip = after("c=IN IP4 ").and_then(|ip| ip.trim().parse().ok());
    let port = after("m=audio ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    let found = ip.zip(port).map(|(ip, port): (Ipv4Addr, u16)| SocketAddr::new(ip.into(), port));
    found.ok_or_else(|| io::Error::other(format!("no address in {sdp:?}")))
}
