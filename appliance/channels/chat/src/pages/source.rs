//! The page that a source leads to: the article as citizens may read it, with its sources and validity.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use desk::article::{Article, ArticleId};
use desk::language::Language;
use desk::ports::PortError;
use ui::{Html, Page, Problem};

use super::{PageProblem, Site, head};
use crate::access::Caller;
use crate::app::App;
use crate::view::{FactsView, facts_view, path_segment};

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    page: Page,
    site: Site,
    article: Article,
    body: Html,
    facts: Option<FactsView>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    /// Title, institution, address, when it was read.
    sources: Vec<(String, String, Option<String>, Option<String>)>,
}

#[derive(Template)]
#[template(path = "source_missing.html")]
struct Missing {
    page: Page,
    site: Site,
}

/// `GET /surse/{article}`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, PageProblem> {
    let language = caller.language;
    let address = |language: Language| format!("/surse/{}?lang={language}", path_segment(&id));
    let site = Site::new(&app, language, address);
    let today = desk::calendar::day_of(app.parts.time.now());
    let article = match app.parts.articles.article(&ArticleId(id.clone()), language).await {
        Ok(article) if article.serves_citizens_on(today) => article,
        Ok(_) | Err(PortError::NotFound { .. }) => {
            let page = head(&app, language, &site.t.source.missing, &[]);
            return Ok(ui::layout::page_with(StatusCode::NOT_FOUND, &Missing { page, site }, language));
        }
        Err(error) => return Err(Problem::from_port(&error, language).into()),
    };
    let said = |day| ui::dates::date(day, language);
    let accessed = &site.t.source.accessed;
    let sources = article
        .sources
        .iter()
        .map(|source| {
            // Only addresses that a browser may be led to.
            let url = source.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
            let read = source.accessed.map(|day| ui::fill(accessed, &[("date", &said(day))]));
            (source.title.clone(), source.institution.clone(), url, read)
        })
        .collect();
    let page = SourcePage {
        page: head(&app, language, &article.title, &[]),
        body: Html::markdown(&article.body),
        valid_from: article.valid_from.map(said),
        valid_until: article.valid_until.map(said),
        sources,
        facts: (!article.facts.is_empty()).then(|| facts_view(&article.facts)),
        article,
        site,
    };
    Ok(ui::page(&page, language))
}
