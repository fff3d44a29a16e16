//! Everything that is said to citizens, in one place per language: a text that is missing in one does not compile.
//!
//! Voice: formal and short, verb first, one idea a sentence, no exclamation marks, never blame. Where the same moment may
//! come twice there are several variants, because the assistant never repeats itself word for word.

mod en;
mod hu;
mod ro;

use desk::language::Language;

/// What is said, in one language. `{…}` is filled in by [`fill`].
pub(crate) struct Phrases {
    /// That a machine answers and a person can be asked for; said once.
    pub(crate) machine_notice: &'static str,
    /// Back to a greeting.
    pub(crate) greeting: &'static [&'static str],
    /// Back to thanks.
    pub(crate) thanks: &'static [&'static str],
    /// Back to a good-bye.
    pub(crate) goodbye: &'static [&'static str],
    /// Back to "I see".
    pub(crate) acknowledge: &'static [&'static str],
    /// Back to "I have a question".
    pub(crate) listening: &'static [&'static str],
    /// Back to "how are you".
    pub(crate) small_talk: &'static [&'static str],
    /// Back to "are you a machine".
    pub(crate) robot: &'static [&'static str],
    /// Back to "who are you".
    pub(crate) who: &'static [&'static str],
    /// Back to "what can you do".
    pub(crate) capabilities: &'static [&'static str],
    /// Back to a bare "help".
    pub(crate) help: &'static [&'static str],
    /// Once the language was changed.
    pub(crate) language_switched: &'static [&'static str],
    /// Back to no words at all.
    pub(crate) empty: &'static [&'static str],
    /// Back to files without words.
    pub(crate) attachment_only: &'static [&'static str],
    /// Back to "leave it".
    pub(crate) cancelled: &'static [&'static str],
    /// Back to "no, I meant" without what.
    pub(crate) corrected: &'static [&'static str],
    /// Asks for other words.
    pub(crate) rephrase: &'static [&'static str],
    /// Asks which of the choices.
    pub(crate) choose_one: &'static [&'static str],
    /// Before something said again.
    pub(crate) again: &'static [&'static str],
    /// Nothing was said yet that could be repeated.
    pub(crate) nothing_to_repeat: &'static [&'static str],
    /// Back to "that was no answer".
    pub(crate) dissatisfied: &'static [&'static str],
    /// The choice is no longer there.
    pub(crate) choice_gone: &'static [&'static str],
    /// Somebody is in danger.
    pub(crate) emergency: &'static [&'static str],
    /// Somebody thinks of ending his life.
    pub(crate) distress: &'static [&'static str],
    /// The helpline, where one is configured: `{helpline}`.
    pub(crate) helpline: &'static str,
    /// Back to a threat.
    pub(crate) threat: &'static [&'static str],
    /// Back to insults.
    pub(crate) abuse: &'static [&'static str],
    /// Back to orders to the machine.
    pub(crate) injection: &'static [&'static str],
    /// Back to a question about another person's data.
    pub(crate) others_data: &'static [&'static str],
    /// Asks which subject is meant.
    pub(crate) clarify: &'static [&'static str],
    /// Label: none of these.
    pub(crate) something_else: &'static str,
    /// Label: a person.
    pub(crate) person: &'static str,
    /// A person was asked for.
    pub(crate) hand_off_requested: &'static [&'static str],
    /// The knowledge base does not hold it.
    pub(crate) hand_off_unknown: &'static [&'static str],
    /// It is not sure enough.
    pub(crate) hand_off_unsure: &'static [&'static str],
    /// A petition is lodged.
    pub(crate) hand_off_petition: &'static [&'static str],
    /// A request for public information is lodged.
    pub(crate) hand_off_information: &'static [&'static str],
    /// One's own file.
    pub(crate) hand_off_own_file: &'static [&'static str],
    /// Something of the institution's does not work.
    pub(crate) hand_off_incident: &'static [&'static str],
    /// What was advised did not help.
    pub(crate) hand_off_still: &'static [&'static str],
    /// A guide ends with a person.
    pub(crate) hand_off_guide: &'static [&'static str],
    /// The assistant failed.
    pub(crate) hand_off_failure: &'static [&'static str],
    /// Label of a fact: what it costs.
    pub(crate) cost: &'static str,
    /// Label of a fact: how long it takes.
    pub(crate) time: &'static str,
    /// Label of a fact: where to go.
    pub(crate) place: &'static str,
    /// Label of a fact: what to bring.
    pub(crate) papers: &'static str,
    /// The cost is not known: `{title}`.
    pub(crate) unknown_cost: &'static str,
    /// The time is not known: `{title}`.
    pub(crate) unknown_time: &'static str,
    /// The place is not known: `{title}`.
    pub(crate) unknown_place: &'static str,
    /// The papers are not known: `{title}`.
    pub(crate) unknown_papers: &'static str,
    /// The answer is known in another language only: `{language}`.
    pub(crate) other_language: &'static str,
    /// The languages, as `{language}` wants them: Romanian, Hungarian, English.
    pub(crate) languages: [&'static str; 3],
}

