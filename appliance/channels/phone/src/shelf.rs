//! The fixed texts as sound: rendered ahead by whatever node speaks, kept in a folder, said without any node.
//!
//! A file is named by what it says, so that a changed text is rendered anew and an unchanged one never twice. What is not
//! rendered yet is rendered in the background, best voice or not: a prompt in another voice is better than silence.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use desk::language::Language;
use desk::ports::live_speech::{LiveSpeech, Pace, Words};
use dialogue::{PromptId, Prompts};
use futures::StreamExt;
use media::Prepared;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The rate at which prompts are kept: the better of a telephone's two.
pub(crate) const RATE: u32 = 16_000;
/// How long the shelf waits before it asks for what could not be rendered once more.
const AGAIN: Duration = Duration::from_secs(10);
/// The longest prompt, in samples: two minutes.
const LONGEST: usize = 120 * RATE as usize;

/// Prompts that can be said.
pub(crate) struct Shelf {
    folder: Utf8PathBuf,
    prompts: RwLock<Arc<Prompts>>,
    ready: RwLock<HashMap<[u8; 32], Arc<Prepared>>>,
    changed: Notify,
}

/// What a text in a language is kept under.
fn key(language: Language, text: &str) -> [u8; 32] {
    let mut sum = Sha256::new();
    sum.update(language.code());
    sum.update([0]);
    sum.update(text);
    sum.finalize().into()
}

impl Shelf {
    /// A shelf over `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn open(folder: Utf8PathBuf, prompts: Prompts) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, prompts: RwLock::new(Arc::new(prompts)), ready: RwLock::default(), changed: Notify::new() })
    }

    /// The texts as they are now.
    pub(crate) fn prompts(&self) -> Arc<Prompts> {
        Arc::clone(&self.prompts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The texts have changed: other guides, other departments. Calls that go on keep those that they began with.
    pub(crate) fn replace(&self, prompts: Prompts) {
        *self.prompts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(prompts);
        self.changed.notify_one();
    }

    /// A text as sound, if it was rendered.
    pub(crate) fn sound(&self, language: Language, text: &str) -> Option<Arc<Prepared>> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).get(&key(language, text)).cloned()
    }

    /// How many texts are ready, and how many there are.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let wanted = self.wanted();
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        (wanted.iter().filter(|(language, text)| ready.contains_key(&key(*language, text))).count(), wanted.len())
    }

    /// Every text, those first that every call needs.
    fn wanted(&self) -> Vec<(Language, String)> {
        let prompts = self.prompts();
        let all = Language::ALL
            .into_iter()
            .flat_map(|language| prompts.all(language).into_iter().map(move |(id, text)| (language, id, text)));
        let mut all: Vec<_> = all.filter(|(_, _, text)| !text.is_empty()).collect();
        all.sort_by_key(|(_, id, _)| matches!(id, PromptId::Head(_) | PromptId::Entry { .. }));
        all.into_iter().map(|(language, _, text)| (language, text)).collect()
    }

    /// Reads what was rendered before, renders what is missing, and looks again when texts change. Runs until stopped.
    pub(crate) async fn keep(self: Arc<Self>, speech: Arc<dyn LiveSpeech>, stop: CancellationToken) {
        loop {
            let missing = self.load().await;
            let mut left = missing.len();
            if left > 0 {
                tracing::info!(prompts = left, "rendering prompts");
            }
            for (language, text) in missing {
                if stop.is_cancelled() {
                    return;
                }
                if speech.abilities().speaks(language) && self.render(&*speech, language, &text).await {
                    left -= 1;
                }
            }
            if left == 0 {
                let (ready, all) = self.progress();
                tracing::debug!(ready, all, "prompts are ready");
            }
            metrics::gauge!("sfetnic_phone_prompts_missing").set(f64::from(u32::try_from(left).unwrap_or(u32::MAX)));
            tokio::select! {
                () = tokio::time::sleep(AGAIN), if left > 0 => {}
                () = self.changed.notified() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Takes from the folder what is there and not on the shelf, and says what is missing.
    async fn load(self: &Arc<Self>) -> Vec<(Language, String)> {
        let shelf = Arc::clone(self);
        let loaded = tokio::task::spawn_blocking(move || {
            let mut missing = Vec::new();
            for (language, text) in shelf.wanted() {
                let key = key(language, &text);
                if shelf.ready.read().unwrap_or_else(PoisonError::into_inner).contains_key(&key) {
                    continue;
                }
                match std::fs::read(shelf.path(&key)) {
                    Ok(bytes) => {
                        let samples: Vec<i16> =
                            bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
                        shelf.put(key, &samples);
                    }
                    Err(_) => missing.push((language, text)),
                }
            }
            missing
        });
        loaded.await.unwrap_or_default()
    }

    fn path(&self, key: &[u8; 32]) -> Utf8PathBuf {
        self.folder.join(format!("{}.s16", hex::encode(key)))
    }

    fn put(&self, key: [u8; 32], samples: &[i16]) {
        let prepared = Arc::new(Prepared::from_pcm(samples, RATE));
        self.ready.write().unwrap_or_else(PoisonError::into_inner).insert(key, prepared);
    }

    async fn render(self: &Arc<Self>, speech: &dyn LiveSpeech, language: Language, text: &str) -> bool {
        let words = Words { text, language, pace: Pace::default(), rate: RATE, ahead: true };
        let samples = match whole(speech, words).await {
            Ok(samples) if !samples.is_empty() => samples,
            Ok(_) => return false,
            Err(error) => {
                tracing::debug!(%error, %language, "a prompt could not be rendered");
                return false;
            }
        };
        let (shelf, key) = (Arc::clone(self), key(language, text));
        let kept = tokio::task::spawn_blocking(move || {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            if let Err(error) = write(&shelf.path(&key), &bytes) {
                // It is said all the same, and rendered once more after the next start.
                tracing::warn!(%error, folder = %shelf.folder, "a rendered prompt could not be kept");
            }
            shelf.put(key, &samples);
        });
        kept.await.is_ok()
    }
}

/// Written beside and renamed, so that a half-written prompt is never said.
fn write(path: &Utf8Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, path)
}

/// A text spoken to its end.
async fn whole(speech: &dyn LiveSpeech, words: Words<'_>) -> Result<Vec<i16>, desk::ports::speech::SpeechError> {
    let mut sound = speech.say(words).await?;
    let mut samples = Vec::new();
    while let Some(piece) = sound.next().await {
        samples.extend(piece?);
        if samples.len() > LONGEST {
            samples.truncate(LONGEST);
            break;
        }
    }
    Ok(samples)
}
