//! The load against the fake servers themselves, over real sockets.

use tokio::task::LocalSet;

use super::*;
use crate::engine::CostModel;
use crate::load::ClassSpec;
use crate::worker::{WorkerConfig, serve};

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn start(instant: bool) -> u16 {
    let config = WorkerConfig {
        model: "fake".to_owned(),
        cost: CostModel::default(),
        cache_blocks: None,
        speed: 20.0,
        event_interval: Duration::ZERO,
        instant,
        seed: 1,
        journal: None,
    };
    let port = free_port();
    tokio::task::spawn_local(serve(config, port, 1));
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    port
}

fn config(port: u16) -> LoadConfig {
    LoadConfig {
        targets: vec![format!("127.0.0.1:{port}")],
        model: "fake".to_owned(),
        stream: true,
        headers: Vec::new(),
        pace: Pace::Open,
        warmup: Duration::ZERO,
        drain: Duration::from_secs(20),
        timeout: Duration::from_secs(20),
        speed: 20.0,
        each: false,
    }
}

fn plan() -> Plan {
    let classes: Vec<ClassSpec> =
        ["voice=1:300:20", "batch=1:1500:60"].iter().map(|class| class.parse().unwrap()).collect();
    Plan::poisson(&classes, 100.0, 1.0, 5)
}

fn on_one_thread<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, story)
}

async fn set_fault(port: u16, fault: &str) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("POST /fault HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{fault}", fault.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    // The answer may be lost with the connection, where the fault is a reset.
    let _ = stream.read(&mut [0; 1_024]).await;
}

#[test]
fn every_request_of_the_plan_is_answered_and_counted_in_its_class() {
    on_one_thread(async {
        let port = start(false).await;
        let plan = plan();
        let wanted: Vec<u64> =
            (0..2).map(|class| plan.arrivals.iter().filter(|arrival| arrival.class == class).count() as u64).collect();
        let report = run(plan, config(port)).await;
        for (class, wanted) in report.classes.values().zip([&wanted[1], &wanted[0]]) {
            assert_eq!((class.requests, class.outcomes.get("complete")), (*wanted, Some(wanted)));
            assert!(class.first_token_ms.p50 > 0.0 && class.first_token_ms.p50 <= class.end_ms.p50);
        }
    });
}

#[test]
fn a_server_without_cost_answers_at_once_streamed_or_not() {
    on_one_thread(async {
        let port = start(true).await;
        for stream in [true, false] {
            let report = run(plan(), LoadConfig { stream, ..config(port) }).await;
            assert!(report.classes.values().all(|class| class.outcomes.keys().eq(["complete"])), "{report:?}");
        }
    });
}

#[test]
fn a_closed_load_sends_the_next_when_one_has_ended() {
    on_one_thread(async {
        let port = start(true).await;
        let pace = Pace::Closed { concurrency: 4, duration: Duration::from_millis(300) };
        let report = run(plan(), LoadConfig { pace, ..config(port) }).await;
        let requests: u64 = report.classes.values().map(|class| class.requests).sum();
        assert!(requests > 4, "{requests}");
    });
}

/// What became of a load whose server fell ill half a second after its start.
async fn outcomes_with(fault: &str) -> Vec<String> {
    let port = start(false).await;
    let falls_ill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // A hung server never answers the request that hangs it.
        let _ = tokio::time::timeout(Duration::from_secs(1), set_fault(port, fault)).await;
    };
    let config = LoadConfig { drain: Duration::from_millis(500), ..config(port) };
    let (report, ()) = tokio::join!(run(plan(), config), falls_ill);
    report.classes.values().flat_map(|class| class.outcomes.keys().cloned()).collect()
}

#[test]
fn a_reset_server_breaks_what_it_had() {
    let outcomes = on_one_thread(outcomes_with(r#"{"kind":"reset"}"#));
    assert!(outcomes.iter().any(|name| name.starts_with("broken")), "{outcomes:?}");
}

#[test]
fn a_hung_server_leaves_what_it_had_unfinished() {
    let outcomes = on_one_thread(outcomes_with(r#"{"kind":"hang"}"#));
    assert!(outcomes.iter().any(|name| name == "unfinished"), "{outcomes:?}");
}

#[test]
fn a_dead_server_refuses_connections() {
    let outcomes = on_one_thread(outcomes_with(r#"{"kind":"die"}"#));
    assert!(outcomes.iter().any(|name| name == "connect"), "{outcomes:?}");
}
