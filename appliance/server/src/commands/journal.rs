//! `appliance journal …`.

use std::process::ExitCode;

use anyhow::Context;
use desk::journal::JournalEntry;
use store::Verification;

use super::print;
use crate::admin::{AdminClient, Verdict};
use crate::cli::JournalCommand;
use crate::config::Config;

/// A check found something wrong.
const EXIT_BROKEN: u8 = 4;

/// Asks the running server, or reads a copied file.
///
/// # Errors
/// When neither can be read.
pub(crate) async fn run(command: JournalCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        JournalCommand::Verify { file } => {
            let verification = match file {
                Some(file) => tokio::task::spawn_blocking(move || store::verify_journal_file(&file))
                    .await
                    .context("the verification panicked")??,
                None => {
                    let verdict: Verdict = AdminClient::new(&config.admin_socket())?.get("/journal/verify").await?;
                    verdict.verification
                }
            };
            show(&verification, json)
        }
        JournalCommand::Tail { lines } => {
            let path = format!("/journal?lines={lines}");
            let entries: Vec<JournalEntry> = AdminClient::new(&config.admin_socket())?.get(&path).await?;
            if json {
                print::json(&entries)?;
            } else {
                let rows = entries.iter().map(|row| {
                    let concerns = row
                        .entry
                        .case
                        .map(|id| format!("case {id}"))
                        .or_else(|| row.entry.conversation.map(|id| format!("conversation {id}")));
                    [
                        row.seq.to_string(),
                        row.at.to_string(),
                        format!("{:?}", row.entry.event),
                        format!("{:?}", row.entry.actor),
                        concerns.or_else(|| row.entry.subject.clone()).unwrap_or_default(),
                        row.entry.detail.clone(),
                    ]
                });
                print::table(&["ROW", "AT", "EVENT", "BY", "CONCERNS", "DETAIL"], rows);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show(verification: &Verification, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(verification)?;
    } else {
        print::line(format_args!(
            "{} rows, {} seals; sealed up to row {}, {} rows not sealed yet",
            verification.rows, verification.seals, verification.sealed_through, verification.unsealed
        ));
        match &verification.broken {
            None => print::line(format_args!("The chain is whole. Head: {}", verification.head)),
            Some(broken) => print::line(format_args!("BROKEN: {broken}")),
        }
    }
    Ok(if verification.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_BROKEN) })
}
