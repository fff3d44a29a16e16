//! The staff on a call that another, or the assistant, leads: they listen, whisper to the colleague, or join. And what else an
//! operator may command.

use std::collections::HashMap;
use std::sync::Arc;

use desk::ids::OperatorId;
use desk::ports::live_calls::{CallCommand, CommandError, Supervision, Supervisor, Trouble};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use media::{Role, Room};
use signalling::CallEvent;

use super::{Call, News};
use crate::live::Command;
use crate::people::{self, Person, Unreached};

/// Who of the staff is on the call, and the room in which they are.
pub(super) struct Supervised {
    room: Room,
    members: HashMap<OperatorId, Member>,
}

struct Member {
    person: Person,
    mode: Supervision,
}

/// Somebody answered his telephone to take part.
pub(crate) struct Joined {
    operator: OperatorId,
    mode: Supervision,
    person: Person,
}

/// What happens on a supervisor's side.
pub(super) enum Happened {
    /// He has left.
    Left(OperatorId),
    /// He wants another session (a hold).
    Signal(OperatorId, CallEvent),
}

impl Supervised {
    pub(super) async fn end(self) {
        for member in self.members.into_values() {
            member.person.leg.hang_up(signalling::Cause::normal()).await;
        }
    }
}

/// What happens next on a supervisor's side; never where there is none. Cancel safe.
pub(super) async fn next(supervised: Option<&mut Supervised>) -> Happened {
    let Some(supervised) = supervised else { return std::future::pending().await };
    let mut all: FuturesUnordered<_> = supervised
        .members
        .iter_mut()
        .map(|(operator, member)| async move { (*operator, member.person.events.next().await) })
        .collect();
    match all.next().await {
        Some((operator, Some(event))) if !matches!(event, CallEvent::Ended { .. }) => Happened::Signal(operator, event),
        Some((operator, _)) => Happened::Left(operator),
        None => std::future::pending().await,
    }
}

impl Call {
    /// Begins what an operator wants.
    pub(super) fn command(&mut self, command: Command) {
        let Command { by, command, done } = command;
        self.seen.trouble(None);
        let begun = self.begin(by, command);
        if let Err(error) = begun {
            tracing::info!(%error, "a command to a call cannot begin");
        }
        // Whoever asked may have left.
        let _ = done.send(begun);
    }

    fn begin(&mut self, by: OperatorId, command: CallCommand) -> Result<(), CommandError> {
        match command {
            CallCommand::TakeOver => {
                if self.talk.is_some() {
                    return Err(CommandError::NotNow);
                }
                self.commanded_by = Some(by);
                self.ring_operator(by);
                Ok(())
            }
            CallCommand::Transfer(target) => {
                self.commanded_by = Some(by);
                self.transfer(target)
            }
            CallCommand::HangUp => {
                self.operator_hung_up = true;
                self.ending = Some(desk::call::Ending::OperatorHungUp);
                let leg = self.leg.clone();
                self.house.tasks.spawn(async move { leg.hang_up(signalling::Cause::normal()).await });
                Ok(())
            }
            CallCommand::Supervise { mode } => self.supervise(by, mode),
            CallCommand::LeaveSupervision => {
                let member = self.supervised.as_mut().and_then(|supervised| supervised.members.remove(&by));
                let member = member.ok_or(CommandError::NotNow)?;
                self.house.tasks.spawn(async move { member.person.leg.hang_up(signalling::Cause::normal()).await });
                self.mix();
                Ok(())
            }
        }
    }

    fn transfer(&mut self, target: desk::call::TransferTarget) -> Result<(), CommandError> {
        use desk::call::TransferTarget;
        match target {
            TransferTarget::Department(department) => {
                self.connect(dialogue::Connect {
                    department: Some(department),
                    why: dialogue::Why::Asked,
                    briefing: self.dialogue.briefing(dialogue::Why::Asked),
                });
                Ok(())
            }
            TransferTarget::Operator(operator) => {
                self.ring_operator(operator);
                Ok(())
            }
            TransferTarget::Number(number) => {
                if !self.house.parts.config.transfer_to_numbers {
                    return Err(CommandError::NotAllowed);
                }
                self.send_to(number);
                Ok(())
            }
        }
    }

    /// Rings a member of the staff, who then has the caller; the dialogue knows.
    fn ring_operator(&mut self, operator: OperatorId) {
        self.ring(operator);
        self.happens(dialogue::Event::Transfer(dialogue::TransferNews::Ringing));
    }

