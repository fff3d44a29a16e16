//! The appliance: one binary that serves citizens and operators, and the sub-commands with which it is run.

mod admin;
mod cli;
mod commands;
mod config;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The server is not running.
const EXIT_NOT_RUNNING: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    service::choose_tls_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("failed to start the runtime")),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let json = cli.json;
    if matches!(cli.command, Command::Openapi) {
        return commands::openapi::run();
    }
    let loaded = config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Config => commands::config::run(&loaded, json),
        Command::Serve => serve::run(loaded.config).await.map(|()| ExitCode::SUCCESS),
        Command::Eval(args) => commands::eval::run(&args, &loaded.config, json).await,
        Command::Knowledge { command } => commands::knowledge::run(command, &loaded.config, json).await,
        Command::User { command } => commands::user::run(command, &loaded.config, json).await,
        Command::Phone { command } => commands::phone::run(command, &loaded.config, json).await,
        Command::Journal { command } => commands::journal::run(command, &loaded.config, json).await,
        Command::Cluster { command } => commands::cluster::run(command, &loaded.config, json).await,
        Command::Gateway { command } => commands::gateway::run(command, json),
        Command::Backup { command } => commands::backup::run(command, &loaded.config, json).await,
        Command::Restore(args) => commands::backup::restore(&args, &loaded.config, json).await,
        Command::Openapi => commands::openapi::run(),
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own error")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("appliance: {error:#}");
    match error.downcast_ref::<admin::ClientError>() {
        Some(admin::ClientError::NotRunning { .. }) => ExitCode::from(EXIT_NOT_RUNNING),
        _ => ExitCode::FAILURE,
    }
}
