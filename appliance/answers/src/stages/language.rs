//! Decides in which language the citizen is answered: the one he writes, unless the text is too short to tell.

use crate::context::{Context, Verdict};

/// How sure the detection must be to leave the language of the conversation.
const TO_SWITCH: f32 = 0.75;

/// The same before the assistant has spoken: the conversation's language is then only the page's.
const TO_BEGIN: f32 = 0.55;

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    let so_far = context.question.conversation.language;
    if context.question.turn.content.pick.is_some() {
        return Verdict::go_on(format!("{so_far}, the conversation's"));
    }
    let detected = knowledge::detect(&context.query, Some(so_far));
    let needed = if context.history.is_first_reply() { TO_BEGIN } else { TO_SWITCH };
    if detected.language == so_far || detected.confidence < needed {
        return Verdict::go_on(format!("{so_far}, detected {} at {:.2}", detected.language, detected.confidence));
    }
    context.language = detected.language;
    Verdict::go_on(format!("{} instead of {so_far}, at {:.2}", detected.language, detected.confidence))
}
