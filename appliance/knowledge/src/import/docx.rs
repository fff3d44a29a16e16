//! Word documents: the text of `word/document.xml`, with what its styles and lists mean.

mod styles;
mod text;

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::Refusal;
use super::plain::Found;
use styles::Styles;

/// The largest part that is unpacked: a small archive can hold a huge one.
const MAX_PART_BYTES: u64 = 64 << 20;
/// How old Word files, and encrypted ones, begin.
const COMPOUND_FILE: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

/// The text of a document.
pub(super) fn read(bytes: &[u8]) -> Result<Found, Refusal> {
    if bytes.starts_with(&COMPOUND_FILE) {
        return Err(damaged("it is an old Word file or protected by a password"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let document = part(&mut archive, "word/document.xml")?.ok_or_else(|| damaged("`word/document.xml` is missing"))?;
    let styles = part(&mut archive, "word/styles.xml")?.unwrap_or_default();
    let lists = part(&mut archive, "word/numbering.xml")?.unwrap_or_default();
    text::read(&document, &Styles::read(&styles, &lists).map_err(damaged)?)
}

fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<String>, Refusal> {
    let file = match archive.by_name(name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(damaged(error)),
    };
    let mut text = Vec::new();
    file.take(MAX_PART_BYTES + 1).read_to_end(&mut text).map_err(damaged)?;
    if text.len() as u64 > MAX_PART_BYTES {
        return Err(Refusal::TooLargeUnpacked { limit_mib: (MAX_PART_BYTES >> 20) as usize });
    }
    String::from_utf8(text).map(Some).map_err(damaged)
}

#[expect(clippy::needless_pass_by_value, reason = "it ends `map_err`, which hands errors over by value")]
fn damaged(reason: impl ToString) -> Refusal {
    Refusal::Damaged { kind: "DOCX", reason: reason.to_string() }
}

#[cfg(test)]
pub(super) mod tests;
