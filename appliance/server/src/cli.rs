//! The command line: what `appliance` can do, and how it explains itself.

mod capacity;

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use capacity::{SimulateArgs, SizeArgs};

const ABOUT: &str = "Answers citizens by chat and telephone, from the institution's own knowledge; what it cannot answer becomes a case with an owner.";

const EXAMPLES: &str = "\
Examples:
  appliance serve                              start with the defaults: http://127.0.0.1:8080
  appliance config                             what is in force, and where each value came from
  appliance user add ana --name \"Ana Pop\"      a new operator with a one-time password
  appliance knowledge import ./articles        take a folder of Markdown, HTML, PDF, DOCX
  appliance phone calls                        the last calls; `phone call ID` shows what was said
  appliance backup create /mnt/copy.sfb        a consistent, encrypted copy while running

Exit codes: 0 done; 1 failed; 2 wrong use of the command line; 3 the server is not running;
4 a check found something wrong (journal verify, backup verify).";

/// `appliance`.
#[derive(Debug, Parser)]
#[command(name = "appliance", version, about = ABOUT, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file (TOML). Without it: `sfetnic.toml` in the working folder, then `/etc/sfetnic/appliance.toml`,
    /// if there. `SFETNIC_…` variables win over the file.
    #[arg(long, global = true, env = "SFETNIC_CONFIG", value_name = "FILE")]
    pub config: Option<Utf8PathBuf>,

    /// Print data as JSON.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `appliance` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server: citizens' pages, API and the operators' console.
    #[command(
        after_help = "Stops gracefully on SIGTERM or Ctrl-C: what was accepted is answered first. SIGHUP reads renewed certificates."
    )]
    Serve,
    /// Print the configuration in force and where each value came from.
    #[command(
        after_help = "Every key has a default that makes a laptop work. A key [http] listen is the variable SFETNIC_HTTP__LISTEN.\nSecrets are never printed: keys that hold one name a file."
    )]
    Config,
    /// The knowledge base: import, export, list, publish.
    Knowledge {
        /// What to do with it.
        #[command(subcommand)]
        command: KnowledgeCommand,
    },
    /// Measure how well questions are answered from a knowledge base; needs no running server.
    #[command(after_help = EVAL_HELP)]
    Eval(EvalArgs),
    /// Accounts of the staff.
    User {
        /// What to do with them.
        #[command(subcommand)]
        command: UserCommand,
    },
    /// The journal: every state change and privileged act, sealed into a hash chain.
    Journal {
        /// What to do with it.
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// The inference nodes and their models, as the running server sees them; and how many a site needs.
    Cluster {
        /// What to show.
        #[command(subcommand)]
        command: ClusterCommand,
    },
    /// The gateway for other systems of the institution.
    Gateway {
        /// What to do.
        #[command(subcommand)]
        command: GatewayCommand,
    },
    /// The telephone: how it stands, and its calls.
    Phone {
        /// What to show.
        #[command(subcommand)]
        command: PhoneCommand,
    },
    /// Make and check encrypted backups.
    Backup {
        /// What to do.
        #[command(subcommand)]
        command: BackupCommand,
    },
    /// Put a backup into an empty data folder; the server must not be running.
    Restore(RestoreArgs),
    /// Write the OpenAPI description of the public API.
    #[command(hide = true)]
    Openapi,
}

/// `appliance phone …`.
#[derive(Debug, Subcommand)]
pub(crate) enum PhoneCommand {
    /// Where it listens, its exchanges and extensions, and whether its fixed texts are ready.
    Status,
    /// The last calls: who called, for which department, how they ended, how soon they were answered.
    Calls {
        /// How many.
        #[arg(long, default_value_t = 20, value_name = "N")]
        last: u32,
    },
    /// One call: what was said, on which sources, and what each stage took.
    Call {
        /// The call's id, as `appliance phone calls` shows it.
        id: uuid::Uuid,
    },
}

/// `appliance cluster …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Models: where they run, what waits for them, how fast their replicas are.
    Status,
    /// Nodes: whether they are heard, their GPUs, their models.
    Nodes,
    /// Replay traces of requests against a fleet that need not exist, under our policy and others'; needs no running server.
    #[command(after_help = capacity::SIMULATE_HELP)]
    Simulate(SimulateArgs),
    /// Find how many nodes a site needs for so many calls and chats at once; needs no running server.
    #[command(after_help = capacity::SIZE_HELP)]
    Size(SizeArgs),
    /// Where the models of the catalogue lie and shall lie, what is still to be done, and why.
    #[command(after_help = PLAN_HELP)]
    Plan(PlanArgs),
    /// Empty a node: it is given nothing new, what runs finishes, its models move off. It stays drained until `undrain`.
    #[command(after_help = DRAIN_HELP)]
    Drain {
        /// The node, by its name in the configuration (`appliance cluster nodes`).
        node: String,
    },
    /// Take a drained node back into service.
    #[command(
        after_help = "Models move onto it as the plan sees fit: what lies well elsewhere stays there.\nA node that is in service already stays so (exit code 0)."
    )]
    Undrain {
        /// The node, by its name in the configuration (`appliance cluster nodes`).
        node: String,
    },
}

const PLAN_HELP: &str = "\
The models are those of [[inference.models]] in the configuration; without any, nothing is
placed. The plan is made anew when a node comes, goes, is drained or changes its health, and
when demand calls for more replicas, or for a while for fewer; the server that dispatches
carries it out. `--json` prints all of it.

Examples:
  appliance cluster plan                          what lies where, and what is still to be done
  appliance cluster plan --why --model qwen3-32b  why on these nodes, why not on the others
  appliance cluster plan --why --node gpu-3       what lies on it, and why nothing else does";

