//! One way to write every character: the old cedilla letters become the comma letters of Romanian, accents are
//! composed, and what cannot be seen is gone.

use desk::article::Article;
use desk::guide::Guide;
use desk::language::Localized;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

const CEDILLA: char = '\u{327}';
const COMMA_BELOW: char = '\u{326}';

/// `text` with comma-below letters, composed accents, `\n` line ends and without invisible characters.
pub(super) fn clean(text: &str) -> String {
    let mut returned = false;
    let visible = text.chars().filter_map(|character| {
        let after_return = std::mem::replace(&mut returned, character == '\r');
        match character {
            '\n' if after_return => None,
            '\r' | '\n' => Some('\n'),
            '\t' => Some('\t'),
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => None,
            other => (!other.is_control()).then_some(other),
        }
    });
    let mut letter = ' ';
    let comma_below = visible.nfd().map(|character| {
        if character == CEDILLA && matches!(letter, 's' | 'S' | 't' | 'T') {
            return COMMA_BELOW;
        }
        if !is_combining_mark(character) {
            letter = character;
        }
        character
    });
    comma_below.nfc().collect()
}

/// `text` cleaned, on one line, with single spaces.
pub(super) fn clean_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cleans every text of an article; its id stays as it was written.
pub(super) fn clean_article(article: &mut Article) {
    line(&mut article.title);
    lines(&mut article.asked_as);
    line(&mut article.department);
    line(&mut article.owner);
    lines(&mut article.review);
    lines(&mut article.facts.bring);
    for fact in [&mut article.facts.cost, &mut article.facts.time, &mut article.facts.r#where] {
        fact.iter_mut().for_each(line);
        fact.take_if(|text| text.is_empty());
    }
    for source in &mut article.sources {
        line(&mut source.title);
        line(&mut source.institution);
    }
    article.body = body(&article.body);
}

/// Cleans every text of a guide; ids stay as they were written.
pub(super) fn clean_guide(guide: &mut Guide) {
    line(&mut guide.department);
    lines(&mut guide.review);
    localized(&mut guide.title, line);
    localized(&mut guide.asked_as, lines);
    for step in &mut guide.steps {
        localized(&mut step.say, line);
        step.choices.iter_mut().for_each(|choice| localized(&mut choice.label, line));
    }
}

/// Cleaned, without blank lines at either end and without spaces at the end.
fn body(text: &str) -> String {
    let cleaned = clean(text);
    let mut rest = cleaned.trim_end();
    // Spaces that indent the first line belong to it.
    while let Some((first, after)) = rest.split_once('\n') {
        if !first.trim().is_empty() {
            break;
        }
        rest = after;
    }
    rest.to_owned()
}

fn line(text: &mut String) {
    *text = clean_line(text);
}

fn lines(texts: &mut Vec<String>) {
    texts.iter_mut().for_each(line);
    texts.retain(|text| !text.is_empty());
}

fn localized<T>(texts: &mut Localized<T>, mut change: impl FnMut(&mut T)) {
    [&mut texts.ro, &mut texts.hu, &mut texts.en].into_iter().for_each(&mut change);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cedilla_letters_become_comma_letters_however_they_are_composed() {
        assert_eq!(clean("Şos. Ţepeş, ţară, s\u{327}i s\u{326}i"), "Șos. Țepeș, țară, și și");
        assert_eq!(clean("a\r\nb\rc\u{ad}d\u{0}\u{feff}"), "a\nb\ncd");
        assert_eq!(clean_line("  Carte \n de\u{a0}identitate "), "Carte de identitate");
        assert_eq!(body("\n \n    cod\nrând  \n\n"), "    cod\nrând");
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(text in "\\PC{0,60}|[sStT\u{327}\u{326}\r\n ]{0,20}") {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once);
        }
    }
}
