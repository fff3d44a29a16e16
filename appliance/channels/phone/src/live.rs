//! The calls of this server as operators see them: who has the caller, what was said, and the way for their commands.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use desk::call::{Ended, Standing};
use desk::ids::{CallId, ConversationId, DepartmentId, OperatorId};
use desk::language::Language;
use desk::ports::live_calls::{
    CallAbilities, CallCommand, CommandError, Line, LiveCall, LiveCalls, LiveNews, LiveTranscript, MAX_LINES,
    Supervisor, Trouble,
};
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot};

/// News that a slow follower may be behind before it is told to take the transcript afresh.
const BEHIND: usize = 64;
/// How long a call may take to begin with a command.
const PATIENCE: Duration = Duration::from_secs(2);

/// What an operator wants, on its way to the call.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) by: OperatorId,
    pub(crate) command: CallCommand,
    /// Told when it is carried out.
    pub(crate) done: oneshot::Sender<Result<(), CommandError>>,
}

/// All live calls of this server.
pub(crate) struct LiveBoard {
    calls: Mutex<HashMap<CallId, Entry>>,
    changes: broadcast::Sender<()>,
    abilities: CallAbilities,
}

struct Entry {
    transcript: LiveTranscript,
    news: broadcast::Sender<LiveNews>,
    commands: mpsc::Sender<Command>,
}

/// A call's place on the board; it leaves when this is dropped.
pub(crate) struct OnBoard {
    board: Arc<LiveBoard>,
    call: CallId,
}

impl LiveBoard {
    pub(crate) fn new(abilities: CallAbilities) -> Self {
        Self { calls: Mutex::default(), changes: broadcast::Sender::new(1), abilities }
    }

    /// A call has begun.
    pub(crate) fn enter(self: &Arc<Self>, call: LiveCall, commands: mpsc::Sender<Command>) -> OnBoard {
        let id = call.id;
        let transcript = LiveTranscript { call, lines: Vec::new(), partial: String::new() };
        let entry = Entry { transcript, news: broadcast::Sender::new(BEHIND), commands };
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(id, entry);
        self.changed();
        OnBoard { board: Arc::clone(self), call: id }
    }

    /// A call's conversation has begun.
    pub(crate) fn conversation(&self, call: CallId, conversation: ConversationId) {
        self.change(call, |live| live.conversation.replace(conversation) != Some(conversation));
    }

    fn change(&self, call: CallId, change: impl FnOnce(&mut LiveCall) -> bool) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = calls.get_mut(&call) else { return };
        if change(&mut entry.transcript.call) {
            // Nobody may be following.
            drop(entry.news.send(LiveNews::Call(entry.transcript.call.clone())));
            drop(calls);
            self.changed();
        }
    }

    fn changed(&self) {
        drop(self.changes.send(()));
    }
}

impl OnBoard {
    /// Who has the caller now; the standing before, where it is another.
    pub(crate) fn stands(&self, standing: &Standing, now: Timestamp) -> Option<Standing> {
        let mut before = None;
        self.board.change(self.call, |live| {
            if live.standing == *standing {
                return false;
            }
            before = Some(std::mem::replace(&mut live.standing, standing.clone()));
            live.standing_since = now;
            true
        });
        before
    }

    pub(crate) fn language(&self, language: Language) {
        self.board.change(self.call, |live| std::mem::replace(&mut live.language, language) != language);
    }

    pub(crate) fn department(&self, department: DepartmentId) {
        self.board.change(self.call, |live| live.department.replace(department.clone()) != Some(department));
    }

    pub(crate) fn recorded(&self, recorded: bool) {
        self.board.change(self.call, |live| std::mem::replace(&mut live.recorded, recorded) != recorded);
    }

    pub(crate) fn supervisors(&self, supervisors: Vec<Supervisor>) {
        self.board.change(self.call, |live| {
            let changed = live.supervisors != supervisors;
            live.supervisors = supervisors;
            changed
        });
    }

    /// A command that was under way came to nothing.
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.board.change(self.call, |live| std::mem::replace(&mut live.trouble, trouble) != trouble);
    }

    /// The caller's words so far; empty when he said them to the end.
    pub(crate) fn partial(&self, text: &str) {
        self.with(|entry| {
            if entry.transcript.partial != text {
                text.clone_into(&mut entry.transcript.partial);
                drop(entry.news.send(LiveNews::Partial(text.to_owned())));
            }
        });
    }

    /// Something was said; a line with a number that is there replaces the one before. Its number is returned.
    pub(crate) fn line(&self, mut line: Line) -> u32 {
        let mut number = line.number;
        self.with(|entry| {
            let lines = &mut entry.transcript.lines;
            if number == 0 {
                number = lines.last().map_or(1, |last| last.number + 1);
                line.number = number;
            }
            match lines.iter_mut().find(|known| known.number == number) {
                Some(known) => *known = line.clone(),
                None => {
                    if lines.len() >= MAX_LINES {
                        lines.remove(0);
                    }
                    lines.push(line.clone());
                }
            }
            drop(entry.news.send(LiveNews::Line(line)));
        });
        number
    }

    /// A line that was said, as it stands.
    pub(crate) fn said(&self, number: u32) -> Option<Line> {
        let mut found = None;
        self.with(|entry| found = entry.transcript.lines.iter().find(|line| line.number == number).cloned());
        found
    }

    /// The call is over.
    pub(crate) fn ended(&self, ended: Ended) {
        self.with(|entry| drop(entry.news.send(LiveNews::Ended(ended))));
    }

    fn with(&self, act: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.board.calls.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.call) {
            act(entry);
        }
    }
}

