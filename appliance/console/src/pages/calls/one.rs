//! One call: while it goes on, what is being said and what may be done with it; afterwards its sound, its words and what
//! every answer took.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use desk::call::{Call, Consent, Direction, Holder, NotRecorded, Recording, Standing, first_sound};
use desk::ids::{CallId, ConversationId};
use desk::operator::Operator;
use desk::phone_number::PhoneNumber;
use desk::ports::live_calls::{LiveTranscript, Supervision};
use jiff::SignedDuration;
use ui::{Page, dates, fill};

use super::command;
use crate::auth::signed_in::SignedIn;
use crate::calls::Sheet;
use crate::pages::notice::{NoticeLine, NoticeQuery};
use crate::pages::problem::Problem;
use crate::pages::queue::names;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::queue::case_if_there;
use crate::texts::{Texts, texts};
use crate::view::call::{Sight, clock, decimal, milliseconds, passed, tone};
use crate::view::call_line::{LineView, Lines};
use crate::{access, audit, calls};

/// How many turns of the conversation a page looks through for those of the call.
const TURNS: u32 = 300;
/// A turn may become durable so long after the call has ended.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(60);
/// For so long a page tells of a command that came to nothing.
const TOLD: SignedDuration = SignedDuration::from_secs(60);

/// A line of what is known of the call.
struct Fact {
    name: &'static str,
    value: String,
}

/// A way to take part in a call that another leads.
struct Way {
    command: &'static str,
    label: &'static str,
    /// Whether this operator takes part so now.
    chosen: bool,
}

/// What may be done with a live call.
struct Acts {
    take_over: bool,
    departments: Vec<(String, String)>,
    colleagues: Vec<(String, String)>,
    to_numbers: bool,
    supervise: Vec<Way>,
    /// Whether this operator takes part now.
    along: bool,
    hang_up: bool,
    /// Whether his telephone is known; without it nothing can ring.
    extension: bool,
}

/// The sound of an ended call.
struct Sound {
    address: String,
    about: String,
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    notice: Option<NoticeLine>,
    trouble: Option<String>,
    id: String,
    goes_on: bool,
    here: bool,
    heading: String,
    outgoing: bool,
    standing: String,
    /// Changes when an act on the call has come to something; empty while one is under way.
    settled: String,
    tone: &'static str,
    standing_since: Option<String>,
    standing_for: String,
    language: &'static str,
    language_code: &'static str,
    department: String,
    lasts: String,
    started_at: Option<String>,
    started: String,
    conversation: Option<ConversationId>,
    reference: Option<String>,
    supervisors: Option<String>,
    recorded: bool,
    acts: Option<Acts>,
    lines: Vec<LineView>,
    partial: String,
    sound: Option<Sound>,
    unrecorded: Option<&'static str>,
    facts: Vec<Fact>,
}

pub(crate) async fn page(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<CallId>,
    Query(notice): Query<NoticeQuery>,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(&app, &operator, id).await?;
    note(&app.audit, &app, &operator, &sheet).await?;
    let t = texts(operator.language);
    let names = names(&*app.parts.accounts).await?;
    let sight = Sight { app: &app, t, language: operator.language, now: app.now(), names: &names };
    let spoken = sheet.live.as_ref().map_or(sheet.call.language, |live| live.call.language);
    let lines = Lines { t, names: &names, language: spoken.code() };
    let may_hear = access::may_hear(&operator, &sheet.call);
    let lines = match &sheet.live {
        Some(live) => live.lines.iter().map(|line| lines.live(line)).collect(),
        None => kept(&app, &sheet, &lines, may_hear).await?,
    };
    let page = prepare(&operator, &sheet, &sight, lines, notice.line(t)).await?;
    Ok(ui::layout::page_with(StatusCode::OK, &page, operator.language))
}

/// Fails rather than show what cannot be noted.
async fn note(audit: &audit::Audit, app: &App, operator: &Operator, sheet: &Sheet) -> Result<(), Problem> {
    let feed = &*app.parts.feed;
    match sheet.conversation() {
        Some(conversation) => audit.viewed(feed, operator.id, conversation, None, None, app.now()).await?,
        None => audit.viewed_call(feed, operator.id, sheet.call.id, app.now()).await?,
    }
    Ok(())
}

