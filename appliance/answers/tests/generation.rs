//! A model words answers, and is believed only as far as the sources go.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use answers::{AnswersConfig, GenerateError, GenerationConfig, Generator, Prompt};
use async_trait::async_trait;
use desk::language::Language;
use desk::outcome::Outcome;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use support::{Chat, shown};

/// What a scripted model does next.
#[derive(Clone)]
enum Line {
    Says(&'static str),
    Waits(Duration),
    Breaks,
}

/// A model that follows a script and remembers what it was asked.
struct Scripted {
    script: Vec<Line>,
    prompts: Mutex<Vec<Prompt>>,
}

#[async_trait]
impl Generator for Scripted {
    async fn generate(
        &self,
        prompt: Prompt,
    ) -> Result<BoxStream<'static, Result<String, GenerateError>>, GenerateError> {
        self.prompts.lock().unwrap().push(prompt);
        if self.script.is_empty() {
            return Err(GenerateError::Unavailable);
        }
        let lines = stream::iter(self.script.clone()).filter_map(|line| async move {
            match line {
                Line::Says(text) => Some(Ok(text.to_owned())),
                Line::Waits(time) => {
                    tokio::time::sleep(time).await;
                    None
                }
                Line::Breaks => Some(Err(GenerateError::Interrupted("no more memory".to_owned()))),
            }
        });
        Ok(lines.boxed())
    }
}

struct Told {
    shown: String,
    text: String,
    generated: bool,
    sources: usize,
    heard: String,
    decision: String,
    prompt: Prompt,
}

async fn ask(script: Vec<Line>, question: &str) -> Told {
    let generator = Arc::new(Scripted { script, prompts: Mutex::default() });
    let generation = GenerationConfig { first_sentence_ms: 200, deadline_ms: 400, ..GenerationConfig::default() };
    let config = AnswersConfig { generation, ..AnswersConfig::default() };
    let mut chat = Chat::with_generator(Language::Ro, Arc::clone(&generator) as Arc<dyn Generator>, config);
    chat.say("bună ziua").await;
    let reply = chat.say(question).await;
    let Outcome::Answer(answer) = &reply.outcome else { panic!("{}", shown(&reply)) };
    let decision = reply.trace.iter().find(|trace| trace.stage == "generate").unwrap().decision.clone();
    let prompt = generator.prompts.lock().unwrap().first().unwrap().clone();
    Told {
        shown: shown(&reply),
        text: answer.text.clone(),
        generated: answer.generated,
        sources: answer.quotes.len(),
        heard: chat.heard(),
        decision,
        prompt,
    }
}

const QUESTION: &str = "mi-a expirat buletinul ce fac";

#[tokio::test]
async fn a_faithful_model_is_heard_sentence_by_sentence() {
    let told = ask(
        vec![
            Line::Says("Cereți un buletin nou la ghișeul de evi"),
            Line::Says("dență a persoanelor [1]. Aduceți certificatul de naș"),
            Line::Says("tere și actul expirat [1]."),
        ],
        QUESTION,
    )
    .await;
    assert!(told.generated && told.sources == 1, "{}", told.shown);
    assert_eq!(
        told.text,
        "Cereți un buletin nou la ghișeul de evidență a persoanelor. Aduceți certificatul de naștere și actul expirat."
    );
    assert_eq!(told.heard, told.text);
    assert_eq!(told.decision, "2 sentences of the model");
}

#[tokio::test]
async fn an_invented_fee_is_never_heard_and_the_articles_words_take_its_place() {
    let told =
        ask(vec![Line::Says("Buletinul nou costă 250 lei [1]. Cereți un buletin nou la ghișeu.")], QUESTION).await;
    assert!(!told.generated && told.heard.is_empty(), "{}", told.shown);
    assert!(!told.text.contains("250") && told.text.contains("Cereți un buletin nou"), "{}", told.shown);
    assert!(told.decision.contains("number"), "{}", told.decision);
}

#[tokio::test]
async fn what_was_heard_stands_when_the_next_sentence_is_invented() {
    let told = ask(
        vec![Line::Says("Cereți un buletin nou la ghișeul de evidență a persoanelor [1]. Mergeți apoi la Timișoara. ")],
        QUESTION,
    )
    .await;
    assert!(told.generated && !told.text.contains("Timișoara"), "{}", told.shown);
    assert!(told.text.starts_with(&told.heard), "{}\n{}", told.heard, told.text);
    assert!(told.text.contains("1. Programați-vă"), "{}", told.shown);
}

#[tokio::test]
async fn a_citation_of_nothing_is_refused() {
    let told = ask(vec![Line::Says("Cereți un buletin nou la ghișeu [9].")], QUESTION).await;
    assert!(!told.generated && told.decision.contains("cites"), "{}", told.decision);
}

#[tokio::test]
async fn a_slow_model_does_not_make_the_citizen_wait() {
    let begun = std::time::Instant::now();
    let told = ask(vec![Line::Waits(Duration::from_secs(30)), Line::Says("Prea târziu.")], QUESTION).await;
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(!told.generated && told.decision.contains("late"), "{}", told.decision);
}

#[tokio::test]
async fn a_model_that_fails_or_is_not_there_leaves_the_extractive_answer() {
    let told = ask(vec![Line::Breaks], QUESTION).await;
    assert!(!told.generated && told.decision.contains("failed"), "{}", told.decision);
    let told = ask(vec![], QUESTION).await;
    assert!(!told.generated && told.sources == 1, "{}", told.shown);
    let told = ask(vec![Line::Says("")], QUESTION).await;
    assert!(!told.generated && told.decision.contains("no answer"), "{}", told.decision);
}

#[tokio::test]
async fn the_prompt_holds_passages_and_no_personal_data() {
    let told = ask(vec![], "CNP 1960229410015, mi-a expirat buletinul, ce fac?").await;
    let prompt = format!("{:?}", told.prompt);
    assert!(!prompt.contains("1960229410015") && told.prompt.question.contains("[cnp]"), "{prompt}");
    assert!(told.prompt.passages[0].text.contains("Programați-vă pe exemplu.test/programari"), "{prompt}");
}
