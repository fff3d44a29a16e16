//! Measures what the database promises: durable turns per second against plain SQLite in the same run, failover of three
//! processes when the leader is killed, and restart of a killed single node with many cases.
//!
//! ```text
//! cargo run --release -p store --example durability -- throughput
//! cargo run --release -p store --example durability -- failover [rounds]
//! cargo run --release -p store --example durability -- restart [cases ...]
//! ```

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

mod failover;
mod member;
mod restart;
mod seed;
mod throughput;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;

/// A folder for one measurement, removed afterwards. On the disk that holds the build, since a temporary folder may be in
/// memory, where nothing is ever written durably.
fn scratch() -> anyhow::Result<tempfile::TempDir> {
    let base = std::env::current_exe()?.parent().context("the program has no folder")?.to_owned();
    Ok(tempfile::Builder::new().prefix("durability").tempdir_in(base)?)
}

fn path(folder: &tempfile::TempDir) -> anyhow::Result<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(folder.path().to_owned()).map_err(|path| anyhow::anyhow!("{path:?}"))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers = |default: &[u64]| -> anyhow::Result<Vec<u64>> {
        let given: Result<Vec<u64>, _> = arguments.iter().skip(1).map(|text| text.parse()).collect();
        let given = given.context("a number was expected")?;
        Ok(if given.is_empty() { default.to_vec() } else { given })
    };
    match arguments.first().map(String::as_str) {
        Some("throughput") => throughput::run().await,
        Some("failover") => failover::run(*numbers(&[3])?.first().unwrap_or(&3)).await,
        Some("restart") => {
            for cases in numbers(&[10_000, 200_000])? {
                restart::run(cases).await?;
            }
            Ok(())
        }
        Some("member") => member::run(arguments.get(1).context("a configuration file was expected")?).await,
        _ => bail!("one of: throughput, failover [rounds], restart [cases ...]"),
    }
}