/// The turns of the conversation that were said in this call.
async fn kept(app: &App, sheet: &Sheet, lines: &Lines<'_>, seekable: bool) -> Result<Vec<LineView>, Problem> {
    let Some(conversation) = sheet.conversation() else { return Ok(Vec::new()) };
    let call = &sheet.call;
    let until = call.ended.and_then(|ended| ended.at.checked_add(AFTERWARDS).ok());
    let mut turns = app.parts.conversations.turns_before(conversation, u64::MAX >> 1, TURNS).await?;
    turns.retain(|turn| turn.at >= call.started_at && until.is_none_or(|until| turn.at <= until));
    Ok(lines.kept(call, &turns, seekable))
}

async fn prepare(
    operator: &Operator,
    sheet: &Sheet,
    sight: &Sight<'_>,
    lines: Vec<LineView>,
    notice: Option<NoticeLine>,
) -> Result<CallPage, Problem> {
    let (t, app, now) = (sight.t, sight.app, sight.now);
    let call = &sheet.call;
    let live = sheet.live.as_ref().map(|live| &live.call);
    let goes_on = sheet.goes_on();
    let spoken = live.map_or(call.language, |live| live.language);
    let reference = match sheet.conversation() {
        Some(id) => match app.parts.conversations.conversation(id).await?.case {
            Some(case) => case_if_there(&*app.parts.cases, case).await?.map(|case| case.reference.to_string()),
            None => None,
        },
        None => None,
    };
    let heading = sight.caller(call.caller.as_ref());
    let standing = match call.ended {
        Some(ended) => t.ending(ended.how).to_owned(),
        None => sight.standing(sheet.standing()),
    };
    let supervisors = sheet.live.as_ref().and_then(|live| supervisors(live, sight));
    let settled = match sheet.standing().holder() {
        Holder::Waiting => String::new(),
        _ => format!("{} {}", tone(sheet.standing()), supervisors.as_deref().unwrap_or_default()),
    };
    let title = if goes_on { format!("{standing} · {heading}") } else { heading.clone() };
    let sound = access::may_hear(operator, call).then(|| sound(call, sight)).flatten();
    Ok(CallPage {
        page: shell::frame(operator.language, &title),
        shell: Shell::new(app, operator, "calls"),
        t,
        notice,
        trouble: live
            .and_then(|live| live.trouble)
            .filter(|one| now.duration_since(one.at) < TOLD)
            .map(|trouble| command::failed(trouble.error).text(t).to_owned()),
        id: call.id.to_string(),
        goes_on,
        here: live.is_some(),
        heading,
        outgoing: call.direction == Direction::Out,
        standing,
        settled,
        tone: tone(sheet.standing()),
        standing_since: live.map(|live| live.standing_since.to_string()),
        standing_for: live.map(|live| passed(live.standing_since, now)).unwrap_or_default(),
        language: spoken.endonym(),
        language_code: spoken.code(),
        department: match sheet.department() {
            None if !goes_on => String::new(),
            department => sight.department(department),
        },
        lasts: if goes_on { passed(call.started_at, now) } else { clock(call.seconds(now)) },
        started_at: goes_on.then(|| call.started_at.to_string()),
        started: fill(&t.call.started, &[("when", &dates::moment(call.started_at, now, sight.language))]),
        conversation: sheet.conversation(),
        reference,
        recorded: live.is_some_and(|live| live.recorded),
        supervisors,
        acts: if goes_on { Some(acts(operator, sheet, sight).await?) } else { None },
        lines,
        partial: sheet.live.as_ref().map(|live| live.partial.clone()).unwrap_or_default(),
        unrecorded: (!goes_on && sound.is_none()).then(|| unrecorded(&call.recording, t)),
        sound,
        facts: if goes_on { Vec::new() } else { facts(call, sight) },
    })
}

fn supervisors(live: &LiveTranscript, sight: &Sight<'_>) -> Option<String> {
    let t = sight.t;
    let told: Vec<String> = live
        .call
        .supervisors
        .iter()
        .map(|one| {
            let name = sight.names.get(&one.operator).cloned().unwrap_or_else(|| t.role.supervisor.clone());
            format!("{name} ({})", part(one.mode, t))
        })
        .collect();
    (!told.is_empty()).then(|| fill(&t.call.along, &[("names", &told.join(", "))]))
}

