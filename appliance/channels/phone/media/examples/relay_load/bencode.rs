//! Bencode, as far as the ng protocol needs it: texts and dictionaries, with numbers and lists read past.

use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Vec<u8>),
    Number(i64),
    List(Vec<Value>),
    Map(BTreeMap<Vec<u8>, Value>),
}

/// Values that are deeper than this are refused.
const DEEPEST: usize = 16;

impl Value {
    pub(crate) fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().to_vec())
    }

    pub(crate) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.as_bytes().to_vec(), value)).collect())
    }

    /// The text under a key of a dictionary.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        match self {
            Self::Map(entries) => match entries.get(key.as_bytes()) {
                Some(Self::Text(text)) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                out.extend_from_slice(format!("{}:", text.len()).as_bytes());
                out.extend_from_slice(text);
            }
            Self::Number(number) => out.extend_from_slice(format!("i{number}e").as_bytes()),
            Self::List(values) => {
                out.push(b'l');
                values.iter().for_each(|value| value.write(out));
                out.push(b'e');
            }
            Self::Map(entries) => {
                out.push(b'd');
                for (key, value) in entries {
                    Self::text(key).write(out);
                    value.write(out);
                }
                out.push(b'e');
            }
        }
    }

    /// Reads one value that fills the bytes.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let value = Self::read_one(&mut rest, 0)?;
        rest.is_empty().then_some(value)
    }

    fn read_one(rest: &mut &[u8], depth: usize) -> Option<Self> {
        let kind = *rest.first().filter(|_| depth < DEEPEST)?;
        if kind.is_ascii_digit() {
            let length: usize = until(rest, b':')?.parse().ok()?;
            let (text, behind) = rest.split_at_checked(length)?;
            *rest = behind;
            return Some(Self::text(text));
        }
        *rest = &rest[1..];
        match kind {
            b'i' => until(rest, b'e')?.parse().ok().map(Self::Number),
            b'l' => {
                let mut values = Vec::new();
                while !ends(rest)? {
                    values.push(Self::read_one(rest, depth + 1)?);
                }
                Some(Self::List(values))
            }
            b'd' => {
                let mut entries = BTreeMap::new();
                while !ends(rest)? {
                    let Self::Text(key) = Self::read_one(rest, depth + 1)? else { return None };
                    entries.insert(key, Self::read_one(rest, depth + 1)?);
                }
                Some(Self::Map(entries))
            }
            _ => None,
        }
    }
}

/// The text before a mark, which is passed over.
fn until<'a>(rest: &mut &'a [u8], mark: u8) -> Option<&'a str> {
    let at = rest.iter().position(|byte| *byte == mark)?;
    let text = std::str::from_utf8(&rest[..at]).ok()?;
    *rest = &rest[at + 1..];
    Some(text)
}

/// Whether a list or dictionary ends here; its end is passed over.
fn ends(rest: &mut &[u8]) -> Option<bool> {
    let ends = *rest.first()? == b'e';
    if ends {
        *rest = &rest[1..];
    }
    Some(ends)
}
