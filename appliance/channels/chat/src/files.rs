//! What kind of file a citizen sent, told from its bytes and not from its name.

/// Kinds of file that are taken.
const MAX_NAME_CHARS: usize = 100;

/// The media type of `bytes`, if it is one that is taken: PNG, JPEG, WebP, PDF or plain text.
#[must_use]
pub(crate) fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("application/pdf"),
        _ => is_plain_text(bytes).then_some("text/plain"),
    }
}

/// UTF-8 without control characters other than tabs and line ends. What a browser could take for a page is not plain.
fn is_plain_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    !text.is_empty()
        && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        && !text.trim_start().starts_with('<')
}

/// A name fit to be shown and saved: its last part, without what could steer a terminal or a path.
#[must_use]
pub(crate) fn clean_name(name: &str, media_type: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*' | '\u{202a}'..='\u{202e}'))
        .take(MAX_NAME_CHARS)
        .collect();
    let clean = clean.trim().trim_start_matches('.').to_owned();
    if !clean.is_empty() {
        return clean;
    }
    let extension = match media_type {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        _ => "txt",
    };
    format!("fisier.{extension}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n....."), Some("image/png"));
        assert_eq!(media_type(b"%PDF-1.7"), Some("application/pdf"));
        assert_eq!(media_type("Bună ziua\n".as_bytes()), Some("text/plain"));
        for refused in [&b"MZ\x90\x00"[..], b"PK\x03\x04", b"<html><script>", b"<?xml?><svg>", b""] {
            assert_eq!(media_type(refused), None);
        }
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        assert_eq!(clean_name("..\\..\\C:\\ecran.png", "image/png"), "ecran.png");
        assert_eq!(clean_name("../.htaccess", "text/plain"), "htaccess");
        assert_eq!(clean_name("\u{202e}gnp.exe\n", "image/png"), "gnp.exe");
        assert_eq!(clean_name("", "application/pdf"), "fisier.pdf");
    }

    proptest! {
        #[test]
        fn no_bytes_or_name_panics(bytes: Vec<u8>, name: String) {
            let _ = media_type(&bytes);
            let clean = clean_name(&name, "text/plain");
            prop_assert!(!clean.is_empty() && !clean.contains(['/', '\\', '"', '\n']));
        }
    }
}
