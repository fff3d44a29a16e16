//! People who take calls: who waits for whom, whose telephone is free, and how one of them is reached.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use desk::ids::{CallId, DepartmentId, OperatorId};
use desk::language::Language;
use desk::phone_number::PhoneNumber;
use dialogue::QueueNews;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use media::{Ear, Line, Sound};
use signalling::{CallEvents, CallName, CallerId, Dial, Progress, Target};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::arrivals::line_out;
use crate::house::House;
use crate::shelf::RATE;
use crate::waiting::Taken;

/// How often a waiting caller looks whether it is his turn.
const LOOK: Duration = Duration::from_millis(500);
/// The pause after a round of ringing that nobody answered.
const NOBODY_ANSWERED: Duration = Duration::from_secs(5);
/// The longest briefing that is spoken.
const LONGEST_BRIEFING: Duration = Duration::from_secs(15);

/// A person at the other end of a line of ours.
pub(crate) struct Person {
    pub(crate) line: Line,
    pub(crate) ear: Option<Ear>,
    pub(crate) leg: signalling::Call,
    pub(crate) events: CallEvents,
    /// Who; `None` where the number is nobody's of ours.
    pub(crate) operator: Option<OperatorId>,
    /// The telephone is theirs until this is dropped.
    pub(crate) _taken: Option<Taken>,
}

impl Person {
    pub(crate) fn new(
        mut line: Line,
        leg: signalling::Call,
        events: CallEvents,
        operator: Option<OperatorId>,
        taken: Option<Taken>,
    ) -> Self {
        let ear = line.ear();
        if let Some(ear) = &ear {
            // What is said is between people; only what happens on the line is of interest.
            ear.want_frames(false);
        }
        Self { line, ear, leg, events, operator, _taken: taken }
    }
}

/// Whom a call wants.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) call: CallId,
    /// As whom the person's telephone shows the call.
    pub(crate) caller: CallerId,
    /// What the person is told before he has the caller; empty: nothing.
    pub(crate) briefing: String,
    /// Whether those one level up are asked as well.
    pub(crate) overflow: Arc<AtomicBool>,
    /// The call that whoever is rung is in already, and on whose word it is to make way (RFC 3891, RFC 3892).
    pub(crate) replaces: Option<(CallName, Option<String>)>,
}

/// Why nobody was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreached {
    /// Nobody's telephone is there.
    #[error("nobody is there to take the call")]
    Nobody,
    /// It rang, and was not answered.
    #[error("nobody answered")]
    NotAnswered,
    /// Our side could not ring.
    #[error("the telephone could not be rung")]
    Failed,
}

/// A telephone that may be rung.
#[derive(Debug, Clone)]
struct Phone {
    number: PhoneNumber,
    operator: Option<OperatorId>,
    target: Target,
}

