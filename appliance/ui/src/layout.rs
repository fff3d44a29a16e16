//! The frame of every page, and how a template becomes a response. Templates extend `ui/base.html`; a crate finds it by
//! `dirs` in its `askama.toml`.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use desk::language::Language;

/// What `ui/base.html` needs to know: the template struct has it as its field `page`.
#[derive(Debug, Clone)]
pub struct Page {
    /// The language of the page.
    pub language: Language,
    /// The window's title, most particular part first.
    pub title: String,
    /// The words of the link that skips to the main part.
    pub skip: &'static str,
    /// Further style sheets by asset name, after `base.css`.
    pub styles: &'static [&'static str],
    /// Scripts by asset name, deferred.
    pub scripts: &'static [&'static str],
    /// Class of the body: `desk` makes the dense operators' layout.
    pub class: &'static str,
}

impl Page {
    /// A page without styles and scripts of its own.
    #[must_use]
    pub fn new(language: Language, title: impl Into<String>) -> Self {
        let skip = match language {
            Language::Ro => "Mergi la conținut",
            Language::Hu => "Ugrás a tartalomra",
            Language::En => "Skip to content",
        };
        Self { language, title: title.into(), skip, styles: &[], scripts: &[], class: "" }
    }

    /// The address of an asset.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        crate::assets::url(name)
    }
}

/// HTML that is safe already: askama writes it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Html(pub String);

impl Html {
    /// Markdown as safe HTML.
    #[must_use]
    pub fn markdown(text: &str) -> Self {
        Self(crate::markdown::to_html(text))
    }
}

impl std::fmt::Display for Html {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Renders a page; pages are never kept by a cache, for they may hold a citizen's words.
pub fn page(template: &impl Template, language: Language) -> Response {
    page_with(StatusCode::OK, template, language)
}

/// Renders a page with a status of its own.
pub fn page_with(status: StatusCode, template: &impl Template, language: Language) -> Response {
    match template.render() {
        Ok(html) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_LANGUAGE, language.code()),
                (CACHE_CONTROL, "no-store"),
            ];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
