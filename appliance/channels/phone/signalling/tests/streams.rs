//! Raw bytes over TCP: messages in pieces, several in one, and those whose end nobody can tell (RFC 3261 §18.3, RFC 5626).

#![allow(clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use signalling::{Endpoint, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn options(branch: &str, length: &str, body: &str) -> String {
    format!(
        "OPTIONS sip:test@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK{branch}\r\n\
         From: <sip:ana@127.0.0.1>;tag=a\r\nTo: <sip:test@127.0.0.1>\r\nCall-ID: {branch}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\n{length}\r\n{body}"
    )
}

async fn connect(endpoint: &Endpoint) -> TcpStream {
    let (_, at) = endpoint.local_addresses().into_iter().find(|(kind, _)| *kind == Transport::Tcp).expect("listens");
    TcpStream::connect(at).await.expect("connected")
}

/// Reads until a text has come so often, or the other side closes.
async fn read_until(stream: &mut TcpStream, text: &str, times: usize) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let so_far = String::from_utf8_lossy(&read).into_owned();
        if so_far.matches(text).count() >= times {
            return so_far;
        }
        match within(stream.read(&mut buffer)).await.expect("read") {
            0 => return so_far,
            length => read.extend_from_slice(&buffer[..length]),
        }
    }
}

#[tokio::test]
async fn three_requests_in_one_segment_and_one_byte_by_byte_are_each_answered() {
    let (endpoint, _invitations) = start(config(&[Transport::Tcp])).await;
    let mut stream = connect(&endpoint).await;
    let three: String = ["1", "2", "3"].map(|branch| options(branch, "l: 5\r\n", "hello")).concat();
    stream.write_all(three.as_bytes()).await.expect("written");
    let heard = read_until(&mut stream, "SIP/2.0 200", 3).await;
    assert!(["z9hG4bK1", "z9hG4bK2", "z9hG4bK3"].iter().all(|branch| heard.contains(branch)));
    for byte in options("4", "Content-Length: 0\r\n", "").bytes() {
        stream.write_all(&[byte]).await.expect("written");
        stream.flush().await.expect("flushed");
    }
    assert!(read_until(&mut stream, "SIP/2.0 200", 1).await.contains("z9hG4bK4"));
}

#[tokio::test]
async fn a_message_whose_end_nobody_can_tell_is_refused_and_the_connection_closed() {
    let (endpoint, _invitations) = start(config(&[Transport::Tcp])).await;
    for (length, status) in [
        ("", "400"),
        ("Content-Length: -1\r\n", "400"),
        ("Content-Length: many\r\n", "400"),
        ("Content-Length: 9999999\r\n", "513"),
    ] {
        let mut stream = connect(&endpoint).await;
        stream.write_all(options("1", length, "some bytes").as_bytes()).await.expect("written");
        // To the end: the other side closes.
        let heard = read_until(&mut stream, "never", 1).await;
        assert!(heard.starts_with(&format!("SIP/2.0 {status} ")), "{length:?}: {heard}");
    }
}

#[tokio::test]
async fn two_empty_lines_are_answered_with_one() {
    let (endpoint, _invitations) = start(config(&[Transport::Tcp])).await;
    let mut stream = connect(&endpoint).await;
    stream.write_all(b"\r\n\r\n").await.expect("written");
    assert_eq!(read_until(&mut stream, "\r\n", 1).await, "\r\n");
}

#[tokio::test]
async fn whoever_keeps_his_connection_alive_keeps_it() {
    let config = signalling::SipConfig { idle_seconds: 1, ..config(&[Transport::Tcp]) };
    let (endpoint, _invitations) = start(config).await;
    let (mut kept, mut silent) = (connect(&endpoint).await, connect(&endpoint).await);
    for _ in 0..6 {
        kept.write_all(b"\r\n\r\n").await.expect("written");
        assert_eq!(read_until(&mut kept, "\r\n", 1).await, "\r\n");
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    assert_eq!(read_until(&mut silent, "never", 1).await, "", "closed by now");
    kept.write_all(options("1", "Content-Length: 0\r\n", "").as_bytes()).await.expect("written");
    assert!(read_until(&mut kept, "SIP/2.0 200", 1).await.starts_with("SIP/2.0 200"));
}
