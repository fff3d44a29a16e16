//! The settings of this engine in a model's manifest.

use mistralrs::{IsqType, ModelDType};
use serde::Deserialize;

use crate::{Device, EngineError, ModelSpec};

/// Finished requests whose computed beginnings are kept, on a GPU and on the processor. On the processor the engine keeps
/// each of them whole until all are forgotten together, so fewer are kept.
const KEPT_ON_GPU: u32 = 16;
const KEPT_ON_CPU: u32 = 4;

/// What a manifest may set. An unknown key is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// Quantise the weights while loading: `2`, `3`, `4`, `5`, `6`, `8` bits, or the name of a format such as `q4k`, `q8_0`,
    /// `hqq4`, `fp8`. For safetensors only; a GGUF file is quantised already.
    isq: Option<String>,
    /// The numbers computed with: `f32`, `bf16` or `f16`. By default `f32` on the processor and `bf16` on a GPU.
    dtype: Option<String>,
    /// Keep what was computed in pages shared by all requests. On a GPU only, and the default there.
    paged_attention: Option<bool>,
    /// Tokens for which there are pages, for all requests together. By default slots times context.
    paged_tokens: Option<u32>,
    /// The number format of the pages: `auto` (that of the weights) or `f8e4m3` (half the memory).
    paged_format: Option<String>,
    /// Finished requests whose beginnings are kept for later requests that begin alike; 0 keeps none.
    prefix_cache_slots: Option<u32>,
    /// Whether a model that can think before it speaks does so. Its thoughts are computed but never part of the message.
    thinking: Option<bool>,
}

/// The settings, made sense of.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Quantise the weights so.
    pub(crate) isq: Option<IsqType>,
    /// Compute with these numbers.
    pub(crate) dtype: ModelDType,
    /// Keep what was computed in pages.
    pub(crate) pages: Option<Pages>,
    /// Finished requests whose beginnings are kept.
    pub(crate) kept: u32,
    /// Let the model think first.
    pub(crate) thinking: bool,
}

/// The pages in which computed tokens are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Tokens for which there are pages; `None` stands for slots times context.
    pub(crate) tokens: Option<u32>,
    /// Whether to keep them in eight bits.
    pub(crate) eight_bits: bool,
}

impl Settings {
    /// Reads the settings of a model.
    ///
    /// # Errors
    /// [`EngineError::Load`] when a key is unknown or a value impossible.
    pub(crate) fn of(spec: &ModelSpec) -> Result<Self, EngineError> {
        let wrong = |what: String| EngineError::Load(format!("the settings of `{}` are wrong: {what}", spec.id));
        let written: Written = serde_json::from_value(serde_json::Value::Object(spec.settings.clone()))
            .map_err(|error| wrong(error.to_string()))?;
        let on_gpu = matches!(spec.device, Device::Cuda(_));
        let gguf = spec.weights.as_deref().is_some_and(super::files::is_gguf);
        let isq = written.isq.map(|name| mistralrs::parse_isq_value(&name, None)).transpose().map_err(wrong)?;
        if isq.is_some() && gguf {
            return Err(wrong("`isq` is for safetensors, a GGUF file is quantised already".to_owned()));
        }
        let dtype = match written.dtype.as_deref() {
            None if on_gpu => ModelDType::BF16,
            None | Some("f32") => ModelDType::F32,
            Some("bf16") => ModelDType::BF16,
            Some("f16") => ModelDType::F16,
            Some(other) => return Err(wrong(format!("`dtype` is `{other}`, it can be `f32`, `bf16` or `f16`"))),
        };
        if written.paged_attention == Some(true) && !on_gpu {
            return Err(wrong("`paged_attention` works on a GPU only".to_owned()));
        }
        let paged = on_gpu && written.paged_attention.unwrap_or(true);
        if !paged && (written.paged_tokens.is_some() || written.paged_format.is_some()) {
            return Err(wrong("`paged_tokens` and `paged_format` are for `paged_attention`".to_owned()));
        }
        let eight_bits = match written.paged_format.as_deref() {
            None | Some("auto") => false,
            Some("f8e4m3") => true,
            Some(other) => return Err(wrong(format!("`paged_format` is `{other}`, it can be `auto` or `f8e4m3`"))),
        };
        let kept = written.prefix_cache_slots.unwrap_or(if on_gpu { KEPT_ON_GPU } else { KEPT_ON_CPU });
        Ok(Self {
            isq,
            dtype,
            pages: paged.then_some(Pages { tokens: written.paged_tokens, eight_bits }),
            kept,
            thinking: written.thinking.unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use protocol::{EngineKind, Task};
    use serde_json::{Value, json};

    use super::*;

    fn spec(device: Device, weights: &str, settings: &Value) -> ModelSpec {
        serde_json::from_value(json!({
            "id": "model", "task": Task::Chat, "engine": EngineKind::Mistral, "languages": [], "folder": "/models/model",
            "weights": weights, "device": device, "threads": 1, "slots": 1, "settings": settings,
        }))
        .unwrap()
    }

    fn settings(device: Device, weights: &str, settings: &Value) -> Result<Settings, EngineError> {
        Settings::of(&spec(device, weights, settings))
    }

    #[test]
    fn without_settings_the_device_decides() {
        let cpu = settings(Device::Cpu, "model.gguf", &json!({})).unwrap();
        assert_eq!((cpu.dtype, cpu.pages, cpu.kept), (ModelDType::F32, None, KEPT_ON_CPU));
        let gpu = settings(Device::Cuda(0), "model.gguf", &json!({})).unwrap();
        assert_eq!((gpu.dtype, gpu.pages), (ModelDType::BF16, Some(Pages { tokens: None, eight_bits: false })));
    }

    #[test]
    fn all_settings_are_read() {
        let all = json!({
            "isq": "q4k", "dtype": "f16", "paged_attention": true, "paged_tokens": 4096, "paged_format": "f8e4m3",
            "prefix_cache_slots": 0, "thinking": true,
        });
        let read = settings(Device::Cuda(1), "model.safetensors", &all).unwrap();
        assert_eq!(read.isq, Some(IsqType::Q4K));
        assert_eq!((read.dtype, read.kept, read.thinking), (ModelDType::F16, 0, true));
        assert_eq!(read.pages, Some(Pages { tokens: Some(4096), eight_bits: true }));
    }

    #[test]
    fn wrong_settings_are_refused_by_name() {
        for (device, wrong, named) in [
            (Device::Cpu, json!({"paged_attenton": true}), "paged_attenton"),
            (Device::Cpu, json!({"paged_attention": true}), "paged_attention"),
            (Device::Cpu, json!({"paged_tokens": 10}), "paged_tokens"),
            (Device::Cpu, json!({"dtype": "f8"}), "dtype"),
            (Device::Cpu, json!({"isq": "q4k"}), "isq"),
            (Device::Cpu, json!({"isq": "q99"}), "q99"),
            (Device::Cuda(0), json!({"paged_format": "f4"}), "paged_format"),
            (Device::Cpu, json!({"thinking": "yes"}), "boolean"),
        ] {
            let error = settings(device, "model.gguf", &wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}
