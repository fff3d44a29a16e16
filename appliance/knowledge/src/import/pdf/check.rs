//! What a PDF is checked for before its text is read: packed data that would fill the memory, and structures that lead
//! back to themselves.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;
use pdf_extract::{Dictionary, Document, Object, ObjectId, Stream};
use regex::bytes::Regex;

use super::{Refusal, damaged};

/// The most that all packed data of a file may be, unpacked.
const MAX_UNPACKED_BYTES: usize = 256 << 20;
/// The largest stream in the older packing, which can grow a thousandfold too but cannot be measured ahead.
const MAX_LZW_BYTES: usize = 256 << 10;
/// How deep pages and drawings may stand in others.
const MAX_DEPTH: usize = 24;

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
static PACKED_TWICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)/(?:FlateDecode|LZWDecode|Fl|LZW)\s*/(?:FlateDecode|LZWDecode|Fl|LZW)\b").expect("it compiles")
});
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
static DRAWS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)/\S+\s+Do\b").expect("it compiles"));

/// Measures what the file unpacks to, without keeping it.
pub(super) fn packed(bytes: &[u8]) -> Result<(), Refusal> {
    let too_large = Refusal::TooLargeUnpacked { limit_mib: MAX_UNPACKED_BYTES >> 20 };
    if PACKED_TWICE.is_match(bytes) {
        return Err(too_large);
    }
    let mut left = MAX_UNPACKED_BYTES;
    let mut buffer = vec![0; 64 << 10];
    let mut rest = bytes;
    while let Some(start) = rest.windows(6).position(|six| six == b"stream") {
        rest = &rest[start + 6..];
        let data = rest.strip_prefix(b"\r").unwrap_or(rest);
        let Some(data) = data.strip_prefix(b"\n") else { continue };
        let mut unpacked = ZlibDecoder::new(data);
        // Data that is not packed so ends at once with an error.
        while let Ok(count @ 1..) = unpacked.read(&mut buffer) {
            left = left.checked_sub(count).ok_or_else(|| too_large.clone())?;
        }
    }
    Ok(())
}

/// Drops the images, which hold no text, and refuses what would lead the reader in circles.
pub(super) fn structure(document: &mut Document) -> Result<(), Refusal> {
    for object in document.objects.values_mut() {
        let Object::Stream(stream) = object else { continue };
        if is(&stream.dict, b"Image") {
            stream.set_plain_content(Vec::new());
        } else if stream.content.len() > MAX_LZW_BYTES && uses_lzw(stream) {
            return Err(Refusal::TooLargeUnpacked { limit_mib: MAX_UNPACKED_BYTES >> 20 });
        }
    }
    let circle = || damaged("its structure leads back to itself");
    for page in document.get_pages().into_values() {
        let mut at = page;
        let mut steps = 0;
        while let Ok(parent) = document.get_dictionary(at).and_then(|node| node.get(b"Parent")?.as_reference()) {
            at = parent;
            steps += 1;
            if steps > MAX_DEPTH {
                return Err(circle());
            }
        }
    }
    if Drawings::of(document).ok_or_else(circle)?.circle() { Err(circle()) } else { Ok(()) }
}

fn is(dictionary: &Dictionary, kind: &[u8]) -> bool {
    dictionary.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == kind)
}

fn uses_lzw(stream: &Stream) -> bool {
    stream.filters().is_ok_and(|filters| filters.iter().any(|name| matches!(*name, b"LZWDecode" | b"LZW")))
}

/// Which drawing draws which others.
struct Drawings(HashMap<ObjectId, Vec<ObjectId>>);

impl Drawings {
    /// `None` when a drawing borrows the resources of whoever draws it: then it can draw itself.
    fn of(document: &Document) -> Option<Self> {
        let mut drawings = HashMap::new();
        for (id, object) in &document.objects {
            let Object::Stream(stream) = object else { continue };
            if !is(&stream.dict, b"Form") {
                continue;
            }
            match dictionary(document, &stream.dict, b"Resources") {
                Some(resources) => {
                    let named = dictionary(document, resources, b"XObject");
                    let targets = named.into_iter().flat_map(Dictionary::iter);
                    let targets = targets.filter_map(|(_, target)| resolve(document, target)).collect();
                    drawings.insert(*id, targets);
                }
                None => {
                    let content = stream.get_plain_content().unwrap_or_else(|_| stream.content.clone());
                    if DRAWS.is_match(&content) {
                        return None;
                    }
                }
            }
        }
        Some(Self(drawings))
    }

    /// Whether a drawing draws itself, directly or through others, or stands too deep in others.
    fn circle(&self) -> bool {
        let mut done = HashSet::new();
        self.0.keys().any(|id| self.deep(*id, 0, &mut done))
    }

    fn deep(&self, id: ObjectId, depth: usize, done: &mut HashSet<(ObjectId, usize)>) -> bool {
        // Each drawing is visited once for each depth, so that a chain of many to many ends.
        depth > MAX_DEPTH
            || done.insert((id, depth))
                && self.0.get(&id).is_some_and(|targets| targets.iter().any(|to| self.deep(*to, depth + 1, done)))
    }
}

/// The id at the end of a chain of references.
fn resolve(document: &Document, object: &Object) -> Option<ObjectId> {
    document.dereference(object).ok().and_then(|(id, _)| id)
}

fn dictionary<'a>(document: &'a Document, from: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    let object = from.get(key).ok()?;
    document.dereference(object).ok().and_then(|(_, object)| object.as_dict().ok())
}
