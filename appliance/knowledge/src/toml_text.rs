//! TOML as the institution edits it: keys in a chosen order, long lists on several lines, which the `toml` crate does not
//! offer.

use std::fmt::Write;

use desk::language::{Language, Localized};

/// Lines of TOML being written.
#[derive(Default)]
pub(crate) struct Toml(pub(crate) String);

impl Toml {
    /// A line as it stands.
    pub(crate) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A key with a value that is TOML already.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {value}"));
    }

    /// A key with a string.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    /// A key with a string, unless that is empty.
    pub(crate) fn optional(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.text(key, value);
        }
    }

    /// A list with each value on a line of its own, so that people can edit a long one.
    pub(crate) fn lines(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            let lines: String = values.iter().map(|value| format!("    {},\n", quoted(value))).collect();
            self.raw(key, &format!("[\n{lines}]"));
        }
    }

    /// A key with an array on one line, unless that is empty.
    pub(crate) fn list(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            self.raw(key, &array(values.iter()));
        }
    }
}

/// An inline table with one value for each language.
pub(crate) fn localized<T>(texts: &Localized<T>, value: impl Fn(&T) -> String) -> String {
    let pairs = Language::ALL.map(|language| format!("{language} = {}", value(texts.get(language))));
    format!("{{ {} }}", pairs.join(", "))
}

/// An array of strings on one line.
pub(crate) fn array<'a>(values: impl Iterator<Item = &'a String>) -> String {
    format!("[{}]", values.map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
}

/// A basic string on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            other if other.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
