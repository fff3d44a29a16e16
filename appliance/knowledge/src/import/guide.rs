//! Guides in TOML: read strictly, checked so that every way leads somewhere, and in every language.

use desk::guide::Guide;
use desk::language::{Language, Localized};
use toml::Table;

use super::{Note, Refusal, blanks, characters, keys, plain};

const KEYS: [&str; 9] = ["id", "department", "state", "review", "start", "title", "asked_as", "articles", "steps"];
const STEP: [&str; 5] = ["id", "say", "article", "choices", "end"];
const CHOICE: [&str; 2] = ["label", "next"];
const LANGUAGES: [&str; 3] = ["ro", "hu", "en"];

/// The guide in `text`.
pub(super) fn read(text: &str, notes: &mut Vec<Note>) -> Result<Guide, Refusal> {
    let damaged = |error| Refusal::toml(text, 0, &error);
    check_keys(&toml::from_str(text).map_err(damaged)?)?;
    let mut guide: Guide = toml::from_str(text).map_err(damaged)?;
    characters::clean_guide(&mut guide);
    plain::check_id(&guide.id.0)?;
    guide.check().map_err(Refusal::Guide)?;
    check_languages(&guide)?;
    blanks::hold_back_guide(&mut guide, notes);
    Ok(guide)
}

fn check_keys(table: &Table) -> Result<(), Refusal> {
    keys::check(table, "", &KEYS)?;
    for text in ["title", "asked_as"] {
        keys::check_under(table, "", text, &LANGUAGES)?;
    }
    for step in keys::tables(table, "steps") {
        keys::check(step, "steps.", &STEP)?;
        keys::check_under(step, "steps.", "say", &LANGUAGES)?;
        for choice in keys::tables(step, "choices") {
            keys::check(choice, "steps.choices.", &CHOICE)?;
            keys::check_under(choice, "steps.choices.", "label", &LANGUAGES)?;
        }
    }
    Ok(())
}

fn check_languages(guide: &Guide) -> Result<(), Refusal> {
    spoken("title", &guide.title, String::is_empty)?;
    spoken("asked_as", &guide.asked_as, Vec::is_empty)?;
    for step in &guide.steps {
        spoken(&format!("say of step {}", step.id.0), &step.say, String::is_empty)?;
        for choice in &step.choices {
            let place = format!("label to {} of step {}", choice.next.0, step.id.0);
            spoken(&place, &choice.label, String::is_empty)?;
        }
    }
    Ok(())
}

fn spoken<T>(place: &str, text: &Localized<T>, empty: impl Fn(&T) -> bool) -> Result<(), Refusal> {
    match Language::ALL.into_iter().find(|language| empty(text.get(*language))) {
        Some(language) => Err(Refusal::Untranslated { place: place.to_owned(), language }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use desk::article::ArticleState;
    use desk::guide::GuideError;

    use super::*;

    const GUIDE: &str = r#"
id = "cont"
state = "published"
start = "ce"
title = { ro = "Nu pot intra în cont", hu = "Nem tudok belépni", en = "I cannot sign in" }
asked_as = { ro = ["nu merge contul"], hu = ["nem megy"], en = ["login"] }
[[steps]]
id = "ce"
say = { ro = "Ce se întîmplă şi când?", hu = "Mi történik?", en = "What happens?" }
[[steps.choices]]
label = { ro = "Am uitat parola", hu = "Elfelejtettem", en = "Forgot" }
next = "gata"
[[steps.choices]]
label = { ro = "Altceva", hu = "Más", en = "Other" }
next = "om"
[[steps]]
id = "gata"
say = { ro = "Resetați parola.", hu = "Állítsa vissza.", en = "Reset it." }
end = "answered"
[[steps]]
id = "om"
say = { ro = "Vă preia un om.", hu = "Átveszi egy kolléga.", en = "A person takes over." }
end = "hand_off"
"#;

    fn read(text: &str) -> Result<Guide, Refusal> {
        super::read(text, &mut Vec::new())
    }

    #[test]
    fn a_guide_is_taken_with_its_letters_corrected() {
        let guide = read(GUIDE).unwrap();
        assert_eq!((guide.id.0.as_str(), guide.state, guide.steps.len()), ("cont", ArticleState::Published, 3));
        assert_eq!(guide.steps[0].say.ro, "Ce se întîmplă și când?");
    }

    #[test]
    fn a_guide_that_leads_nowhere_is_refused() {
        let refused = read(&GUIDE.replace("next = \"om\"", "next = \"nimic\"")).unwrap_err();
        assert!(matches!(refused, Refusal::Guide(GuideError::Dangling { .. })), "{refused}");
    }

    #[test]
    fn a_text_that_one_language_lacks_is_refused_with_its_place() {
        let refused = read(&GUIDE.replace("hu = \"Más\"", "hu = \" \"")).unwrap_err();
        assert!(
            matches!(&refused, Refusal::Untranslated { place, language: Language::Hu } if place == "label to om of step ce"),
            "{refused}"
        );
    }

    #[test]
    fn an_unknown_key_is_refused_wherever_it_stands() {
        for (from, to, name) in [
            ("start =", "beginning = 1\nstart =", "beginning"),
            ("end = \"hand_off\"", "end = \"hand_off\"\nsource = \"x\"", "steps.source"),
            ("next = \"om\"", "next = \"om\"\nkey = 2", "steps.choices.key"),
            ("en = \"Other\"", "en = \"Other\", de = \"Anderes\"", "steps.choices.label.de"),
        ] {
            let refused = read(&GUIDE.replacen(from, to, 1)).unwrap_err();
            assert!(matches!(&refused, Refusal::UnknownKey { key } if key == name), "{refused}");
        }
    }

    #[test]
    fn a_guide_with_a_blank_is_not_published() {
        let mut notes = Vec::new();
        let guide = super::read(&GUIDE.replace("Reset it.", "Call [[to confirm: number]]."), &mut notes).unwrap();
        assert_eq!(guide.state, ArticleState::Draft);
        assert!(matches!(notes[..], [Note::GuideBlanks { blanks: 1 }]));
    }
}
