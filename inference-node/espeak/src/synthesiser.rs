//! The thread that owns espeak-ng, and the handle through which everybody else uses it.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use crate::data;
use crate::library::Library;

/// Samples per second of all of its voices.
pub const SAMPLE_RATE: u32 = 22_050;

/// What may follow a language's code, after a plus sign, for another speaker: `ro+f3`.
pub const VARIANTS: &[&str] = &["f2", "f3", "f4", "m1", "m3", "m7"];

/// Utterances that wait for the thread; a caller beyond is told that it is busy.
const WAITING: usize = 1024;

/// Why nothing is spoken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EspeakError {
    /// The voices' data could not be unpacked or used.
    #[error("failed to start espeak-ng: {0}")]
    Start(String),
    /// The library refused.
    #[error("{0}")]
    Failed(String),
    /// Too many utterances wait.
    #[error("espeak-ng is busy: {WAITING} utterances wait")]
    Busy,
    /// The thread has ended.
    #[error("espeak-ng's thread has ended")]
    Ended,
}

/// A text and how it is to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// The text, numbers and abbreviations written out.
    pub text: String,
    /// The voice: a language's code (`ro`, `hu`, `en`), optionally with one of [`VARIANTS`].
    pub voice: String,
    /// The pace in words a minute; 80 to 450 are possible, 160 is a calm speaker's.
    pub words_a_minute: u32,
}

/// Says whether somebody still wants the result; asked for every 40 ms of sound.
type Wanted = Box<dyn Fn() -> bool + Send>;
/// Takes the result, on the thread of the synthesiser: it must not block.
type Reply<T> = Box<dyn FnOnce(Result<T, EspeakError>) + Send>;

enum Job {
    Speak { utterance: Utterance, wanted: Wanted, reply: Reply<Vec<i16>> },
    Phonemes { text: String, voice: String, reply: Reply<String> },
}

/// A handle to the thread that owns espeak-ng. Utterances are spoken one after the other: at several hundred times real
/// time, that is enough for hundreds of callers. The thread ends with the last handle.
#[derive(Clone)]
pub struct Synthesiser {
    jobs: SyncSender<Job>,
}

impl Synthesiser {
    /// Unpacks the voices below `folder` and starts the thread. A process has one at a time.
    ///
    /// # Errors
    /// [`EspeakError::Start`] when the folder cannot be written or the library refuses.
    pub fn start(folder: &Path) -> Result<Self, EspeakError> {
        let home = data::unpack(folder).map_err(|error| {
            EspeakError::Start(format!("failed to unpack the voices into `{}`: {error}", folder.display()))
        })?;
        let (jobs, inbox) = sync_channel(WAITING);
        let (started, start) = sync_channel(1);
        thread::Builder::new()
            .name("espeak".to_owned())
            .spawn(move || match Library::start(&home) {
                Err(error) => drop(started.send(Err(EspeakError::Start(error)))),
                Ok((_, rate)) if rate != SAMPLE_RATE => {
                    let message = format!("its voices have {rate} samples per second, not {SAMPLE_RATE}");
                    drop(started.send(Err(EspeakError::Start(message))));
                }
                Ok((library, _)) => {
                    drop(started.send(Ok(())));
                    work(&library, &inbox);
                }
            })
            .map_err(|error| EspeakError::Start(format!("failed to start its thread: {error}")))?;
        start.recv().map_err(|_| EspeakError::Ended)??;
        Ok(Self { jobs })
    }

    /// Speaks an utterance of a clause or two. `reply` is called with the sound, [`SAMPLE_RATE`] mono samples a second, or
    /// with what was made until `wanted` said no.
    ///
    /// # Errors
    /// [`EspeakError::Busy`] when too many wait.
    pub fn speak(
        &self,
        utterance: Utterance,
        wanted: impl Fn() -> bool + Send + 'static,
        reply: impl FnOnce(Result<Vec<i16>, EspeakError>) + Send + 'static,
    ) -> Result<(), EspeakError> {
        self.send(Job::Speak { utterance, wanted: Box::new(wanted), reply: Box::new(reply) })
    }

    /// The sounds of a text in the International Phonetic Alphabet, as a voice's language pronounces it.
    ///
    /// # Errors
    /// [`EspeakError::Busy`] when too many wait.
    pub fn phonemes(
        &self,
        text: &str,
        voice: &str,
        reply: impl FnOnce(Result<String, EspeakError>) + Send + 'static,
    ) -> Result<(), EspeakError> {
        self.send(Job::Phonemes { text: text.to_owned(), voice: voice.to_owned(), reply: Box::new(reply) })
    }

    fn send(&self, job: Job) -> Result<(), EspeakError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => EspeakError::Busy,
            TrySendError::Disconnected(_) => EspeakError::Ended,
        })
    }
}

fn work(library: &Library, inbox: &Receiver<Job>) {
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Speak { utterance, wanted, reply } if wanted() => reply(speak(library, &utterance, wanted)),
            Job::Speak { reply, .. } => reply(Ok(Vec::new())),
            Job::Phonemes { text, voice, reply } => {
                let sounds = library.set_voice(&voice).and_then(|()| library.phonemes(&text));
                reply(sounds.map_err(EspeakError::Failed));
            }
        }
    }
}

fn speak(library: &Library, utterance: &Utterance, wanted: Wanted) -> Result<Vec<i16>, EspeakError> {
    library.set_voice(&utterance.voice).map_err(EspeakError::Failed)?;
    library.set_rate(utterance.words_a_minute);
    let sound = Rc::new(RefCell::new(Vec::new()));
    let sink = Box::new({
        let sound = Rc::clone(&sound);
        move |samples: &[i16]| {
            sound.borrow_mut().extend_from_slice(samples);
            if wanted() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    });
    library.speak(&utterance.text, sink).map_err(EspeakError::Failed)?;
    Ok(sound.take())
}