/// Waits for somebody of a department, first come first served. What the caller is to be told on the way goes to `news`.
///
/// # Errors
/// [`Unreached::Nobody`] when no telephone of the department is there at all.
pub(crate) async fn of_department(
    house: &House,
    search: &Search,
    department: &DepartmentId,
    news: &mpsc::Sender<QueueNews>,
) -> Result<Person, Unreached> {
    let _place = house.waiting.enter(department, search.call);
    let mut told = None;
    loop {
        let phones = phones_of(house, department, search.overflow.load(Ordering::Relaxed)).await;
        if phones.is_empty() {
            return Err(Unreached::Nobody);
        }
        let position = house.waiting.position(department, search.call);
        if told != Some(position) {
            told = Some(position);
            let estimate = Some(house.waiting.estimate(department, position, phones.len()));
            // The call is gone where nobody takes it.
            drop(news.send(QueueNews::Waiting { position, estimate }).await);
        }
        let mut ringing = Vec::new();
        for phone in phones {
            if ringing.len() < house.parts.config.people.ring_at_once
                && let Some(taken) = house.waiting.take(&phone.number)
            {
                ringing.push((phone, taken));
            }
        }
        if ringing.is_empty() {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        match first_of(house, search, ringing).await {
            Ok(person) => return Ok(brief(house, search, person).await),
            Err(_) => tokio::time::sleep(NOBODY_ANSWERED).await,
        }
    }
}

/// Rings one member of the staff.
///
/// # Errors
/// [`Unreached`] when his telephone is not there, taken, or not answered.
pub(crate) async fn operator(house: &House, search: &Search, operator: OperatorId) -> Result<Person, Unreached> {
    let found = house.parts.accounts.operator(operator).await.map_err(|_| Unreached::Failed)?;
    let number = found.extension.ok_or(Unreached::Nobody)?;
    let target = target(&registered(house).await, &number).ok_or(Unreached::Nobody)?;
    let taken = house.waiting.take(&number).ok_or(Unreached::NotAnswered)?;
    let phone = Phone { number, operator: Some(operator), target };
    let person = ring(house, search, phone, Some(taken)).await?;
    Ok(brief(house, search, person).await)
}

/// Rings a number.
///
/// # Errors
/// [`Unreached`] when it is not answered.
pub(crate) async fn number(house: &House, search: &Search, number: &PhoneNumber) -> Result<Person, Unreached> {
    let target = target(&registered(house).await, number).ok_or(Unreached::Nobody)?;
    let (operator, taken) = match target {
        Target::Extension(_) => {
            let taken = house.waiting.take(number).ok_or(Unreached::NotAnswered)?;
            (at_extension(house, number).await, Some(taken))
        }
        _ => (None, None),
    };
    let phone = Phone { number: number.clone(), operator, target };
    let person = ring(house, search, phone, taken).await?;
    Ok(brief(house, search, person).await)
}

/// Whose telephone an extension is.
pub(crate) async fn at_extension(house: &House, number: &PhoneNumber) -> Option<OperatorId> {
    let accounts = house.parts.accounts.all().await.ok()?;
    accounts.into_iter().find(|one| one.active && one.extension.as_ref() == Some(number)).map(|one| one.id)
}

/// Whether a number is one of our desk phones.
pub(crate) async fn is_extension(house: &House, number: &PhoneNumber) -> bool {
    registered(house).await.contains_key(number.as_str())
}

/// Extensions of ours, and whether a telephone is registered under each.
async fn registered(house: &House) -> HashMap<String, bool> {
    let status = house.endpoint.status().await;
    status.extensions.into_iter().map(|extension| (extension.user, extension.bindings > 0)).collect()
}

/// How a number is reached; `None` where it is an extension without a telephone.
fn target(extensions: &HashMap<String, bool>, number: &PhoneNumber) -> Option<Target> {
    match extensions.get(number.as_str()) {
        Some(true) => Some(Target::Extension(number.as_str().to_owned())),
        Some(false) => None,
        None => Some(Target::Number(number.as_str().to_owned())),
    }
}

/// The telephones of a department that are there; with `overflow` those of whoever may serve it as well.
async fn phones_of(house: &House, department: &DepartmentId, overflow: bool) -> Vec<Phone> {
    let accounts = match house.parts.accounts.all().await {
        Ok(accounts) => accounts,
        Err(error) => {
            tracing::warn!(%error, "the staff could not be read");
            return Vec::new();
        }
    };
    let extensions = registered(house).await;
    let mut phones: Vec<Phone> = Vec::new();
    for account in accounts.into_iter().filter(|account| account.active) {
        // Whoever is above the desks takes calls only when nobody there is free.
        let own = account.serves(department) && account.role < desk::operator::Role::Supervisor
            || account.departments.contains(department);
        let Some(number) = account.extension.clone().filter(|_| own || (overflow && account.serves(department))) else {
            continue;
        };
        if let Some(target) = target(&extensions, &number) {
            phones.push(Phone { number, operator: Some(account.id), target });
        }
    }
    if phones.is_empty()
        && let Some(number) = house.departments.get(department).and_then(|found| found.number.as_deref()?.parse().ok())
        && let Some(target) = target(&extensions, &number)
    {
        phones.push(Phone { number, operator: None, target });
    }
    phones
}

/// Rings several at once; whoever answers first has the call.
async fn first_of(house: &House, search: &Search, phones: Vec<(Phone, Taken)>) -> Result<Person, Unreached> {
    let mut ringing: FuturesUnordered<_> =
        phones.into_iter().map(|(phone, taken)| ring(house, search, phone, Some(taken))).collect();
    let mut unreached = Unreached::NotAnswered;
    while let Some(rung) = ringing.next().await {
        match rung {
            // Dropping the others cancels them.
            Ok(person) => return Ok(person),
            Err(error) => unreached = error,
        }
    }
    Err(unreached)
}

async fn ring(house: &House, search: &Search, phone: Phone, taken: Option<Taken>) -> Result<Person, Unreached> {
    let mut line = line_out(house, &phone.target).await.map_err(|error| {
        tracing::warn!(%error, "no line to ring somebody");
        Unreached::Failed
    })?;
    let ring_for = Duration::from_secs(u64::from(house.parts.config.people.ring_seconds));
    let (replaces, referred_by) = search.replaces.clone().unzip();
    let plain = Dial::new(phone.target, search.caller.clone(), line.offer());
    let dial = Dial { ring_for, replaces, referred_by: referred_by.flatten(), ..plain };
    let mut dialling = house.endpoint.dial(dial).await;
    while let Some(progress) = dialling.next().await {
        match progress {
            Progress::Ringing | Progress::EarlyMedia(_) => {}
            Progress::Offer(offer) => offer.refuse(488).await,
            Progress::Answered { call: leg, events, answer } => {
                if let Err(error) = line.accept(&answer) {
                    tracing::warn!(%error, "somebody's telephone cannot be spoken with");
                    leg.hang_up(signalling::Cause::temporary_failure()).await;
                    return Err(Unreached::Failed);
                }
                return Ok(Person::new(line, leg, events, phone.operator, taken));
            }
            Progress::Failed { status, .. } => {
                tracing::debug!(status, "somebody was not reached");
                return Err(if status == 503 { Unreached::Failed } else { Unreached::NotAnswered });
            }
        }
    }
    Err(Unreached::Failed)
}

/// Tells a person what it is about before he has the caller. Any trouble with it is no reason to keep the caller waiting.
async fn brief(house: &House, search: &Search, person: Person) -> Person {
    if search.briefing.is_empty() || !house.parts.config.people.spoken_briefing {
        return person;
    }
    let words = desk::ports::live_speech::Words {
        text: &search.briefing,
        // The staff's language.
        language: Language::Ro,
        pace: desk::ports::live_speech::Pace::default(),
        rate: RATE,
        ahead: false,
    };
    let spoken = async {
        let mut samples = house.parts.speech.say(words).await.ok()?;
        let (mut writer, sound) = media::stream(RATE, LONGEST_BRIEFING);
        let playing = person.line.play(Sound::Streamed(sound));
        while let Some(Ok(piece)) = samples.next().await {
            writer.push(&piece).await.ok()?;
        }
        writer.finish();
        playing.ended().await;
        Some(())
    };
    let began = Instant::now();
    let told = tokio::time::timeout(LONGEST_BRIEFING, spoken).await;
    tracing::debug!(told = matches!(told, Ok(Some(()))), ms = began.elapsed().as_millis(), "briefed");
    person
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_without_a_telephone_is_nobody_and_any_other_number_is_rung() {
        let extensions = HashMap::from([("204".to_owned(), false), ("205".to_owned(), true)]);
        let target = |number: &str| target(&extensions, &number.parse().unwrap());
        assert_eq!(target("204"), None);
        assert_eq!(target("205"), Some(Target::Extension("205".to_owned())));
        assert_eq!(target("0721000000"), Some(Target::Number("+40721000000".to_owned())));
    }
}
