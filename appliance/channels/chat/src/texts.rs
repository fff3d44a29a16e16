//! What citizens read, in every language.

use desk::language::Language;
use serde::{Deserialize, Serialize};
use ui::Translations;

static TEXTS: Translations<Texts> = Translations::new(
    include_str!("../texts/ro.toml"),
    include_str!("../texts/hu.toml"),
    include_str!("../texts/en.toml"),
);

/// The texts in `language`.
pub(crate) fn texts(language: Language) -> &'static Texts {
    TEXTS.get(language)
}

/// What citizens read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) page: PageTexts,
    pub(crate) turn: TurnTexts,
    pub(crate) composer: ComposerTexts,
    pub(crate) voice: VoiceTexts,
    pub(crate) banner: BannerTexts,
    pub(crate) status: StatusTexts,
    pub(crate) source: SourceTexts,
    pub(crate) case: CaseTexts,
    pub(crate) problem: ProblemTexts,
    pub(crate) transcript: TranscriptTexts,
    pub(crate) element: ElementTexts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageTexts {
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) machine: String,
    pub(crate) languages: String,
    pub(crate) suggestions: String,
    pub(crate) follow: String,
    pub(crate) new: String,
    pub(crate) new_hint: String,
    pub(crate) transcript: String,
    pub(crate) privacy: String,
    pub(crate) earlier: String,
    pub(crate) home: String,
    pub(crate) refresh: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TurnTexts {
    pub(crate) citizen: String,
    pub(crate) assistant: String,
    pub(crate) staff: String,
    pub(crate) bring: String,
    pub(crate) cost: String,
    pub(crate) time: String,
    pub(crate) place: String,
    pub(crate) source: String,
    pub(crate) sources: String,
    pub(crate) valid_from: String,
    pub(crate) checked: String,
    pub(crate) unconfirmed: String,
    pub(crate) choices: String,
    pub(crate) useful: String,
    pub(crate) yes: String,
    pub(crate) no: String,
    pub(crate) why: String,
    pub(crate) why_send: String,
    pub(crate) thanks_yes: String,
    pub(crate) thanks_no: String,
    pub(crate) person: String,
    pub(crate) file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComposerTexts {
    pub(crate) label: String,
    pub(crate) hint: String,
    pub(crate) send: String,
    pub(crate) attach: String,
    pub(crate) attach_hint: String,
    pub(crate) person: String,
    pub(crate) person_says: String,
    pub(crate) empty: String,
    pub(crate) too_long: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoiceTexts {
    pub(crate) listen: String,
    pub(crate) speak: String,
    pub(crate) speak_hint: String,
    pub(crate) too_long: String,
    pub(crate) unreadable: String,
    pub(crate) silent: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BannerTexts {
    pub(crate) heading_queue: String,
    pub(crate) heading_operator: String,
    pub(crate) heading_done: String,
    pub(crate) department: String,
    pub(crate) reference: String,
    pub(crate) registered: String,
    pub(crate) next: String,
    pub(crate) next_queue: String,
    pub(crate) next_operator: String,
    pub(crate) next_waiting: String,
    pub(crate) next_forwarded: String,
    pub(crate) next_done: String,
    pub(crate) due: String,
    pub(crate) back: String,
    pub(crate) back_text: String,
    pub(crate) back_link: String,
    pub(crate) service_target: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusTexts {
    pub(crate) assistant: String,
    pub(crate) queue: String,
    pub(crate) operator: String,
    pub(crate) closed: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTexts {
    pub(crate) validity: String,
    pub(crate) valid_from: String,
    pub(crate) valid_until: String,
    pub(crate) version: String,
    pub(crate) facts: String,
    pub(crate) sources: String,
    pub(crate) accessed: String,
    pub(crate) to_confirm: String,
    pub(crate) missing: String,
    pub(crate) missing_text: String,
    pub(crate) ask: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseTexts {
    pub(crate) title: String,
    pub(crate) intro: String,
    pub(crate) reference: String,
    pub(crate) reference_hint: String,
    pub(crate) key: String,
    pub(crate) key_hint: String,
    pub(crate) show: String,
    pub(crate) wrong: String,
    pub(crate) state: String,
    pub(crate) opened: String,
    pub(crate) subject: String,
    pub(crate) conversation: String,
    pub(crate) go_on: String,
    pub(crate) states: CaseStateTexts,
    pub(crate) kinds: CaseKindTexts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseStateTexts {
    pub(crate) new: String,
    pub(crate) in_progress: String,
    pub(crate) waiting_for_citizen: String,
    pub(crate) forwarded: String,
    pub(crate) resolved: String,
    pub(crate) closed: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseKindTexts {
    pub(crate) label: String,
    pub(crate) question: String,
    pub(crate) incident: String,
    pub(crate) petition: String,
    pub(crate) public_information: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProblemTexts {
    pub(crate) title: String,
    pub(crate) kept: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscriptTexts {
    pub(crate) title: String,
    pub(crate) conversation: String,
    pub(crate) source: String,
}

/// What the element in the browser says by itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ElementTexts {
    pub(crate) open: String,
    pub(crate) close: String,
    pub(crate) sending: String,
    pub(crate) unsent: String,
    pub(crate) offline: String,
    pub(crate) working: String,
    pub(crate) typing: String,
    pub(crate) copied: String,
    pub(crate) copy: String,
    pub(crate) remove: String,
    pub(crate) uploading: String,
    pub(crate) upload_failed: String,
    pub(crate) again: String,
    pub(crate) stop: String,
    pub(crate) loading: String,
    pub(crate) started: String,
    pub(crate) recording: String,
    pub(crate) hearing: String,
    pub(crate) check: String,
    pub(crate) nothing_heard: String,
    pub(crate) microphone_refused: String,
    pub(crate) microphone_missing: String,
    pub(crate) hear_failed: String,
    pub(crate) listen_failed: String,
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_there_in_every_language() {
        super::TEXTS.check().unwrap();
    }
}
