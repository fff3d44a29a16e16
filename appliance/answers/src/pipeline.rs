//! A question in, an answer, a question back or a person out: the stages, top to bottom.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use async_trait::async_trait;
use desk::article::ArticleId;
use desk::case::{CaseKind, Priority};
use desk::language::Language;
use desk::outcome::{Answer, HandOff, HandOffReason, Outcome, Reply, StageTrace};
use desk::ports::assistant::{Assistant, Listener, Question};
use futures::FutureExt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use knowledge::{Embedder, KnowledgeIndex};
use tracing::Instrument;
use tracing::field::Empty;

use crate::config::AnswersConfig;
use crate::context::{Context, Verdict};
use crate::evaluation::Trial;
use crate::findings::Findings;
use crate::generator::Generator;
use crate::history::History;
use crate::phrases::Phrases;
use crate::stages::check::{Evidence, check};
use crate::stages::decide::Draft;
use crate::stages::{
    decide, finish, follow_up, generate, language, normalise, patterns, personal_data, picks, retrieve, safety, wishes,
};

/// The assistant.
pub struct Answers {
    config: AnswersConfig,
    knowledge: KnowledgeIndex,
    generator: Option<Arc<dyn Generator>>,
    embedder: Option<Arc<dyn Embedder>>,
}

/// A reply with what the search made of the question; for evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// What the citizen is told.
    pub reply: Reply,
    /// The articles found, best first, whatever the threshold.
    pub ranking: Vec<ArticleId>,
    /// The probability that the best of them, or the best guide, holds the answer.
    pub confidence: f64,
}

impl Examined {
    /// The article from which the question was answered, if it was.
    #[must_use]
    pub fn answered_from(&self) -> Option<&ArticleId> {
        match &self.reply.outcome {
            Outcome::Answer(answer) => answer.quotes.first().map(|quote| &quote.article),
            _ => None,
        }
    }
}

impl From<Examined> for Trial {
    fn from(examined: Examined) -> Self {
        Self { answered: examined.answered_from().cloned(), ranking: examined.ranking, confidence: examined.confidence }
    }
}

impl Answers {
    /// An assistant over `knowledge`, which may be changed while it answers; without a generator it answers in the
    /// knowledge's own sentences.
    #[must_use]
    pub fn new(config: AnswersConfig, knowledge: KnowledgeIndex, generator: Option<Arc<dyn Generator>>) -> Self {
        Self { config, knowledge, generator, embedder: None }
    }

    /// The same with embeddings in the search.
    #[must_use]
    pub fn with_embedder(mut self, embedder: Arc<dyn Embedder>) -> Self {
        self.embedder = Some(embedder);
        self
    }

    /// Answers like [`Assistant::reply`] and tells what the search makes of the question, also where an earlier stage ended
    /// the turn before any search: then its confidence is nothing.
    pub async fn examine(&self, question: Question<'_>, listener: &dyn Listener) -> Examined {
        let (mut context, reply) = self.run(question, listener).await;
        let confidence = context.findings.best();
        if context.findings.articles.is_empty() {
            let _ = retrieve::run(&mut context, self.embedder.as_ref()).await;
        }
        Examined { ranking: context.findings.ranking(), confidence, reply }
    }

