//! Our codecs against ffmpeg's: what a recorder takes from the wire is what ffmpeg makes of it, and the other way round.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::io::Write as _;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use media::{Codec, Heard, SecurePolicy, Sound};
use support::{event, frame, media, only, open, prepared, purity, tone};

/// ffmpeg's name for a codec's raw bytes.
fn format(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "alaw",
        Codec::Pcmu => "mulaw",
        Codec::G722 => "g722",
    }
}

/// Bytes through ffmpeg; `None` where it is not installed.
fn ffmpeg(input: Vec<u8>, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut child = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

/// A peer with a socket of its own, whose offer holds one codec.
fn offer(socket: &UdpSocket, codec: Codec) -> String {
    let payload_type = payload_type(codec);
    let port = socket.local_addr().unwrap().port();
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP {payload_type}\r\n"
    )
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
    }
}

#[tokio::test]
async fn ffmpeg_understands_what_is_sent() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let media = media(only(codec));
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut line = open(&media, SecurePolicy::Off);
        line.answer(offer(&socket, codec).as_bytes()).unwrap();
        line.play(Sound::Prepared(prepared(440.0, 10_000)));
        let mut bytes = Vec::new();
        let mut datagram = [0; 2_048];
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        while bytes.len() < 4_800 {
            let length = socket.recv(&mut datagram).unwrap();
            assert_eq!(datagram[1] & 0x7f, payload_type(codec));
            bytes.extend_from_slice(&datagram[12..length]);
        }
        let rate = codec.rate().to_string();
        let mut arguments = vec!["-f", format(codec)];
        if codec != Codec::G722 {
            arguments.extend(["-ar", &rate]);
        }
        arguments.extend(["-i", "-", "-f", "s16le", "-ar", &rate, "-"]);
        let Some(decoded) = ffmpeg(bytes, &arguments) else { return };
        let samples: Vec<i16> = decoded.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        let settled = &samples[samples.len() / 2..];
        assert!(purity(settled, codec.rate(), 440.0) > 0.95, "{codec:?}");
    }
}

#[tokio::test]
async fn what_ffmpeg_says_is_understood() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let pcm: Vec<u8> = tone(440.0, codec.rate(), 1_000).into_iter().flat_map(i16::to_le_bytes).collect();
        let rate = codec.rate().to_string();
        let arguments = ["-f", "s16le", "-ar", &rate, "-ac", "1", "-i", "-", "-f", format(codec), "-"];
        let Some(encoded) = ffmpeg(pcm, &arguments) else { return };
        let media = media(only(codec));
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut line = open(&media, SecurePolicy::Off);
        let answer = String::from_utf8(line.answer(offer(&socket, codec).as_bytes()).unwrap().to_vec()).unwrap();
        let port = answer.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        let to = format!("127.0.0.1:{port}");
        let mut ear = line.ear().unwrap();
        let sending = tokio::spawn(async move {
            let mut clock = tokio::time::interval(Duration::from_millis(20));
            for (index, payload) in (0_u16..).zip(encoded.chunks(160).cycle().take(250)) {
                clock.tick().await;
                let mut packet = vec![0x80, payload_type(codec)];
                packet.extend(index.to_be_bytes());
                packet.extend((u32::from(index) * 160).to_be_bytes());
                packet.extend([0, 0, 0, 9]);
                packet.extend(payload);
                socket.send_to(&packet, &to).unwrap();
            }
        });
        event(&mut ear, |heard| *heard == Heard::Started).await;
        frame(&mut ear, |frame| !frame.concealed && purity(&frame.samples, frame.rate, 440.0) > 0.9).await;
        sending.abort();
    }
}
