//! What all calls of a server share.

use std::sync::Arc;

use camino::Utf8PathBuf;
use desk::calendar::Calendar;
use desk::department::Departments;
use desk::ports::accounts::Accounts;
use desk::ports::articles::Articles;
use desk::ports::attachments::Attachments;
use desk::ports::call_backs::CallBacks;
use desk::ports::calls::Calls;
use desk::ports::cases::Cases;
use desk::ports::conversations::Conversations;
use desk::ports::feed::Feed;
use desk::ports::live_calls::CallIntents;
use desk::ports::live_speech::LiveSpeech;
use desk::ports::time::TimeSource;
use desk::reception::Reception;
use media::Media;
use signalling::Endpoint;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::PhoneConfig;
use crate::live::LiveBoard;
use crate::places::Places;
use crate::shelf::Shelf;
use crate::waiting::WaitingRoom;

/// What the telephone works with.
pub struct PhoneParts {
    /// Takes turns and has them answered.
    pub reception: Arc<Reception>,
    /// Conversations and turns.
    pub conversations: Arc<dyn Conversations>,
    /// Cases.
    pub cases: Arc<dyn Cases>,
    /// Calls as they are kept.
    pub calls: Arc<dyn Calls>,
    /// Promises to ring back.
    pub call_backs: Arc<dyn CallBacks>,
    /// Commands that were given on other servers.
    pub intents: Arc<dyn CallIntents>,
    /// The staff and their telephones.
    pub accounts: Arc<dyn Accounts>,
    /// Where recordings are kept.
    pub attachments: Arc<dyn Attachments>,
    /// Guides, of which the menus are made.
    pub articles: Arc<dyn Articles>,
    /// What happens elsewhere: guides that change, commands that were posted.
    pub feed: Arc<dyn Feed>,
    /// Speaks and listens.
    pub speech: Arc<dyn LiveSpeech>,
    /// The time.
    pub time: Arc<dyn TimeSource>,
    /// The departments.
    pub departments: Departments,
    /// Working days and holidays.
    pub calendar: Calendar,
    /// The number of this server.
    pub server: u64,
    /// Whether other servers have the same telephone: then one of them is on duty ([`crate::Phone::on_duty`]).
    pub clustered: bool,
    /// Where rendered prompts are kept.
    pub folder: Utf8PathBuf,
    /// What the installation decided.
    pub config: PhoneConfig,
}

/// What all calls share.
pub(crate) struct House {
    pub(crate) parts: PhoneParts,
    pub(crate) departments: Arc<Departments>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) settings: Arc<dialogue::Settings>,
    pub(crate) media: Media,
    pub(crate) endpoint: Endpoint,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) live: Arc<LiveBoard>,
    pub(crate) waiting: WaitingRoom,
    pub(crate) places: Arc<Places>,
    pub(crate) music: Arc<media::Prepared>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}
