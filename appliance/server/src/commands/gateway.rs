//! `appliance gateway …`.

use std::process::ExitCode;

use rand::Rng;
use rand::distr::Alphanumeric;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::print;
use crate::cli::GatewayCommand;

/// Random characters of a key: 238 bits.
const RANDOM: usize = 40;

/// Makes a key; needs no running server.
///
/// # Errors
/// When it cannot be printed.
pub(crate) fn run(command: GatewayCommand, json: bool) -> anyhow::Result<ExitCode> {
    let GatewayCommand::Key { name, class } = command;
    let random: String = rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from).collect();
    let key = format!("sfn-{random}");
    let sum = hex::encode(Sha256::digest(key.as_bytes()));
    if json {
        print::json(&json!({ "name": name, "class": class, "key": key, "key_sha256": sum }))?;
    } else {
        print::line(format_args!("Key for `{name}`, shown this once:\n\n  {key}\n"));
        print::line("Put this into the configuration of every server, and start them again:\n");
        let name = toml::Value::String(name);
        let class = class.name();
        print::line(format_args!(
            "  [[inference.customers]]\n  name = {name}\n  key_sha256 = \"{sum}\"\n  class = \"{class}\"\n  \
             requests_per_minute = 600\n  parallel = 64"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
