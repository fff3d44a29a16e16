//! PDF: the text of its pages, or the page that has none.
//!
//! The reader below trusts its input: it recurses wherever the file tells it to and unpacks whatever is packed. What it
//! would never come back from (a stack overflow cannot be caught) is found before, in [`check`].

mod check;
mod lines;

use std::time::Instant;

use pdf_extract::{Document, MediaBox, OutputDev, OutputError, PlainTextOutput, Transform};

use super::Refusal;
use super::bounded::LIMIT;
use super::plain::Found;

/// More text than this fits no article.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// The text of a document.
pub(super) fn read(bytes: &[u8]) -> Result<Found, Refusal> {
    let deadline = Instant::now() + LIMIT;
    if !bytes[..bytes.len().min(1024)].windows(5).any(|five| five == b"%PDF-") {
        return Err(damaged("it does not begin as one"));
    }
    check::packed(bytes)?;
    let mut document = Document::load_mem(bytes).map_err(damaged)?;
    if document.is_encrypted() {
        document.decrypt("").map_err(|_| Refusal::Protected)?;
    }
    check::structure(&mut document)?;
    let mut pages = Vec::new();
    for page in document.get_pages().into_keys() {
        let mut text = String::new();
        let mut output = Watched { inner: PlainTextOutput::new(&mut text), deadline, left: MAX_TEXT_BYTES };
        match pdf_extract::output_doc_page(&document, &mut output, page) {
            Ok(()) => {}
            Err(_) if Instant::now() >= deadline => return Err(Refusal::Slow { seconds: LIMIT.as_secs() }),
            Err(_) => return Err(Refusal::Page { page }),
        }
        if !text.chars().any(char::is_alphanumeric) {
            return Err(Refusal::NoText { page });
        }
        pages.push(text);
    }
    if pages.is_empty() { Err(damaged("it has no pages")) } else { Ok(lines::found(&pages)) }
}

#[expect(clippy::needless_pass_by_value, reason = "it ends `map_err`, which hands errors over by value")]
fn damaged(reason: impl ToString) -> Refusal {
    Refusal::Damaged { kind: "PDF", reason: reason.to_string() }
}

/// Stops the reader when its time is up or it has written more than anybody will read.
struct Watched<'a> {
    inner: PlainTextOutput<&'a mut String>,
    deadline: Instant,
    left: usize,
}

impl Watched<'_> {
    fn spend(&mut self, bytes: usize) -> Result<(), OutputError> {
        self.left = self.left.checked_sub(bytes).filter(|_| Instant::now() < self.deadline).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

impl OutputDev for Watched<'_> {
    fn begin_page(
        &mut self,
        page: u32,
        media_box: &MediaBox,
        art_box: Option<(f64, f64, f64, f64)>,
    ) -> Result<(), OutputError> {
        self.inner.begin_page(page, media_box, art_box)
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        self.inner.end_page()
    }

    fn output_character(
        &mut self,
        place: &Transform,
        width: f64,
        spacing: f64,
        font_size: f64,
        character: &str,
    ) -> Result<(), OutputError> {
        self.spend(character.len())?;
        self.inner.output_character(place, width, spacing, font_size, character)
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        self.spend(0)?;
        self.inner.begin_word()
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        self.inner.end_word()
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        self.inner.end_line()
    }
}

#[cfg(test)]
pub(super) mod tests;
