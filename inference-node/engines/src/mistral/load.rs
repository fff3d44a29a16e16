//! From a specification to a running engine.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use mistralrs::core::{
    AdapterPaths, EmbeddingLoaderBuilder, EmbeddingModelPaths, EmbeddingSpecificConfig, GGUFLoaderBuilder,
    GGUFSpecificConfig, Loader, LocalModelPaths, MistralRsBuilder, ModelPaths, NormalLoaderBuilder,
    NormalSpecificConfig, Pipeline,
};
use mistralrs::{
    DefaultSchedulerMethod, Device as Processor, DeviceMapSetting, MemoryGpuConfig, ModelDType, PagedAttentionConfig,
    PagedCacheType, SchedulerConfig,
};
use protocol::Task;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::failure::{guarded, loading};
use super::files::{self, Files, Size};
use super::running::{Running, Told};
use super::sampling::Ends;
use super::settings::{Pages, Settings};
use crate::{Device, EngineError, ModelSpec};

/// The context when the manifest sets none, unless the model's own is shorter.
const DEFAULT_CONTEXT: u32 = 8192;
/// The context of a model that tells nothing about it, as the engine assumes it.
const UNKNOWN_CONTEXT: u64 = 4096;
/// Tokens in a page.
const PAGE: u32 = 32;
/// Pages for a model so small that its pages are less than a megabyte.
const FEWEST_PAGES_MB: usize = 16;

type SharedPipeline = Arc<Mutex<dyn Pipeline + Send + Sync>>;

/// Loads a model for conversations or embeddings.
///
/// # Errors
/// [`EngineError::Load`] when its files or settings cannot be used, [`EngineError::OutOfMemory`] when it does not fit.
pub(crate) async fn load(spec: ModelSpec) -> Result<Running, EngineError> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || guarded(|| load_blocking(&spec, &runtime)))
        .await
        .unwrap_or_else(|error| Err(EngineError::Load(error.to_string())))
}

fn load_blocking(spec: &ModelSpec, runtime: &Handle) -> Result<Running, EngineError> {
    let settings = Settings::of(spec)?;
    let (files, parts) = match spec.task {
        Task::Chat => (files::language_model(spec)?, None),
        Task::Embeddings => files::embedding_model(spec).map(|(files, parts)| (files, Some(parts)))?,
        other => {
            return Err(EngineError::Load(format!("this engine has no models for the task `{}`", other.name())));
        }
    };
    let context = context(spec, &files)?;
    if spec.device == Device::Cpu {
        check_memory(files.size, settings.dtype)?;
    }
    // One pool serves the whole process, which has one model; where a test loads several, the first decides.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(spec.threads as usize).build_global();
    let device = processor(spec.device)?;
    let loader = match (&parts, &files.config) {
        (Some(_), _) => embedding_loader(spec),
        (None, Some(_)) => normal_loader(spec)?,
        (None, None) => gguf_loader(spec),
    };
    let paths = paths(&files, parts)?;
    let open = |pages| {
        let mapping = DeviceMapSetting::dummy();
        // `true`: no bars of progress on the terminal.
        loader
            .load_model_from_path(&paths, &settings.dtype, &device, true, mapping, settings.isq, pages)
            .map_err(|error| loading(&format!("{error:#}")))
    };
    let pages = settings.pages.filter(|_| spec.task == Task::Chat);
    let pipeline = match pages {
        None => open(None)?,
        Some(pages) => {
            let memory = MemoryGpuConfig::ContextSize(paged_tokens(pages, spec.slots, context));
            match open(Some(pages_of(pages, memory)?)) {
                // A model so small that its pages are less than a megabyte rounds to none.
                Err(EngineError::OutOfMemory(text)) if text.contains("Num GPU blocks is 0") => {
                    open(Some(pages_of(pages, MemoryGpuConfig::MbAmount(FEWEST_PAGES_MB))?))?
                }
                opened => opened?,
            }
        }
    };
    start(spec, &settings, pipeline, context, runtime)
}

