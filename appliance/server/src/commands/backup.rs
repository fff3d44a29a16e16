//! `appliance backup …` and `appliance restore`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use camino::Utf8Path;
use indicatif::{ProgressBar, ProgressStyle};
use store::{BackupError, BackupKey, Progress, Summary};

use super::print;
use crate::admin::{AdminClient, MadeBackup};
use crate::cli::{BackupCommand, RestoreArgs};
use crate::config::Config;

/// A check found something wrong.
const EXIT_BROKEN: u8 = 4;

/// Makes a backup through the running server, or checks one.
///
/// # Errors
/// When it cannot be made or read.
pub(crate) async fn run(command: BackupCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        BackupCommand::Create { file } => {
            let summary = create(&file, config).await?;
            show(
                &summary,
                &format!("Written to `{file}`. Its key is `{}`: keep a copy elsewhere.", config.backup_key()),
                json,
            )?;
            Ok(ExitCode::SUCCESS)
        }
        BackupCommand::Verify { file, key } => {
            let key = BackupKey::read(&key.unwrap_or_else(|| config.backup_key()))?;
            let scratch = tempfile::tempdir().context("failed to make a scratch folder")?;
            let folder = Utf8Path::from_path(scratch.path()).context("the scratch folder's name is not UTF-8")?;
            let bar = bar()?;
            let verified = store::verify_backup(&file, &key, folder, &|progress| advance(&bar, progress)).await;
            bar.finish_and_clear();
            match verified {
                Ok(summary) => {
                    show(&summary, "The backup is whole.", json)?;
                    Ok(ExitCode::SUCCESS)
                }
                Err(error @ (BackupError::Read { .. } | BackupError::Key { .. })) => Err(error.into()),
                Err(error) => {
                    print::line(format_args!("DAMAGED: {:#}", anyhow::Error::new(error)));
                    Ok(ExitCode::from(EXIT_BROKEN))
                }
            }
        }
    }
}

/// Fills an empty data folder from a backup.
///
/// # Errors
/// When the folder is not empty or the backup cannot be read.
pub(crate) async fn restore(args: &RestoreArgs, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let key = BackupKey::read(&args.key.clone().unwrap_or_else(|| config.backup_key()))?;
    let config = match &args.to {
        Some(folder) => config.clone().moved_to(folder.clone()),
        None => config.clone(),
    };
    let data = &config.data.folder;
    std::fs::create_dir_all(data).with_context(|| format!("failed to make the data folder `{data}`"))?;
    let attachments = crate::serve::open_attachments(&config).await?;
    let bar = bar()?;
    let summary =
        store::restore(&args.file, &key, &config.store.folder, &attachments, &|progress| advance(&bar, progress))
            .await?;
    bar.finish_and_clear();
    show(&summary, &format!("Restored to `{data}`; `appliance serve` goes on from there."), json)?;
    Ok(ExitCode::SUCCESS)
}

async fn create(file: &Utf8Path, config: &Config) -> anyhow::Result<Summary> {
    if file.exists() {
        bail!("`{file}` exists; name a new file");
    }
    let client = AdminClient::new(&config.admin_socket())?;
    let bar = bar()?;
    bar.set_message("the server copies its database and attachments");
    let made: MadeBackup = client.post("/backups", &()).await?;
    let path = format!("/backups/{}", made.id);
    let fetched = fetch(&client, &path, file, &bar).await;
    client.delete(&path).await?;
    bar.finish_and_clear();
    if fetched.is_err() {
        // Half a backup is worse than none; that it failed is said below.
        let _ = std::fs::remove_file(file);
    }
    fetched?;
    Ok(made.summary)
}

async fn fetch(client: &AdminClient, path: &str, file: &Utf8Path, bar: &ProgressBar) -> anyhow::Result<()> {
    let write = || format!("failed to write `{file}`");
    let mut response = client.stream(path).await?;
    bar.set_message("fetching");
    bar.set_length(response.content_length().unwrap_or(0));
    let mut target =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).with_context(write)?;
    while let Some(bytes) = response.chunk().await.context("the server did not send the backup in full")? {
        target.write_all(&bytes).with_context(write)?;
        bar.inc(bytes.len() as u64);
    }
    target.sync_all().with_context(write)
}

fn bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{spinner} {msg} {bar:30} {pos}/{len} {eta}")
        .context("the bar's template is wrong")?;
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(120));
    Ok(bar)
}

fn advance(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Database => bar.set_message("the database"),
        Progress::DatabaseBytes { done, total } => {
            bar.set_message("the database, bytes");
            bar.set_length(total);
            bar.set_position(done);
        }
        Progress::Attachments { done, total } => {
            bar.set_message("attachments");
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

fn show(summary: &Summary, last: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(summary);
    }
    let manifest = &summary.manifest;
    print::line(format_args!("taken at      {}", manifest.created_at));
    print::line(format_args!("journal row   {}", manifest.position));
    print::line(format_args!("database      {} bytes", manifest.database_bytes));
    print::line(format_args!("attachments   {}", summary.attachments));
    for (table, rows) in &manifest.rows {
        print::line(format_args!("  {table:<20}{rows} rows"));
    }
    for missing in &summary.missing {
        print::line(format_args!("MISSING       attachment {}", missing.0));
    }
    print::line(last);
    Ok(())
}
