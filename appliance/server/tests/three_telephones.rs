//! One telephone on three real servers: an exchange and its probes know one of them, and another once that one is killed.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::Server;

/// An exchange that takes every registration.
struct Exchange {
    socket: UdpSocket,
}

impl Exchange {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
        Self { socket }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().expect("its address").port()
    }

    /// Answers for a while; tells the ports that registered, the last of each, 0 for one that took it back.
    fn answer(&self, time: Duration) -> Vec<(u16, u32)> {
        let (until, mut registered) = (Instant::now() + time, Vec::new());
        while Instant::now() < until {
            let mut buffer = [0; 4_096];
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else { continue };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            let headers = ["Via:", "From:", "Call-ID:", "CSeq:", "Contact:", "Expires:"].map(line).join("\r\n");
            let to = line("To:");
            let answer = format!("SIP/2.0 200 OK\r\n{headers}\r\n{to};tag=exchange\r\nContent-Length: 0\r\n\r\n");
            self.socket.send_to(answer.as_bytes(), from).expect("an answer");
            if text.starts_with("REGISTER") {
                let expires = line("Expires:")["Expires:".len()..].trim().parse().expect("a number");
                registered.push((from.port(), expires));
            }
        }
        registered
    }
}

/// What a server says to an exchange that asks whether it lives.
fn probe(port: u16) -> Option<u16> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a limit");
    let own = socket.local_addr().expect("its address").port();
    let request = format!(
        "OPTIONS sip:sfetnic@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own}\r\nMax-Forwards: 70\r\n\
         From: <sip:exchange@127.0.0.1>;tag=e\r\nTo: <sip:sfetnic@127.0.0.1>\r\nCall-ID: {own}-{port}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), ("127.0.0.1", port)).expect("it is asked");
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).ok()?;
    String::from_utf8_lossy(&buffer[..length]).split(' ').nth(1)?.parse().ok()
}

/// Where a server's telephone listens.
fn sip_port(server: &Server) -> u16 {
    let status: Value = serde_json::from_str(&server.run(&["--json", "phone", "status"])).expect("its status");
    let listens = status["listens"][0].as_str().expect("an address");
    listens.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Waits until one server alone says that it takes calls; which.
fn on_duty(exchange: &Exchange, ports: &[(usize, u16)]) -> usize {
    let began = Instant::now();
    loop {
        exchange.answer(Duration::from_millis(300));
        let ready: Vec<usize> =
            ports.iter().filter(|(_, port)| probe(*port) == Some(200)).map(|(server, _)| *server).collect();
        if let [server] = ready[..] {
            return server;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "on duty: {ready:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_has_the_telephone_and_another_takes_it_over_when_it_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let master = folder.path().join("master.key");
    std::fs::write(&master, "5f".repeat(32)).expect("a key");
    let password = folder.path().join("password");
    std::fs::write(&password, "parola\n").expect("a password");
    let exchange = Exchange::new();
    let extra = format!(
        "[secrets]\nmaster_key = {master:?}\n[[phone.sip.listeners]]\ntransport = \"udp\"\naddress = \"127.0.0.1:0\"\n\
         [[phone.sip.peers]]\nname = \"exchange\"\ntargets = [\"sip:127.0.0.1:{}\"]\nuser = \"institutia\"\n\
         password_file = {password:?}\nregister = true\nprobe_seconds = 0\n",
        exchange.port()
    );
    let mut servers = Server::cluster(folder.path(), &extra);
    for server in &mut servers {
        server.start();
    }
    for server in &mut servers {
        server.ready().await;
    }
    let ports: Vec<(usize, u16)> = servers.iter().map(sip_port).enumerate().collect();
    let first = on_duty(&exchange, &ports);
    servers[first].kill();

    let left: Vec<(usize, u16)> = ports.iter().copied().filter(|(server, _)| *server != first).collect();
    let began = Instant::now();
    let mut registered = Vec::new();
    while registered.is_empty() && began.elapsed() < Duration::from_secs(60) {
        registered = exchange.answer(Duration::from_millis(500));
    }
    let second = on_duty(&exchange, &left);
    let port = ports[second].1;
    assert!(registered.contains(&(port, 600)), "{registered:?}, not {port}");
}
