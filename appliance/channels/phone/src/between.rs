//! Calls of desk phones among themselves: a colleague is rung, or taken the place of; the assistant has no part in them.

use std::sync::Arc;

use bytes::Bytes;
use desk::ids::{CallId, OperatorId};
use desk::phone_number::PhoneNumber;
use media::{Ear, Heard, Line};
use signalling::{CallEvent, CallName, CallerId, Cause, Invitation, Rejection};

use crate::call::agree;
use crate::house::House;
use crate::people::{self, Person, Search, Unreached};
use crate::places::{Place, Swap};
use crate::waiting::Taken;

/// A desk phone calls another: it is rung, and the two are joined until one of them leaves, or is wanted by a caller whom the
/// other speaks for.
pub(crate) async fn connect(
    house: Arc<House>,
    mut invitation: Invitation,
    line: Line,
    sdp: Bytes,
    number: PhoneNumber,
) {
    let (operator, taken) = asker(&house, &invitation).await;
    invitation.ring().await;
    let search = Search {
        call: CallId::new(),
        caller: CallerId {
            anonymous: false,
            number: invitation.extension.clone(),
            display: invitation.caller.display.clone(),
        },
        briefing: String::new(),
        overflow: Arc::default(),
        replaces: None,
    };
    let reached = tokio::select! {
        reached = people::number(&house, &search, &number) => reached,
        _ = invitation.cancelled() => return,
    };
    let there = match reached {
        Ok(there) => there,
        Err(error) => {
            let status = if error == Unreached::NotAnswered { 486 } else { 480 };
            return invitation.reject(Rejection::status(status)).await;
        }
    };
    match invitation.accept(sdp).await {
        Ok((leg, events)) => join(&house, Person::new(line, leg, events, operator, taken), there).await,
        Err(_) => there.leg.hang_up(Cause::normal()).await,
    }
}

/// A desk phone takes the place of the one that has a call (RFC 3891): of whoever speaks with a citizen, or in a call of desk
/// phones among themselves.
pub(crate) async fn replace(house: &Arc<House>, invitation: Invitation, line: Line, sdp: Bytes, name: CallName) {
    if invitation.extension.is_none() {
        // A citizen's exchange takes nobody's place.
        return invitation.reject(Rejection::status(403)).await;
    }
    if !house.places.knows(&name) {
        return invitation.reject(Rejection::status(603)).await;
    }
    let (operator, taken) = asker(house, &invitation).await;
    let Ok((leg, events)) = invitation.accept(sdp).await else { return };
    let person = Person::new(line, leg, events, operator, taken);
    if let Err(Swap::With(person)) = house.places.ask(&name, Swap::With(Box::new(person))) {
        // It ended meanwhile.
        person.leg.hang_up(Cause::normal()).await;
    }
}

/// Whose desk phone asks; it rings for nobody else meanwhile.
async fn asker(house: &House, invitation: &Invitation) -> (Option<OperatorId>, Option<Taken>) {
    let own: Option<PhoneNumber> = invitation.extension.as_deref().and_then(|own| own.parse().ok());
    let Some(own) = own else { return (None, None) };
    (people::at_extension(house, &own).await, house.waiting.take(&own))
}

/// One of two telephones that are joined.
struct Party {
    person: Person,
    place: Place,
}

/// What happens at a telephone.
enum Happened {
    Signal(Option<CallEvent>),
    Silent,
    Swap(Swap),
}

impl Party {
    fn new(house: &House, person: Person) -> Self {
        let place = house.places.enter(person.leg.name());
        Self { person, place }
    }

    /// What happens next. Cancel safe.
    async fn next(&mut self) -> Happened {
        let Self { person: Person { events, ear, .. }, place } = self;
        tokio::select! {
            event = events.next() => Happened::Signal(event),
            () = silent(ear.as_mut()) => Happened::Silent,
            swap = place.wanted() => Happened::Swap(swap),
        }
    }

    /// Its place is entered anew wherever it goes.
    fn leave(self) -> Person {
        self.person
    }
}

async fn join(house: &Arc<House>, here: Person, there: Person) {
    let mut bridge = house.media.bridge(&here.line, &there.line);
    let (mut here, mut there) = (Party::new(house, here), Party::new(house, there));
    loop {
        let (happened, at_here) = tokio::select! {
            happened = here.next() => (happened, true),
            happened = there.next() => (happened, false),
            () = house.stop.cancelled() => break,
        };
        let party = if at_here { &mut here } else { &mut there };
        match happened {
            Happened::Signal(Some(CallEvent::Offer(offer))) => agree(&mut party.person.line, offer).await,
            Happened::Signal(Some(CallEvent::Answer(answer))) => {
                if let Err(error) = party.person.line.accept(&answer) {
                    tracing::warn!(%error, "a desk phone's answer to our offer cannot be used");
                }
            }
            // Whom a colleague consults is sent on only with the citizen: from the citizen's own call.
            Happened::Signal(Some(CallEvent::Referred(refer))) => refer.refuse(603).await,
            Happened::Signal(Some(CallEvent::Digit { .. })) => {}
            Happened::Signal(Some(CallEvent::Ended { .. }) | None) | Happened::Silent => break,
            // The one at the other end is wanted by the citizen whom this one has.
            Happened::Swap(Swap::Give(give)) => {
                drop(bridge);
                let (wanted, consulting) = if at_here { (there, here) } else { (here, there) };
                return given(give, wanted.leave(), consulting.leave()).await;
            }
            Happened::Swap(Swap::With(person)) => {
                drop(bridge);
                let before = std::mem::replace(party, Party::new(house, *person));
                before.person.leg.hang_up(Cause::normal()).await;
                bridge = house.media.bridge(&here.person.line, &there.person.line);
            }
        }
    }
    here.person.leg.hang_up(Cause::normal()).await;
    there.person.leg.hang_up(Cause::normal()).await;
}

/// Hands `wanted` over; whoever consulted it is done. Nobody may want it any more: then both are.
async fn given(give: tokio::sync::oneshot::Sender<Person>, wanted: Person, consulting: Person) {
    if let Err(unwanted) = give.send(wanted) {
        unwanted.leg.hang_up(Cause::normal()).await;
    }
    consulting.leg.hang_up(Cause::normal()).await;
}

/// Returns when no sound comes from somebody any more.
async fn silent(ear: Option<&mut Ear>) {
    let Some(ear) = ear else { return std::future::pending().await };
    while !matches!(ear.next().await, Heard::TimedOut | Heard::Closed) {}
}
