//! `appliance eval`: how well questions are answered from a knowledge base; the whole pipeline, in this process.

use std::process::ExitCode;

use answers::Answers;
use answers::evaluation::{self, Report, Trial, read_questions};
use anyhow::{Context, ensure};
use camino::Utf8Path;
use desk::article::ArticleState;
use indicatif::ProgressBar;
use knowledge::{Contents, ImportSettings, KnowledgeIndex};

use super::print;
use crate::cli::EvalArgs;
use crate::config::Config;

/// `--knowledge starter`: the pack that comes with the program.
const STARTER: &str = "starter";

/// Evaluates and prints.
///
/// # Errors
/// When knowledge or questions cannot be read, or the index cannot be made.
pub(crate) async fn run(args: &EvalArgs, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let args = args.clone();
    let answers = config.answers.clone();
    let runtime = tokio::runtime::Handle::current();
    let report = tokio::task::spawn_blocking(move || -> anyhow::Result<Report> {
        let questions = questions(&args.questions)?;
        let index = index(&args.knowledge)?;
        let assistant = Answers::new(answers, index, None);
        runtime.block_on(assistant.warm_up());
        let bar = ProgressBar::new(questions.len() as u64);
        let report = evaluation::evaluate(&questions, |question| {
            let trial = runtime.block_on(assistant.examine_alone(&question.question, question.lang)).into();
            bar.inc(1);
            Ok::<Trial, std::convert::Infallible>(trial)
        })?;
        bar.finish_and_clear();
        Ok(report)
    })
    .await
    .context("the evaluation panicked")??;
    if json {
        print::json(&report)?;
    } else {
        print::line(report.table());
    }
    Ok(ExitCode::SUCCESS)
}

/// The questions of a file, or of every `.jsonl` in a folder.
fn questions(path: &Utf8Path) -> anyhow::Result<Vec<evaluation::Question>> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = path
            .read_dir_utf8()
            .with_context(|| format!("failed to list `{path}`"))?
            .map(|entry| entry.map(|entry| entry.into_path()))
            .collect::<Result<_, _>>()
            .with_context(|| format!("failed to list `{path}`"))?;
        files.retain(|file| file.extension() == Some("jsonl"));
        files.sort();
    }
    let mut questions = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("failed to read `{file}`"))?;
        questions.extend(read_questions(&text).with_context(|| format!("`{file}` cannot be used"))?);
    }
    ensure!(!questions.is_empty(), "`{path}` holds no questions; each line is one JSON object");
    Ok(questions)
}

/// An index in memory over the knowledge. What does not name its state counts as published.
fn index(knowledge: &str) -> anyhow::Result<KnowledgeIndex> {
    let contents: Contents = if knowledge == STARTER {
        knowledge::starter().contents.clone()
    } else {
        let path = Utf8Path::new(knowledge);
        let settings = ImportSettings { state: Some(ArticleState::Published), ..ImportSettings::default() };
        let import = knowledge::import_folder(path, &settings)?;
        for file in &import.report {
            if let Err(refusal) = &file.result {
                tracing::warn!(file = %file.path, %refusal, "refused");
            }
        }
        import.contents
    };
    ensure!(!contents.articles.is_empty(), "`{knowledge}` holds no articles");
    let index = KnowledgeIndex::in_memory().context("failed to make an index in memory")?;
    index.fill(&contents, 1).context("failed to fill the index")?;
    Ok(index)
}
