//! RTP, RTCP and session descriptions told wrongly by the hundred thousand to a line that is in a call: nothing stops its
//! thread, nothing piles up, and afterwards it hears as before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking"
)]

mod support;

use std::time::Duration;

use media::{Line, SecurePolicy, Sound};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use support::{LOCAL, connect, hears, media, open, prepared};
use tokio::net::UdpSocket;

/// Packets that are sent before the line is given time to take them.
const BURST: u32 = 64;

/// The other side of a line, on sockets of its own.
struct Peer {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// The line's port; RTCP is on the next.
    port: u16,
    sequence: u16,
    chance: StdRng,
}

impl Peer {
    async fn new(line: &mut Line, seed: u64) -> Self {
        let (rtp, rtcp) = (UdpSocket::bind((LOCAL, 0)).await.unwrap(), UdpSocket::bind((LOCAL, 0)).await.unwrap());
        let mut peer = Self { rtp, rtcp, port: 0, sequence: 0, chance: StdRng::seed_from_u64(seed) };
        peer.agree(line);
        peer
    }

    fn offer(&self) -> Vec<u8> {
        let [rtp, rtcp] = [&self.rtp, &self.rtcp].map(|socket| socket.local_addr().unwrap().port());
        let text = format!(
            "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {rtp} RTP/AVP 8 0 9 101 13\n\
             a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=ptime:20\na=rtcp:{rtcp}\na=sendrecv\n"
        );
        text.replace('\n', "\r\n").into_bytes()
    }

    fn agree(&mut self, line: &mut Line) {
        let answer = line.answer(&self.offer()).unwrap();
        let answer = String::from_utf8(answer.to_vec()).unwrap();
        let media = answer.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
        self.port = media.split(' ').next().unwrap().parse().unwrap();
    }

    /// What a telephone sends: sound, keys, comfort noise, now and then with all that a header may have.
    fn packet(&mut self) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0x80, 8];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend((u32::from(self.sequence) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        match self.chance.random_range(0..8) {
            0 => {
                packet[1] = 101 | 0x80;
                packet.extend([5, 0x80, 1, 0x40]);
            }
            1 => {
                packet[1] = 13;
                packet.push(60);
            }
            2 => {
                // Two contributing sources, an extension of one word, three bytes of padding.
                packet[0] = 0x80 | 0x30 | 2;
                packet.extend([0; 8]);
                packet.extend([0xbe, 0xde, 0, 1, 0x10, 1, 0, 0]);
                packet.extend([0x55; 160]);
                packet.extend([0, 0, 3]);
            }
            _ => packet.extend([0xd5; 160]),
        }
        packet
    }

    /// A report with its name and, at times, a farewell.
    fn report(&mut self) -> Vec<u8> {
        let mut packet = vec![0x81, 200, 0, 12, 0, 0, 0, 7];
        packet.extend([0; 20]);
        packet.extend(self.chance.random::<[u8; 24]>());
        packet.extend([0x81, 202, 0, 3, 0, 0, 0, 7, 1, 3, b'a', b'n', b'a', 0, 0, 0]);
        match self.chance.random_range(0..6) {
            0 => packet.extend([0x81, 203, 0, 1, 0, 0, 0, 7]),
            1 => packet.extend([0x80, 207, 0, 1, 0, 0, 0, 7]),
            2 => packet.extend([0x81, 205, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9, 0, 1, 0, 0]),
            _ => {}
        }
        packet
    }

    fn mutated(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.chance.random_range(0..5) {
            let place = self.chance.random_range(0..=bytes.len());
            match self.chance.random_range(0..4) {
                0 if place < bytes.len() => bytes[place] = self.chance.random(),
                1 => bytes.insert(place, self.chance.random()),
                2 => bytes.truncate(place),
                _ => {
                    let piece = bytes[place..].iter().copied().take(40).collect::<Vec<u8>>();
                    bytes.extend(piece);
                }
            }
        }
        bytes
    }
}

async fn fuzz(turns: u32, seed: u64) {
    let media = media(|_| {});
    // Half of the way it hears for itself, half of it relays to another.
    let [mut line, mut near, mut far] = [SecurePolicy::Off; 3].map(|secure| open(&media, secure));
    let mut asked = open(&media, SecurePolicy::Offered);
    connect(&mut near, &mut far);
    let mut peer = Peer::new(&mut line, seed).await;
    let mut ear = line.ear().unwrap();
    let mut bridge = None;
    for turn in 0..turns {
        match peer.chance.random_range(0..8) {
            0 => {
                let (offer, answer) = (peer.offer(), peer.offer());
                let (offer, answer) = (peer.mutated(offer), peer.mutated(answer));
                // What was understood is then undone, so that the packets still meet somebody.
                if line.answer(&offer).is_ok() {
                    peer.agree(&mut line);
                }
                asked.offer();
                let _ = asked.accept(&answer);
                asked.reoffer_rejected();
            }
            1 | 2 => {
                let report = peer.report();
                let report = peer.mutated(report);
                let _ = peer.rtcp.send_to(&report, (LOCAL, peer.port + 1)).await;
            }
            _ => {
                let packet = peer.packet();
                let packet = peer.mutated(packet);
                let _ = peer.rtp.send_to(&packet, (LOCAL, peer.port)).await;
            }
        }
        if turn == turns / 2 {
            bridge = Some(media.bridge(&line, &far));
        }
        if turn % BURST == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    drop(bridge);
    let taken = line.statistics();
    // The same line, in another call.
    let mut caller = open(&media, SecurePolicy::Off);
    connect(&mut caller, &mut line);
    caller.play(Sound::Prepared(prepared(440.0, 60_000)));
    hears(&mut ear, 440.0).await;
    println!("accepted {}, refused {}", taken.packets_received, taken.refused);
    assert!(taken.packets_received > 0 && taken.refused > 0, "{taken:?}");
}

#[tokio::test]
async fn thousands_of_mutated_packets_neither_stop_a_line_nor_deafen_it() {
    fuzz(20_000, 7).await;
}

/// The kilobytes that this process holds in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// `cargo test -p media --test fuzzing -- --ignored --nocapture`
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_million_mutated_packets_neither_stop_a_line_nor_fill_it() {
    let mut held = Vec::new();
    for seed in 0..10 {
        fuzz(100_000, seed).await;
        held.push(resident());
    }
    println!("held in memory after each tenth, in kB: {held:?}");
    assert!(held[9] < held[1] + 32 * 1024, "{held:?}");
}
