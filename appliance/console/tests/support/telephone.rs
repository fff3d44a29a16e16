//! A telephone that plays what it is told: calls that stand as a story needs them, commands that are written down.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use desk::call::{
    Call, Consent, Direction, Ended, Ending, NotRecorded, Quality, Recording, Standing, TransferTarget, TurnTiming,
};
use desk::ids::{BlobId, CallId, ConversationId, DepartmentId, OperatorId};
use desk::language::Language;
use desk::ports::live_calls::{
    CallAbilities, CallCommand, CommandError, Line, LiveCall, LiveCalls, LiveNews, LiveTranscript,
};
use desk::turn::Author;
use futures::StreamExt;
use futures::channel::mpsc;
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

/// The number of the server whose console is tested.
pub const HERE: u64 = 1;
/// The number of another server.
pub const ELSEWHERE: u64 = 2;

/// A telephone exchange without lines.
#[derive(Default)]
pub struct Switchboard {
    calls: Mutex<Vec<LiveTranscript>>,
    followers: Mutex<HashMap<CallId, Vec<mpsc::Sender<LiveNews>>>>,
    pub commands: Mutex<Vec<(CallId, OperatorId, CallCommand)>>,
    /// What the next commands come to.
    pub refuses: Mutex<Option<CommandError>>,
}

impl Switchboard {
    /// A call is on the line, or stands anew.
    pub fn put(&self, transcript: LiveTranscript) {
        let id = transcript.call.id;
        let news = LiveNews::Call(transcript.call.clone());
        let mut calls = self.calls.lock().unwrap();
        calls.retain(|one| one.call.id != id);
        calls.push(transcript);
        if let Some(followers) = self.followers.lock().unwrap().get_mut(&id) {
            followers.retain_mut(|follower| follower.try_send(news.clone()).is_ok());
        }
    }

    /// The call is over.
    pub fn clear(&self, id: CallId) {
        self.calls.lock().unwrap().retain(|one| one.call.id != id);
        self.followers.lock().unwrap().remove(&id);
    }
}

#[async_trait]
impl LiveCalls for Switchboard {
    fn abilities(&self) -> CallAbilities {
        CallAbilities { telephone: true, supervision: true, transfer_to_numbers: true }
    }

    fn list(&self) -> Vec<LiveCall> {
        self.calls.lock().unwrap().iter().map(|one| one.call.clone()).collect()
    }

    fn transcript(&self, call: CallId) -> Option<LiveTranscript> {
        self.calls.lock().unwrap().iter().find(|one| one.call.id == call).cloned()
    }

    fn follow(&self, call: CallId) -> BoxStream<'static, LiveNews> {
        let (sender, receiver) = mpsc::channel(16);
        self.followers.lock().unwrap().entry(call).or_default().push(sender);
        receiver.boxed()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        futures::stream::pending().boxed()
    }

    async fn command(&self, call: CallId, by: OperatorId, command: CallCommand) -> Result<(), CommandError> {
        self.commands.lock().unwrap().push((call, by, command));
        self.refuses.lock().unwrap().map_or(Ok(()), Err)
    }
}

/// A call as it is kept when it begins.
pub fn incoming(number: &str, started_at: Timestamp) -> Call {
    Call {
        id: CallId::new(),
        conversation: None,
        server: HERE,
        direction: Direction::In,
        caller: number.parse().ok(),
        dialled: "+40264000000".to_owned(),
        peer: "sts".to_owned(),
        language: Language::Ro,
        started_at,
        answered_at: started_at.checked_add(SignedDuration::from_millis(900)).ok(),
        ended: None,
        standing: Standing::Listening,
        department: None,
        transferred_to: None,
        recording: Recording::default(),
        timings: Vec::new(),
        quality: Quality::default(),
    }
}

/// The same call as the telephone knows it.
pub fn live(call: &Call, standing: Standing, since: Timestamp) -> LiveCall {
    LiveCall {
        id: call.id,
        conversation: call.conversation,
        direction: call.direction,
        caller: call.caller.clone(),
        language: call.language,
        department: call.department.clone(),
        started_at: call.started_at,
        standing,
        standing_since: since,
        recorded: true,
        supervisors: Vec::new(),
        trouble: None,
    }
}

pub fn line(number: u32, author: Author, began_ms: u64, text: &str) -> Line {
    Line {
        number,
        author,
        text: text.to_owned(),
        began_ms,
        interrupted: false,
        confidence: None,
        sources: Vec::new(),
        timing: None,
    }
}

pub fn queue(department: &str, position: u32) -> Standing {
    Standing::Queue { department: DepartmentId::from(department), position, estimate_seconds: Some(180) }
}

pub fn kept(parts: Vec<BlobId>, bytes: u64, keep_until: Timestamp) -> Recording {
    Recording::Kept { parts, bytes, offset_ms: 0, consent: Consent::Informed, keep_until }
}

pub fn refused() -> Recording {
    Recording::None { why: NotRecorded::Refused }
}

/// What an ended call looks like.
pub fn ended(call: Call, conversation: Option<ConversationId>, after: SignedDuration, how: Ending) -> Call {
    let at = call.started_at.checked_add(after).unwrap();
    Call { conversation, ended: Some(Ended { at, how }), standing: Standing::Ended, ..call }
}

pub fn timing(turn: u64, began_ms: u64, sound_ms: u32) -> TurnTiming {
    TurnTiming {
        turn: Some(turn),
        began_ms,
        stopped_ms: began_ms + 1_900,
        decided_ms: Some(280),
        words_ms: Some(310),
        answer_ms: Some(sound_ms - 160),
        sound_ms: Some(sound_ms),
        silenced_ms: None,
    }
}

pub fn to_department(department: &str) -> CallCommand {
    CallCommand::Transfer(TransferTarget::Department(DepartmentId::from(department)))
}
