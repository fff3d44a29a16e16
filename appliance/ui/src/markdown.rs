//! Markdown of articles and answers as safe HTML: paragraphs, headings, lists, emphasis and links, nothing else.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// Renders `text`. Raw HTML becomes text, images their description, links lead to http, https, mailto or tel only. A
/// heading of the text is never the page's own: its level is lowered by one, to `h2` at most.
#[must_use]
pub fn to_html(text: &str) -> String {
    let mut output = String::with_capacity(text.len() * 3 / 2);
    // Links that are not let through leave their words; they close in the order they opened, as links do not nest.
    let mut dropped = 0_usize;
    let events = Parser::new_ext(text, Options::empty()).filter_map(move |event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Link { dest_url, .. }) => {
            if let Some(opening) = opening(&dest_url) {
                Some(Event::InlineHtml(CowStr::from(opening)))
            } else {
                dropped += 1;
                None
            }
        }
        Event::End(TagEnd::Link) => {
            if dropped > 0 {
                dropped -= 1;
                None
            } else {
                Some(Event::InlineHtml(CowStr::from("</a>")))
            }
        }
        Event::Start(Tag::Image { .. } | Tag::HtmlBlock | Tag::MetadataBlock(_))
        | Event::End(TagEnd::Image | TagEnd::HtmlBlock | TagEnd::MetadataBlock(_)) => None,
        Event::Start(Tag::Heading { level, .. }) => {
            Some(Event::Start(Tag::Heading { level: lower(level), id: None, classes: vec![], attrs: vec![] }))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(lower(level)))),
        other => Some(other),
    });
    html::push_html(&mut output, events);
    output
}

fn lower(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H2, H3, H4};
    match level {
        pulldown_cmark::HeadingLevel::H1 | H2 => H2,
        H3 => H3,
        _ => H4,
    }
}

/// The opening tag of a link, if it may lead there.
fn opening(address: &str) -> Option<String> {
    let scheme = address.split_once(':')?.0.to_ascii_lowercase();
    let outside = matches!(scheme.as_str(), "http" | "https");
    if !(outside || matches!(scheme.as_str(), "mailto" | "tel")) {
        return None;
    }
    let mut escaped = String::new();
    html::push_html(&mut escaped, std::iter::once(Event::Text(CowStr::from(address))));
    let escaped = escaped.replace('"', "&quot;");
    let rest = if outside { " rel=\"noopener noreferrer\" target=\"_blank\"" } else { "" };
    Some(format!("<a href=\"{escaped}\"{rest}>"))
}

/// The words alone, one line a paragraph or list item: for plain-text transcripts.
#[must_use]
pub fn to_text(text: &str) -> String {
    let mut output = String::new();
    for event in Parser::new_ext(text, Options::empty()) {
        match event {
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                output.push_str(&words);
            }
            Event::SoftBreak => output.push(' '),
            Event::HardBreak | Event::Rule => output.push('\n'),
            Event::Start(Tag::Item) => {
                if !output.is_empty() && !output.ends_with('\n') {
                    output.push('\n');
                }
                output.push_str("- ");
            }
            Event::Start(Tag::Link { link_type: LinkType::Autolink | LinkType::Email, .. }) => {}
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::Heading(_) | TagEnd::List(_))
                if !output.ends_with('\n') =>
            {
                output.push('\n');
            }
            _ => {}
        }
    }
    output.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_keeps_its_paragraphs_lists_and_emphasis() {
        assert_eq!(
            to_html("Aduceți **actul**.\n\n1. Unu\n2. Doi"),
            "<p>Aduceți <strong>actul</strong>.</p>\n<ol>\n<li>Unu</li>\n<li>Doi</li>\n</ol>\n"
        );
    }

    #[test]
    fn a_link_leads_outside_safely() {
        let html = to_html("[portal](https://hub.mai.gov.ro/?a=\"b\"&c=1)");
        assert!(html.contains("rel=\"noopener noreferrer\""), "{html}");
        assert!(html.contains("&amp;c=1"), "{html}");
    }

    #[test]
    fn what_could_run_is_shown_or_dropped() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[a](javascript:alert(1))",
            "[a](data:text/html,x)",
            "![x](https://elsewhere/pixel.gif)",
        ] {
            let html = to_html(hostile);
            assert!(
                !html.contains("<script") && !html.contains("<img") && !html.contains("href"),
                "{hostile} → {html}"
            );
        }
    }

    #[test]
    fn a_text_is_read_without_its_marks() {
        assert_eq!(to_text("**Da**, [aici](https://a.ro):\n\n- unu\n- doi"), "Da, aici:\n- unu\n- doi");
    }

    proptest! {
        #[test]
        fn no_text_makes_an_element_that_runs(text in "[<>\\[\\]()!a-z:/\"'= *#\\n-]{0,80}") {
            let html = to_html(&text);
            for tag in html.split('<').skip(1).map(|rest| rest.split(['>', ' ', '\n']).next().unwrap_or_default()) {
                let known = ["p", "a", "h2", "h3", "h4", "ul", "ol", "li", "em", "strong", "code", "pre", "br", "hr",
                    "blockquote", "table"];
                prop_assert!(known.contains(&tag.trim_matches('/')), "{tag} in {html}");
            }
        }
    }
}
