//! A loaded model: the engine's own thread, and what has to be done around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use either::Either;
use mistralrs::core::TokenizationRequest;
use mistralrs::{MistralRs, ModelGenerationDefaults, NormalRequest, Request, RequestMessage, Response, SamplingParams};
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, RwLock, Semaphore, mpsc};

use super::failure;
use super::sampling::Ends;
use crate::{EngineError, Stop};

/// A token number that no vocabulary has. (The highest number of all would stand for padding.)
const NO_TOKEN: u32 = u32::MAX - 1;

/// A loaded model.
pub(crate) struct Running {
    engine: Arc<MistralRs>,
    /// What it was told, and what its files tell.
    pub(crate) told: Told,
    slots: Arc<Semaphore>,
    busy: Arc<RwLock<()>>,
    kept: AtomicU32,
    keep: Option<u32>,
}

/// What a loaded model works with.
pub(crate) struct Told {
    /// The longest input and output together, in tokens.
    pub(crate) context: u32,
    /// Requests computed at the same time.
    pub(crate) slots: u32,
    /// What the model's makers set where a request sets nothing.
    pub(crate) defaults: ModelGenerationDefaults,
    /// Whether the model is to think before it speaks.
    pub(crate) thinking: bool,
    /// The tokens that end a message in a prescribed form, where the engine and the model do not mean the same.
    pub(crate) ends: Option<Ends>,
}

/// The right to compute one request. Given back when dropped.
pub(crate) struct Place {
    _slot: OwnedSemaphorePermit,
    _busy: OwnedRwLockReadGuard<()>,
}

impl Running {
    /// Takes over a loaded engine. `keep` is the number of finished requests after which all that is kept of them is
    /// forgotten, where the engine does not see to it.
    pub(crate) fn new(engine: Arc<MistralRs>, told: Told, keep: Option<u32>) -> Self {
        Self {
            engine,
            slots: Arc::new(Semaphore::new(told.slots as usize)),
            told,
            busy: Arc::default(),
            kept: AtomicU32::new(0),
            keep,
        }
    }

    /// Waits for a slot. The engine by itself would begin with all that wait at once.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when it was stopped before.
    pub(crate) async fn place(self: &Arc<Self>, stop: &Stop) -> Result<Place, EngineError> {
        let wait = async {
            if self.is_full() {
                // A task of its own, because once begun it must not be given up.
                let running = self.clone();
                let _ = tokio::spawn(async move { running.forget().await }).await;
            }
            let slot = self.slots.clone().acquire_owned().await.map_err(|_| EngineError::Cancelled)?;
            Ok(Place { _slot: slot, _busy: self.busy.clone().read_owned().await })
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(EngineError::Cancelled),
            place = wait => place,
        }
    }

    /// Hands a request to the engine and returns the channel it was sent through, which closes when the engine's thread
    /// ends. A thread that has ended is replaced by a new one.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when there is no engine to take it.
    pub(crate) async fn send(&self, request: Request) -> Result<mpsc::Sender<Request>, EngineError> {
        let mut request = request;
        for _ in 0..20 {
            let sender = self.engine.get_sender(None).map_err(|error| failure::computing(&error.to_string()))?;
            match sender.send(request).await {
                Ok(()) => return Ok(sender),
                // The thread ended just now: ask for its successor, once it is known to have ended.
                Err(mpsc::error::SendError(returned)) => request = returned,
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Err(EngineError::Failed("its thread ended".to_owned()))
    }

    /// The tokens of a text, or of a conversation within the chat template.
    ///
    /// # Errors
    /// [`EngineError::Request`] when the template refuses the conversation.
    pub(crate) async fn tokens(&self, of: &RequestMessage) -> Result<Vec<u32>, EngineError> {
        let (text, enable_thinking) = match of {
            RequestMessage::Chat { messages, enable_thinking, .. } => {
                (Either::Left(messages.clone()), *enable_thinking)
            }
            RequestMessage::Embedding { prompt } => (Either::Right(prompt.clone()), None),
            _ => return Err(EngineError::Failed("it was asked to count something that is no text".to_owned())),
        };
        let (response, mut answers) = mpsc::channel(1);
        let request = TokenizationRequest {
            text,
            tools: None,
            add_generation_prompt: true,
            add_special_tokens: true,
            enable_thinking,
            reasoning_effort: None,
            response,
        };
        self.send(Request::Tokenize(request)).await?;
        // The engine's thread panics when nobody waits for tokens any more, so this wait must not be given up.
        let answer = tokio::spawn(async move { answers.recv().await }).await;
        match answer {
            Ok(Some(Ok(tokens))) => Ok(tokens),
            Ok(Some(Err(error))) => Err(EngineError::request(
                "messages",
                format!("the model's chat template does not take these messages: {error:#}"),
            )),
            Ok(None) | Err(_) => Err(EngineError::Failed("its thread ended".to_owned())),
        }
    }

    /// Notes that one more request may be kept in the engine's memory.
    pub(crate) fn note_kept(&self) {
        self.kept.fetch_add(1, Relaxed);
    }

    /// Whether the engine keeps enough.
    fn is_full(&self) -> bool {
        self.keep.is_some_and(|keep| self.kept.load(Relaxed) >= keep)
    }

    /// Makes the engine forget what it keeps of finished requests.
    ///
    /// On the processor the engine (mistral.rs 0.8.1) never forgets a finished request, and has no call to make it. But it
    /// forgets all when a computation fails. So it is given a token that does not exist, while nothing else is computed: a
    /// failure would spoil what is.
    async fn forget(&self) {
        let _alone = self.busy.write().await;
        if !self.is_full() {
            return;
        }
        let (sender, mut receiver) = mpsc::channel(4);
        let params = SamplingParams { max_len: Some(1), ..SamplingParams::deterministic() };
        let request = plain_request(RequestMessage::CompletionTokens(vec![NO_TOKEN]), params, sender);
        let sent = self.send(Request::Normal(Box::new(request))).await;
        let answer = if sent.is_ok() { receiver.recv().await } else { None };
        if !matches!(answer, Some(Response::CompletionModelError(..))) {
            tracing::warn!("the engine did not forget its finished requests, its memory may grow");
        }
        self.kept.store(0, Relaxed);
    }
}

/// A request without anything out of the ordinary.
pub(crate) fn plain_request(
    messages: RequestMessage,
    sampling_params: SamplingParams,
    response: mpsc::Sender<Response>,
) -> NormalRequest {
    NormalRequest::new_simple(messages, sampling_params, response, 0, None, None)
}
