//! What runs on every GPU server: loads models, serves them, tells how it is.

mod api;
mod cli;
mod commands;
mod config;
mod host;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    service::choose_tls_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("failed to start the runtime")),
    };
    let worker = matches!(cli.command, Command::Worker);
    let code = match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    };
    if worker {
        // Its standard input is still being read; nothing is left to be lost.
        runtime.shutdown_background();
    }
    code
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let json = cli.json;
    let loaded = config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Worker => commands::worker::run(&loaded.config).await,
        Command::Config => commands::config::run(&loaded, json),
        Command::Serve => serve::run(loaded.config).await.map(|()| ExitCode::SUCCESS),
        Command::Models { command } => commands::models::run(command, &loaded.config, json),
        Command::Selftest(args) => commands::selftest::run(args, &loaded.config, json).await,
        Command::Gpu { command } => commands::gpu::run(command, &loaded.config, json).await,
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own error")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("inference-node: {error:#}");
    ExitCode::FAILURE
}