    /// Rings a member of the staff, who then has the caller.
    pub(super) fn ring(&mut self, operator: OperatorId) {
        let search = self.search_of(String::new(), Arc::default());
        let (house, news) = (Arc::clone(&self.house), self.news.clone());
        let task = tokio::spawn(async move {
            let outcome = match people::operator(&house, &search, operator).await {
                Ok(person) => News::Reached(Box::new(person)),
                Err(error) => News::Unreached(error),
            };
            drop(news.send(outcome).await);
        });
        let to = desk::call::TransferTarget::Operator(operator);
        self.search = Some(super::Search::of(task, self.department.clone(), to));
    }

    fn supervise(&mut self, by: OperatorId, mode: Supervision) -> Result<(), CommandError> {
        if !self.house.parts.config.supervision {
            return Err(CommandError::NotAllowed);
        }
        if let Some(member) = self.supervised.as_mut().and_then(|supervised| supervised.members.get_mut(&by)) {
            member.mode = mode;
            self.mix();
            return Ok(());
        }
        let search = self.search_of(String::new(), Arc::default());
        let (house, news) = (Arc::clone(&self.house), self.news.clone());
        self.house.tasks.spawn(async move {
            let outcome = match people::operator(&house, &search, by).await {
                Ok(person) => News::Supervisor(Box::new(Joined { operator: by, mode, person })),
                Err(_) => News::NoSupervisor(by),
            };
            drop(news.send(outcome).await);
        });
        Ok(())
    }

    pub(super) fn supervisor(&mut self, joined: Joined) {
        let Joined { operator, mode, person } = joined;
        let room = || Supervised { room: self.house.media.room(), members: HashMap::new() };
        let supervised = self.supervised.get_or_insert_with(room);
        supervised.members.insert(operator, Member { person, mode });
        self.mix();
    }

    pub(super) fn no_supervisor(&mut self, by: OperatorId) {
        let at = self.house.parts.time.now();
        self.seen.trouble(Some(Trouble { by, error: CommandError::NotAnswered, at }));
    }

    pub(super) fn supervision(&mut self, happened: Happened) {
        match happened {
            Happened::Left(operator) => {
                if let Some(supervised) = &mut self.supervised {
                    supervised.members.remove(&operator);
                }
                self.mix();
            }
            Happened::Signal(operator, CallEvent::Offer(offer)) => {
                let member = self.supervised.as_mut().and_then(|supervised| supervised.members.get_mut(&operator));
                if let (Some(member), Some(sdp)) = (member, offer.sdp.clone()) {
                    let answer = member.person.line.answer(&sdp);
                    self.house.tasks.spawn(async move {
                        match answer {
                            Ok(answer) => offer.answer(answer).await,
                            Err(error) => offer.refuse(error.status()).await,
                        }
                    });
                }
            }
            Happened::Signal(..) => {}
        }
    }

    /// Who hears whom, after somebody came, left or changed his way.
    pub(super) fn mix(&mut self) {
        let supervisors = self.supervised.as_ref().map(|supervised| {
            let members = supervised.members.iter();
            members.map(|(operator, member)| Supervisor { operator: *operator, mode: member.mode }).collect::<Vec<_>>()
        });
        self.seen.supervisors(supervisors.unwrap_or_default());
        match &self.supervised {
            Some(supervised) if !supervised.members.is_empty() => {
                if let Some(talk) = &mut self.talk {
                    talk.unbridge();
                    supervised.room.add(talk.line(), Role::Coached);
                }
                supervised.room.add(&self.line, Role::Party);
                for member in supervised.members.values() {
                    let role = match member.mode {
                        Supervision::Listen => Role::Listen,
                        Supervision::Whisper => Role::Whisper,
                        Supervision::Join => Role::Party,
                    };
                    supervised.room.add(&member.person.line, role);
                }
            }
            _ => {
                self.supervised = None;
                if let Some(talk) = &mut self.talk {
                    talk.bridge(&self.house, &self.line);
                }
            }
        }
    }

    /// Tells whoever commanded last that nobody was reached.
    pub(super) fn unreached(&mut self, by: Option<OperatorId>, error: Unreached) {
        let Some(by) = by else { return };
        let error = match error {
            Unreached::Nobody => CommandError::NoExtension,
            Unreached::NotAnswered => CommandError::NotAnswered,
            Unreached::Failed => CommandError::Failed,
        };
        let at = self.house.parts.time.now();
        self.seen.trouble(Some(Trouble { by, error, at }));
    }
}
