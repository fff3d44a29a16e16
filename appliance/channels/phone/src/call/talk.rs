//! A citizen and a person on one call, with us in between: the bridge, holds, and what becomes of the caller when the person leaves.

use std::sync::Arc;

use desk::call::TransferTarget;
use desk::ids::{DepartmentId, OperatorId};
use desk::phone_number::PhoneNumber;
use dialogue::{Event, TransferNews};
use media::{Bridge, Heard, Line, Playing, Sound};
use signalling::{CallEvent, PendingOffer, PendingRefer, Refer};
use tokio::time::Instant;

use super::{Call, News};
use crate::house::House;
use crate::people::{self, Person, Search, Unreached};
use crate::places::{Place, Swap};

/// A person who has the call.
pub(super) struct Talk {
    person: Person,
    /// Where another telephone may take this one's place.
    place: Place,
    /// None while supervised: then a room joins them.
    bridge: Option<Bridge>,
    began: Instant,
    department: Option<DepartmentId>,
    /// What the caller hears while the person holds him.
    music: Option<Playing>,
    held: bool,
}

/// What happens on the person's side.
pub(super) enum PersonEvent {
    Signal(Option<CallEvent>),
    Heard(Heard),
    MusicEnded,
    Swap(Swap),
}

impl Talk {
    pub(super) fn begin(house: &Arc<House>, caller: &Line, person: Person, department: Option<DepartmentId>) -> Self {
        let place = house.places.enter(person.leg.name());
        let bridge = Some(house.media.bridge(caller, &person.line));
        metrics::counter!("sfetnic_phone_people_joined_total").increment(1);
        Self { person, place, bridge, began: Instant::now(), department, music: None, held: false }
    }

    pub(super) fn operator(&self) -> Option<OperatorId> {
        self.person.operator
    }

    pub(super) fn line(&self) -> &Line {
        &self.person.line
    }

    /// Another joins the two: a room, in the bridge's place.
    pub(super) fn unbridge(&mut self) {
        self.bridge = None;
    }

    /// The two are alone again.
    pub(super) fn bridge(&mut self, house: &House, caller: &Line) {
        if self.bridge.is_none() {
            self.bridge = Some(house.media.bridge(caller, &self.person.line));
        }
    }

    /// Ends the person's side.
    pub(super) async fn end(self) {
        drop(self.bridge);
        if let Some(music) = &self.music {
            music.stop();
        }
        self.person.leg.hang_up(signalling::Cause::normal()).await;
    }
}

