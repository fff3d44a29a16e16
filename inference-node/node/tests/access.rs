//! Who may come in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use protocol::request::{EPOCH_HEADER, STALE_EPOCH};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};
use support::{Node, refused};

#[tokio::test]
async fn health_is_for_everybody_and_all_else_needs_the_key() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let open = Client::new();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(open.get(format!("{}{path}", node.base)).send().await.unwrap().status(), 200, "{path}");
    }
    for path in ["/v1/models", "/v1/node", "/v1/node/heartbeat", "/metrics", "/v1/nothing", "/v1/realtime"] {
        let without = open.get(format!("{}{path}", node.base)).send().await.unwrap();
        assert_eq!(refused(without, 401).await["code"], "invalid_api_key", "{path}");
        let wrong = open.get(format!("{}{path}", node.base)).bearer_auth("sfn-wrong").send().await.unwrap();
        refused(wrong, 401).await;
    }
    refused(node.get("/v1/nothing").send().await.unwrap(), 404).await;
    refused(node.get("/v1/audio/speech").send().await.unwrap(), 405).await;
}

#[tokio::test]
async fn over_tls_a_certificate_of_ours_is_needed_beside_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let issue = |names: Vec<String>| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (certificate, key) = issue(vec!["127.0.0.1".to_owned()]);
    let (mine, my_key) = issue(vec!["scheduler".to_owned()]);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, key) = (file("node.pem", &certificate), file("node.key", &key));
    let authorities = file("authorities.pem", &authority.pem());
    let node = Node::start_with(
        folder,
        &[
            ("SFETNIC_NODE_HTTP__TLS__CERTIFICATE", &certificate),
            ("SFETNIC_NODE_HTTP__TLS__KEY", &key),
            ("SFETNIC_NODE_HTTP__TLS__CLIENT_AUTHORITIES", &authorities),
        ],
    );
    assert!(node.base.starts_with("https://"), "{}", node.base);
    let builder = || Client::builder().tls_certs_only([Certificate::from_pem(authority.pem().as_bytes()).unwrap()]);
    let stranger = builder().build().unwrap();
    let ours = builder().identity(Identity::from_pem(format!("{mine}{my_key}").as_bytes()).unwrap()).build().unwrap();
    assert_eq!(stranger.get(format!("{}/healthz", node.base)).send().await.unwrap().status(), 200);
    let models = format!("{}/v1/models", node.base);
    let error = refused(stranger.get(&models).bearer_auth(node.key()).send().await.unwrap(), 401).await;
    assert!(error["message"].as_str().unwrap().contains("certificate"), "{error}");
    refused(ours.get(&models).send().await.unwrap(), 401).await;
    assert_eq!(ours.get(&models).bearer_auth(node.key()).send().await.unwrap().status(), 200);
}

#[test]
fn plain_http_beyond_the_loopback_is_refused() {
    let output = support::program().arg("serve").env("SFETNIC_NODE_HTTP__LISTEN", "0.0.0.0:8090").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("http.tls.client_authorities"), "{said}");
}

#[tokio::test]
async fn a_dispatcher_whose_lease_has_gone_to_another_is_refused() {
    let node = Node::start();
    let ask = async |epoch: &str| node.get("/v1/models").header(EPOCH_HEADER, epoch).send().await.unwrap();
    assert_eq!(ask("7").await.status(), 200);
    let error = refused(ask("6").await, 409).await;
    assert_eq!(error["code"], STALE_EPOCH);
    assert!(error["message"].as_str().unwrap().contains('7'), "{error}");
    refused(ask("soon").await, 400).await;
    let stranger = Client::new().get(format!("{}/v1/models", node.base)).header(EPOCH_HEADER, "9");
    refused(stranger.send().await.unwrap(), 401).await;
    assert_eq!(ask("7").await.status(), 200, "nobody without a key ends an epoch");
    assert_eq!(node.get("/v1/models").send().await.unwrap().status(), 200, "who is no dispatcher sends none");
}
