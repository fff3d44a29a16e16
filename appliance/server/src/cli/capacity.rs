//! `appliance cluster simulate` and `size`: what a fleet would do, before it is bought.

use camino::Utf8PathBuf;
use clap::Args;
use clap::builder::PossibleValuesParser;
use protocol::Class;
use simulator::{POLICIES, TraceSpec};

pub(super) const SIMULATE_HELP: &str = "\
A TRACE is PATH[:CLASS[:FACTOR[:FROM:FOR]]]: a file (JSON lines with timestamp in milliseconds, input_length, output_length
and hash_ids of 512-token blocks; Azure's CSV TIMESTAMP,ContextTokens,GeneratedTokens; or counts of calls, DateTime,Calls;
each may be gzip), the class that its requests are of (voice, chat, mail, batch; chat unless said), how many times as fast it
is played, and which seconds of it. Several traces are merged. A fleet file (TOML) has groups of equal nodes and scripted faults:

  [[group]]                 [[fault]]
  count = 4                 replica = 1        # from 0
  profile = \"h100\"          kind = \"silent\"    # dies, silent, faulty
                            at_secs = 60.0
                            returns_secs = 120.0

Targets, weights and settings of our policy are those of [inference.dispatch] in the configuration. The policy `clairvoyant`
simulates nothing: it is the most that any schedule could reach. In JSON, prefix_hit_rate is blocks found cached over blocks
asked, load_imbalance the largest worker's outstanding prefill work over the mean worker's (each its mean over time), goodput
the answers within their targets over all that were asked for; one policy prints an object, several a list.

Examples:
  appliance cluster simulate --nodes 8 --trace conversation.jsonl.gz --policy sfetnic --json
  appliance cluster simulate --nodes fleet.toml --trace calls.csv.gz:voice chats.csv:chat --load 1.3 --svg picture.svg";

pub(super) const SIZE_HELP: &str = "\
Callers and chatters begin evenly at random and stay level; each call asks a language model six times, twenty seconds apart,
each chat five times, a minute apart. The number printed is the least with which every class has the wanted part of its
answers within the targets of [inference.dispatch].

Examples:
  appliance cluster size --calls 200 --chats 2000
  appliance cluster size --calls 20 --chats 100 --gpu l40s --json";

/// Arguments of `cluster simulate`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// So many equal nodes of one GPU, or a fleet file.
    #[arg(long, value_name = "SPEC", default_value = "8")]
    pub nodes: String,
    /// What arrives; see below.
    #[arg(long, value_name = "TRACE", required = true, num_args = 1..)]
    pub trace: Vec<TraceSpec>,
    /// Who decides (repeat it); every policy unless said.
    #[arg(long, value_name = "NAME", num_args = 1.., value_parser = PossibleValuesParser::new(POLICIES))]
    pub policy: Vec<String>,
    /// The GPU of equal nodes (l4, l40s, a100, h100), with its memory; unless said, 8,000 prompt tokens a second and a
    /// prefix cache without limit.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(gpus()))]
    pub gpu: Option<String>,
    /// How many blocks each prefix cache holds.
    #[arg(long, value_name = "BLOCKS")]
    pub cache_blocks: Option<usize>,
    /// Play the traces so fast that their least work is so many times what the fleet can do.
    #[arg(long, value_name = "FACTOR", value_parser = positive)]
    pub load: Option<f64>,
    /// Write a picture: goodput by policy, and the times to the first token.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<Utf8PathBuf>,
    /// Whose times the picture shows.
    #[arg(long, value_name = "CLASS", default_value = "chat", value_parser = super::parse_class)]
    pub svg_class: Class,
    /// For whatever is drawn by chance; the same number gives the same figures.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `cluster size`.
#[derive(Debug, Args)]
pub(crate) struct SizeArgs {
    /// Calls under way at once, at the busiest.
    #[arg(long)]
    pub calls: u32,
    /// Chats under way at once, at the busiest.
    #[arg(long, default_value_t = 0)]
    pub chats: u32,
    /// The nodes' GPU (l4, l40s, a100, h100); unless said, one that reads 8,000 prompt tokens a second.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(gpus()))]
    pub gpu: Option<String>,
    /// The part of each class's answers that must be within its targets.
    #[arg(long, value_name = "PART", default_value_t = 0.99, value_parser = part)]
    pub goodput: f64,
    /// No more nodes than so many are tried.
    #[arg(long, value_name = "NODES", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..))]
    pub most: u32,
}

fn gpus() -> Vec<&'static str> {
    simulator::PROFILES.iter().map(|profile| profile.name).collect()
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("`{text}` is not a number above 0"))
}

fn part(text: &str) -> Result<f64, String> {
    let part = positive(text)?;
    if part <= 1.0 { Ok(part) } else { Err(format!("`{text}` is above 1, which is every answer")) }
}
