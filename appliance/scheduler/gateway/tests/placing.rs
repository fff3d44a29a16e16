//! Models are placed on real inference nodes: where the plan says, one loaded before the other is unloaded, whatever happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use gateway::{
    CustomerConfig, Gateway, InferenceConfig, ModelConfig, NodeConfig, NodeStatus, PlacementStatus, Role, WantConfig,
};
use placement::{Action, Settings};
use policy::PolicyConfig;
use protocol::{Class, ModelState};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Node, PATIENCE, free_port, start_on_gpus, store_of, until};
use tokio::net::TcpListener;

const KEY: &str = "sfn-a-key-of-the-registry-for-tests";
const MODEL: &str = "tiny-llama";

/// A gateway that places one replica of the small language model.
struct Placing {
    gateway: Gateway,
    url: String,
    http: Client,
}

fn model(id: &str, replicas: u32) -> ModelConfig {
    let want = WantConfig { class: Class::Chat, weight: 1, minimum: replicas.min(1), wanted: Some(replicas) };
    ModelConfig { id: id.to_owned(), vram_gib: None, vram_bytes: Some(200_000_000), gpus: vec![1], wants: vec![want] }
}

fn configured(nodes: &[&Node], models: Vec<ModelConfig>) -> InferenceConfig {
    let named = nodes.iter().enumerate();
    let nodes =
        named.map(|(index, node)| NodeConfig { name: format!("node-{index}"), ..node.config().all().remove(0) });
    let customer = CustomerConfig {
        name: "registry".to_owned(),
        key_sha256: hex::encode(Sha256::digest(KEY.as_bytes())),
        class: Class::Chat,
        requests_per_minute: 100_000,
        parallel: 64,
    };
    // The cards of the story are small, and nothing foreign grows on them.
    let placement = Settings { margin_bytes: 0, margin_permille: 0, settle_ms: 0, ..Settings::default() };
    let (nodes, customers) = (nodes.collect(), vec![customer]);
    let config = InferenceConfig { nodes, customers, models, placement, ..InferenceConfig::default() };
    config.check().unwrap();
    config
}

