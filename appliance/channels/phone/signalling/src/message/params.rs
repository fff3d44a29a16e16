//! Parameters: `;name=value;flag`, with quoted values, as most headers and URIs end with.

/// Parameters in the order in which they came. Names compare without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, Option<String>)>);

/// What comes is not a list of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed parameters")]
pub(crate) struct MalformedParams;

impl Params {
    /// Reads `a=b;c;d="e;f"`, with or without a leading semicolon. Empty pieces are passed over.
    pub(crate) fn parse(text: &str) -> Result<Self, MalformedParams> {
        let mut params = Vec::new();
        for piece in split_outside_quotes(text, b';')? {
            let piece = piece.trim();
            if piece.is_empty() {
                continue;
            }
            let (name, value) = match piece.split_once('=') {
                None => (piece, None),
                Some((name, value)) => (name.trim_end(), Some(unquote(value.trim_start())?)),
            };
            if name.is_empty() || name.bytes().any(|b| b <= b' ' || b == b'"' || b == 0x7f) {
                return Err(MalformedParams);
            }
            params.push((name.to_owned(), value));
        }
        Ok(Self(params))
    }

    /// The value of the first that bears the name; empty for a flag.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_deref().unwrap_or(""))
    }

    /// Whether it is there, with a value or as a flag.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a parameter in the place of the first that bears the name, or at the end.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Keeps those whose name passes.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }
}

impl std::fmt::Display for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in &self.0 {
            write!(f, ";{name}")?;
            match value {
                None => {}
                Some(value) if needs_quotes(value) => write!(f, "={}", quote(value))?,
                Some(value) => write!(f, "={value}")?,
            }
        }
        Ok(())
    }
}

fn needs_quotes(value: &str) -> bool {
    value.is_empty()
        || value.bytes().any(|b| b <= b' ' || b == 0x7f || matches!(b, b'"' | b';' | b',' | b'\\' | b'<' | b'>'))
}

/// Text in quotes, as a header carries it. Line breaks become spaces.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\r' | '\n' => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What quotes hold; text without quotes as it is.
pub(crate) fn unquote(text: &str) -> Result<String, MalformedParams> {
    let Some(inner) = text.trim().strip_prefix('"') else { return Ok(text.trim().to_owned()) };
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => plain.push(characters.next().ok_or(MalformedParams)?),
            '"' if characters.as_str().trim().is_empty() => return Ok(plain),
            '"' => return Err(MalformedParams),
            c => plain.push(c),
        }
    }
    Err(MalformedParams)
}

/// The pieces between separators that stand neither in quotes nor in angle brackets.
pub(crate) fn split_outside_quotes(text: &str, separator: u8) -> Result<Vec<&str>, MalformedParams> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            byte if byte == separator && !quoted && !bracketed => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err(MalformedParams);
    }
    pieces.push(&text[start..]);
    Ok(pieces)
}