fn part(mode: Supervision, t: &'static Texts) -> &'static str {
    match mode {
        Supervision::Listen => &t.call.listening,
        Supervision::Whisper => &t.call.whispering,
        Supervision::Join => &t.call.joined,
    }
}

async fn acts(operator: &Operator, sheet: &Sheet, sight: &Sight<'_>) -> Result<Acts, Problem> {
    let abilities = sight.app.parts.telephone.live.abilities();
    let standing = sheet.standing();
    let mine = *standing == (Standing::WithPerson { operator: Some(operator.id) });
    let departments = sight.app.config().departments.0.iter();
    let colleagues = calls::colleagues(sight.app, operator).await?.into_iter();
    let reached = |one: Operator| {
        let number = one.extension.as_ref().map(PhoneNumber::grouped).unwrap_or_default();
        (one.id.to_string(), format!("{} ({number})", one.display_name))
    };
    let supervises = abilities.supervision && access::may_supervise(operator) && !mine;
    Ok(Acts {
        take_over: matches!(standing.holder(), Holder::Assistant | Holder::Waiting),
        departments: departments
            .map(|department| (department.id.0.clone(), department.name.get(sight.language).clone()))
            .collect(),
        colleagues: colleagues.map(reached).collect(),
        to_numbers: abilities.transfer_to_numbers,
        supervise: if supervises { ways(operator, sheet, sight.t) } else { Vec::new() },
        along: sheet.supervises(operator.id),
        hang_up: access::may_hang_up(operator, standing),
        extension: operator.extension.is_some(),
    })
}

/// How a supervisor may take part; a whisper is for a colleague, and wants one.
fn ways(operator: &Operator, sheet: &Sheet, t: &'static Texts) -> Vec<Way> {
    let supervisors = sheet.live.iter().flat_map(|live| &live.call.supervisors);
    let part = supervisors.into_iter().find(|one| one.operator == operator.id).map(|one| one.mode);
    let way = |mode, command, label| Way { command, label, chosen: part == Some(mode) };
    let mut ways = vec![
        way(Supervision::Listen, "listen", &t.call.listen),
        way(Supervision::Whisper, "whisper", &t.call.whisper),
        way(Supervision::Join, "join", &t.call.join),
    ];
    ways.retain(|way| way.command != "whisper" || way.chosen || sheet.standing().holder() == Holder::Person);
    ways
}

fn sound(call: &Call, sight: &Sight<'_>) -> Option<Sound> {
    let Recording::Kept { bytes, consent, keep_until, .. } = &call.recording else { return None };
    let t = &sight.t.call;
    let consent = match consent {
        Consent::Informed => &t.consent_informed,
        Consent::Given => &t.consent_given,
    };
    let until = dates::date(desk::calendar::day_of(*keep_until), sight.language);
    let length = clock(desk::recording::seconds(*bytes));
    Some(Sound {
        address: format!("/console/calls/{}/recording", call.id),
        about: fill(&t.recording_about, &[("length", &length), ("consent", consent), ("until", &until)]),
    })
}

fn unrecorded(recording: &Recording, t: &'static Texts) -> &'static str {
    match recording {
        Recording::Kept { .. } => &t.call.recording_not_yours,
        Recording::None { why } => match why {
            NotRecorded::Policy => &t.call.unrecorded_policy,
            NotRecorded::Refused => &t.call.unrecorded_refused,
            NotRecorded::NotAsked => &t.call.unrecorded_not_asked,
            NotRecorded::Failed => &t.call.unrecorded_failed,
            NotRecorded::Erased => &t.call.unrecorded_erased,
        },
    }
}

/// What is known of an ended call beside its words.
fn facts(call: &Call, sight: &Sight<'_>) -> Vec<Fact> {
    let t = &sight.t.call;
    let wait = first_sound(&call.timings).map(|(median, worst)| {
        fill(&t.first_sound_is, &[("median", &milliseconds(median, sight.t)), ("worst", &milliseconds(worst, sight.t))])
    });
    let heard = call.quality.received + call.quality.lost > 0;
    let quality = heard.then(|| {
        let lost = decimal(call.quality.lost_per_myriad(), 2, sight.t);
        let jitter = decimal(u64::from(call.quality.jitter_us / 100), 1, sight.t);
        let worst = decimal(u64::from(call.quality.worst_jitter_us / 100), 1, sight.t);
        fill(&t.quality_is, &[("lost", &lost), ("jitter", &jitter), ("worst", &worst)])
    });
    let answered = call.answered_at.map(|at| {
        let millis = u32::try_from(at.duration_since(call.started_at).as_millis()).unwrap_or(0);
        milliseconds(millis, sight.t)
    });
    let facts = [
        (&t.dialled, Some(call.dialled.clone())),
        (&t.answered_after, answered),
        (&t.transferred_to, call.transferred_to.as_ref().map(|target| sight.target(target))),
        (&t.first_sound, wait),
        (&t.quality, quality),
        (&t.peer, Some(call.peer.clone())),
        (&t.server, Some(call.server.to_string())),
        (&t.id, Some(call.id.to_string())),
    ];
    let told = facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value? }));
    told.filter(|fact| !fact.value.is_empty()).collect()
}