async fn placing(config: &InferenceConfig) -> Placing {
    let gateway = Gateway::start(config, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = gateway.router().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Placing { gateway, url, http: Client::new() }
}

/// Where a model is, by what the nodes say: `node-0:ready:0`.
fn places(nodes: &[NodeStatus], model: &str) -> Vec<String> {
    let of = nodes.iter().flat_map(|node| {
        let models = node.description.iter().flat_map(|description| &description.models);
        models.filter(|it| it.id == model && it.state != ModelState::Unloaded).map(|it| {
            let gpu = it.gpu.map_or("-".to_owned(), |gpu| gpu.to_string());
            format!("{}:{:?}:{gpu}", node.name, it.state).to_lowercase()
        })
    });
    of.collect()
}

impl Placing {
    fn status(&self) -> PlacementStatus {
        self.gateway.placement()
    }

    /// Waits until a model lies where it should, by its node's own word, and nothing is left to be done.
    async fn wait(&self, model: &str, expected: &[&str]) {
        let started = Instant::now();
        loop {
            let nodes = self.gateway.node_status().await;
            let (places, status) = (places(&nodes, model), self.status());
            if places == expected && status.pending.is_empty() && status.plan.is_some() {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{model} is at {places:?}, not at {expected:?}: {status:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A request that waits however long the machine stalls: it must not be refused where none may be lost.
    fn patient(&self, tokens: u32) -> reqwest::RequestBuilder {
        self.ask(tokens).header("x-sfetnic-first-token-ms", PATIENCE.as_millis().to_string())
    }

    fn ask(&self, tokens: u32) -> reqwest::RequestBuilder {
        let request = json!({ "model": MODEL, "stream": true, "temperature": 0, "max_tokens": tokens,
                              "messages": [{ "role": "user", "content": "Bună ziua" }] });
        self.http.post(format!("{}/v1/chat/completions", self.url)).bearer_auth(KEY).json(&request)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn models_go_where_the_plan_says_and_move_off_a_drained_or_dead_node_without_a_request_lost() {
    let wide = start_on_gpus(store_of(&[MODEL, "tiny-embeddings"]), free_port(), &[900, 500]);
    let mut tight = start_on_gpus(store_of(&[MODEL, "tiny-embeddings"]), free_port(), &[250]);
    let placing = Arc::new(placing(&configured(&[&wide, &tight], vec![model(MODEL, 1)])).await);

    // The tightest GPU of all.
    placing.wait(MODEL, &["node-1:ready:0"]).await;
    let plan = placing.status().plan.unwrap();
    let lies: Vec<String> = plan.assignments.iter().map(|it| format!("{} {}", it.model, it.slots[0])).collect();
    assert_eq!(lies, ["tiny-llama node-1 GPU 0"]);
    assert!(plan.why(Some(&MODEL.into()), Some(&"node-0".into())).any(|why| why.to_string().contains("not needed")));
    until("the dispatcher knows it", || placing.gateway.status().iter().any(|it| it.model == MODEL)).await;

    // Requests one after the other, all the time; and a look at the nodes.
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let asking = tokio::spawn({
        let (placing, over, answered) = (Arc::clone(&placing), Arc::clone(&over), Arc::clone(&answered));
        async move {
            while !over.load(Ordering::Relaxed) {
                let response = placing.patient(10).send().await.unwrap();
                assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
                let text = response.text().await.unwrap();
                assert!(text.contains("[DONE]"), "{text}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let looking = tokio::spawn({
        let (placing, over) = (Arc::clone(&placing), Arc::clone(&over));
        async move {
            while !over.load(Ordering::Relaxed) {
                let places = places(&placing.gateway.node_status().await, MODEL);
                // Only one is unloaded at a time, and only while the other is ready.
                let serves = places.iter().any(|place| place.contains(":ready:"));
                assert!(serves, "nobody serves: {places:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    // What runs there finishes there.
    let long = placing.patient(400).send().await.unwrap();
    placing.gateway.drain(["node-1".to_owned()].into());
    placing.wait(MODEL, &["node-0:ready:1"]).await;
    assert!(long.text().await.unwrap().contains("[DONE]"), "a stream under way was cut off");
    let before = answered.load(Ordering::Relaxed);
    until("requests are answered by the other node", || answered.load(Ordering::Relaxed) > before + 3).await;
    assert_eq!(placing.status().drained.len(), 1);

    // Taken back, it may be used again; what lies well stays.
    placing.gateway.drain(Default::default());
    let started = placing.status().plan.unwrap().made;
    until("a plan with the node in service", || {
        let status = placing.status();
        status.plan.is_some_and(|plan| plan.made > started) && status.pending.is_empty()
    })
    .await;
    placing.wait(MODEL, &["node-0:ready:1"]).await;
    over.store(true, Ordering::Relaxed);
    asking.await.unwrap();
    looking.await.unwrap();

    // The one that serves dies.
    drop(wide);
    placing.wait(MODEL, &["node-1:ready:0"]).await;
    let answer = placing.patient(10).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("[DONE]"));

    // And the last one is started again, having forgotten everything.
    tight.child.kill().await.unwrap();
    let _tight = start_on_gpus(tight.folder, tight.port, &[250]);
    placing.wait(MODEL, &["node-1:ready:0"]).await;
    placing.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_load_a_model_is_left_alone_with_it_and_another_does() {
    let broken = store_of(&[MODEL]);
    for part in ["blobs/sha256", "models"] {
        for entry in std::fs::read_dir(broken.path().join("models").join(part)).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
    }
    let broken = start_on_gpus(broken, free_port(), &[250]);
    let whole = start_on_gpus(store_of(&[MODEL]), free_port(), &[900]);
    let without = start_on_gpus(store_of(&[]), free_port(), &[220]);
    let placing = placing(&configured(&[&broken, &whole, &without], vec![model(MODEL, 1)])).await;
    let started = Instant::now();
    loop {
        let status = placing.status();
        let lies = places(&placing.gateway.node_status().await, MODEL);
        if lies.contains(&"node-1:ready:0".to_owned()) && status.pending.is_empty() {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{lies:?}: {status:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let status = placing.status();
    let refusal = status.refusals.first().expect("the failure is remembered");
    assert_eq!((refusal.node.as_str(), refusal.model.as_str()), ("node-0", MODEL));
    assert!(refusal.seconds > 0 && !refusal.reason.is_empty(), "{refusal:?}");
    let plan = status.plan.unwrap();
    let why = |node: &str| plan.why(None, Some(&node.into())).next().unwrap().to_string();
    assert!(why("node-0").contains(&refusal.reason), "{}", why("node-0"));
    assert!(why("node-2").contains("it is not in the node's store"), "{}", why("node-2"));
    placing.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_that_dispatches_acts() {
    let node = start_on_gpus(store_of(&[MODEL]), free_port(), &[250]);
    let placing = placing(&configured(&[&node], vec![model(MODEL, 2)])).await;
    placing.gateway.play(Role::Follower { dispatcher: Some(2) });
    until("the plan is shown", || placing.status().pending.first().is_some_and(|step| step.action == Action::Load))
        .await;
    let status = placing.status();
    assert!(!status.acting);
    assert!(status.remarks.is_empty() && status.plan.unwrap().unplaced[0].replicas == 1, "one node holds one replica");
    assert!(places(&placing.gateway.node_status().await, MODEL).is_empty(), "nothing was done");

    placing.gateway.play(Role::Dispatcher { epoch: 4 });
    placing.wait(MODEL, &["node-0:ready:0"]).await;
    assert!(placing.status().acting);
    // The node knows the epoch now, and takes no orders from an older one.
    let key = std::fs::read_to_string(node.folder.path().join("api-key")).unwrap();
    let stale = Client::new()
        .post(format!("http://127.0.0.1:{}/v1/models/{MODEL}/unload", node.port))
        .bearer_auth(key.trim())
        .header("x-sfetnic-epoch", "3");
    let refused = stale.send().await.unwrap();
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "stale_epoch");
    placing.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_catalogue_nodes_keep_what_they_have_and_a_drained_one_is_given_nothing() {
    let node = support::start_with(&[MODEL]);
    let placing = placing(&configured(&[&node], Vec::new())).await;
    until("the model serves", || {
        placing.gateway.status().iter().any(|it| it.model == MODEL && !it.replicas.is_empty())
    })
    .await;
    let mut running = placing.ask(400).send().await.unwrap().bytes_stream();
    running.next().await.unwrap().unwrap();
    placing.gateway.drain(["node-0".to_owned()].into());
    let standing = || {
        let models = placing.gateway.status();
        models.iter().find(|it| it.model == MODEL).map(|it| it.replicas[0].status.standing)
    };
    until("it drains", || standing() == Some(policy::Standing::Draining)).await;
    let waits = placing.ask(10).header("x-sfetnic-deadline-ms", "500").send().await.unwrap();
    assert_eq!(waits.status(), 503);
    let rest: Vec<_> = running.collect().await;
    assert!(rest.into_iter().all(|piece| piece.is_ok()), "what ran there finished");
    assert_eq!(placing.status().models, 0);
    placing.gateway.drain(Default::default());
    let answer = placing.ask(10).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    placing.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn demand_brings_a_second_replica_and_its_end_takes_it_away() {
    let one = start_on_gpus(store_of(&[MODEL]), free_port(), &[250]);
    let other = start_on_gpus(store_of(&[MODEL]), free_port(), &[900]);
    let mut wanted = model(MODEL, 2);
    wanted.wants[0].minimum = 1;
    let mut config = configured(&[&one, &other], vec![wanted]);
    config.dispatch = PolicyConfig { demand_window_ms: 2_000.0, ..config.dispatch };
    config.placement.fall_after_ms = 1_500;
    let placing = Arc::new(placing(&config).await);
    let replicas = || async {
        let lies = places(&placing.gateway.node_status().await, MODEL);
        let status = placing.status();
        let rests = status.pending.is_empty() && lies.iter().all(|place| place.contains(":ready:"));
        (rests.then_some(lies.len()), status)
    };
    let come_to = async |expected: usize| {
        let started = Instant::now();
        loop {
            let (count, status) = replicas().await;
            let aim = status.aims.first().cloned();
            let known = aim.as_ref().is_some_and(|aim| aim.busy_thousandths.is_some());
            if count == Some(expected) && known && aim.is_some_and(|aim| aim.replicas as usize == expected) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "not {expected}: {status:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // Nobody asks.
    come_to(1).await;

    // More ask at once, again and again, than one replica has slots for.
    let over = Arc::new(AtomicBool::new(false));
    let asking = (0..16).map(|_| {
        let (placing, over) = (Arc::clone(&placing), Arc::clone(&over));
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                // Patient: however slow the machine, nothing is rejected.
                let asked = placing.ask(200).header("x-sfetnic-deadline-ms", "60000");
                let text = asked.send().await.unwrap().text().await.unwrap();
                assert!(text.contains("[DONE]"), "{text}");
            }
        })
    });
    let asking: Vec<_> = asking.collect();
    come_to(2).await;
    over.store(true, Ordering::Relaxed);
    for asking in asking {
        asking.await.unwrap();
    }
    come_to(1).await;
    placing.gateway.stop().await;
}
