//! One line that tells what an act did, named in the address that the act leads to.

use serde::{Deserialize, Serialize};

use crate::texts::Texts;

/// What just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    Taken,
    Replied,
    ReplyClosed,
    Closed,
    GivenBack,
    Queued,
    Changed,
    ChangedByOther,
    Waiting,
    Resumed,
    Extended,
    Forwarded,
    Language,
    Password,
    NotOpen,
    Already,
    YourPhoneRings,
    RingsToTakePart,
    PartChanged,
    Transferring,
    HangingUp,
    LeftCall,
    OnItsWay,
    CallEnded,
    NoExtension,
    NotAnswered,
    NotAllowed,
    NotNow,
    CommandFailed,
    CommandExpired,
    WrongTarget,
    Dialling,
    CallBackCancelled,
    CallBackMoved,
    OnTheLine,
    NoNumber,
    Extension,
}

impl Notice {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Replied => "replied",
            Self::ReplyClosed => "reply_closed",
            Self::Closed => "closed",
            Self::GivenBack => "given_back",
            Self::Queued => "queued",
            Self::Changed => "changed",
            Self::ChangedByOther => "changed_by_other",
            Self::Waiting => "waiting",
            Self::Resumed => "resumed",
            Self::Extended => "extended",
            Self::Forwarded => "forwarded",
            Self::Language => "language",
            Self::Password => "password",
            Self::NotOpen => "not_open",
            Self::Already => "already",
            Self::YourPhoneRings => "your_phone_rings",
            Self::RingsToTakePart => "rings_to_take_part",
            Self::PartChanged => "part_changed",
            Self::Transferring => "transferring",
            Self::HangingUp => "hanging_up",
            Self::LeftCall => "left_call",
            Self::OnItsWay => "on_its_way",
            Self::CallEnded => "call_ended",
            Self::NoExtension => "no_extension",
            Self::NotAnswered => "not_answered",
            Self::NotAllowed => "not_allowed",
            Self::NotNow => "not_now",
            Self::CommandFailed => "command_failed",
            Self::CommandExpired => "command_expired",
            Self::WrongTarget => "wrong_target",
            Self::Dialling => "dialling",
            Self::CallBackCancelled => "call_back_cancelled",
            Self::CallBackMoved => "call_back_moved",
            Self::OnTheLine => "on_the_line",
            Self::NoNumber => "no_number",
            Self::Extension => "extension",
        }
    }

    pub(crate) fn text(self, t: &Texts) -> &str {
        let n = &t.notice;
        match self {
            Self::Taken => &n.taken,
            Self::Replied => &n.replied,
            Self::ReplyClosed => &n.reply_closed,
            Self::Closed => &n.closed,
            Self::GivenBack => &n.given_back,
            Self::Queued => &n.queued,
            Self::Changed => &n.changed,
            Self::ChangedByOther => &n.changed_by_other,
            Self::Waiting => &n.waiting,
            Self::Resumed => &n.resumed,
            Self::Extended => &n.extended,
            Self::Forwarded => &n.forwarded,
            Self::Language => &n.language,
            Self::Password => &n.password,
            Self::NotOpen => &n.not_open,
            Self::Already => &n.already,
            Self::YourPhoneRings => &n.your_phone_rings,
            Self::RingsToTakePart => &n.rings_to_take_part,
            Self::PartChanged => &n.part_changed,
            Self::Transferring => &n.transferring,
            Self::HangingUp => &n.hanging_up,
            Self::LeftCall => &n.left_call,
            Self::OnItsWay => &n.on_its_way,
            Self::CallEnded => &n.call_ended,
            Self::NoExtension => &n.no_extension,
            Self::NotAnswered => &n.not_answered,
            Self::NotAllowed => &n.not_allowed,
            Self::NotNow => &n.not_now,
            Self::CommandFailed => &n.command_failed,
            Self::CommandExpired => &n.command_expired,
            Self::WrongTarget => &n.wrong_target,
            Self::Dialling => &n.dialling,
            Self::CallBackCancelled => &n.call_back_cancelled,
            Self::CallBackMoved => &n.call_back_moved,
            Self::OnTheLine => &n.on_the_line,
            Self::NoNumber => &n.no_number,
            Self::Extension => &n.extension,
        }
    }

    /// Whether it tells of something that was not done.
    pub(crate) fn warns(self) -> bool {
        matches!(
            self,
            Self::ChangedByOther
                | Self::NotOpen
                | Self::OnItsWay
                | Self::CallEnded
                | Self::NoExtension
                | Self::NotAnswered
                | Self::NotAllowed
                | Self::NotNow
                | Self::CommandFailed
                | Self::CommandExpired
                | Self::WrongTarget
                | Self::CallBackMoved
                | Self::OnTheLine
                | Self::NoNumber
        )
    }
}

/// The line as a page shows it.
pub(crate) struct NoticeLine {
    pub(crate) text: String,
    pub(crate) warns: bool,
    pub(crate) code: &'static str,
}

impl NoticeLine {
    pub(crate) fn of(notice: Notice, t: &Texts) -> Self {
        Self { text: notice.text(t).to_owned(), warns: notice.warns(), code: notice.code() }
    }

    pub(crate) fn warning(text: String) -> Self {
        Self { text, warns: true, code: "warning" }
    }
}

/// The query of a page that may carry a notice. An unknown one is no error: the address may be old.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NoticeQuery {
    #[serde(default)]
    notice: Option<String>,
}

impl NoticeQuery {
    pub(crate) fn line(&self, t: &Texts) -> Option<NoticeLine> {
        let notice = self.notice.as_deref()?;
        let notice = serde_json::from_value::<Notice>(serde_json::Value::String(notice.to_owned())).ok()?;
        Some(NoticeLine::of(notice, t))
    }
}
