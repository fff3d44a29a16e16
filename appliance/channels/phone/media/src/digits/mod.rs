//! Keys: as telephone-event packets (RFC 4733) and as tones (ITU-T Q.23), both ways.

pub(crate) mod event;
pub(crate) mod send;
pub(crate) mod tone;

/// The keys in the order of their event codes.
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// The event code of a key.
pub(crate) fn code(key: char) -> Option<u8> {
    KEYS.iter().position(|known| *known == key.to_ascii_uppercase()).map(|code| code as u8)
}

/// The key of an event code.
pub(crate) fn key(code: u8) -> Option<char> {
    KEYS.get(usize::from(code)).copied()
}
