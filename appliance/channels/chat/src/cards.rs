//! Turns and banners as HTML: rendered here for the page without scripts and for the element alike.

use askama::Template;
use desk::language::Language;
use ui::Html;

use crate::texts::{Texts, texts};
use crate::view::{CaseView, TurnView};

#[derive(Template)]
#[template(path = "turn.html")]
struct TurnCard<'a> {
    turn: &'a TurnView,
    t: &'a Texts,
    body: Html,
    listen: Html,
}

#[derive(Template)]
#[template(path = "listen.html")]
struct Listen<'a> {
    href: &'a str,
    turn: &'a TurnView,
    t: &'a Texts,
    language: Language,
}

#[derive(Template)]
#[template(path = "banner.html")]
struct Banner<'a> {
    case: &'a CaseView,
    t: &'a Texts,
    /// Still somebody's to answer.
    open: bool,
}

/// The turn as a list item.
pub(crate) fn turn(turn: &TurnView, language: Language) -> String {
    let body = match turn.author {
        "assistant" => Html::markdown(&turn.text),
        _ => Html(plain(&turn.text)),
    };
    let t = texts(language);
    let listen = turn.speech.as_deref().map(|href| render(&Listen { href, turn, t, language })).unwrap_or_default();
    render(&TurnCard { turn, t, body, listen: Html(listen) })
}

/// The hand-over.
pub(crate) fn banner(case: &CaseView, language: Language) -> String {
    let open = matches!(case.state.as_str(), "new" | "in_progress" | "waiting_for_citizen");
    render(&Banner { case, t: texts(language), open })
}

fn render(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a card could not be rendered");
        String::new()
    })
}

/// People's words: escaped, in paragraphs, with their addresses as links.
fn plain(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        html.push_str("<p>");
        for (index, line) in paragraph.trim().lines().enumerate() {
            if index > 0 {
                html.push_str("<br>");
            }
            for (index, word) in line.split(' ').enumerate() {
                if index > 0 {
                    html.push(' ');
                }
                word_into(&mut html, word);
            }
        }
        html.push_str("</p>");
    }
    html
}

fn word_into(html: &mut String, word: &str) {
    let address = word.trim_end_matches(['.', ',', ';', ':', ')', '?']);
    let rest = &word[address.len()..];
    let links =
        ["https://", "http://"].iter().any(|scheme| address.len() > scheme.len() && address.starts_with(scheme));
    if links {
        html.push_str("<a href=\"");
        escape_into(html, address);
        html.push_str("\" rel=\"noopener noreferrer\" target=\"_blank\">");
        escape_into(html, address);
        html.push_str("</a>");
        escape_into(html, rest);
    } else {
        escape_into(html, word);
    }
}

fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_escaped_and_addresses_are_links() {
        assert_eq!(plain("a < b\nc\n\nd"), "<p>a &lt; b<br>c</p><p>d</p>");
        let html = plain("Vedeți https://hub.mai.gov.ro/a\"b.");
        assert!(html.contains("href=\"https://hub.mai.gov.ro/a&quot;b\"") && html.ends_with("</a>.</p>"), "{html}");
    }

    proptest! {
        #[test]
        fn no_words_make_an_element(text in "[<>a&\"'h:/. \\n]{0,60}") {
            let html = plain(&text);
            let known = ["p>", "/p>", "br>", "a href=", "/a>"];
            for tag in html.split('<').skip(1) {
                prop_assert!(known.iter().any(|known| tag.starts_with(known)), "{}", html);
            }
        }
    }
}
