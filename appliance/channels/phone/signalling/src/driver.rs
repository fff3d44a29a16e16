//! The one task that drives the agent: sockets, commands and the clock in, messages and events out.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use metrics::{Counter, Gauge, counter, gauge};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, Event, Facts, Invited, Output};
use crate::call::{
    Call, CallEvent, CallEvents, CallFacts, Decision, End, EndedBy, OfferError, PendingOffer, PendingRefer,
};
use crate::command::{Command, Commands, LegId};
use crate::dialling::Progress;
use crate::invitation::{Invitation, InvitationEvent, Rejection};
use crate::transport::{Arrival, Transports};

/// Events of one call that may wait. Beyond them key presses are lost; the end of a call never is.
const EVENTS: usize = 64;
/// Messages that are worked on before what they caused is sent.
const BATCH: usize = 64;
/// How often calls without an owner are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Where the events of a call go.
enum Port {
    Invitation(mpsc::Sender<InvitationEvent>),
    Dialling(mpsc::Sender<Progress>),
    Call(CallPort),
}

struct CallPort {
    happenings: mpsc::Sender<CallEvent>,
    end: Arc<OnceLock<End>>,
    offer: Option<oneshot::Sender<Result<Bytes, OfferError>>>,
    referrals: HashMap<u32, mpsc::Sender<u16>>,
}

/// What is measured; looked up once.
struct Meters {
    received: Counter,
    sent: Counter,
    calls: Gauge,
}

