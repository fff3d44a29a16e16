//! What a server was asked and when, written down at once, so that it is there also after `kill -9`.

use std::fs::File;
use std::io::Write;
use std::time::SystemTime;

use camino::Utf8Path;
use serde::Serialize;

/// A file of lines of JSON, or nothing.
pub(crate) struct Journal(Option<File>);

/// A step of a request.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// It came.
    Asked,
    /// Its first token goes out.
    First,
    /// It came to its end.
    Ended,
    /// Whoever asked has gone.
    GivenUp,
}

#[derive(Serialize)]
struct Line {
    at_us: u64,
    port: u16,
    id: u64,
    step: Step,
}

impl Journal {
    /// Goes on with the file at `path`; without one nothing is written.
    pub(crate) fn open(path: Option<&Utf8Path>) -> std::io::Result<Self> {
        let file = path.map(|path| File::options().create(true).append(true).open(path)).transpose()?;
        Ok(Self(file))
    }

    /// Writes a line for a request that has a name.
    pub(crate) fn write(&self, port: u16, id: Option<u64>, step: Step) {
        let (Some(mut file), Some(id)) = (self.0.as_ref(), id) else { return };
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let line = Line { at_us: u64::try_from(at.as_micros()).unwrap_or(u64::MAX), port, id, step };
        // A full disk shows as a journal that breaks off; the server goes on.
        if let Ok(mut text) = serde_json::to_string(&line) {
            text.push('\n');
            let _ = file.write_all(text.as_bytes());
        }
    }
}
