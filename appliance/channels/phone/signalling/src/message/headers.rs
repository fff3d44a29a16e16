//! Headers in their order. Values are text; one that is no UTF-8 keeps its bytes besides, so that it is echoed unharmed.

use bytes::Bytes;

use super::name::{Known, Name};
use super::params::split_outside_quotes;

/// One header line, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: Name,
    pub(crate) value: String,
    /// As it came, where it is no UTF-8.
    pub(crate) raw: Option<Bytes>,
}

/// All header lines of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<Header>);

impl Headers {
    /// Adds a line at the end.
    pub(crate) fn push(&mut self, name: impl Into<Name>, value: impl Into<String>) {
        self.0.push(Header { name: name.into(), value: one_line(value.into()), raw: None });
    }

    /// Adds a line as it came.
    pub(crate) fn push_header(&mut self, header: Header) {
        self.0.push(header);
    }

    /// Replaces all lines of that name.
    pub(crate) fn set(&mut self, name: Known, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all lines of that name.
    pub(crate) fn remove(&mut self, name: Known) {
        self.0.retain(|header| header.name != Name::Known(name));
    }

    /// Puts another value into the first line of that name.
    pub(crate) fn replace_first(&mut self, name: Known, value: String) {
        if let Some(header) = self.0.iter_mut().find(|header| header.name == Name::Known(name)) {
            header.value = value;
            header.raw = None;
        }
    }

    /// The first value.
    pub(crate) fn get(&self, name: Known) -> Option<&str> {
        self.all(name).next()
    }

    /// Every line of that name.
    pub(crate) fn all(&self, name: Known) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |header| header.name == Name::Known(name)).map(|header| header.value.as_str())
    }

    /// How many lines bear that name.
    pub(crate) fn count(&self, name: Known) -> usize {
        self.all(name).count()
    }

    /// The members of comma-separated lists, over all lines of that name.
    pub(crate) fn list(&self, name: Known) -> impl Iterator<Item = &str> {
        self.all(name)
            .flat_map(|value| split_outside_quotes(value, b',').unwrap_or_default())
            .map(str::trim)
            .filter(|member| !member.is_empty())
    }

    /// Whether a comma-separated list holds a token.
    pub(crate) fn lists(&self, name: Known, token: &str) -> bool {
        self.list(name).any(|member| member.eq_ignore_ascii_case(token))
    }

    /// Copies all lines of that name from another message.
    pub(crate) fn copy(&mut self, from: &Self, name: Known) {
        self.0.extend(from.0.iter().filter(|header| header.name == Name::Known(name)).cloned());
    }

    /// All lines.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Header> {
        self.0.iter()
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A value can bring no line of its own into a message.
fn one_line(value: String) -> String {
    if value.bytes().any(|b| b == b'\r' || b == b'\n') { value.replace(['\r', '\n'], " ") } else { value }
}
