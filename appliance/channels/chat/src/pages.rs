//! Citizens' pages: complete without scripts, and the frame that the element fills.

pub(crate) mod case;
pub(crate) mod embed;
pub(crate) mod home;
pub(crate) mod message;
pub(crate) mod source;

use askama::Template;
use axum::response::{IntoResponse, Response};
use desk::language::Language;
use ui::{Html, Page, Problem, ProblemKind};

use crate::access::Caller;
use crate::app::App;
use crate::texts::{Texts, texts};
use crate::view::size;

/// The frame of header and footer around every page.
pub(crate) struct Site {
    pub(crate) institution: String,
    /// Language, its own name, its address, and whether it is the current one.
    pub(crate) languages: Vec<(Language, &'static str, String, bool)>,
    pub(crate) t: &'static Texts,
    pub(crate) language: Language,
}

impl Site {
    /// The frame of a page whose versions are found under `address(language)`.
    pub(crate) fn new(app: &App, language: Language, address: impl Fn(Language) -> String) -> Self {
        let languages = Language::ALL.map(|other| (other, other.endonym(), address(other), other == language));
        Self {
            institution: app.parts.config.institution.get(language).clone(),
            languages: languages.to_vec(),
            t: texts(language),
            language,
        }
    }
}

/// The page's head: title, styles, and the element's script where it is used.
pub(crate) fn head(app: &App, language: Language, title: &str, scripts: &'static [&'static str]) -> Page {
    let institution = app.parts.config.institution.get(language);
    Page { styles: &["chat.css"], scripts, ..Page::new(language, format!("{title} – {institution}")) }
}

/// The conversation with its form: what the page shows and the element takes over.
#[derive(Template)]
#[template(path = "thread.html")]
struct Thread<'a> {
    t: &'a Texts,
    language: Language,
    emergency: &'a str,
    privacy: &'a str,
    suggestions: &'a [String],
    turns: Vec<Html>,
    banner: Html,
    status: &'a str,
    /// Who must answer next.
    owner: &'a str,
    /// What a repeated form repeats.
    key: String,
    attach_hint: String,
    /// The conversation's transcript, where there is one.
    transcript: Option<String>,
    error: Option<String>,
    /// What was typed and refused.
    typed: String,
    /// Where the script is that listens to the microphone, if questions in this language can be spoken.
    microphone: Option<String>,
}

/// What a conversation brings into the frame.
#[derive(Default)]
pub(crate) struct Filled {
    pub(crate) turns: Vec<Html>,
    pub(crate) banner: String,
    pub(crate) status: String,
    pub(crate) owner: &'static str,
    pub(crate) transcript: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) typed: String,
}

/// The frame, empty: for the embedded element.
pub(crate) fn frame(app: &App, language: Language) -> String {
    fill(app, language, Filled::default())
}

/// The frame, with what a conversation holds.
pub(crate) fn fill(app: &App, language: Language, filled: Filled) -> String {
    let config = &app.parts.config;
    let t = texts(language);
    let largest = size(config.limits.attachment_bytes as u64);
    let status = if filled.status.is_empty() { t.status.assistant.clone() } else { filled.status };
    let thread = Thread {
        t,
        language,
        emergency: config.emergency.get(language),
        privacy: config.privacy_note.get(language),
        suggestions: if filled.turns.is_empty() { config.suggestions.get(language) } else { &[] },
        turns: filled.turns,
        banner: Html(filled.banner),
        status: &status,
        owner: if filled.owner.is_empty() { "assistant" } else { filled.owner },
        key: crate::secret::random_key(),
        attach_hint: ui::fill(&t.composer.attach_hint, &[("size", &largest)]),
        transcript: filled.transcript,
        error: filled.error,
        typed: filled.typed,
        microphone: app.parts.speech.abilities().hears(language).then(|| ui::assets::url("microphone.js")),
    };
    thread.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the conversation's frame could not be rendered");
        String::new()
    })
}

/// A problem as a page.
#[derive(Debug)]
pub(crate) struct PageProblem {
    problem: Problem,
}

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self { problem }
    }
}

/// What is at no address of ours.
pub(crate) async fn missing(caller: Caller) -> PageProblem {
    Problem::new(ProblemKind::NotFound, caller.language).into()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    t: &'static Texts,
    title: &'static str,
    detail: Option<String>,
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let language = self.problem.language;
        let t = texts(language);
        let page = ProblemPage {
            page: Page { styles: &["chat.css"], ..Page::new(language, t.problem.title.clone()) },
            t,
            title: self.problem.title(),
            detail: self.problem.detail.clone(),
        };
        let mut response = ui::layout::page_with(self.problem.kind.status(), &page, language);
        if let Some(seconds) = self.problem.retry_after {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The address of the front page in `language`.
pub(crate) fn home_path(language: Language) -> String {
    format!("/{language}")
}
