//! Looks for articles and guides: the words as they stand, with the earlier subject before them, and last in the other
//! languages.

use std::sync::Arc;
use std::time::Instant;

use desk::case::CaseKind;
use desk::language::Language;
use desk::outcome::{HandOffReason, Outcome};
use knowledge::{Embedder, Found, IndexError, Query, Snapshot};

use crate::context::{Context, Verdict};
use crate::findings::{Candidate, Findings};
use crate::stages::follow_up::{self, own_words};
use crate::stages::sentences;

/// How many articles are looked at.
const FOUND: usize = 5;

/// How many are looked at for a turn that leans on the one before.
const FOUND_FOR_FOLLOW_UPS: usize = 10;

/// By how much the plain words must be surer to be believed where the earlier subject seems needed.
const SURER: f64 = 0.15;

pub(crate) async fn run(
    context: &mut Context<'_>,
    embedder: Option<&Arc<dyn Embedder>>,
) -> std::ops::ControlFlow<Outcome> {
    let begun = Instant::now();
    let verdict = match search_all(context, embedder).await {
        Ok(findings) => {
            let best = findings.articles.first().map_or("nothing", |candidate| candidate.article.id.0.as_str());
            let decision = format!(
                "{} articles, {} guides, best {best} at {:.2}{}{}{}{}",
                findings.articles.len(),
                findings.guides.len(),
                findings.best(),
                findings.outside.as_ref().map_or_else(String::new, |outside| {
                    format!(", of what is not answered \"{}\" is nearest at {:.2}", outside.name, outside.score)
                }),
                if findings.by_sentence { ", by one of its sentences" } else { "" },
                if findings.contextual { ", with the earlier subject" } else { "" },
                if findings.language == context.language { "" } else { ", in another language" },
            );
            let span = tracing::Span::current();
            span.record("articles", findings.articles.len());
            span.record("guides", findings.guides.len());
            span.record("confidence", findings.best());
            context.findings = findings;
            Verdict::go_on(decision)
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "failed to search the knowledge base");
            let department = context.config.default_department.clone();
            let notice = context.phrases().hand_off_failure;
            Verdict::end("failed", context.hand_off(HandOffReason::Failure, CaseKind::Question, department, notice))
        }
    };
    context.note("retrieve", verdict, begun)
}

async fn search_all(context: &Context<'_>, embedder: Option<&Arc<dyn Embedder>>) -> Result<Findings, SearchError> {
    let threshold = context.config.answer_threshold;
    let plain = search(context, context.query.clone(), context.language, embedder).await?;
    let mut chosen = Findings::weigh(plain, context.language, false);
    if let Some(carried) = &context.carried {
        let own: Vec<String> = own_words(&context.query_words).into_iter().map(str::to_owned).collect();
        let torn = follow_up::is_torn(&chosen, &own, threshold);
        let needed = torn || carried.needed && (own.len() < 3 || chosen.best() < threshold + SURER);
        if needed || chosen.best() < threshold {
            let text = format!("{} {}", carried.words, context.query);
            let found = search(context, text, context.language, embedder).await?;
            let contextual = Findings::weigh(found, context.language, true);
            let contextual = follow_up::resolve(contextual, &chosen, &own, carried, threshold);
            if contextual.best() >= threshold || needed && contextual.best() > chosen.best() {
                chosen = contextual;
            }
        }
    }
    if chosen.best() < threshold && !chosen.contextual {
        for part in sentences::parts(&context.query) {
            let found = search(context, part, context.language, embedder).await?;
            let mut of_part = Findings::weigh(found, context.language, false);
            // What the rest of the message speaks against is not believed.
            let plausible = chosen.ranking();
            of_part.articles.retain(|candidate| plausible.contains(&candidate.article.id));
            of_part.guides.clear();
            if of_part.best() >= threshold {
                chosen = Findings { by_sentence: true, ..of_part };
                break;
            }
        }
    }
    for language in others(context.language, embedder.is_some()) {
        if chosen.best() >= threshold {
            break;
        }
        let found = search(context, context.query.clone(), language, embedder).await?;
        let other = only_there(context, Findings::weigh(found, language, false));
        if other.best() >= threshold {
            chosen = other;
        }
    }
    Ok(chosen)
}

/// The languages looked at when the citizen's own holds no answer. Words match across languages only where citizens use the
/// official Romanian ones, so that Romanian is the one to look at; embeddings match any.
fn others(own: Language, embedded: bool) -> impl Iterator<Item = Language> {
    Language::ALL.into_iter().filter(move |other| *other != own && (embedded || *other == Language::Ro))
}

/// Leaves what exists in the citizen's language too: there it was looked for already, and more surely.
fn only_there(context: &Context<'_>, mut findings: Findings) -> Findings {
    let here = |candidate: &Candidate| {
        context.snapshot.article(&candidate.article.id, context.language).is_ok_and(|article| article.is_some())
    };
    findings.articles.retain(|candidate| !here(candidate));
    findings.guides.clear();
    findings
}

#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error("failed to search the index")]
    Index(#[source] IndexError),
    #[error("the search broke off")]
    Broken,
}

/// One search. It takes milliseconds of processor time, so it runs beside the threads that serve connections where there are any.
async fn search(
    context: &Context<'_>,
    text: String,
    language: Language,
    embedder: Option<&Arc<dyn Embedder>>,
) -> Result<Found, SearchError> {
    // A follow-up chooses by the earlier subject among more.
    let limit = if context.carried.is_some() { FOUND_FOR_FOLLOW_UPS } else { FOUND };
    let query = Query { limit, ..Query::citizen(text, language, context.day) };
    let snapshot: Arc<Snapshot> = Arc::clone(&context.snapshot);
    if let Some(embedder) = embedder {
        return snapshot.search_with(&query, embedder.as_ref()).await.map_err(SearchError::Index);
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => match runtime.spawn_blocking(move || snapshot.search(&query)).await {
            Ok(found) => found.map_err(SearchError::Index),
            Err(_) => Err(SearchError::Broken),
        },
        Err(_) => snapshot.search(&query).map_err(SearchError::Index),
    }
}
