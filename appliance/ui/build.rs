//! Refuses to build pages without their bundled styles and scripts, and says how to get them.

use std::path::Path;

fn main() {
    let manifest = Path::new("dist/manifest.json");
    println!("cargo::rerun-if-changed=dist");
    println!("cargo::rerun-if-changed=dist/manifest.json");
    if !manifest.exists() {
        println!(
            "cargo::error=the pages' styles and scripts are not bundled: run `make web` once in the repository's root"
        );
    }
}
