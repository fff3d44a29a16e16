//! What a line is on a written page: a heading, an item of a list, a rule; its signs are not said.

/// How a line is to be ended when it brings no mark of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Nothing is said.
    Blank,
    Heading,
    Item,
    Plain,
}

/// A line's layout, and what is left to read.
pub(crate) fn layout(line: &str) -> (Layout, &str) {
    let body = line.trim();
    let quoted = body.trim_start_matches(['>', ' ']);
    if quoted.is_empty() || quoted.chars().all(|mark| "-*=_~|:+ ".contains(mark)) {
        return (Layout::Blank, "");
    }
    // Fewer signs than `>` in front of a number or word that it compares stay with it.
    let body = if body.starts_with("> ") || body.starts_with(">>") { quoted } else { body };
    // A row of a table is read as an item: its cells are parted by the pipes within.
    if let Some(row) = body.strip_prefix('|') {
        return (Layout::Item, row.strip_suffix('|').unwrap_or(row).trim());
    }
    let heading = body.trim_start_matches('#');
    if heading.len() < body.len() && heading.starts_with(' ') {
        return (Layout::Heading, heading.trim().trim_end_matches('#').trim_end());
    }
    let mut marks = body.chars();
    let bullet = match marks.next() {
        Some('-' | '*' | '+' | '–' | '—') => marks.as_str().starts_with(' '),
        Some('•' | '·' | '▪' | '●' | '◦' | '■' | '‣' | '✓' | '✔' | '☐' | '☑' | '→' | '➤') => {
            true
        }
        _ => false,
    };
    if !bullet {
        return (Layout::Plain, body);
    }
    let item = marks.as_str().trim_start();
    let ticked = ["[ ] ", "[x] ", "[X] "].iter().find_map(|sign| item.strip_prefix(sign)).map(str::trim_start);
    (Layout::Item, ticked.filter(|rest| rest.contains(char::is_alphanumeric)).unwrap_or(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_lists_and_headings_are_taken_off() {
        assert_eq!(layout("## Acte necesare"), (Layout::Heading, "Acte necesare"));
        assert_eq!(layout("  - [x] cererea"), (Layout::Item, "cererea"));
        assert_eq!(layout("• taxa"), (Layout::Item, "taxa"));
        assert_eq!(layout("|---|---|").0, Layout::Blank);
        assert_eq!(layout("-5 grade"), (Layout::Plain, "-5 grade"));
    }
}
