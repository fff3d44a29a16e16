//! `inference-node selftest`: the running node speaks sentences and hears them again, and tells how well and how fast.
//!
//! What is spoken by one model and understood by another proves both, their loading, the GPU beneath and the API above, without
//! anybody listening. It says nothing about human voices: for those there are evaluations with recordings.

mod score;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use protocol::node::NODE_PATH;
use protocol::{EngineKind, Language, ModelState, NodeDescription, Task};
use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde::{Deserialize, Serialize};

use super::{EXIT_WRONG, print};
use crate::cli::SelftestArgs;
use crate::config::Config;
use score::{Errors, compare};

/// The sentences that are spoken where no others are given.
const SENTENCES: &str = include_str!("selftest/sentences.tsv");
/// How long one sentence may take each way.
const PATIENCE: Duration = Duration::from_secs(60);
/// The rate of a telephone of the better kind; whisper works at it.
const RATE: u32 = 16_000;

/// A sentence to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sentence {
    language: Language,
    text: String,
}

/// What was found of a language.
#[derive(Debug, Serialize)]
struct Found {
    language: Language,
    /// Who spoke, and who heard.
    spoken_by: String,
    heard_by: String,
    sentences: usize,
    /// Words wrong, missing or too many, by words said.
    word_error_rate: f64,
    /// Seconds of computing by seconds of sound.
    speaking_real_time_factor: f64,
    hearing_real_time_factor: f64,
    /// The median time to the first sound, in milliseconds.
    first_sound_ms: u64,
    /// Sentences that were not understood whole.
    misheard: Vec<Misheard>,
}

#[derive(Debug, Serialize)]
struct Misheard {
    said: String,
    understood: String,
}

#[derive(Deserialize)]
struct Transcript {
    text: String,
}

/// One sentence, spoken and heard.
struct Heard {
    text: String,
    sound_seconds: f64,
    speaking: Duration,
    first_sound: Duration,
    hearing: Duration,
}

/// Speaks and hears every sentence by the running node.
///
/// # Errors
/// When the node does not run, or fails over a sentence.
pub(crate) async fn run(args: SelftestArgs, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let sentences = match &args.sentences {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("failed to read `{path}`"))?;
            read(&text).with_context(|| format!("`{path}` holds no sentences"))?
        }
        None => read(SENTENCES).context("the built-in sentences")?,
    };
    let node = Node::reach(&args, config).await?;
    let mut found = Vec::new();
    let mut silent = Vec::new();
    for language in Language::ALL {
        let sentences: Vec<&Sentence> = sentences.iter().filter(|sentence| sentence.language == language).collect();
        if sentences.is_empty() {
            continue;
        }
        match (node.model(Task::Speech, language), node.model(Task::Transcription, language)) {
            (Some(voice), Some(ear)) => found.push(node.try_language(language, &voice, &ear, &sentences).await?),
            (voice, ear) => silent.push((language, voice.is_some(), ear.is_some())),
        }
    }
    if json {
        print::json(&found)?;
    } else {
        show(&found);
        for (language, speaks, hears) in &silent {
            let missing = match (speaks, hears) {
                (false, false) => "neither a voice nor a model that hears it",
                (false, true) => "no voice",
                _ => "no model that hears it",
            };
            print::line(format_args!(
                "{}: not tried, there is {missing} (inference-node models list)",
                language.code()
            ));
        }
    }
    if found.is_empty() {
        bail!("no language can be both spoken and heard; take a model that hears in: inference-node models import");
    }
    let worst = found.iter().map(|found| found.word_error_rate).fold(0.0, f64::max);
    if worst > args.most_errors {
        if !json {
            print::line(format_args!("WRONG: more than {:.0} % of the words", args.most_errors * 100.0));
        }
        return Ok(ExitCode::from(EXIT_WRONG));
    }
    Ok(ExitCode::SUCCESS)
}

/// The node that runs.
struct Node {
    http: Client,
    url: String,
    key: String,
    description: NodeDescription,
}