    async fn run<'a>(&'a self, question: Question<'a>, listener: &dyn Listener) -> (Context<'a>, Reply) {
        let mut context = self.context(question);
        let mut outcome = match self.stages(&mut context, listener).await {
            ControlFlow::Break(outcome) => outcome,
            ControlFlow::Continue(never) => match never {},
        };
        let begun = Instant::now();
        let verdict = finish::run(&mut context, &mut outcome);
        let _ = context.note("finish", verdict, begun);
        let reply = Reply { outcome, language: context.language, trace: std::mem::take(&mut context.trace) };
        (context, reply)
    }

    /// The pipeline. Each stage passes on an enriched context or ends the turn.
    async fn stages(
        &self,
        context: &mut Context<'_>,
        listener: &dyn Listener,
    ) -> ControlFlow<Outcome, std::convert::Infallible> {
        context.stage("normalise", normalise::run)?;
        context.stage("personal_data", personal_data::run)?;
        context.stage("language", language::run)?;
        context.stage("safety", safety::run)?;
        context.stage("picks", picks::run)?;
        context.stage("patterns", patterns::run)?;
        context.stage("context", follow_up::run)?;
        context.stage("wishes", wishes::run)?;
        let span = tracing::debug_span!("retrieve", articles = Empty, guides = Empty, confidence = Empty);
        retrieve::run(context, self.embedder.as_ref()).instrument(span).await?;
        let mut draft = None;
        tracing::debug_span!("decide")
            .in_scope(|| context.stage("decide", |context| decide::run(context, &mut draft)))?;
        let outcome = match draft {
            Some(Draft::Article(answer)) => self.word(context, answer, listener).await?,
            Some(Draft::Final(outcome)) => outcome,
            None => failure(context.language, &self.config),
        };
        ControlFlow::Break(outcome)
    }

    /// Checks an extractive answer, then lets the model word it where there is one.
    async fn word(
        &self,
        context: &mut Context<'_>,
        answer: Answer,
        listener: &dyn Listener,
    ) -> ControlFlow<Outcome, Outcome> {
        tracing::debug_span!("check").in_scope(|| context.stage("check", |context| checked(context, &answer)))?;
        let Some(generator) = &self.generator else { return ControlFlow::Continue(Outcome::Answer(answer)) };
        let begun = Instant::now();
        let span = tracing::debug_span!("word", generated = Empty);
        let (answer, decision) =
            generate::run(context, answer, generator.as_ref(), listener).instrument(span.clone()).await;
        span.record("generated", answer.generated);
        context.note("generate", Verdict::go_on(decision), begun)?;
        ControlFlow::Continue(Outcome::Answer(answer))
    }

    fn context<'a>(&'a self, question: Question<'a>) -> Context<'a> {
        Context {
            question,
            config: &self.config,
            snapshot: self.knowledge.snapshot(),
            history: History::new(question.earlier, question.turn),
            day: day(question.now),
            language: question.conversation.language,
            text: String::new(),
            words: Vec::new(),
            personal: Vec::new(),
            query: String::new(),
            query_words: Vec::new(),
            corrected: false,
            facets: Vec::new(),
            carried: None,
            wish: None,
            findings: Findings::default(),
            trace: Vec::with_capacity(12),
        }
    }
}

#[async_trait]
impl Assistant for Answers {
    async fn reply(&self, question: Question<'_>, listener: &dyn Listener) -> Reply {
        let span = tracing::debug_span!("reply", language = %question.conversation.language);
        match AssertUnwindSafe(self.run(question, listener)).catch_unwind().instrument(span).await {
            Ok((_, reply)) => reply,
            Err(_) => {
                tracing::error!(conversation = %question.conversation.id, "a stage of the answer pipeline panicked");
                let language = question.conversation.language;
                let trace = vec![StageTrace {
                    stage: "failure".to_owned(),
                    decision: "a stage panicked".to_owned(),
                    micros: 0,
                }];
                Reply { outcome: failure(language, &self.config), language, trace }
            }
        }
    }
}

/// An extractive answer must pass what a model's would; the labels of the card are ours.
fn checked(context: &Context<'_>, answer: &Answer) -> Verdict {
    let Some(quote) = answer.quotes.first() else {
        return Verdict::end("no source: a person", failure(context.language, context.config));
    };
    let Some(article) = context.article(&quote.article, quote.language) else {
        return Verdict::end("the source is gone: a person", failure(context.language, context.config));
    };
    let own = [context.language, quote.language].map(Phrases::of).map(Phrases::labels);
    let names = Language::ALL.map(|language| context.phrases().language(language));
    let labels = own.iter().flatten().chain(&names).copied();
    let evidence = Evidence::of_article(&article).and(&Evidence::of(labels));
    let personal: Vec<&str> = context.personal.iter().map(|span| &context.text[span.start..span.end]).collect();
    match check(&answer.text, quote.language, &evidence, &personal) {
        Ok(()) => Verdict::go_on("passed"),
        Err(violation) => {
            tracing::warn!(article = %quote.article, %violation, "an extractive answer was refused");
            let department = crate::context::department_of(&article.department)
                .unwrap_or_else(|| context.config.default_department.clone());
            let notice = context.phrases().hand_off_unsure;
            let outcome = context.hand_off(HandOffReason::LowConfidence, CaseKind::Question, department, notice);
            Verdict::end(format!("refused: {violation}"), outcome)
        }
    }
}

fn failure(language: Language, config: &AnswersConfig) -> Outcome {
    Outcome::HandOff(HandOff {
        reason: HandOffReason::Failure,
        department: config.default_department.clone(),
        case_kind: CaseKind::Question,
        priority: Priority::Normal,
        notice: Phrases::of(language).hand_off_failure.first().copied().unwrap_or_default().to_owned(),
    })
}

/// The day on which citizens read the answer.
fn day(now: Timestamp) -> Date {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Bucharest").unwrap_or(TimeZone::UTC));
    now.to_zoned(ZONE.clone()).date()
}