/// What happens next on the person's side; never where there is none. Cancel safe.
pub(super) async fn next(talk: Option<&mut Talk>) -> PersonEvent {
    let Some(talk) = talk else { return std::future::pending().await };
    let heard = async {
        match &mut talk.person.ear {
            Some(ear) => ear.next().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        event = talk.person.events.next() => PersonEvent::Signal(event),
        heard = heard => PersonEvent::Heard(heard),
        () = super::ended(talk.music.as_ref()) => PersonEvent::MusicEnded,
        swap = talk.place.wanted() => PersonEvent::Swap(swap),
    }
}

/// Agrees to another session on a line, where its sound can be agreed on.
pub(crate) async fn agree(line: &mut Line, offer: PendingOffer) {
    match offer.sdp.clone() {
        Some(sdp) => match line.answer(&sdp) {
            Ok(answer) => offer.answer(answer).await,
            Err(error) => {
                tracing::info!(%error, "another session is declined");
                offer.refuse(error.status()).await;
            }
        },
        None => {
            let sdp = line.offer();
            offer.answer(sdp).await;
        }
    }
}

impl Call {
    pub(super) async fn person(&mut self, event: PersonEvent) {
        match event {
            PersonEvent::Signal(Some(CallEvent::Offer(offer))) => {
                if let Some(talk) = &mut self.talk {
                    agree(&mut talk.person.line, offer).await;
                }
            }
            PersonEvent::Signal(Some(CallEvent::Answer(answer))) => {
                if let Some(talk) = &mut self.talk
                    && let Err(error) = talk.person.line.accept(&answer)
                {
                    tracing::warn!(%error, "a person's answer to our offer cannot be used");
                }
            }
            PersonEvent::Signal(Some(CallEvent::Digit { .. })) | PersonEvent::Heard(Heard::Digit { .. }) => {}
            PersonEvent::Signal(Some(CallEvent::Referred(refer))) => self.sent_on(refer).await,
            PersonEvent::Signal(Some(CallEvent::Ended { .. }) | None) | PersonEvent::Heard(Heard::TimedOut) => {
                self.person_left().await;
            }
            PersonEvent::Heard(Heard::Held) => {
                if let Some(talk) = &mut self.talk {
                    talk.held = true;
                    talk.music = Some(self.line.play(Sound::Prepared(Arc::clone(&self.house.music))));
                }
            }
            PersonEvent::Heard(Heard::Resumed) => {
                if let Some(talk) = &mut self.talk {
                    talk.held = false;
                    if let Some(music) = talk.music.take() {
                        music.stop();
                    }
                }
            }
            PersonEvent::Heard(_) => {}
            PersonEvent::Swap(Swap::With(person)) => self.joined(*person).await,
            // The caller is not at the other end of a talk: he is ours, and stays.
            PersonEvent::Swap(Swap::Give(_)) => {}
            PersonEvent::MusicEnded => {
                if let Some(talk) = &mut self.talk {
                    talk.music = talk.held.then(|| self.line.play(Sound::Prepared(Arc::clone(&self.house.music))));
                }
            }
        }
    }

    /// The person is gone; the caller is ours again, whatever the reason.
    async fn person_left(&mut self) {
        let Some(talk) = self.talk.take() else { return };
        let spoken = talk.began.elapsed();
        if let Some(department) = &talk.department {
            self.house.waiting.talked(department, spoken);
        }
        talk.end().await;
        self.mix();
        metrics::histogram!("sfetnic_phone_person_seconds").record(spoken.as_secs_f64());
        self.back_to_assistant();
        self.happens(Event::Transfer(TransferNews::Returned));
    }

    /// The person sends the caller on to somebody else (RFC 3515).
    async fn sent_on(&mut self, mut refer: PendingRefer) {
        let Some(number) = number_of(&refer.to) else {
            refer.refuse(404).await;
            return;
        };
        refer.accept().await;
        let to = TransferTarget::Number(number.clone());
        let mut search = self.search_of(String::new(), Arc::default());
        search.replaces = refer.replaces.clone().map(|name| (name, refer.referred_by.clone()));
        let (house, news) = (Arc::clone(&self.house), self.news.clone());
        let task = tokio::spawn(async move {
            match wanted(&house, search, &number).await {
                Ok(person) => {
                    refer.progress(200).await;
                    drop(news.send(News::Reached(Box::new(person))).await);
                }
                // The one before still has the caller.
                Err(_) => refer.progress(486).await,
            }
        });
        self.search = Some(super::Search::of(task, self.department.clone(), to));
    }

    /// Sends the caller to a number outside: by his exchange where it takes him, else with us in between.
    pub(super) fn send_to(&mut self, number: PhoneNumber) {
        let rung = number.clone();
        let (house, news, leg) = (Arc::clone(&self.house), self.news.clone(), self.leg.clone());
        let search = self.search_of(String::new(), Arc::default());
        let refer = self.house.parts.config.people.refer && self.leg.peer().is_some();
        let task = tokio::spawn(async move {
            if refer {
                let to = format!("tel:{number}");
                let mut referral = leg.refer(Refer { to, replaces: None, referred_by: None }).await;
                let mut went = false;
                while let Some(status) = referral.next().await {
                    went = (200..300).contains(&status);
                }
                if went {
                    drop(news.send(News::Referred { to: number, went }).await);
                    return;
                }
                tracing::info!("the exchange did not take the caller on; we stay in between");
            }
            let outcome = match people::number(&house, &search, &number).await {
                Ok(person) => News::Reached(Box::new(person)),
                Err(error) => News::Unreached(error),
            };
            drop(news.send(outcome).await);
        });
        self.search = Some(super::Search::of(task, self.department.clone(), TransferTarget::Number(rung)));
        self.happens(Event::Transfer(TransferNews::Ringing));
    }

    /// The exchange has taken the caller to a number.
    pub(super) async fn referred(&mut self, to: &PhoneNumber, went: bool) {
        self.search = None;
        if went {
            let transferred_to = Some(TransferTarget::Number(to.clone()));
            self.clerk.note(desk::ports::calls::CallChange { transferred_to, ..Default::default() });
            self.ending = Some(desk::call::Ending::Transferred);
            self.leg.hang_up(signalling::Cause::normal()).await;
        }
    }
}

/// Whom a colleague sends the caller to: the one whom it consulted before, where that call is with us, else a number, which
/// may know the consultation itself.
async fn wanted(house: &House, mut search: Search, number: &PhoneNumber) -> Result<Person, Unreached> {
    // Where that is with us, we are the ones who would be called.
    let consulted = search.replaces.as_ref().map(|(name, _)| name.from_the_other_side());
    if let Some(name) = consulted {
        let (give, given) = tokio::sync::oneshot::channel();
        if house.places.ask(&name, Swap::Give(give)).is_ok()
            && let Ok(person) = given.await
        {
            return Ok(person);
        }
        match people::number(house, &search, number).await {
            // The telephone knows nothing of that call: it is rung as for a new one.
            Err(_) => search.replaces = None,
            reached => return reached,
        }
    }
    people::number(house, &search, number).await
}

/// The number in a SIP or `tel` address.
fn number_of(address: &str) -> Option<PhoneNumber> {
    let rest = address.trim_start_matches('<');
    let rest = rest.split_once(':').map_or(rest, |(_, rest)| rest);
    let user: &str = rest.split(['@', ';', '>', '?']).next().unwrap_or_default();
    user.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_out_of_any_address() {
        for (address, number) in [
            ("sip:204@10.0.0.1;transport=udp", Some("204")),
            ("<sip:+40721000000@trunk.example>", Some("+40721000000")),
            ("tel:+40721000000;phone-context=x", Some("+40721000000")),
            ("sip:ana@10.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(number_of(address).as_ref().map(PhoneNumber::as_str), number, "{address}");
        }
    }
}