impl Node {
    async fn reach(args: &SelftestArgs, config: &Config) -> anyhow::Result<Self> {
        let scheme = if config.http.tls.is_some() { "https" } else { "http" };
        let url = args.url.clone().unwrap_or_else(|| format!("{scheme}://{}", config.http.listen));
        let path = config.key_file();
        let keys = std::fs::read_to_string(&path)
            .with_context(|| format!("failed to read the keys in `{path}`; `inference-node serve` makes them"))?;
        let key = keys.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let key = key.with_context(|| format!("`{path}` holds no key"))?.to_owned();
        let mut builder = Client::builder().timeout(PATIENCE);
        if let Some(path) = &args.authorities {
            let pem = std::fs::read(path).with_context(|| format!("failed to read `{path}`"))?;
            for certificate in reqwest::Certificate::from_pem_bundle(&pem).context("the authorities are no PEM")? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let http = builder.build().context("failed to set up the client")?;
        let asked = http.get(format!("{url}{NODE_PATH}")).bearer_auth(&key).send().await;
        let answer = asked.with_context(|| format!("no node answers at {url}; start it: inference-node serve"))?;
        let description =
            answer.error_for_status()?.json().await.context("the node's description is not understood")?;
        Ok(Self { http, url, key, description })
    }

    /// The model that does a task in a language: trained ones before the built-in voices.
    fn model(&self, task: Task, language: Language) -> Option<String> {
        let able = self.description.models.iter().filter(|model| {
            model.task == task
                && model.state == ModelState::Ready
                && (model.languages.is_empty() || model.languages.contains(&language))
        });
        able.min_by_key(|model| (model.engine == EngineKind::Espeak, model.id.clone())).map(|model| model.id.clone())
    }

    async fn try_language(
        &self,
        language: Language,
        voice: &str,
        ear: &str,
        sentences: &[&Sentence],
    ) -> anyhow::Result<Found> {
        let mut errors = Errors::default();
        let mut misheard = Vec::new();
        let (mut sound, mut speaking, mut hearing) = (0.0, Duration::ZERO, Duration::ZERO);
        let mut first_sounds = Vec::new();
        // The first use of a model may be slow; it is not what citizens meet.
        if let Some(first) = sentences.first() {
            self.try_sentence(language, voice, ear, &first.text).await?;
        }
        for sentence in sentences {
            let heard = self.try_sentence(language, voice, ear, &sentence.text).await?;
            let wrong = compare(&sentence.text, &heard.text);
            if wrong.wrong > 0 {
                misheard.push(Misheard { said: sentence.text.clone(), understood: heard.text.clone() });
            }
            errors += wrong;
            sound += heard.sound_seconds;
            speaking += heard.speaking;
            hearing += heard.hearing;
            first_sounds.push(heard.first_sound);
        }
        first_sounds.sort_unstable();
        let first_sound = first_sounds.get(first_sounds.len() / 2).copied().unwrap_or_default();
        Ok(Found {
            language,
            spoken_by: voice.to_owned(),
            heard_by: ear.to_owned(),
            sentences: sentences.len(),
            word_error_rate: errors.rate(),
            speaking_real_time_factor: speaking.as_secs_f64() / f64::max(sound, 0.001),
            hearing_real_time_factor: hearing.as_secs_f64() / f64::max(sound, 0.001),
            first_sound_ms: u64::try_from(first_sound.as_millis()).unwrap_or(u64::MAX),
            misheard,
        })
    }

    async fn try_sentence(&self, language: Language, voice: &str, ear: &str, text: &str) -> anyhow::Result<Heard> {
        let began = Instant::now();
        let asked = serde_json::json!({
            "model": voice, "input": text, "language": language.code(), "response_format": "wav", "sample_rate": RATE,
        });
        let request = self.http.post(format!("{}/v1/audio/speech", self.url)).bearer_auth(&self.key).json(&asked);
        let mut answer = accepted(request.send().await?, voice).await?;
        let mut file = Vec::new();
        let mut first_sound = None;
        while let Some(piece) = answer.chunk().await.context("the speech broke off")? {
            first_sound.get_or_insert_with(|| began.elapsed());
            file.extend_from_slice(&piece);
        }
        let speaking = began.elapsed();
        // 16 bits a sample, after the head.
        let sound_seconds = file.len().saturating_sub(44) as f64 / 2.0 / f64::from(RATE);
        let began = Instant::now();
        let part = Part::bytes(file).file_name("sentence.wav").mime_str("audio/wav")?;
        let form = Form::new().text("model", ear.to_owned()).text("language", language.code()).part("file", part);
        let request = self.http.post(format!("{}/v1/audio/transcriptions", self.url)).bearer_auth(&self.key);
        let answer = accepted(request.multipart(form).send().await?, ear).await?;
        let transcript: Transcript = answer.json().await.context("the transcript is not understood")?;
        let first_sound = first_sound.unwrap_or(speaking);
        Ok(Heard { text: transcript.text, sound_seconds, speaking, first_sound, hearing: began.elapsed() })
    }
}

/// The answer, or what the node says is wrong.
async fn accepted(answer: reqwest::Response, model: &str) -> anyhow::Result<reqwest::Response> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    bail!("model `{model}` answered {status}: {}", answer.text().await.unwrap_or_default())
}

/// Sentences, one a line: language, tab, text; the first line names the columns.
fn read(text: &str) -> anyhow::Result<Vec<Sentence>> {
    let mut sentences = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let read = line.split_once('\t').and_then(|(tag, text)| Some((Language::from_tag(tag)?, text.trim())));
        let Some((language, text)) = read.filter(|(_, text)| !text.is_empty()) else {
            bail!("line {}: write a language (ro, hu, en), a tab, and the sentence", number + 1);
        };
        sentences.push(Sentence { language, text: text.to_owned() });
    }
    if sentences.is_empty() {
        bail!("there is none; the first line names the columns: language, tab, text");
    }
    Ok(sentences)
}

fn show(found: &[Found]) {
    let rows = found.iter().map(|found| {
        [
            found.language.code().to_owned(),
            found.spoken_by.clone(),
            found.heard_by.clone(),
            found.sentences.to_string(),
            format!("{:.1} %", found.word_error_rate * 100.0),
            format!("{:.3}", found.speaking_real_time_factor),
            format!("{:.3}", found.hearing_real_time_factor),
            found.first_sound_ms.to_string(),
        ]
    });
    let header = [
        "LANGUAGE",
        "VOICE",
        "EAR",
        "SENTENCES",
        "WORDS WRONG",
        "SPEAKING",
        "HEARING (× real time)",
        "FIRST SOUND (ms)",
    ];
    print::table(&header, rows);
    for misheard in found.iter().flat_map(|found| &found.misheard) {
        print::line(format_args!("  said        {}\n  understood  {}", misheard.said, misheard.understood));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_sentences_are_there_in_every_language() {
        let sentences = read(SENTENCES).unwrap();
        for language in Language::ALL {
            assert!(sentences.iter().filter(|sentence| sentence.language == language).count() >= 6);
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_says_where() {
        let error = read("language\ttext\nro\tBună ziua\nde\tGuten Tag\n").unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
        assert!(read("language\ttext\n").is_err());
    }
}
