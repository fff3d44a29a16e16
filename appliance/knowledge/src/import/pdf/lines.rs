//! Lines as they stand on pages, back to paragraphs and items.

use crate::import::plain::Found;
use crate::import::writer::{escape, squeeze};

/// A first line longer than this is a sentence, not a title.
const MAX_TITLE_CHARACTERS: usize = 120;

/// A paragraph, or an item with its mark.
#[derive(Default)]
struct Block {
    mark: String,
    text: String,
}

/// The text of `pages`: paragraphs with their lines joined, without page numbers.
pub(super) fn found(pages: &[String]) -> Found {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for page in pages {
        for line in lines(page) {
            if line.is_empty() {
                open = false;
                continue;
            }
            let (mark, text) = item(&line);
            match blocks.last_mut().filter(|_| open && mark.is_empty()) {
                Some(block) => join(&mut block.text, text),
                None => blocks.push(Block { mark, text: text.to_owned() }),
            }
            open = true;
        }
        // A sentence goes on over the end of a page.
        open = blocks.last().is_some_and(|block| !block.text.ends_with(['.', '!', '?', ':', ';']));
    }
    let first_is_title = blocks.first().is_some_and(|block| blocks.len() > 1 && is_title(block));
    let title = first_is_title.then(|| blocks.remove(0).text);
    let mut body = String::new();
    let mut after_item = false;
    for Block { mark, text } in &blocks {
        let separator = if after_item && !mark.is_empty() { "\n" } else { "\n\n" };
        body.push_str(if body.is_empty() { "" } else { separator });
        body.push_str(mark);
        body.push_str(&escape(text));
        after_item = !mark.is_empty();
    }
    Found { title, language: None, body }
}

/// The lines of a page, without its number and the blank lines at its ends.
fn lines(page: &str) -> Vec<String> {
    let furniture =
        |line: &String| line.chars().all(|character| character.is_ascii_digit() || " -–/".contains(character));
    let mut lines: Vec<String> = page.lines().map(squeeze).collect();
    while lines.last().is_some_and(furniture) {
        lines.pop();
    }
    let start = lines.iter().take_while(|line| furniture(line)).count();
    lines.split_off(start)
}

fn is_title(block: &Block) -> bool {
    let Block { mark, text } = block;
    mark.is_empty() && text.chars().count() <= MAX_TITLE_CHARACTERS && !text.ends_with(['.', ';', ',', ':'])
}

/// The mark of an item in Markdown, empty for any other line, and the text after it.
fn item(line: &str) -> (String, &str) {
    let Some((first, rest)) = line.split_once(' ') else { return (String::new(), line) };
    if matches!(first, "-" | "–" | "—" | "•" | "▪" | "●" | "◦" | "\u{f0b7}" | "\u{f0a7}" | "*") {
        return ("- ".to_owned(), rest);
    }
    let number = first.strip_suffix(['.', ')']).filter(|number| (1..=2).contains(&number.len()));
    match number.and_then(|number| number.parse::<u8>().ok()) {
        Some(number) => (format!("{number}. "), rest),
        None => (String::new(), line),
    }
}

/// Adds a line to a paragraph; a word that was divided at its end is put together.
fn join(text: &mut String, line: &str) {
    let divided = text.ends_with('-')
        && text.chars().rev().nth(1).is_some_and(char::is_alphabetic)
        && line.starts_with(char::is_lowercase);
    if divided {
        text.pop();
    } else {
        text.push(' ');
    }
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_paragraphs_and_items_again() {
        let pages = [
            "\n\nCerere de eliberare\n\nSe depune la ghi-\nșeu, cu actul\nde identitate.\n\n1) Completați\n2) Semnați\nla sfârșit\n\nDacă\n\n- 1 -\n",
            "\n2\n\nnu puteți, sunați.\n\n• luni\n• marți\n",
        ]
        .map(str::to_owned);
        let found = found(&pages);
        assert_eq!(found.title.as_deref(), Some("Cerere de eliberare"));
        assert_eq!(
            found.body,
            "Se depune la ghișeu, cu actul de identitate.\n\n1. Completați\n2. Semnați la sfârșit\n\nDacă nu puteți, sunați.\n\n\
             - luni\n- marți"
        );
    }
}
