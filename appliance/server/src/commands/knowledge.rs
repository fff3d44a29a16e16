//! `appliance knowledge …`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::Utf8Path;
use desk::article::{Article, ArticleId, ArticleState};
use indicatif::{ProgressBar, ProgressStyle};
use knowledge::{Contents, Import, ImportSettings, Outside, Synonyms, Taken};
use serde_json::json;

use super::print;
use crate::admin::{AdminClient, Everything, ImportBatch, Imported, StateRequest};
use crate::cli::{ArticleStateArg, KnowledgeCommand};
use crate::config::Config;
use ui::chain;

/// How many articles go to the server in one request.
const BATCH: usize = 200;

impl From<ArticleStateArg> for ArticleState {
    fn from(state: ArticleStateArg) -> Self {
        match state {
            ArticleStateArg::Draft => Self::Draft,
            ArticleStateArg::Review => Self::Review,
            ArticleStateArg::Published => Self::Published,
            ArticleStateArg::Retired => Self::Retired,
        }
    }
}

/// Asks the running server; a dry run needs none.
///
/// # Errors
/// When a file cannot be read, the server is not running or refuses.
pub(crate) async fn run(command: KnowledgeCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        KnowledgeCommand::Import { path, dry_run } => import(&path, dry_run, config, json).await,
        KnowledgeCommand::Export { path } => export(&path, config).await,
        KnowledgeCommand::List => list(config, json).await,
        KnowledgeCommand::State { id, language, state } => {
            let request = StateRequest { id: ArticleId(id), language: language.parse()?, state: state.into() };
            let article: Article = AdminClient::new(&config.admin_socket())?.post("/knowledge/state", &request).await?;
            print::line(format_args!("{} ({}) is now {}.", article.id, article.language, state_name(article.state)));
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn import(path: &Utf8Path, dry_run: bool, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let source = path.to_owned();
    let Import { contents, report, .. } =
        tokio::task::spawn_blocking(move || knowledge::import_folder(&source, &ImportSettings::default()))
            .await
            .context("the importer panicked")??;
    let refused = report.iter().filter(|file| file.result.is_err()).count();
    let changed = if dry_run { 0 } else { send(contents.clone(), config).await? };
    if json {
        let files: Vec<_> = report
            .iter()
            .map(|file| match &file.result {
                Ok(taken) => {
                    let notes: Vec<String> = file.notes.iter().map(|note| chain(note)).collect();
                    json!({ "path": file.path, "articles": taken.articles, "guides": taken.guides, "notes": notes })
                }
                Err(refusal) => json!({ "path": file.path, "refused": chain(refusal) }),
            })
            .collect();
        print::json(&json!({ "files": files, "changed": changed, "dry_run": dry_run }))?;
    } else {
        for file in &report {
            match &file.result {
                Ok(taken) => print::line(format_args!("taken    {} ({})", file.path, gave(taken))),
                Err(refusal) => print::line(format_args!("REFUSED  {}: {}", file.path, chain(refusal))),
            }
            for note in &file.notes {
                print::line(format_args!("         note: {}", chain(note)));
            }
        }
        let (articles, guides) = (contents.articles.len(), contents.guides.len());
        let drafts = contents.articles.iter().filter(|article| article.state == ArticleState::Draft).count();
        let outcome =
            if dry_run { "would be taken".to_owned() } else { format!("taken, {changed} of them new or changed") };
        print::line(format_args!("{articles} articles and {guides} guides {outcome}; {refused} files refused."));
        if drafts > 0 {
            print::line(format_args!(
                "{drafts} of the articles are drafts, which citizens do not get: `appliance knowledge state ID published`."
            ));
        }
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What one file gave, in words.
fn gave(taken: &Taken) -> String {
    let parts = [
        (taken.articles, "articles"),
        (taken.guides, "guides"),
        (taken.synonyms, "groups of synonyms"),
        (taken.outside, "subjects that are not answered"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if parts.is_empty() { "nothing in it".to_owned() } else { parts.join(", ") }
}

/// Sends what was read to the server, in batches with a bar; returns how much was new.
async fn send(contents: Contents, config: &Config) -> anyhow::Result<u64> {
    let client = AdminClient::new(&config.admin_socket())?;
    let Contents { articles, guides, synonyms, outside } = contents;
    let bar = ProgressBar::new((articles.len() + guides.len()) as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} articles and guides, {eta} left")
            .context("the bar's template is wrong")?,
    );
    let mut changed = 0;
    for batch in articles.chunks(BATCH) {
        let request = ImportBatch { articles: batch.to_vec(), ..ImportBatch::default() };
        let answer: Imported = client.post("/knowledge/import", &request).await?;
        changed += answer.changed;
        bar.inc(batch.len() as u64);
    }
    let synonyms = (synonyms != Synonyms::default()).then(|| synonyms.to_toml());
    let outside = (outside != Outside::default()).then(|| outside.to_toml());
    if !guides.is_empty() || synonyms.is_some() || outside.is_some() {
        let count = guides.len() as u64;
        let request = ImportBatch { guides, synonyms, outside, ..ImportBatch::default() };
        let answer: Imported = client.post("/knowledge/import", &request).await?;
        changed += answer.changed;
        bar.inc(count);
    }
    bar.finish_and_clear();
    Ok(changed)
}

async fn export(path: &Utf8Path, config: &Config) -> anyhow::Result<ExitCode> {
    if path.read_dir_utf8().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("`{path}` is not empty; name a new folder, so that nothing is mixed");
    }
    let everything: Everything = AdminClient::new(&config.admin_socket())?.get("/knowledge").await?;
    // While the institution has no lists of its own, those of the starter pack are in force: they are what it edits.
    let synonyms = match everything.synonyms.as_str() {
        "" => knowledge::starter().contents.synonyms.clone(),
        text => Synonyms::from_toml(text)?,
    };
    let outside = match everything.outside.as_str() {
        "" if config.knowledge.starter_pack => knowledge::starter().contents.outside.clone(),
        text => Outside::from_toml(text)?,
    };
    let contents = Contents { articles: everything.articles, guides: everything.guides, synonyms, outside };
    let target = path.to_owned();
    let (articles, guides) = (contents.articles.len(), contents.guides.len());
    tokio::task::spawn_blocking(move || knowledge::export_folder(&contents, &target))
        .await
        .context("the export panicked")??;
    print::line(format_args!("{articles} articles and {guides} guides written to `{path}`."));
    Ok(ExitCode::SUCCESS)
}

async fn list(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let everything: Everything = AdminClient::new(&config.admin_socket())?.get("/knowledge").await?;
    if json {
        print::json(&everything)?;
        return Ok(ExitCode::SUCCESS);
    }
    let articles = everything.articles.iter().map(|article| {
        let version = article.version.to_string();
        [
            article.id.0.clone(),
            article.language.to_string(),
            state_name(article.state).to_owned(),
            version,
            article.title.clone(),
        ]
    });
    let guides = everything.guides.iter().map(|guide| {
        [
            format!("guide {}", guide.id.0),
            "all".to_owned(),
            state_name(guide.state).to_owned(),
            String::new(),
            guide.title.ro.clone(),
        ]
    });
    print::table(&["ID", "LANGUAGE", "STATE", "VERSION", "TITLE"], articles.chain(guides));
    if everything.articles.is_empty() {
        print::line("The knowledge base is empty: `appliance knowledge import FOLDER` fills it.");
    }
    Ok(ExitCode::SUCCESS)
}

fn state_name(state: ArticleState) -> &'static str {
    match state {
        ArticleState::Draft => "draft",
        ArticleState::Review => "review",
        ArticleState::Published => "published",
        ArticleState::Retired => "retired",
    }
}