impl Drop for OnBoard {
    fn drop(&mut self) {
        self.board.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.call);
        self.board.changed();
    }
}

#[async_trait]
impl LiveCalls for LiveBoard {
    fn abilities(&self) -> CallAbilities {
        self.abilities
    }

    fn list(&self) -> Vec<LiveCall> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<LiveCall> = calls.values().map(|entry| entry.transcript.call.clone()).collect();
        list.sort_by_key(|call| call.started_at);
        list
    }

    fn transcript(&self, call: CallId) -> Option<LiveTranscript> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(&call).map(|entry| entry.transcript.clone())
    }

    fn follow(&self, call: CallId) -> BoxStream<'static, LiveNews> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = calls.get(&call) else { return futures::stream::empty().boxed() };
        futures::stream::unfold(entry.news.subscribe(), |mut news| async {
            match news.recv().await {
                Ok(told) => Some((told, news)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some((LiveNews::Lagged, news)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        })
        .boxed()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        futures::stream::unfold(self.changes.subscribe(), |mut changes| async {
            match changes.recv().await {
                Ok(()) | Err(broadcast::error::RecvError::Lagged(_)) => Some(((), changes)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        })
        .boxed()
    }

    async fn command(&self, call: CallId, by: OperatorId, command: CallCommand) -> Result<(), CommandError> {
        let commands = {
            let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.get(&call).map(|entry| entry.commands.clone()).ok_or(CommandError::NotHere)?
        };
        let (done, result) = oneshot::channel();
        commands.try_send(Command { by, command, done }).map_err(|_| CommandError::NotNow)?;
        match tokio::time::timeout(PATIENCE, result).await {
            Ok(Ok(result)) => result,
            // The call ended over it.
            Ok(Err(_)) => Err(CommandError::NotHere),
            Err(_) => Err(CommandError::NotAnswered),
        }
    }
}

#[cfg(test)]
mod tests {
    use desk::call::Direction;
    use desk::turn::Author;

    use super::*;

    fn board() -> Arc<LiveBoard> {
        Arc::new(LiveBoard::new(CallAbilities { telephone: true, supervision: true, transfer_to_numbers: false }))
    }

    fn call() -> LiveCall {
        LiveCall {
            id: CallId::new(),
            conversation: None,
            direction: Direction::In,
            caller: None,
            language: Language::Ro,
            department: None,
            started_at: Timestamp::UNIX_EPOCH,
            standing: Standing::Ringing,
            standing_since: Timestamp::UNIX_EPOCH,
            recorded: false,
            supervisors: Vec::new(),
            trouble: None,
        }
    }

    fn line(number: u32, text: &str) -> Line {
        Line {
            number,
            author: Author::Assistant,
            text: text.to_owned(),
            began_ms: 0,
            interrupted: false,
            confidence: None,
            sources: Vec::new(),
            timing: None,
        }
    }

    #[tokio::test]
    async fn what_is_said_is_seen_by_whoever_follows_and_by_whoever_comes_later() {
        let board = board();
        let (commands, _wanted) = mpsc::channel(1);
        let call = call();
        let seen = board.enter(call.clone(), commands);
        let mut news = board.follow(call.id);
        assert_eq!(seen.line(line(0, "Bună ziua.")), 1);
        assert_eq!(seen.line(line(0, "Spuneți.")), 2);
        seen.line(line(2, "Spu"));
        assert!(matches!(news.next().await, Some(LiveNews::Line(line)) if line.text == "Bună ziua."));
        let lines = board.transcript(call.id).unwrap().lines;
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["Bună ziua.", "Spu"]);
    }

    #[tokio::test]
    async fn a_call_that_is_over_takes_no_commands_and_is_not_listed() {
        let board = board();
        let (commands, _wanted) = mpsc::channel(1);
        let seen = board.enter(call(), commands);
        let id = board.list()[0].id;
        drop(seen);
        assert!(board.list().is_empty());
        let refused = board.command(id, OperatorId::new(), CallCommand::HangUp).await;
        assert_eq!(refused, Err(CommandError::NotHere));
        assert!(board.follow(id).next().await.is_none());
    }

    #[tokio::test]
    async fn an_endless_call_keeps_its_last_lines() {
        let board = board();
        let (commands, _wanted) = mpsc::channel(1);
        let seen = board.enter(call(), commands);
        for _ in 0..MAX_LINES + 5 {
            seen.line(line(0, "…"));
        }
        let lines = board.transcript(board.list()[0].id).unwrap().lines;
        assert_eq!((lines.len(), lines[0].number), (MAX_LINES, 6));
    }
}