/// Starts the engine's thread.
fn start(
    spec: &ModelSpec,
    settings: &Settings,
    pipeline: SharedPipeline,
    context: u32,
    runtime: &Handle,
) -> Result<Running, EngineError> {
    let (defaults, paged, device_keeps, ends) = {
        let pipeline = pipeline.blocking_lock();
        if spec.task == Task::Chat {
            check_template(&*pipeline)?;
        }
        let metadata = pipeline.get_metadata();
        let grammar_end = metadata.tok_env().map(|tokens| tokens.tok_trie().eos_token());
        let ends = grammar_end.and_then(|end| Ends::of(end, &metadata.eos_tok));
        (pipeline.generation_defaults(), metadata.cache_config.clone(), !pipeline.device().is_cpu(), ends)
    };
    // Without pages the engine (mistral.rs 0.8.1) computes together only requests of the same length, and sends a message
    // begun back to its prompt when another comes: two at a time take longer than one after the other, and seeds no longer
    // repeat.
    let alone = spec.task == Task::Chat && paged.is_none();
    let slots = if alone { 1 } else { spec.slots.max(1) };
    let most = NonZeroUsize::new(slots as usize).unwrap_or(NonZeroUsize::MIN);
    let scheduler = match paged {
        Some(config) => SchedulerConfig::PagedAttentionMeta { max_num_seqs: most.get(), config },
        None => SchedulerConfig::DefaultScheduler { method: DefaultSchedulerMethod::Fixed(most) },
    };
    let engine = MistralRsBuilder::new(pipeline, scheduler, false, None)
        .with_no_kv_cache(false)
        .with_no_prefix_cache(settings.kept == 0)
        .with_prefix_cache_n(settings.kept as usize)
        .build();
    let engine = runtime.block_on(engine);
    let keep = (spec.task == Task::Chat && settings.kept > 0 && !device_keeps).then_some(settings.kept);
    let told = Told { context, slots, defaults: defaults.unwrap_or_default(), thinking: settings.thinking, ends };
    Ok(Running::new(engine, told, keep))
}

/// Makes sure that conversations can be written down for the model, without anything from outside.
fn check_template(pipeline: &(dyn Pipeline + Send + Sync)) -> Result<(), EngineError> {
    let Some(template) = pipeline.get_chat_template().filter(|template| template.has_chat_template()) else {
        return Err(EngineError::Load(
            "the model has no chat template; put its `chat_template.jinja` beside the weights".to_owned(),
        ));
    };
    // The engine downloads the vocabulary of this format when it first meets it.
    if template.is_harmony_format() && std::env::var_os("TIKTOKEN_ENCODINGS_BASE").is_none() {
        return Err(EngineError::Load(
            "the model speaks the Harmony format, whose vocabulary is not among its files; put it into a folder and name that \
             in the variable TIKTOKEN_ENCODINGS_BASE"
                .to_owned(),
        ));
    }
    if pipeline.get_metadata().eos_tok.is_empty() {
        return Err(EngineError::Load(
            "no token is known that ends a message; name it as `eos_token` in `tokenizer_config.json` beside the weights"
                .to_owned(),
        ));
    }
    Ok(())
}

fn gguf_loader(spec: &ModelSpec) -> Box<dyn Loader> {
    GGUFLoaderBuilder::new(None, None, spec.id.clone(), Vec::new(), GGUFSpecificConfig::default(), false, None).build()
}

fn normal_loader(spec: &ModelSpec) -> Result<Box<dyn Loader>, EngineError> {
    NormalLoaderBuilder::new(NormalSpecificConfig::default(), None, None, Some(spec.id.clone()), false, None)
        .build(None)
        .map_err(|error| loading(&format!("{error:#}")))
}

fn embedding_loader(spec: &ModelSpec) -> Box<dyn Loader> {
    EmbeddingLoaderBuilder::new(EmbeddingSpecificConfig::default(), None, Some(spec.id.clone())).build(None)
}

