//! What surrounds every page of somebody signed in.

use desk::language::Language;
use desk::operator::{Operator, Role};
use ui::{Page, fill};

use crate::parts::App;
use crate::texts::{Texts, texts};

/// The header's contents.
pub(crate) struct Shell {
    pub(crate) t: &'static Texts,
    pub(crate) institution: String,
    pub(crate) account: String,
    pub(crate) display_name: String,
    pub(crate) administrator: bool,
    pub(crate) active: &'static str,
    pub(crate) languages: Vec<(Language, bool)>,
}

impl Shell {
    pub(crate) fn new(app: &App, operator: &Operator, active: &'static str) -> Self {
        let t = texts(operator.language);
        Self {
            t,
            institution: app.config().institution.clone(),
            account: fill(
                &t.shell.signed_in_as,
                &[("name", &operator.username), ("role", &t.role(operator.role).to_lowercase())],
            ),
            display_name: operator.display_name.clone(),
            administrator: operator.role == Role::Administrator,
            active,
            languages: Language::ALL.into_iter().map(|language| (language, language == operator.language)).collect(),
        }
    }
}

/// The frame of a page of the console.
pub(crate) fn frame(language: Language, title: &str) -> Page {
    Page {
        styles: &["console.css"],
        scripts: &["console.js"],
        class: "desk",
        ..Page::new(language, format!("{title} · Sfetnic"))
    }
}
