//! Looks once at the GPUs of this machine, or at those of a story:
//!
//! ```sh
//! cargo run -p gpu --example look
//! cargo run -p gpu --example look -- inference-node/gpu/scripts/two-h200.toml
//! ```

use std::error::Error;
use std::io::Write;
use std::path::Path;

use gpu::{NvmlTelemetry, Policy, Script, Telemetry, look_once, render};

fn main() -> Result<(), Box<dyn Error>> {
    let mut telemetry: Box<dyn Telemetry> = match std::env::args().nth(1) {
        Some(story) => Box::new(Script::open(Path::new(&story))?),
        None => Box::new(NvmlTelemetry::new()),
    };
    let snapshot = look_once(telemetry.as_mut(), Policy::built_in()?);
    write!(std::io::stdout(), "{}\n{}", render::list(&snapshot), render::check(&snapshot))?;
    Ok(())
}