impl Phrases {
    /// The phrases of `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::Ro => &ro::PHRASES,
            Language::Hu => &hu::PHRASES,
            Language::En => &en::PHRASES,
        }
    }

    /// What an answer may hold beside its source's words.
    pub(crate) fn labels(&self) -> [&'static str; 5] {
        [self.cost, self.time, self.place, self.papers, self.other_language]
    }

    /// The name of `other` within a sentence of this language.
    pub(crate) fn language(&self, other: Language) -> &'static str {
        match other {
            Language::Ro => self.languages[0],
            Language::Hu => self.languages[1],
            Language::En => self.languages[2],
        }
    }
}

/// Puts `value` for `{name}`.
pub(crate) fn fill(template: &str, name: &str, value: &str) -> String {
    template.replace(&format!("{{{name}}}"), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(phrases: &Phrases) -> Vec<&'static [&'static str]> {
        vec![
            phrases.greeting,
            phrases.thanks,
            phrases.goodbye,
            phrases.acknowledge,
            phrases.listening,
            phrases.small_talk,
            phrases.robot,
            phrases.who,
            phrases.capabilities,
            phrases.help,
            phrases.language_switched,
            phrases.empty,
            phrases.attachment_only,
            phrases.cancelled,
            phrases.corrected,
            phrases.rephrase,
            phrases.choose_one,
            phrases.again,
            phrases.nothing_to_repeat,
            phrases.dissatisfied,
            phrases.choice_gone,
            phrases.emergency,
            phrases.distress,
            phrases.threat,
            phrases.abuse,
            phrases.injection,
            phrases.others_data,
            phrases.clarify,
            phrases.hand_off_requested,
            phrases.hand_off_unknown,
            phrases.hand_off_unsure,
            phrases.hand_off_petition,
            phrases.hand_off_information,
            phrases.hand_off_own_file,
            phrases.hand_off_incident,
            phrases.hand_off_still,
            phrases.hand_off_guide,
            phrases.hand_off_failure,
        ]
    }

    #[test]
    fn what_may_come_twice_has_two_wordings_and_no_voice_is_raised() {
        for language in Language::ALL {
            for texts in variants(Phrases::of(language)) {
                assert!(texts.len() >= 2, "{language}: {texts:?}");
                for text in texts {
                    assert!(!text.contains('!') && !text.contains(['ş', 'ţ', 'Ş', 'Ţ']), "{language}: {text}");
                }
            }
        }
    }

    #[test]
    fn places_to_fill_are_the_same_in_every_language() {
        for language in Language::ALL {
            let phrases = Phrases::of(language);
            assert!(phrases.helpline.contains("{helpline}") && phrases.other_language.contains("{language}"));
            let unknown = [phrases.unknown_cost, phrases.unknown_time, phrases.unknown_place, phrases.unknown_papers];
            assert!(unknown.iter().all(|text| text.contains("{title}")));
        }
    }

    #[test]
    fn danger_names_112_in_the_first_sentence() {
        for language in Language::ALL {
            for text in Phrases::of(language).emergency {
                assert!(text.split('.').next().is_some_and(|first| first.contains("112")), "{text}");
            }
        }
    }
}
