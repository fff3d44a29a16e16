//! Calls that come in: whether there is room, who calls, and how a call is answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use desk::call::{Call, Direction, Ended, Ending, NotRecorded, Recording, Standing};
use desk::contact::{Address, Assurance, Channel};
use desk::ids::CallId;
use desk::phone_number::PhoneNumber;
use desk::ports::calls::CallEnd;
use desk::ports::cases::CaseFilter;
use desk::ports::live_calls::LiveCall;
use dialogue::{Caller, Setup};
use media::{Line, LineWish, SecurePolicy};
use signalling::{Invitation, Rejection, SecureMedia, Target};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::call::{self, Begun};
use crate::config::FullHouse;
use crate::house::House;
use crate::{between, people};

/// How long a call may wait for the database before it is answered without what that knows.
const KNOWLEDGE: Duration = Duration::from_millis(800);
/// Seconds after which a call that was refused for want of room may be tried again.
const RETRY_AFTER: u32 = 30;
/// Commands of operators that wait for a call.
pub(crate) const COMMANDS: usize = 8;

/// Takes calls until signalling ends.
pub(crate) async fn take(house: Arc<House>, mut invitations: mpsc::Receiver<Invitation>) {
    while let Some(invitation) = invitations.recv().await {
        let house = Arc::clone(&house);
        let id = CallId::new();
        let span = tracing::error_span!(parent: None, "call", call = %id, peer = invitation.peer);
        let tasks = house.tasks.clone();
        tasks.spawn(arrive(house, id, invitation).instrument(span));
    }
}

async fn arrive(house: Arc<House>, id: CallId, invitation: Invitation) {
    metrics::counter!("sfetnic_phone_calls_offered_total").increment(1);
    if house.stop.is_cancelled() {
        return invitation.reject(Rejection::unavailable(RETRY_AFTER)).await;
    }
    if invitation.full {
        metrics::counter!("sfetnic_phone_full_house_total").increment(1);
        match (house.parts.config.full_house, &house.parts.config.overflow_number) {
            (FullHouse::Speak, _) => {}
            (FullHouse::Redirect, Some(number)) => {
                let to = format!("tel:{number}");
                return invitation.reject(Rejection::redirect(&to)).await;
            }
            (FullHouse::Refuse | FullHouse::Redirect, _) => {
                return invitation.reject(Rejection::unavailable(RETRY_AFTER)).await;
            }
        }
    }
    // Whoever is on this very machine may encrypt if he likes.
    let local = invitation.peer.is_none() && invitation.extension.is_none();
    let secure = if local { SecurePolicy::Offered } else { secure(invitation.secure_media) };
    let mut line = match house.media.open(LineWish { local: invitation.local, secure }) {
        Ok(line) => line,
        Err(error) => {
            tracing::error!(%error, "no line for a call");
            return invitation.reject(Rejection::unavailable(RETRY_AFTER)).await;
        }
    };
    let sdp = match &invitation.offer {
        Some(offer) => match line.answer(offer) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::info!(%error, "a call whose sound cannot be agreed on");
                let warning = Some(error.warning_text());
                return invitation.reject(Rejection { warning, ..Rejection::status(error.status()) }).await;
            }
        },
        None => line.offer(),
    };
    if let Some(name) = invitation.replaces.clone() {
        return between::replace(&house, invitation, line, sdp, name).await;
    }
    if let Some(colleague) = colleague(&house, &invitation).await {
        return between::connect(house, invitation, line, sdp, colleague).await;
    }
    citizen(house, id, invitation, line, sdp).await;
}

/// The desk phone that a desk phone calls, if it calls one and not the assistant.
async fn colleague(house: &House, invitation: &Invitation) -> Option<PhoneNumber> {
    let own = invitation.extension.as_deref()?;
    let number: PhoneNumber = invitation.dialled.parse().ok().filter(|number: &PhoneNumber| number.as_str() != own)?;
    people::is_extension(house, &number).await.then_some(number)
}

