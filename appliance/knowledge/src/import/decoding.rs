//! Bytes to text: UTF-8 everywhere, except old web pages, which name their charset.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1250};
use regex::bytes::Regex;

use super::Refusal;

/// How far into a page its charset may be named.
const HEAD_BYTES: usize = 4096;

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static CHARSET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9_:.-]+)"#)
        .expect("the pattern of charsets compiles")
});

/// The text of a file that must be UTF-8, without its byte order mark.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::NotUtf8)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The text of a web page: as its byte order mark says, else UTF-8 where that fits, else the charset that it names, else
/// the one in which Romanian and Hungarian pages were written before.
pub(super) fn html(bytes: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let named = CHARSET.captures(head).and_then(|found| Encoding::for_label(&found[1]));
    let encoding = named.filter(|encoding| *encoding != UTF_8).unwrap_or(WINDOWS_1250);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_in_the_charset_that_it_names() {
        // 0xFE is ţ in ISO 8859-2 and þ in ISO 8859-1.
        for (head, letter) in [
            (&b"<meta charset=iso-8859-2>"[..], 'ţ'),
            (b"<META http-equiv='Content-Type' content='text/html; charset=ISO-8859-1'>", 'þ'),
            (b"<meta charset='utf-8'>", 'ţ'),
            (b"<p>", 'ţ'),
        ] {
            assert!(html(&[head, &[0xfe]].concat()).ends_with(letter), "{head:?}");
        }
        assert_eq!(html("țară".as_bytes()), "țară");
        assert_eq!(html(b"\xff\xfea\0"), "a");
    }

    #[test]
    fn what_must_be_utf8_is_refused_otherwise() {
        assert_eq!(utf8("\u{feff}da".as_bytes()).unwrap(), "da");
        assert!(matches!(utf8(&[0xfe]), Err(Refusal::NotUtf8)));
    }
}