const DRAIN_HELP: &str = "\
A model is loaded elsewhere before it is unloaded here, where another node has room for it;
`appliance cluster plan` shows how far that is. The last replica of a model serves until its
heir does; where there is no room for one, nobody serves it afterwards. The node stays drained
over restarts and whichever server dispatches; the journal notes who asked. A node that is
drained already stays so (exit code 0).

Example:
  appliance cluster drain gpu-1 && appliance cluster plan --node gpu-1";

/// Arguments of `cluster plan`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArgs {
    /// Say for each model and class how many replicas its requests keep busy and how many are aimed at; and for each model
    /// and node why it lies there, or why it does not.
    #[arg(long)]
    pub why: bool,
    /// Only this model.
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Only this node.
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
}

/// `appliance gateway …`.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Make a key with which another system may use the models; prints the key, once, and what goes into the configuration.
    #[command(
        after_help = "The system sends `Authorization: Bearer KEY` to https://THIS-SERVER/v1/… (OpenAI's API).\nThe key is not kept: only its sum is, in the configuration."
    )]
    Key {
        /// What the system is called.
        name: String,
        /// The most urgent class that it may ask for: voice, chat, mail or batch.
        #[arg(long, default_value = "batch", value_parser = parse_class)]
        class: protocol::Class,
    },
}

fn parse_class(text: &str) -> Result<protocol::Class, String> {
    protocol::Class::from_name(text).ok_or_else(|| format!("`{text}` is no class: voice, chat, mail or batch"))
}

const EVAL_HELP: &str = "\
Each line of FILE is {\"id\":\"…\",\"question\":\"…\",\"lang\":\"ro\",\"article\":\"ID\"}; \"article\":null marks a question that the
knowledge does not answer. KNOWLEDGE is a folder of articles and guides, or a SQuAD JSON file (its articles are Title/index);
`starter` means the starter pack that comes with the program.

Examples:
  appliance eval --knowledge starter --questions questions.jsonl
  appliance eval --knowledge ./articles --questions a.jsonl --json | jq .recall_at_1";

/// Arguments of `eval`.
#[derive(Debug, Clone, Args)]
pub(crate) struct EvalArgs {
    /// A folder of articles, a SQuAD JSON file, or `starter`.
    #[arg(long, value_name = "PATH")]
    pub knowledge: String,
    /// The questions (JSON lines); a folder means every `.jsonl` in it.
    #[arg(long, value_name = "FILE")]
    pub questions: Utf8PathBuf,
}

/// `appliance knowledge …`.
#[derive(Debug, Subcommand)]
pub(crate) enum KnowledgeCommand {
    /// Take articles and guides from a file or folder (Markdown, HTML, PDF, DOCX, SQuAD JSON, guides in TOML).
    Import {
        /// The file or folder.
        path: Utf8PathBuf,
        /// Say what would be taken and refused, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write every article and guide to a folder, as Markdown and TOML.
    Export {
        /// The folder; made if missing, must be empty.
        path: Utf8PathBuf,
    },
    /// List articles and guides with their state.
    List,
    /// Move an article to another state.
    State {
        /// The article.
        id: String,
        /// Its language.
        #[arg(long, default_value = "ro")]
        language: String,
        /// Where it goes.
        state: ArticleStateArg,
    },
}

/// States on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ArticleStateArg {
    /// Being written.
    Draft,
    /// Waits for a second pair of eyes.
    Review,
    /// Answers citizens.
    Published,
    /// Kept for the record.
    Retired,
}

/// `appliance user …`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add an account; prints its one-time password.
    Add {
        /// The name to sign in with.
        username: String,
        /// The name that citizens see.
        #[arg(long)]
        name: String,
        /// What the account may do.
        #[arg(long, value_enum, default_value_t = RoleArg::Operator)]
        role: RoleArg,
        /// Whose queues it serves (repeat it); none: every department's.
        #[arg(long = "department")]
        departments: Vec<String>,
    },
    /// List the accounts.
    List,
    /// Give an account a new one-time password and end its sessions.
    ResetPassword {
        /// The account.
        username: String,
    },
    /// Say at which telephone calls reach an account; without a number, at none.
    Extension {
        /// The account.
        username: String,
        /// An extension of the house (204), or a number.
        number: Option<desk::phone_number::PhoneNumber>,
    },
    /// Lock an account and end its sessions.
    Disable {
        /// The account.
        username: String,
    },
    /// Unlock an account.
    Enable {
        /// The account.
        username: String,
    },
}

/// Roles on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    /// Answers citizens.
    Operator,
    /// Also edits and publishes the knowledge base.
    Editor,
    /// Also sees every department.
    Supervisor,
    /// Also manages accounts.
    Administrator,
}

/// `appliance journal …`.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Recompute the hash chain and say whether it is whole.
    #[command(after_help = "Exit code 4 when the chain is broken. Rows not yet sealed are counted, not an error.")]
    Verify {
        /// A copy of the database to verify instead of the running server's.
        file: Option<Utf8PathBuf>,
    },
    /// Print the newest rows.
    Tail {
        /// How many.
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: u32,
    },
}

/// `appliance backup …`.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make one while the server runs.
    Create {
        /// The file to write; must not exist.
        file: Utf8PathBuf,
    },
    /// Check that a backup is whole and can be decrypted; needs no running server.
    Verify {
        /// The backup.
        file: Utf8PathBuf,
        /// The key file; by default the one in force.
        #[arg(long)]
        key: Option<Utf8PathBuf>,
    },
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    pub file: Utf8PathBuf,
    /// The key file; by default the one in force.
    #[arg(long)]
    pub key: Option<Utf8PathBuf>,
    /// The data folder to fill; by default the one in force. Must be empty or missing.
    #[arg(long)]
    pub to: Option<Utf8PathBuf>,
}