/// The task.
pub(crate) struct Driver {
    pub(crate) agent: Agent,
    pub(crate) transports: Transports,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) queue: mpsc::Receiver<Command>,
    pub(crate) commands: Commands,
    pub(crate) invitations: mpsc::Sender<Invitation>,
    pub(crate) stop: CancellationToken,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Driver {
    /// Runs until told to stop.
    pub(crate) async fn run(mut self) {
        let mut ports = HashMap::new();
        let mut stopping: Option<(Instant, oneshot::Sender<()>)> = None;
        let meters = Meters {
            received: counter!("phone_sip_messages_received_total"),
            sent: counter!("phone_sip_messages_sent_total"),
            calls: gauge!("phone_sip_calls"),
        };
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.carry_out(&mut ports, &meters);
            if let Some((until, _)) = &stopping
                && (self.agent.is_quiet() || *until <= now())
                && let Some((_, reply)) = stopping.take()
            {
                // What was written last is still on its way through the connections' tasks.
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.stop.cancel();
                let _ = reply.send(());
                return;
            }
            let mut wake_at = self.agent.wake_at();
            if let Some((until, _)) = &stopping {
                wake_at = Some(wake_at.map_or(*until, |at| at.min(*until)));
            }
            let sleep = async {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                arrival = self.arrivals.recv() => {
                    let Some(arrival) = arrival else { return };
                    self.arrived(arrival, &meters);
                    for _ in 1..BATCH {
                        let Ok(arrival) = self.arrivals.try_recv() else { break };
                        self.arrived(arrival, &meters);
                    }
                }
                command = self.queue.recv() => match command {
                    Some(Command::Stop { grace, reply }) => {
                        self.agent.stop(now());
                        stopping = Some((now() + grace, reply));
                    }
                    Some(command) => self.commanded(command, &mut ports),
                    None => return,
                },
                () = sleep => self.agent.wake(now()),
                _ = sweep.tick() => {
                    self.sweep(&mut ports);
                    meters.calls.set(self.agent.counts()[0] as f64);
                }
            }
        }
    }

    fn arrived(&mut self, arrival: Arrival, meters: &Meters) {
        match arrival {
            Arrival::Message { bytes, route } => {
                meters.received.increment(1);
                self.agent.receive(&bytes, &route, now());
            }
            Arrival::Broken { head, status, why, route } => {
                meters.received.increment(1);
                self.agent.refuse_broken(&head, status, why, &route, now());
            }
            Arrival::Opened { id, route, outgoing } => self.transports.opened(id, route, outgoing),
            Arrival::Closed { id, route } => {
                self.agent.connection_closed(id);
                if self.transports.closed(id, &route) {
                    self.agent.unreachable(&route, now());
                }
            }
        }
    }

    fn commanded(&mut self, command: Command, ports: &mut HashMap<LegId, Port>) {
        let now = now();
        match command {
            Command::Ring { leg } => self.agent.ring(leg, now),
            Command::Progress { leg, sdp, reply } => {
                let _ = reply.send(self.agent.progress(leg, sdp, now));
            }
            Command::Accept { leg, sdp, reply } => {
                let accepted = self.agent.accept(leg, sdp, now).map(|facts| {
                    let (call, events, port) = self.open_call(leg, facts);
                    ports.insert(leg, Port::Call(port));
                    (call, events)
                });
                let _ = reply.send(accepted);
            }
            Command::Reject { leg, rejection } => {
                ports.remove(&leg);
                self.agent.reject(leg, &rejection, now);
            }
            Command::Dial { dial, straight, progress, reply } => {
                let leg = self.agent.dial(*dial, straight, now);
                ports.insert(leg, Port::Dialling(progress));
                let _ = reply.send(leg);
            }
            Command::Cancel { leg } => self.agent.cancel(leg, 487, now),
            Command::HangUp { leg, cause } => self.agent.hang_up(leg, cause, now),
            Command::Offer { leg, sdp, reply } => match (self.agent.offer(leg, sdp, now), ports.get_mut(&leg)) {
                (Ok(()), Some(Port::Call(port))) => port.offer = Some(reply),
                (Ok(()), _) => {}
                (Err(status), _) => {
                    let _ = reply.send(Err(OfferError { status }));
                }
            },
            Command::AnswerOffer { leg, request, decision } => self.agent.decide_offer(leg, request, decision, now),
            Command::Refer { leg, refer, statuses } => {
                match (self.agent.refer(leg, &refer, now), ports.get_mut(&leg)) {
                    (Some(number), Some(Port::Call(port))) => {
                        port.referrals.insert(number, statuses);
                    }
                    _ => {
                        let _ = statuses.try_send(481);
                    }
                }
            }
            Command::ReferAccepted { leg, request } => self.agent.refer_accepted(leg, request, now),
            Command::ReferProgress { leg, request, status } => self.agent.report(leg, request, status, now),
            Command::ReferRefused { leg, request, status } => self.agent.refer_refused(leg, request, status, now),
            Command::SendDigit { leg, digit, duration } => self.agent.send_digit(leg, digit, duration, now),
            Command::PeerFound { peer, candidates } => self.agent.found(peer, candidates, now),
            Command::OnDuty { term } => self.agent.on_duty(term, now),
            Command::Way { to, reply } => {
                let _ = reply.send(self.agent.way(to, now));
            }
            Command::Status { reply } => {
                let mut status = self.agent.status(now);
                status.connections = self.transports.connections();
                let _ = reply.send(status);
            }
            Command::Stop { .. } => {}
        }
    }

    /// Does what the agent says, until it has nothing more to say.
    fn carry_out(&mut self, ports: &mut HashMap<LegId, Port>, meters: &Meters) {
        while let Some(output) = self.agent.take_output() {
            match output {
                Output::Send { route, bytes } => {
                    meters.sent.increment(1);
                    if self.transports.send(&route, bytes).is_err() {
                        self.agent.unreachable(&route, now());
                    }
                }
                Output::Event(event) => self.tell(event, ports),
            }
        }
    }

    fn tell(&mut self, event: Event, ports: &mut HashMap<LegId, Port>) {
        match event {
            Event::Invited(leg, invited) => self.invite(leg, *invited, ports),
            Event::Cancelled(leg, cause) => match ports.remove(&leg) {
                Some(Port::Invitation(happenings)) => {
                    let _ = happenings.try_send(InvitationEvent::Cancelled { cause });
                }
                Some(Port::Call(port)) => {
                    let _ = port.end.set(End { by: EndedBy::Them, status: Some(487), cause });
                }
                _ => {}
            },
            Event::Ringing(leg) => progress(ports, leg, Progress::Ringing),
            Event::EarlyMedia(leg, sdp) => progress(ports, leg, Progress::EarlyMedia(sdp)),
            Event::Answered { leg, facts, answer } => {
                if let Some(Port::Dialling(dialling)) = ports.remove(&leg) {
                    let (call, events, port) = self.open_call(leg, facts);
                    ports.insert(leg, Port::Call(port));
                    let _ = dialling.try_send(Progress::Answered { call, events, answer });
                }
            }
            Event::Failed { leg, status, reason } => {
                if let Some(Port::Dialling(dialling)) = ports.remove(&leg) {
                    let _ = dialling.try_send(Progress::Failed { status, reason });
                }
            }
            Event::Answer(leg, sdp) => happened(ports, leg, CallEvent::Answer(sdp)),
            Event::Offer { leg, request, sdp } => {
                let offer = PendingOffer { sdp, decision: Decision::new(leg, request, self.commands.clone()) };
                match ports.get(&leg) {
                    Some(Port::Invitation(happenings)) => {
                        let _ = happenings.try_send(InvitationEvent::Offer(offer));
                    }
                    Some(Port::Dialling(_)) => progress(ports, leg, Progress::Offer(offer)),
                    _ => happened(ports, leg, CallEvent::Offer(offer)),
                }
            }
            Event::OfferDone(leg, answer) => {
                if let Some(Port::Call(port)) = ports.get_mut(&leg)
                    && let Some(reply) = port.offer.take()
                {
                    let _ = reply.send(answer.map_err(|status| OfferError { status }));
                }
            }
            Event::Digit(leg, digit, duration) => happened(ports, leg, CallEvent::Digit { digit, duration }),
            Event::Referred { leg, request, to, replaces, referred_by } => {
                let decision = Decision::new(leg, request, self.commands.clone());
                let refer = PendingRefer { to, replaces, referred_by, accepted: false, decision };
                happened(ports, leg, CallEvent::Referred(refer));
            }
            Event::ReferStatus { leg, refer, status, last } => {
                let Some(Port::Call(port)) = ports.get_mut(&leg) else { return };
                if let (Some(status), Some(statuses)) = (status, port.referrals.get(&refer)) {
                    let _ = statuses.try_send(status);
                }
                if last {
                    port.referrals.remove(&refer);
                }
            }
            Event::Ended(leg, end) => {
                if let Some(Port::Call(mut port)) = ports.remove(&leg) {
                    if let Some(reply) = port.offer.take() {
                        let _ = reply.send(Err(OfferError { status: 481 }));
                    }
                    let _ = port.end.set(end);
                }
            }
        }
    }

    fn invite(&mut self, leg: LegId, invited: Invited, ports: &mut HashMap<LegId, Port>) {
        let (happenings, received) = mpsc::channel(16);
        let invitation = Invitation {
            call_id: invited.call_id,
            caller: invited.caller,
            dialled: invited.dialled,
            peer: invited.peer,
            extension: invited.extension,
            offer: invited.offer,
            full: invited.full,
            secure_media: invited.secure_media,
            diverted_from: invited.diverted_from,
            replaces: invited.replaces,
            referred_by: invited.referred_by,
            source: invited.source,
            local: invited.local,
            transport: invited.transport,
            leg,
            commands: self.commands.clone(),
            happenings: received,
        };
        if self.invitations.try_send(invitation).is_ok() {
            ports.insert(leg, Port::Invitation(happenings));
        } else {
            tracing::warn!("nobody takes invitations; one is refused");
            self.agent.reject(leg, &Rejection::unavailable(10), now());
        }
    }

    fn open_call(&self, leg: LegId, facts: Facts) -> (Call, CallEvents, CallPort) {
        let (happenings, received) = mpsc::channel(EVENTS);
        let end = Arc::new(OnceLock::new());
        let facts =
            CallFacts { leg, name: facts.name, peer: facts.peer, transport: facts.transport, local: facts.local };
        let call = Call { facts: Arc::new(facts), commands: self.commands.clone() };
        let events = CallEvents { happenings: received, end: Arc::clone(&end), over: false };
        (call, events, CallPort { happenings, end, offer: None, referrals: HashMap::new() })
    }

    /// Ends the calls whose owners are gone.
    fn sweep(&mut self, ports: &mut HashMap<LegId, Port>) {
        let forsaken: Vec<LegId> = ports
            .iter()
            .filter(|(_, port)| match port {
                Port::Invitation(happenings) => happenings.is_closed(),
                Port::Dialling(progress) => progress.is_closed(),
                Port::Call(port) => port.happenings.is_closed(),
            })
            .map(|(leg, _)| *leg)
            .collect();
        for leg in forsaken {
            ports.remove(&leg);
            self.agent.forsaken(leg, now());
        }
    }
}

fn progress(ports: &HashMap<LegId, Port>, leg: LegId, what: Progress) {
    if let Some(Port::Dialling(dialling)) = ports.get(&leg) {
        let _ = dialling.try_send(what);
    }
}

fn happened(ports: &HashMap<LegId, Port>, leg: LegId, what: CallEvent) {
    if let Some(Port::Call(port)) = ports.get(&leg)
        && port.happenings.try_send(what).is_err()
    {
        tracing::warn!("nobody takes a call's events; one is lost");
    }
}