/// Answers somebody who calls the institution.
async fn citizen(house: Arc<House>, id: CallId, invitation: Invitation, line: Line, sdp: Bytes) {
    invitation.ring().await;
    let number = invitation.caller.number.as_deref().and_then(|number| number.parse::<PhoneNumber>().ok());
    // A number that nobody vouches for opens no case of another.
    let vouched = number.clone().filter(|_| invitation.caller.asserted);
    let now = house.parts.time.now();
    let record = Call {
        id,
        conversation: None,
        server: house.parts.server,
        direction: Direction::In,
        caller: number.clone(),
        dialled: invitation.dialled.clone(),
        peer: invitation.peer.clone().or_else(|| invitation.extension.clone()).unwrap_or_default(),
        language: house.settings.languages.first().copied().unwrap_or_default(),
        started_at: now,
        answered_at: None,
        ended: None,
        standing: Standing::Ringing,
        department: None,
        transferred_to: None,
        recording: Recording::default(),
        timings: Vec::new(),
        quality: desk::call::Quality::default(),
    };
    let (caller, begun) = tokio::join!(who(&house, vouched.as_ref(), number.as_ref()), begin(&house, record.clone()));
    if let Err(error) = begun {
        // Without the database the caller is still heard, led by keys and connected.
        tracing::error!(error, "a call begins without a record");
    }
    let (commands, wanted) = mpsc::channel(COMMANDS);
    let seen = house.live.enter(live(&record), commands);
    let full = invitation.full;
    let answered = invitation.accept(sdp).await;
    let (leg, events) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            tracing::debug!(%error, "the caller gave up before the answer");
            return never_was(&house, id, Ending::Abandoned).await;
        }
    };
    let setup = setup(&house, caller, dialogue::Direction::Inbound, full);
    let begun = Begun {
        id,
        direction: Direction::In,
        caller: number,
        setup,
        line,
        leg,
        events,
        seen,
        commands: wanted,
        conversation: None,
        wanted_by: None,
    };
    Box::pin(call::run(house, begun)).await;
}

/// What a conversation on the telephone begins with.
pub(crate) fn setup(house: &House, caller: Caller, direction: dialogue::Direction, full: bool) -> Setup {
    Setup {
        settings: Arc::clone(&house.settings),
        prompts: house.shelf.prompts(),
        departments: Arc::clone(&house.departments),
        calendar: Arc::clone(&house.calendar),
        abilities: house.parts.speech.abilities(),
        caller,
        direction,
        full,
        answered_at: house.parts.time.now(),
    }
}

/// A call as operators see it first.
pub(crate) fn live(record: &Call) -> LiveCall {
    LiveCall {
        id: record.id,
        conversation: record.conversation,
        direction: record.direction,
        caller: record.caller.clone(),
        language: record.language,
        department: record.department.clone(),
        started_at: record.started_at,
        standing: Standing::Ringing,
        standing_since: record.started_at,
        recorded: false,
        supervisors: Vec::new(),
        trouble: None,
    }
}

/// Keeps that a call has begun.
///
/// # Errors
/// When the database does not answer in time, or at all.
pub(crate) async fn begin(house: &House, record: Call) -> Result<(), String> {
    match tokio::time::timeout(KNOWLEDGE, house.parts.calls.begin(record)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the database did not answer in time".to_owned()),
    }
}

/// What is known of whoever calls: earlier calls' language, and a case that is still open.
async fn who(house: &House, vouched: Option<&PhoneNumber>, number: Option<&PhoneNumber>) -> Caller {
    let number = number.filter(|number| number.is_international()).map(|number| number.as_str().to_owned());
    let mut caller = Caller { number, language: None, open_case: None };
    let Some(vouched) = vouched else { return caller };
    let address =
        Address { channel: Channel::Phone, value: vouched.as_str().to_owned(), assurance: Assurance::Asserted };
    let look = async {
        let Some(contact) = house.parts.conversations.known(&address).await? else { return Ok((None, None)) };
        let open = CaseFilter { contact: Some(contact.id), open: true, limit: 1, ..CaseFilter::default() };
        let case = house.parts.cases.list(open).await?.into_iter().next();
        Ok::<_, desk::ports::PortError>((Some(contact.language), case.map(|case| case.reference)))
    };
    match tokio::time::timeout(KNOWLEDGE, look).await {
        Ok(Ok((language, open_case))) => (caller.language, caller.open_case) = (language, open_case),
        Ok(Err(error)) => tracing::warn!(%error, "nothing is known of a caller"),
        Err(_) => tracing::warn!("nothing is known of a caller in time"),
    }
    caller
}

/// Writes the end of a call in which nobody spoke.
pub(crate) async fn never_was(house: &House, id: CallId, how: Ending) {
    let end = CallEnd {
        ended: Ended { at: house.parts.time.now(), how },
        recording: Recording::None { why: NotRecorded::NotAsked },
        timings: Vec::new(),
        quality: desk::call::Quality::default(),
    };
    if let Err(error) = house.parts.calls.end(id, end).await {
        tracing::debug!(%error, how = how.name(), "the end of a call in which nobody spoke could not be noted");
    }
}

fn secure(media: SecureMedia) -> SecurePolicy {
    match media {
        SecureMedia::Off => SecurePolicy::Off,
        SecureMedia::Offered => SecurePolicy::Offered,
        SecureMedia::Required => SecurePolicy::Required,
    }
}

/// A line to somebody whom we ring, as safe as the way there demands.
///
/// # Errors
/// When no line is free.
pub(crate) async fn line_out(house: &House, to: &Target) -> Result<Line, media::MediaError> {
    let way = house.endpoint.way(to.clone()).await;
    let bound = &house.parts.config.media.bind;
    let local = way.local.filter(|local| bound.is_empty() || bound.contains(local));
    let local = local.or(bound.first().copied()).unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    house.media.open(LineWish { local, secure: secure(way.secure_media) })
}
