//! How deep the elements of a page stand in others, counted before the page is parsed.

/// Elements that have no end, or whose end is often left out.
const WITHOUT_END: [&str; 24] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "wbr",
];

/// Whether more than `limit` elements are open at once in `text`.
pub(super) fn exceeds(text: &str, limit: usize) -> bool {
    let mut rest = text;
    let mut depth = 0_usize;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = after(comment, "-->");
            continue;
        }
        let (closes, tag) = rest.strip_prefix('/').map_or((false, rest), |tag| (true, tag));
        let end = tag.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag[..end].to_ascii_lowercase();
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || WITHOUT_END.contains(&name.as_str()) {
            continue;
        }
        if closes {
            depth = depth.saturating_sub(1);
        } else if name == "script" || name == "style" {
            // Their text is full of signs that open nothing.
            rest = after(tag, &format!("</{}", &tag[..end]));
        } else {
            depth += 1;
        }
        if depth > limit {
            return true;
        }
    }
    false
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_or_needs_no_end_is_not_deep() {
        assert!(!exceeds(&"<p><br><li><b>x</b><!-- <b> -->".repeat(100), 1));
        assert!(!exceeds("<script>if(a<b){c<d}</script><style>a<b</style>", 0));
        assert!(exceeds(&"<DIV>".repeat(3), 2));
    }
}
