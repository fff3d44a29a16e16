//! The command line: what `inference-node` can do, and how it explains itself.

use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};

const ABOUT: &str =
    "Serves speech recognition, speech synthesis and language models on this machine's GPUs, or on its processor.";

const EXAMPLES: &str = "\
Examples:
  inference-node serve                          start with the defaults: http://127.0.0.1:8090
  inference-node gpu list                       the GPUs that the driver shows, or why there are none
  inference-node models import piper-ro.bundle  take a model in; a running node serves it at once
  inference-node selftest                       speak and hear: is all well, and how fast
  inference-node config                         what is in force, and where each value came from

Exit codes: 0 done; 1 failed; 2 wrong use of the command line; 4 a check found something wrong (gpu check, models verify,
selftest).";

/// `inference-node`.
#[derive(Debug, Parser)]
#[command(name = "inference-node", version, about = ABOUT, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file (TOML). Without it: `inference-node.toml` in the working folder, then
    /// `/etc/sfetnic/inference-node.toml`, if there. `SFETNIC_NODE_…` variables win over the file.
    #[arg(long, global = true, env = "SFETNIC_NODE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<Utf8PathBuf>,

    /// Print data as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `inference-node` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the node: its models behind an OpenAI-compatible API.
    #[command(
        after_help = "Stops gracefully on SIGTERM or Ctrl-C: what was begun is finished first. SIGHUP reads renewed certificates.\nClients show a key of the file access.key_file (by default `api-key` in the data folder, made at the first start)."
    )]
    Serve,
    /// The models of this node: list, import from a bundle, check, remove.
    Models {
        /// What to do with them.
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// The GPUs of this machine: what the driver shows, live, and whether they are healthy.
    #[command(after_help = GPU_HELP)]
    Gpu {
        /// What to show.
        #[command(subcommand)]
        command: GpuCommand,
    },
    /// Have the running node speak sentences and hear them again: word error rate, and times slower or faster than real time.
    #[command(after_help = SELFTEST_HELP)]
    Selftest(SelftestArgs),
    /// Print the configuration in force and where each value came from.
    #[command(
        after_help = "Every key has a default that makes a laptop work. A key [http] listen is the variable SFETNIC_NODE_HTTP__LISTEN.\nSecrets are never printed: keys that hold one name a file."
    )]
    Config,
    /// Compute one model, as the node tells it to; started by `serve`.
    #[command(hide = true)]
    Worker,
}

const SELFTEST_HELP: &str = "\
Each language is spoken by its best voice and heard by its best ear; trained models come before the built-in voices.
It proves models, GPU and API together; it says nothing about human voices.
Ends with 4 when more than --most-errors of the words of a language are wrong.";

/// `inference-node selftest`.
#[derive(Debug, clap::Args)]
pub(crate) struct SelftestArgs {
    /// Other sentences: a table with the columns language and text, separated by a tab.
    #[arg(long, value_name = "FILE")]
    pub(crate) sentences: Option<Utf8PathBuf>,
    /// The share of words that may be wrong.
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    pub(crate) most_errors: f64,
    /// Where the node is; by default where the configuration has it listen.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The authorities that vouch for it (PEM), where it speaks HTTPS.
    #[arg(long, value_name = "FILE")]
    pub(crate) authorities: Option<Utf8PathBuf>,
}

/// `inference-node models …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models of the store.
    List,
    /// Show one model's manifest.
    Show {
        /// The model.
        id: String,
    },
    /// Take models in, from a bundle or from a folder with a `model.toml`; a running node serves them at once.
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The bundle, or the folder.
        path: Utf8PathBuf,
        /// Replace other models of the same names.
        #[arg(long)]
        replace: bool,
        /// Take a bundle that no trusted key has signed: whoever could write to its disk decides what the node runs.
        #[arg(long)]
        allow_unsigned: bool,
        /// A public key to trust, or a file that holds one (repeat it); beside those of models.trusted_keys.
        #[arg(long = "trust", value_name = "KEY")]
        trusted: Vec<String>,
    },
    /// Pack models into one signed file, to be carried to a site without internet.
    Bundle {
        /// The models.
        #[arg(required = true)]
        ids: Vec<String>,
        /// The file to write; must not exist.
        #[arg(long, value_name = "FILE")]
        output: Utf8PathBuf,
        /// The secret key to sign with (`models keygen` makes one); without it the bundle is not signed.
        #[arg(long, value_name = "FILE")]
        key: Option<Utf8PathBuf>,
    },
    /// Say what a bundle holds and who signed it; changes nothing.
    Inspect {
        /// The bundle.
        bundle: Utf8PathBuf,
        /// A public key to trust, or a file that holds one (repeat it).
        #[arg(long = "trust", value_name = "KEY")]
        trusted: Vec<String>,
    },
    /// Compute every sum anew and say which files have changed.
    Verify {
        /// One model; without it all.
        id: Option<String>,
    },
    /// Remove a model; files that no other model has are deleted.
    Remove {
        /// The model.
        id: String,
    },
    /// Delete what interrupted imports left behind.
    Prune,
    /// Make a pair of keys for signing bundles (minisign).
    #[command(after_help = "A password, if wanted, is read from the variable SFETNIC_KEY_PASSWORD.")]
    Keygen {
        /// The secret key's file; its public key is written beside it with the ending `.pub`.
        secret: Utf8PathBuf,
    },
}

const IMPORT_HELP: &str = "\
An import that was interrupted goes on where it stopped. The bundle's signature must be of a key in models.trusted_keys or
--trust. A folder needs no signature: whoever can write to it stands at this machine.

Examples:
  inference-node models import /mnt/piper-ro.bundle --trust /etc/sfetnic/models.pub
  inference-node models import ./whisper-large-v3-turbo      a folder with model.toml and the files that it lists";

const GPU_HELP: &str = "\
Verdicts follow a table with its sources (NVIDIA's XID catalogue among them); gpu.policy names a file that changes entries of
it. gpu.telemetry names a recorded story that is played instead of the driver, to rehearse what a failing GPU looks like:

  SFETNIC_NODE_GPU__TELEMETRY=story.toml inference-node gpu watch --every 1";

/// `inference-node gpu …`.
#[derive(Debug, Subcommand)]
pub(crate) enum GpuCommand {
    /// List the GPUs with their memory, temperature and health.
    List,
    /// The same, again and again, until Ctrl-C.
    Watch {
        /// Seconds between two readings.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
        every: u64,
    },
    /// Say whether each GPU may be used, and why not; exit code 4 when one may not.
    Check,
}
