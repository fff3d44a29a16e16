//! Models come in bundles and are served within one command.
#![cfg(feature = "piper")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::json;
use support::{Node, program, python, refused, small_models, sound};

/// A node that finds the library of ONNX Runtime.
fn node() -> Node {
    let library = python::onnxruntime();
    Node::start_with(tempfile::tempdir().unwrap(), &[("ORT_DYLIB_PATH", &library)])
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

/// A bundle with the small Piper voice, signed; made by another node's store.
fn bundle(folder: &Path) -> (String, String) {
    let run = |arguments: &[&str]| {
        let output =
            program().args(arguments).env("SFETNIC_NODE_DATA__FOLDER", folder.join("elsewhere")).output().unwrap();
        succeed(&output)
    };
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (key, bundle) = (path("key"), path("voices.models"));
    run(&["models", "import", small_models::folder("tiny-piper").to_str().unwrap()]);
    run(&["models", "keygen", &key]);
    run(&["models", "bundle", "tiny-piper", "--output", &bundle, "--key", &key]);
    (bundle, format!("{key}.pub"))
}

#[tokio::test]
async fn a_voice_from_a_signed_bundle_is_served_after_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let (bundle, key) = bundle(folder.path());
    let node = node();
    assert!(succeed(&node.run(&["models", "list"])).contains("models import"), "an empty store says what to do");

    let refused_bundle = node.run(&["models", "import", &bundle]);
    assert!(!refused_bundle.status.success() && text(&refused_bundle).contains("trust"), "{}", text(&refused_bundle));
    let imported = succeed(&node.run(&["models", "import", &bundle, "--trust", &key]));
    assert!(imported.contains("imported `tiny-piper`"), "{imported}");

    // A node takes it up by itself within a second.
    let mut model = node.model("tiny-piper").await;
    while model.get("error").is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        model = node.model("tiny-piper").await;
    }
    node.wait_for("tiny-piper", "ready").await;
    // `auto` prefers a trained voice to the built-in ones.
    let response = node.speak(json!({ "model": "auto", "language": "ro", "input": "Bună ziua, vă rog." })).await;
    assert_eq!(response.status(), 200);
    let path = node.folder().join("piper.wav");
    std::fs::write(&path, response.bytes().await.unwrap()).unwrap();
    let (seconds, loudness) = sound::measure(&path);
    assert!((0.5..10.0).contains(&seconds) && loudness > 0.01, "{seconds} s, {loudness}");
    let error =
        refused(node.speak(json!({ "model": "tiny-piper", "language": "hu", "input": "Jó." })).await, 400).await;
    assert_eq!(error["param"], "language");

    succeed(&node.run(&["models", "verify"]));
    node.post("/v1/models/tiny-piper/unload").send().await.unwrap();
    node.wait_for("tiny-piper", "unloaded").await;
    succeed(&node.run(&["models", "remove", "tiny-piper"]));
    while node.model("tiny-piper").await.get("error").is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let error = refused(node.speak(json!({ "model": "tiny-piper", "input": "a" })).await, 404).await;
    assert!(error["message"].as_str().unwrap().contains("espeak"), "it says what there is: {error}");
}

#[tokio::test]
async fn a_file_that_changed_on_disk_is_refused_and_the_node_lives() {
    let node = node();
    succeed(&node.run(&["models", "import", small_models::folder("tiny-piper").to_str().unwrap()]));
    while node.model("tiny-piper").await.get("error").is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    node.wait_for("tiny-piper", "ready").await;
    node.post("/v1/models/tiny-piper/unload").send().await.unwrap();
    node.wait_for("tiny-piper", "unloaded").await;

    let view = node.folder().join("models/models/tiny-piper");
    let file = std::fs::read_dir(view).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "onnx")).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test alone")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&file, permissions).unwrap();
    std::fs::write(&file, bytes).unwrap();

    node.post("/v1/models/tiny-piper/load").send().await.unwrap();
    let model = node.wait_for("tiny-piper", "failed").await;
    assert!(model["reason"].as_str().unwrap().contains("import"), "it says what to do: {model}");
    let error = refused(node.speak(json!({ "model": "tiny-piper", "input": "a" })).await, 503).await;
    assert_eq!(error["code"], "model_failed");
    assert_eq!(node.run(&["models", "verify"]).status.code(), Some(4));
    assert_eq!(node.speak(support::sentence("wav")).await.status(), 200, "other models serve");
}

#[tokio::test]
async fn without_its_library_a_voice_says_what_is_missing() {
    let node = Node::start_with(tempfile::tempdir().unwrap(), &[("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so")]);
    succeed(&node.run(&["models", "import", small_models::folder("tiny-piper").to_str().unwrap()]));
    while node.model("tiny-piper").await.get("error").is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let model = node.wait_for("tiny-piper", "failed").await;
    assert!(model["reason"].as_str().unwrap().contains("/nowhere/libonnxruntime.so"), "{model}");
}
