//! Lets a model word the answer from the quoted passages, and believes it sentence by sentence.
//!
//! A sentence is heard by the citizen only once it has passed the check, so it stands. Where the model breaks off, is
//! late or says what no passage says, the extractive answer follows or takes its place.

mod sentences;

use std::time::Duration;

use desk::outcome::{Answer, Quote};
use desk::ports::assistant::Listener;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::context::Context;
use crate::findings::Candidate;
use crate::generator::{GenerateError, Generator, Prompt, PromptPassage};
use crate::personal::redact;
use crate::stages::check::{Evidence, Violation, check};
use crate::stages::compose;
use sentences::{Sentence, take_sentence};

/// The most sentences of an answer.
const MOST: usize = 3;

/// Why no more of the model's words are used.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("the model failed")]
    Failed(#[source] GenerateError),
    #[error("the model was late")]
    Late,
    #[error("a sentence was refused: {0}")]
    Refused(Violation),
}

/// What a model is given, and what its words are checked against.
struct Passage {
    quotes: Vec<Quote>,
    evidence: Evidence,
}

/// The model's words so far that passed.
#[derive(Default)]
struct Accepted {
    text: String,
    sentences: usize,
    cited: Vec<usize>,
}

/// Words `extractive` anew, and says how that went.
pub(crate) async fn run(
    context: &Context<'_>,
    extractive: Answer,
    generator: &dyn Generator,
    listener: &dyn Listener,
) -> (Answer, String) {
    let (passages, prompt) = prepare(context, &extractive);
    let mut accepted = Accepted::default();
    let stopped = write(context, &passages, prompt, generator, listener, &mut accepted).await.err();
    if let Some(Stopped::Failed(error)) = &stopped {
        tracing::warn!(error = error as &dyn std::error::Error, "a model failed to word an answer");
    }
    if accepted.sentences == 0 {
        let why = stopped.map_or_else(|| "the model found no answer".to_owned(), |stopped| stopped.to_string());
        return (extractive, format!("extractive: {why}"));
    }
    let mut decision = format!("{} sentences of the model", accepted.sentences);
    let mut text = accepted.text;
    if let Some(stopped) = stopped {
        let rest = format!("\n\n{}", extractive.text);
        listener.hear(&rest);
        text.push_str(&rest);
        decision = format!("{decision}, then extractive: {stopped}");
    }
    let mut quotes: Vec<Quote> = accepted.cited.iter().flat_map(|at| passages[*at].quotes.clone()).collect();
    if quotes.is_empty() || text.len() > extractive.text.len() && text.ends_with(&extractive.text) {
        let missing =
            extractive.quotes.into_iter().filter(|quote| !quotes.iter().any(|other| other.article == quote.article));
        let missing: Vec<Quote> = missing.collect();
        quotes.extend(missing);
    }
    (Answer { text, quotes, generated: true, ..Answer { quotes: Vec::new(), ..extractive } }, decision)
}

async fn write(
    context: &Context<'_>,
    passages: &[Passage],
    prompt: Prompt,
    generator: &dyn Generator,
    listener: &dyn Listener,
    accepted: &mut Accepted,
) -> Result<(), Stopped> {
    let limits = &context.config.generation;
    let begun = Instant::now();
    let end = begun + Duration::from_millis(limits.deadline_ms);
    let first = end.min(begun + Duration::from_millis(limits.first_sentence_ms));
    let mut stream =
        timeout_at(first, generator.generate(prompt)).await.map_err(|_| Stopped::Late)?.map_err(Stopped::Failed)?;
    let mut buffer = String::new();
    loop {
        let by = if accepted.sentences == 0 { first } else { end };
        let piece = timeout_at(by, stream.next()).await.map_err(|_| Stopped::Late)?;
        let finished = piece.is_none();
        buffer.push_str(&piece.transpose().map_err(Stopped::Failed)?.unwrap_or_default());
        while accepted.sentences < MOST
            && let Some(sentence) = take_sentence(&mut buffer, finished)
        {
            accept(context, passages, &sentence, listener, accepted).map_err(Stopped::Refused)?;
        }
        if finished || accepted.sentences == MOST {
            return Ok(());
        }
    }
}

fn accept(
    context: &Context<'_>,
    passages: &[Passage],
    sentence: &Sentence,
    listener: &dyn Listener,
    accepted: &mut Accepted,
) -> Result<(), Violation> {
    let cited: Vec<usize> = sentence.cited.iter().map(|number| number.wrapping_sub(1)).collect();
    if cited.iter().any(|at| *at >= passages.len()) {
        return Err(Violation::UnknownCitation);
    }
    let used: Vec<usize> = if cited.is_empty() { (0..passages.len()).collect() } else { cited.clone() };
    let evidence = used.iter().fold(Evidence::default(), |evidence, at| evidence.and(&passages[*at].evidence));
    let personal: Vec<&str> = context.personal.iter().map(|span| &context.text[span.start..span.end]).collect();
    check(&sentence.text, context.language, &evidence, &personal)?;
    let piece = if accepted.text.is_empty() { sentence.text.clone() } else { format!(" {}", sentence.text) };
    listener.hear(&piece);
    accepted.text.push_str(&piece);
    accepted.sentences += 1;
    for at in cited {
        if !accepted.cited.contains(&at) {
            accepted.cited.push(at);
        }
    }
    Ok(())
}

/// The passages: the article of the extractive answer first, then others that may hold the answer.
fn prepare(context: &Context<'_>, extractive: &Answer) -> (Vec<Passage>, Prompt) {
    let generation = &context.config.generation;
    let mut passages = Vec::new();
    let mut shown = Vec::new();
    let own = |candidate: &&Candidate| extractive.quotes.iter().any(|quote| quote.article == candidate.article.id);
    let found = &context.findings.articles;
    let others =
        found.iter().filter(|candidate| !own(candidate) && candidate.probability >= context.config.plausible_threshold);
    for candidate in found.iter().filter(own).chain(others).take(generation.passages.max(1)) {
        let article = &candidate.article;
        let known = extractive.quotes.iter().filter(|quote| quote.article == article.id).cloned().collect::<Vec<_>>();
        let text: Vec<String> = knowledge::sentences(article).into_iter().map(|sentence| sentence.text).collect();
        let facts = &article.facts;
        let facts = [&facts.cost, &facts.time, &facts.r#where]
            .into_iter()
            .flatten()
            .cloned()
            .chain(facts.bring.iter().cloned());
        shown.push(PromptPassage {
            number: shown.len() + 1,
            title: article.title.clone(),
            text: text.into_iter().chain(facts).collect::<Vec<_>>().join("\n"),
        });
        passages.push(Passage {
            quotes: if known.is_empty() { compose::quotes(article, &compose::lead(article)) } else { known },
            evidence: Evidence::of_article(article),
        });
    }
    let mut question = redact(&context.text).into_owned();
    if let Some(carried) = context.carried.as_ref().filter(|carried| carried.needed) {
        question = format!("({}) {question}", redact(&carried.words));
    }
    (passages, Prompt::new(context.language, question, shown, generation.max_tokens))
}