/// The paths as the engine takes them.
fn paths(files: &Files, parts: Option<serde_json::Value>) -> Result<Box<dyn ModelPaths>, EngineError> {
    let path = |path: &Option<camino::Utf8PathBuf>| path.clone().map(PathBuf::from);
    let weights = files.weights.iter().map(PathBuf::from).collect();
    let config = path(&files.config).unwrap_or_default();
    // An empty path makes the engine take the tokenizer from the GGUF file.
    let tokenizer = path(&files.tokenizer).unwrap_or_default();
    Ok(match parts {
        None => Box::new(LocalModelPaths {
            tokenizer_filename: tokenizer,
            config_filename: config,
            template_filename: path(&files.template),
            filenames: weights,
            adapter_paths: AdapterPaths::None,
            gen_conf: path(&files.generation),
            preprocessor_config: None,
            processor_config: None,
            chat_template_json_filename: path(&files.template_json),
        }),
        Some(parts) => {
            let parts = serde_json::from_value(parts).map_err(|error| EngineError::Load(error.to_string()))?;
            Box::new(EmbeddingModelPaths::new(tokenizer, config, weights, AdapterPaths::None, parts))
        }
    })
}

/// The longest input and output together.
fn context(spec: &ModelSpec, files: &Files) -> Result<u32, EngineError> {
    let most = u32::try_from(files.context.unwrap_or(UNKNOWN_CONTEXT)).unwrap_or(u32::MAX);
    match spec.context {
        Some(asked) if asked > most => Err(EngineError::Load(format!(
            "the context of `{}` is set to {asked} tokens, and the model was made for {most}",
            spec.id
        ))),
        Some(asked) => Ok(asked),
        None => Ok(most.min(DEFAULT_CONTEXT)),
    }
}

/// Tokens for which there are pages: whole pages for each slot, and one to spare for rounding.
fn paged_tokens(pages: Pages, slots: u32, context: u32) -> usize {
    let each = context.next_multiple_of(PAGE) + PAGE;
    pages.tokens.map_or_else(|| slots as usize * each as usize, |tokens| tokens.next_multiple_of(PAGE) as usize)
}

fn pages_of(pages: Pages, memory: MemoryGpuConfig) -> Result<PagedAttentionConfig, EngineError> {
    let format = if pages.eight_bits { PagedCacheType::F8E4M3 } else { PagedCacheType::Auto };
    PagedAttentionConfig::new(Some(PAGE as usize), memory, format).map_err(|error| loading(&format!("{error:#}")))
}

fn processor(device: Device) -> Result<Processor, EngineError> {
    match device {
        Device::Cpu => Ok(Processor::Cpu),
        Device::Cuda(_) if !cfg!(feature = "cuda") => Err(EngineError::Load(
            "this program was built without support for GPUs; build it with `--features cuda`".to_owned(),
        )),
        Device::Cuda(number) => Processor::new_cuda(number as usize)
            .map_err(|error| loading(&format!("failed to open GPU {number}: {error}"))),
    }
}

/// Makes sure that the weights fit: a process that asks for more memory than there is gets no error, it is killed.
fn check_memory(size: Size, numbers: ModelDType) -> Result<(), EngineError> {
    let needed = match (size, numbers) {
        (Size::Bytes(bytes), _) => bytes,
        (Size::Elements(elements), ModelDType::F32) => elements.saturating_mul(4),
        (Size::Elements(elements), _) => elements.saturating_mul(2),
    };
    let Some(available) = available_memory() else { return Ok(()) };
    if needed > available {
        return Err(EngineError::OutOfMemory(format!(
            "the weights take {} MB and {} MB are free",
            needed >> 20,
            available >> 20
        )));
    }
    Ok(())
}

/// Memory that can be had without pushing anything out, in bytes, as Linux estimates it.
fn available_memory() -> Option<u64> {
    let table = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_do_not_fit_are_refused_before_they_are_read() {
        assert!(check_memory(Size::Bytes(1), ModelDType::F32).is_ok());
        let error = check_memory(Size::Elements(u64::MAX), ModelDType::F32).unwrap_err();
        assert!(matches!(error, EngineError::OutOfMemory(_)), "{error}");
    }

    #[test]
    fn there_are_pages_for_every_slot() {
        let pages = Pages { tokens: None, eight_bits: false };
        assert_eq!(paged_tokens(pages, 2, 100), 2 * (128 + 32));
        assert_eq!(paged_tokens(Pages { tokens: Some(100), ..pages }, 2, 100), 128);
    }
}
