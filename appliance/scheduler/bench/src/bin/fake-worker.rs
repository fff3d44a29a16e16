//! `fake-worker`: fake model servers of a fixed, documented cost on consecutive ports of the loopback address.

use anyhow::Context;
use bench::engine::CostModel;
use bench::worker::{WorkerConfig, serve};
use camino::Utf8PathBuf;
use clap::Parser;

/// Fake model servers with OpenAI's API and a fixed cost: an iteration takes (a + b × batch) plus the tokens prefilled over the
/// prefill rate.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many servers, on consecutive ports.
    #[arg(long, default_value_t = 1)]
    workers: u16,
    /// The first server's port.
    #[arg(long, default_value_t = 9100)]
    port: u16,
    /// The name of the model they serve.
    #[arg(long, default_value = "fake")]
    model: String,
    /// Tokens of prompt per second.
    #[arg(long, default_value_t = 8_000.0)]
    prefill_rate: f64,
    /// Milliseconds of a decoding step, whatever its batch.
    #[arg(long, default_value_t = 6.0)]
    decode_base_ms: f64,
    /// Milliseconds more for each sequence in it.
    #[arg(long, default_value_t = 0.35)]
    decode_per_sequence_ms: f64,
    /// Tokens of prompt in one iteration, at most.
    #[arg(long, default_value_t = 512)]
    chunk_tokens: u32,
    /// Sequences in prefill or decode at once, at most.
    #[arg(long, default_value_t = 64)]
    max_running: usize,
    /// Blocks of 512 tokens in each prefix cache; unlimited without it.
    #[arg(long)]
    cache_blocks: Option<usize>,
    /// Their time runs so many times faster.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Milliseconds between two events of one answer, at least.
    #[arg(long, default_value_t = 0)]
    event_interval_ms: u64,
    /// Answer at once and without cost.
    #[arg(long)]
    instant: bool,
    /// Seed of the spells of the fault `stall`.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Append what becomes of each request to this file, as lines of JSON.
    #[arg(long)]
    journal: Option<Utf8PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    anyhow::ensure!(arguments.speed > 0.0 && arguments.prefill_rate > 0.0, "speed and prefill rate must be positive");
    let config = WorkerConfig {
        model: arguments.model,
        cost: CostModel {
            prefill_rate: arguments.prefill_rate,
            decode_base: arguments.decode_base_ms / 1e3,
            decode_per_sequence: arguments.decode_per_sequence_ms / 1e3,
            chunk_tokens: arguments.chunk_tokens.max(1),
            max_running: arguments.max_running.max(1),
        },
        cache_blocks: arguments.cache_blocks,
        speed: arguments.speed,
        event_interval: std::time::Duration::from_millis(arguments.event_interval_ms),
        instant: arguments.instant,
        seed: arguments.seed,
        journal: arguments.journal,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the asynchronous runtime")?;
    let served = tokio::task::LocalSet::new().block_on(&runtime, serve(config, arguments.port, arguments.workers));
    match served {
        Ok(never) => match never {},
        Err(error) => Err(error.into()),
    }
}
