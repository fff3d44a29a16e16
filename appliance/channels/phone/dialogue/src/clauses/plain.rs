//! Marks taken off a text: what remains is words, in lines, without an address that nobody can hold in his ear.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// A line of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its words.
    pub(crate) text: String,
    /// Whether it is an item of a list.
    pub(crate) item: bool,
}

/// The lines of a Markdown text, and whether they named an address that was shortened.
pub(crate) fn lines(markdown: &str, mail: &str) -> (Vec<Line>, bool) {
    let mut lines: Vec<Line> = Vec::new();
    let (mut text, mut depth, mut linked) = (String::new(), 0_usize, false);
    let flush = |text: &mut String, lines: &mut Vec<Line>, item: bool| {
        let words = std::mem::take(text).split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            lines.push(Line { text: words, item });
        }
    };
    for event in Parser::new(markdown) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::SoftBreak => text.push(' '),
            Event::Start(Tag::Link { .. }) => linked = true,
            Event::Start(Tag::Item) => {
                flush(&mut text, &mut lines, depth > 0);
                depth += 1;
            }
            Event::End(TagEnd::Item) => {
                flush(&mut text, &mut lines, true);
                depth = depth.saturating_sub(1);
            }
            Event::HardBreak
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::BlockQuote(_)) => {
                flush(&mut text, &mut lines, depth > 0);
            }
            _ => {}
        }
    }
    flush(&mut text, &mut lines, depth > 0);
    let mut shortened = linked;
    for line in &mut lines {
        let (spoken, cut) = without_addresses(&line.text, mail);
        line.text = spoken;
        shortened |= cut;
    }
    (lines, shortened)
}

/// A short text as it is spoken: a label, a title.
pub(crate) fn plain(markdown: &str) -> String {
    let (lines, _) = lines(markdown, "");
    lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join(". ")
}

/// A page is named by its host, as people do; a mail address by what it is. Whether something was left out.
fn without_addresses(line: &str, mail: &str) -> (String, bool) {
    let mut cut = false;
    let words: Vec<String> = line
        .split(' ')
        .map(|word| {
            let core = word.trim_matches(|c: char| "()[]<>„”“\"',;:.!?".contains(c));
            let Some(spoken) = spoken(core, mail) else { return word.to_owned() };
            cut |= spoken != core;
            word.replacen(core, &spoken, 1)
        })
        .collect();
    (words.join(" "), cut)
}

fn spoken(word: &str, mail: &str) -> Option<String> {
    if word.contains('@') && word.len() > 3 {
        return Some(mail.to_owned());
    }
    let bare = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"));
    let address = bare.unwrap_or(word);
    let address = address.strip_prefix("www.").unwrap_or(address);
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.')
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        && host.rsplit('.').next().is_some_and(|end| end.len() >= 2 && end.chars().all(|c| c.is_ascii_lowercase()));
    (is_host && (bare.is_some() || address.len() < word.len() || host.len() < address.len())).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_taken_off_and_lists_remain_lists() {
        let (lines, _) =
            lines("Cereți un act **nou**:\n\n1. Alegeți *actul*\n2. Programați-vă.\n\n## Apoi\nVeniți.", "");
        let found: Vec<(&str, bool)> = lines.iter().map(|line| (line.text.as_str(), line.item)).collect();
        let expected = [
            ("Cereți un act nou:", false),
            ("Alegeți actul", true),
            ("Programați-vă.", true),
            ("Apoi", false),
            ("Veniți.", false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn no_address_is_read_letter_by_letter() {
        let text = "Intrați pe https://hub.mai.gov.ro/cereri/noi?tip=3 sau scrieți la petitii@mai.gov.ro.";
        let (lines, cut) = lines(text, "adresa de e-mail");
        assert_eq!(lines[0].text, "Intrați pe hub.mai.gov.ro sau scrieți la adresa de e-mail.");
        assert!(cut);
        assert_eq!(plain("[aici](https://hub.mai.gov.ro)"), "aici");
        assert_eq!(plain("pe hub.mai.gov.ro, art. 12 și 3.5 lei"), "pe hub.mai.gov.ro, art. 12 și 3.5 lei");
    }

    proptest! {
        #[test]
        fn of_any_link_only_the_host_is_left(path in "[a-z0-9/?=&._-]{0,40}", before in "[a-zșț ]{0,20}") {
            let (lines, _) = lines(&format!("{before} la https://hub.mai.gov.ro/{path}"), "");
            let text: String = lines.into_iter().map(|line| line.text).collect();
            prop_assert!(text.contains("hub.mai.gov.ro") && !text.contains('/'), "{}", text);
        }
    }
}
