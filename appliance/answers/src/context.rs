//! What the stages know of one turn, and what each hands back.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use desk::article::ArticleId;
use desk::case::{CaseKind, Priority};
use desk::ids::DepartmentId;
use desk::language::Language;
use desk::outcome::{Choice, ChoiceTarget, HandOff, HandOffReason, Outcome, StageTrace};
use desk::ports::assistant::Question;
use jiff::civil::Date;
use knowledge::Snapshot;

use crate::config::AnswersConfig;
use crate::findings::Findings;
use crate::history::History;
use crate::personal::PersonalSpan;
use crate::phrases::Phrases;
use crate::words::Word;

/// What a question wants to know about its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facet {
    Cost,
    Time,
    Place,
    Papers,
    Steps,
}

/// The subject of an earlier answer, carried into this turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Carried {
    /// What is put before the citizen's words for the search.
    pub(crate) words: String,
    /// What the citizen asked then.
    pub(crate) asked: String,
    /// The article of that answer.
    pub(crate) article: Option<(ArticleId, Language)>,
    /// How sure that answer was.
    pub(crate) confidence: f32,
    /// Whether the turn says nothing without it.
    pub(crate) needed: bool,
}

/// What a citizen wants beyond information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To know how a file of his own stands.
    OwnFile,
    /// To report that the portal does not work.
    Malfunction,
}

/// One turn on its way through the stages.
pub(crate) struct Context<'a> {
    pub(crate) question: Question<'a>,
    pub(crate) config: &'a AnswersConfig,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) history: History<'a>,
    pub(crate) day: Date,
    /// The language of the reply.
    pub(crate) language: Language,
    /// The citizen's words, tidied.
    pub(crate) text: String,
    /// The same as folded words.
    pub(crate) words: Vec<Word>,
    /// Personal data within `text`.
    pub(crate) personal: Vec<PersonalSpan>,
    /// What is searched: without personal data, greetings and the like.
    pub(crate) query: String,
    /// The query's folded words.
    pub(crate) query_words: Vec<Word>,
    /// The citizen takes back what he asked before.
    pub(crate) corrected: bool,
    pub(crate) facets: Vec<Facet>,
    pub(crate) carried: Option<Carried>,
    pub(crate) wish: Option<Wish>,
    pub(crate) findings: Findings,
    pub(crate) trace: Vec<StageTrace>,
}

/// What a stage decided.
pub(crate) struct Verdict {
    decision: Cow<'static, str>,
    end: Option<Outcome>,
}

impl Verdict {
    /// The next stage goes on.
    pub(crate) fn go_on(decision: impl Into<Cow<'static, str>>) -> Self {
        Self { decision: decision.into(), end: None }
    }

    /// The turn is dealt with.
    pub(crate) fn end(decision: impl Into<Cow<'static, str>>, outcome: Outcome) -> Self {
        Self { decision: decision.into(), end: Some(outcome) }
    }
}

impl Context<'_> {
    /// Runs one stage, notes what it decided and how long it took.
    pub(crate) fn stage(&mut self, name: &'static str, run: impl FnOnce(&mut Self) -> Verdict) -> ControlFlow<Outcome> {
        let begun = Instant::now();
        let verdict = run(self);
        self.note(name, verdict, begun)
    }

    /// Notes what a stage decided that began at `begun`.
    pub(crate) fn note(&mut self, name: &'static str, verdict: Verdict, begun: Instant) -> ControlFlow<Outcome> {
        self.trace.push(StageTrace {
            stage: name.to_owned(),
            decision: verdict.decision.into_owned(),
            micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        });
        match verdict.end {
            Some(outcome) => ControlFlow::Break(outcome),
            None => ControlFlow::Continue(()),
        }
    }

    /// What is said in the language of the reply.
    pub(crate) fn phrases(&self) -> &'static Phrases {
        Phrases::of(self.language)
    }

    /// One of `variants` that was not said lately.
    pub(crate) fn fresh(&self, variants: &'static [&'static str]) -> &'static str {
        self.history.fresh(variants)
    }

    /// Something said that answers nothing.
    pub(crate) fn remark(&self, variants: &'static [&'static str]) -> Outcome {
        Outcome::Remark { text: self.fresh(variants).to_owned(), choices: Vec::new() }
    }

    /// The same with the way to a person.
    pub(crate) fn remark_or_person(&self, variants: &'static [&'static str]) -> Outcome {
        Outcome::Remark { text: self.fresh(variants).to_owned(), choices: vec![self.person_choice()] }
    }

    /// Asks for other words.
    pub(crate) fn ask_again(&self, variants: &'static [&'static str]) -> Outcome {
        Outcome::Clarify { question: self.fresh(variants).to_owned(), choices: vec![self.person_choice()] }
    }

    /// The way to a person.
    pub(crate) fn person_choice(&self) -> Choice {
        Choice { label: self.phrases().person.to_owned(), target: ChoiceTarget::Person }
    }

    /// A person takes over.
    pub(crate) fn hand_off(
        &self,
        reason: HandOffReason,
        case_kind: CaseKind,
        department: DepartmentId,
        notice: &'static [&'static str],
    ) -> Outcome {
        Outcome::HandOff(HandOff {
            reason,
            department,
            case_kind,
            priority: Priority::Normal,
            notice: self.fresh(notice).to_owned(),
        })
    }

    /// The department of the subject last spoken of, or the one for everything else.
    pub(crate) fn department_so_far(&self) -> DepartmentId {
        self.history
            .subject()
            .and_then(|subject| self.article(subject.article, subject.language))
            .and_then(|article| department_of(&article.department))
            .unwrap_or_else(|| self.config.default_department.clone())
    }

    /// An article in `language`, or in the first other language that has it; only what serves citizens today.
    pub(crate) fn article(&self, id: &ArticleId, language: Language) -> Option<Arc<desk::article::Article>> {
        std::iter::once(language).chain(Language::ALL.into_iter().filter(|other| *other != language)).find_map(
            |language| {
                self.snapshot
                    .article(id, language)
                    .ok()
                    .flatten()
                    .filter(|article| article.serves_citizens_on(self.day))
            },
        )
    }
}

/// The department that `slug` names, if it names one.
pub(crate) fn department_of(slug: &str) -> Option<DepartmentId> {
    (!slug.is_empty()).then(|| DepartmentId::from(slug))
}

impl Context<'_> {
    /// Sets what is searched.
    pub(crate) fn set_query(&mut self, query: &str) {
        self.query = query.to_owned();
        self.query_words = crate::words::words(query);
    }
}
