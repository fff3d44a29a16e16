//! From a specification to a loaded model.

use std::sync::Arc;

use protocol::EngineKind;

use crate::{EngineError, Model, ModelSpec};

/// The engines that this program was built with.
#[must_use]
pub fn built_in() -> Vec<EngineKind> {
    vec![
        #[cfg(feature = "whisper")]
        EngineKind::Whisper,
        #[cfg(feature = "piper")]
        EngineKind::Piper,
        #[cfg(feature = "espeak")]
        EngineKind::Espeak,
        #[cfg(feature = "mistral")]
        EngineKind::Mistral,
        #[cfg(feature = "remote")]
        EngineKind::Remote,
    ]
}

/// Loads a model; returns when it can serve requests.
///
/// # Errors
/// [`EngineError::Load`] when its files cannot be used or its engine was not built in, [`EngineError::OutOfMemory`] when it
/// does not fit.
pub async fn load(spec: ModelSpec) -> Result<Arc<dyn Model>, EngineError> {
    match spec.engine {
        #[cfg(feature = "whisper")]
        EngineKind::Whisper => Ok(Arc::new(crate::whisper::Whisper::load(spec).await?)),
        #[cfg(feature = "piper")]
        EngineKind::Piper => Ok(Arc::new(crate::piper::Piper::load(spec).await?)),
        #[cfg(feature = "espeak")]
        EngineKind::Espeak => Ok(Arc::new(crate::espeak::Espeak::load(&spec)?)),
        #[cfg(feature = "mistral")]
        EngineKind::Mistral => Ok(Arc::new(crate::mistral::Mistral::load(spec).await?)),
        #[cfg(feature = "remote")]
        EngineKind::Remote => Ok(Arc::new(crate::remote::Remote::load(spec).await?)),
        #[allow(unreachable_patterns, reason = "reached only when an engine was left out")]
        missing => Err(EngineError::Load(format!(
            "this program was built without the engine `{}`; build it with `--features {}`",
            missing.name(),
            missing.name()
        ))),
    }
}
