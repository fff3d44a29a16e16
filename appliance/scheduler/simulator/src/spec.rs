//! How a trace is named on a command line: `PATH[:CLASS[:FACTOR[:FROM:FOR]]]`.

use std::path::Path;
use std::str::FromStr;

use camino::Utf8PathBuf;
use protocol::Class;

use crate::trace::{self, Arrival, CallShape, TraceError};

/// A trace, whose requests are of one class, and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSpec {
    /// The file.
    pub path: Utf8PathBuf,
    /// Who waits for its requests; chats where none is named.
    pub class: Class,
    /// So many times as fast as it was recorded.
    pub factor: f64,
    /// Only the requests from the first number of seconds on, for the second number of seconds, before it is made faster.
    pub window: Option<(f64, f64)>,
}

impl TraceSpec {
    /// Reads the trace; see [`trace::read`] for `seed`.
    ///
    /// # Errors
    /// [`TraceError`]: the file cannot be read, is empty, or a line is not understood.
    pub fn read(&self, seed: u64, calls: &CallShape) -> Result<Vec<Arrival>, TraceError> {
        let mut arrivals = trace::read(&self.path, self.class, seed, calls)?;
        if let Some((from, length)) = self.window {
            arrivals = trace::window(arrivals, from, length);
            if arrivals.is_empty() {
                return Err(TraceError::Empty { path: self.path.clone() });
            }
        }
        Ok(trace::faster(arrivals, self.factor))
    }
}

impl FromStr for TraceSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = Self { path: text.into(), class: Class::Chat, factor: 1.0, window: None };
        // A file may have a colon in its name.
        if Path::new(text).exists() {
            return Ok(whole);
        }
        let mut parts = text.split(':');
        let path = parts.next().unwrap_or_default().into();
        let class = parts.next().map_or(Ok(Class::Chat), |name| {
            Class::from_name(name).ok_or_else(|| format!("`{name}` is no class: voice, chat, mail or batch"))
        })?;
        let factor = parts.next().map_or(Ok(1.0), |text| number(text, "a factor"))?;
        if factor == 0.0 {
            return Err("a factor of 0 would never begin".to_owned());
        }
        let window = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(from), Some(length), None) => Some((number(from, "seconds")?, number(length, "seconds")?)),
            _ => return Err("after the factor come two numbers, FROM:FOR, in seconds".to_owned()),
        };
        Ok(Self { path, class, factor, window })
    }
}

fn number(text: &str, what: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    parsed.ok_or_else(|| format!("`{text}` is not {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let spec: TraceSpec = "calls.csv.gz".parse().unwrap();
        assert_eq!(
            (spec.path.as_str(), spec.class, spec.factor, spec.window),
            ("calls.csv.gz", Class::Chat, 1.0, None)
        );
        let spec: TraceSpec = "calls.csv.gz:voice:1.5:60:600".parse().unwrap();
        assert_eq!((spec.class, spec.factor, spec.window), (Class::Voice, 1.5, Some((60.0, 600.0))));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (text, what) in [
            ("a:loud", "no class"),
            ("a:chat:fast", "`fast` is not a factor"),
            ("a:chat:0", "never begin"),
            ("a:chat:-1", "`-1` is not a factor"),
            ("a:chat:1:60", "FROM:FOR"),
            ("a:chat:1:60:600:1", "FROM:FOR"),
        ] {
            let error = text.parse::<TraceSpec>().unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
