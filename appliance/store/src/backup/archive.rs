//! What is inside: a manifest, the database, the attachments, an end; each with its kind, name and length.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

const MANIFEST: u8 = 1;
const DATABASE: u8 = 2;
const ATTACHMENT: u8 = 3;
const END: u8 = 4;

/// The longest manifest or end, and the largest attachment, that is read into memory.
const MAX_IN_MEMORY: u64 = 1024 * 1024 * 1024;

/// What the end says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) attachments: u64,
    pub(super) missing: Vec<String>,
}

/// The head of an entry; its bytes follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Manifest { bytes: u64 },
    Database { bytes: u64 },
    Attachment { id: String, bytes: u64 },
    End { bytes: u64 },
}

pub(super) fn put_head(to: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let (kind, name, bytes) = match entry {
        Entry::Manifest { bytes } => (MANIFEST, "", bytes),
        Entry::Database { bytes } => (DATABASE, "", bytes),
        Entry::Attachment { id, bytes } => (ATTACHMENT, id.as_str(), bytes),
        Entry::End { bytes } => (END, "", bytes),
    };
    let length = u8::try_from(name.len()).map_err(|_| odd("a name is too long"))?;
    to.write_all(&[kind, length])?;
    to.write_all(name.as_bytes())?;
    to.write_all(&bytes.to_be_bytes())
}

pub(super) fn next_head(from: &mut impl Read) -> io::Result<Entry> {
    let mut start = [0; 2];
    from.read_exact(&mut start)?;
    let mut name = vec![0; usize::from(start[1])];
    from.read_exact(&mut name)?;
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    let bytes = u64::from_be_bytes(bytes);
    match start[0] {
        MANIFEST => Ok(Entry::Manifest { bytes }),
        DATABASE => Ok(Entry::Database { bytes }),
        ATTACHMENT => {
            let id = String::from_utf8(name).map_err(|_| odd("a name is no text"))?;
            Ok(Entry::Attachment { id, bytes })
        }
        END => Ok(Entry::End { bytes }),
        _ => Err(odd("an entry is of no known kind")),
    }
}

/// The bytes of an entry that fits into memory.
pub(super) fn whole(from: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    if bytes > MAX_IN_MEMORY {
        return Err(odd("an entry is too large"));
    }
    let mut content = Vec::new();
    from.take(bytes).read_to_end(&mut content)?;
    if content.len() as u64 == bytes { Ok(content) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

pub(super) fn odd(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_come_back() {
        let id = "ab".repeat(32);
        for entry in [Entry::Manifest { bytes: 1 }, Entry::Attachment { id, bytes: 0 }, Entry::End { bytes: u64::MAX }]
        {
            let mut bytes = Vec::new();
            put_head(&mut bytes, &entry).unwrap();
            assert_eq!(next_head(&mut bytes.as_slice()).unwrap(), entry);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut from = bytes.as_slice();
            if let Ok(Entry::Manifest { bytes } | Entry::End { bytes }) = next_head(&mut from) {
                let _ = whole(&mut from, bytes);
            }
        }
    }
}
