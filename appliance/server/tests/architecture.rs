//! The folders are the architecture: which crate may know which.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it measured and fails where it stands"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every arrow that may be there; tests' own dependencies do not count.
const ARROWS: &[(&str, &[&str])] = &[
    ("desk", &[]),
    ("store", &["desk"]),
    ("blobs", &["desk"]),
    ("knowledge", &["desk"]),
    ("answers", &["desk", "knowledge"]),
    ("policy", &["protocol"]),
    ("gateway", &["desk", "placement", "policy", "protocol", "service"]),
    ("placement", &["protocol"]),
    ("simulator", &["policy", "protocol"]),
    // Stands outside what it measures.
    ("bench", &[]),
    ("ui", &["desk"]),
    ("chat", &["desk", "service", "ui"]),
    ("signalling", &["service"]),
    ("media", &[]),
    ("dialogue", &["desk"]),
    ("phone", &["desk", "dialogue", "media", "signalling"]),
    ("console", &["desk", "ui"]),
    (
        "server",
        &[
            "answers",
            "blobs",
            "chat",
            "console",
            "desk",
            "gateway",
            "knowledge",
            "phone",
            "placement",
            "policy",
            "protocol",
            "service",
            "simulator",
            "store",
            "ui",
        ],
    ),
    // The inference node.
    ("protocol", &[]),
    ("gpu", &["protocol"]),
    ("models", &["protocol"]),
    ("audio", &[]),
    ("text-normaliser", &[]),
    ("espeak", &[]),
    ("engines", &["audio", "espeak", "protocol", "service", "text-normaliser"]),
    ("node", &["audio", "engines", "gpu", "models", "protocol", "service"]),
    // Both.
    ("service", &[]),
];

/// What the pure crates must not come near.
const IMPURE: &[&str] = &["tokio", "axum", "hyper", "reqwest", "hiqlite", "rusqlite", "tantivy", "object_store"];

fn packages() -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

fn dependencies(package: &serde_json::Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter().filter(|one| one["kind"].is_null()).filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    for package in &packages {
        let name = package["name"].as_str().expect("a name");
        let arrows = allowed.get(name).unwrap_or_else(|| panic!("crate `{name}` is not in the list of arrows"));
        for dependency in dependencies(package).iter().filter(|dependency| names.contains(dependency.as_str())) {
            assert!(arrows.contains(dependency.as_str()), "`{name}` may not depend on `{dependency}`");
        }
    }
}

#[test]
fn the_domain_knows_no_network_and_no_database() {
    let packages = packages();
    let desk = packages.iter().find(|package| package["name"] == "desk").expect("desk");
    let dependencies = dependencies(desk);
    for impure in IMPURE {
        assert!(!dependencies.contains(*impure), "`desk` may not depend on `{impure}`");
    }
}

#[test]
fn a_crate_is_called_as_its_folder() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().expect("a path").to_owned();
        let folder = manifest.trim_end_matches("/Cargo.toml").rsplit('/').next().expect("a folder").to_owned();
        assert_eq!(package["name"].as_str(), Some(folder.as_str()));
    }
}

/// Files below a folder whose text has `what`.
fn mentions(folder: &Path, what: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(mentions(&path, what));
        } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains(what)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_spans_of_every_crate_that_makes_some_are_exported() {
    let mut made = 0;
    for package in packages() {
        let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
        let files = mentions(&manifest.with_file_name("src"), "_span!(");
        made += files.len();
        let targets = package["targets"].as_array().expect("targets").iter();
        let kinds = targets.filter(|target| target["kind"][0] == "lib" || target["kind"][0] == "bin");
        for target in kinds.filter(|_| !files.is_empty()) {
            let name = target["name"].as_str().expect("a name").replace('-', "_");
            assert!(service::telemetry::TRACED.contains(&name.as_str()), "`{name}` makes spans, in {files:?}");
        }
    }
    assert!(made > 0, "the test looks in the wrong place");
}
