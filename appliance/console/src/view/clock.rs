//! A term as operators see it: words and a thin bar.

use desk::case::Case;
use desk::clock::{Clock, ClockState, DayUnit, Extension, Terms};
use desk::language::Language;
use jiff::Timestamp;
use ui::{dates, fill};

use crate::texts::Texts;

/// The share of a term, in percent, from which it is about to run out.
const SOON: u32 = 80;

/// How pressing a term is; the style's class and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressure {
    Calm,
    Soon,
    Late,
    Still,
}

impl Pressure {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Soon => "soon",
            Self::Late => "late",
            Self::Still => "still",
        }
    }

    /// The bar's class: colour stands for state, and the words beside it say the same.
    pub(crate) fn bar(self) -> &'static str {
        match self {
            Self::Calm | Self::Still => "",
            Self::Soon => "warn",
            Self::Late => "bad",
        }
    }
}

/// The part of the term used up, in whole percent, at most 100.
pub(crate) fn percent(clock: &Clock, now: Timestamp) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
    let percent = (clock.elapsed(now) * 100.0).clamp(0.0, 100.0) as u32;
    percent
}

fn pressure(clock: &Clock, now: Timestamp) -> Pressure {
    match clock.state {
        ClockState::Running if now > clock.due => Pressure::Late,
        ClockState::Running if percent(clock, now) >= SOON => Pressure::Soon,
        ClockState::Running => Pressure::Calm,
        ClockState::Paused(_) | ClockState::Met(_) | ClockState::Lifted(_) => Pressure::Still,
    }
}

fn said(clock: &Clock, terms: &Terms, now: Timestamp, language: Language) -> String {
    let unit = terms.term(&clock.term).map_or(DayUnit::Calendar, |term| term.unit);
    dates::deadline(clock.due, now, unit, &terms.calendar, language)
}

/// The term that a row shows: the running one that is due first, else one that stands still.
pub(crate) struct Due {
    pub(crate) text: String,
    /// Without the date in brackets: a row is one line.
    pub(crate) short: String,
    pub(crate) class: &'static str,
    pub(crate) bar: &'static str,
    pub(crate) percent: u32,
}

pub(crate) fn due(case: &Case, terms: &Terms, now: Timestamp, language: Language, t: &Texts) -> Option<Due> {
    let running = case.clocks.iter().filter(|clock| clock.is_running()).min_by_key(|clock| clock.due);
    if let Some(clock) = running {
        let (text, pressure) = (said(clock, terms, now, language), pressure(clock, now));
        let short = text.split_once(" (").map_or(text.as_str(), |(short, _)| short).to_owned();
        return Some(Due { short, text, class: pressure.class(), bar: pressure.bar(), percent: percent(clock, now) });
    }
    let paused = case.clocks.iter().find(|clock| matches!(clock.state, ClockState::Paused(_)))?;
    let (text, still) = (t.queue.paused.clone(), Pressure::Still);
    Some(Due { short: text.clone(), text, class: still.class(), bar: still.bar(), percent: percent(paused, now) })
}

/// A term in the case's panel.
pub(crate) struct ClockView {
    pub(crate) term: String,
    pub(crate) citation: String,
    pub(crate) text: String,
    pub(crate) class: &'static str,
    pub(crate) bar: &'static str,
    pub(crate) percent: u32,
    pub(crate) open: bool,
    pub(crate) extended: Option<String>,
    pub(crate) extension: Option<ExtensionView>,
    pub(crate) forward_by: Option<String>,
}

/// An extension that the rule still allows.
pub(crate) struct ExtensionView {
    pub(crate) label: String,
    pub(crate) hint: String,
}

pub(crate) fn view(clock: &Clock, terms: &Terms, now: Timestamp, language: Language, t: &Texts) -> ClockView {
    let moment = |at| dates::moment(at, now, language);
    let text = match clock.state {
        ClockState::Running => said(clock, terms, now, language),
        ClockState::Paused(since) => fill(&t.case.paused_since, &[("date", &moment(since))]),
        ClockState::Met(at) => fill(&t.case.met, &[("date", &moment(at))]),
        ClockState::Lifted(at) => fill(&t.case.lifted, &[("date", &moment(at))]),
    };
    let open = matches!(clock.state, ClockState::Running | ClockState::Paused(_));
    let extended =
        (clock.extended_days > 0).then(|| fill(&t.case.extended, &[("days", &clock.extended_days.to_string())]));
    let forward_by = clock.is_running().then(|| terms.forward_by(clock)).flatten().map(|(at, citation)| {
        let when = dates::deadline(at, now, DayUnit::Calendar, &terms.calendar, language);
        fill(&t.case.forward_by, &[("when", &when), ("citation", &cited(citation, t))])
    });
    ClockView {
        term: clock.term.clone(),
        citation: cited(&clock.citation, t),
        text,
        class: pressure(clock, now).class(),
        bar: pressure(clock, now).bar(),
        percent: percent(clock, now),
        open,
        extended,
        extension: extension(clock, terms, now).map(|extension| ExtensionView {
            label: fill(&t.case.extend, &[("days", &extension.days.to_string())]),
            hint: fill(&t.case.extend_hint, &[("citation", &cited(&extension.citation, t))]),
        }),
        forward_by,
    }
}

/// A citation as it is printed: an article between two others carries its number raised (`6¹`), and what the institution
/// set itself is said in the reader's language.
fn cited(citation: &str, t: &Texts) -> String {
    [("^1", "¹"), ("^2", "²"), ("^3", "³"), (desk::clock::SERVICE_TARGET, t.case.own_target.as_str())]
        .into_iter()
        .fold(citation.to_owned(), |text, (plain, raised)| text.replace(plain, raised))
}

/// The extension that could be given now: what the rule itself says of a trial.
fn extension<'a>(clock: &Clock, terms: &'a Terms, now: Timestamp) -> Option<&'a Extension> {
    terms.extend(&mut clock.clone(), now).ok()?;
    terms.term(&clock.term)?.extension.as_ref()
}
