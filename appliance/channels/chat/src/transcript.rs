//! A conversation as plain text, to be kept by the citizen.

use std::fmt::Write as _;

use desk::ids::ConversationId;
use desk::ports::PortResult;

use crate::access::Access;
use crate::view::{TurnView, Viewer};

/// How many turns are loaded at once.
const BATCH: u32 = 200;
/// The longest transcript, in turns: far beyond any conversation of people.
const MOST: usize = 5_000;

/// Turns after number `after` as views, with what the citizen said of them.
pub(crate) async fn turns(viewer: &Viewer, id: ConversationId, after: u64, limit: u32) -> PortResult<Vec<TurnView>> {
    let conversations = &viewer.app.parts.conversations;
    let turns = conversations.turns(id, after, limit).await?;
    let feedback = if turns.is_empty() { Vec::new() } else { conversations.feedback_of(id).await? };
    let mut views = Vec::with_capacity(turns.len());
    for turn in &turns {
        let said = feedback.iter().find(|(id, _)| *id == turn.id).map(|(_, feedback)| feedback);
        views.push(viewer.turn(turn, said).await);
    }
    Ok(views)
}

/// Every turn.
pub(crate) async fn all_turns(viewer: &Viewer, id: ConversationId) -> PortResult<Vec<TurnView>> {
    let mut all: Vec<TurnView> = Vec::new();
    loop {
        let after = all.last().map_or(0, |turn| turn.number);
        let batch = turns(viewer, id, after, BATCH).await?;
        let complete = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        all.extend(batch);
        if complete || all.len() >= MOST {
            return Ok(all);
        }
    }
}

/// The transcript.
pub(crate) async fn render(viewer: &Viewer, access: &Access) -> PortResult<String> {
    let plain = Viewer { html: false, ..viewer.clone() };
    let t = viewer.texts();
    let conversation = plain.conversation(&access.conversation, &access.secret).await?;
    let institution = viewer.app.parts.config.institution.get(viewer.language);
    let now = ui::dates::full(viewer.app.parts.time.now(), viewer.language);
    let mut text = ui::fill(&t.transcript.title, &[("institution", institution)]);
    let id = conversation.id.to_string();
    // Writing into a String does not fail.
    let _ = writeln!(text, "\n{}", ui::fill(&t.transcript.conversation, &[("id", &id), ("date", &now)]));
    if let Some(case) = &conversation.case {
        let _ = writeln!(text, "{}: {}", t.banner.reference, case.reference);
        let _ = writeln!(text, "{}: {}", t.banner.department, case.department);
        if let (Some(due), Some(citation)) = (&case.due_text, &case.citation) {
            let _ = writeln!(text, "{}: {due} [{citation}]", t.banner.due);
        }
    }
    for turn in all_turns(&plain, access.conversation.id).await? {
        let words = if turn.author == "assistant" { ui::markdown::to_text(&turn.text) } else { turn.text.clone() };
        let _ = writeln!(text, "\n[{}] {}\n{words}", turn.at_text, turn.name);
        for file in &turn.attachments {
            let _ = writeln!(text, "[{}: {}, {}]", t.turn.file, file.name, file.size);
        }
        for choice in &turn.choices {
            let _ = writeln!(text, "  {}. {}", choice.number, choice.label);
        }
        for source in &turn.sources {
            let validity = if source.validity.is_empty() { String::new() } else { format!(" ({})", source.validity) };
            let _ = writeln!(text, "{}: {}, {}{validity}", t.transcript.source, source.title, source.institution);
        }
    }
    Ok(text)
}
