//! Personal data in citizens' words: where it stands, and the words without it for logs, prompts, metrics and search.
//!
//! What has a checksum is believed only with it, so that a request's number is not taken for a CNP; what has none is
//! recognised by its shape. The conversation itself keeps the citizen's words: the case needs them.

mod checksums;
mod names;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

pub use checksums::is_valid_cnp;
use checksums::is_valid_iban;

/// What kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PersonalKind {
    /// Personal numeric code.
    Cnp,
    /// Series and number of an identity document or passport.
    IdDocument,
    /// Telephone number.
    Phone,
    /// E-mail address.
    Email,
    /// Bank account.
    Iban,
    /// Registration plate.
    Plate,
    /// A name that the citizen introduced.
    Name,
}

impl PersonalKind {
    /// What stands in its place in redacted text.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Cnp => "[cnp]",
            Self::IdDocument => "[id-document]",
            Self::Phone => "[phone]",
            Self::Email => "[email]",
            Self::Iban => "[iban]",
            Self::Plate => "[plate]",
            Self::Name => "[name]",
        }
    }
}

/// Personal data within a text, by its place in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalSpan {
    /// What it is.
    pub kind: PersonalKind,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

struct Shapes {
    email: Regex,
    iban: Regex,
    spaced_cnp: Regex,
    series: Regex,
    passport: Regex,
    plate: Regex,
    phone: Regex,
}

#[expect(clippy::expect_used, reason = "fixed expressions; every test of this module compiles them")]
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let regex = |text: &str| Regex::new(text).expect("a fixed expression");
    Shapes {
        email: regex(r"(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
        iban: regex(r"(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}\b"),
        spaced_cnp: regex(r"\b[1-9](?:[ .-]?\d){12}\b"),
        series: regex(
            r"(?i)\bseri[ae]\s*:?\s*[a-z]{2}\b[\s,.]*(?:(?:nr|no|num[aă]r(?:ul)?|sz[aá]m[uú]?)\b[\s.:]*)?\d{6,7}\b|\b(?-i:[A-Z]{2})\s?(?:(?:nr|no)[\s.:]*)?\d{6}\b|\b(?:ax|xc|xm|xb|xt|xr|xz|xi|xv|xs|xh|zr|zc|zv|zl|zs|dp|dr|dt|dx|dz|rd|rr|rt|rx|rk|kl|kx|kv|kt|kz|ks|tz|tc|mx|mz|sx|sz|vx|nz|pz|px|gg|gz|hr|oz|bv|cj|mm)\s?(?:nr[\s.:]*)?\d{6}\b",
        ),
        passport: regex(
            r"(?i)\b(?:pa[sșş]aport\w*|passport|[uú]tlev[eé]l\w*)\W{1,3}(?:(?:cu|nr|no|num[aă]r\w*|number|sz[aá]m\w*|seria)\W{1,3}){0,3}\d{8,9}\b",
        ),
        plate: regex(
            r"\b(?:B|AB|AR|AG|BC|BH|BN|BT|BV|BR|BZ|CS|CL|CJ|CT|CV|DB|DJ|GL|GR|GJ|HR|HD|IL|IS|IF|MM|MH|MS|NT|OT|PH|SM|SJ|SB|SV|TR|TM|TL|VS|VL|VN)[ -]?\d{2,3}[ -]?[A-Z]{3}\b|\b(?:b|ab|ar|ag|bc|bh|bn|bt|bv|br|bz|cs|cl|cj|ct|cv|db|dj|gl|gr|gj|hr|hd|il|is|if|mm|mh|ms|nt|ot|ph|sm|sj|sb|sv|tr|tm|tl|vs|vl|vn)-?\d{2,3}-?[a-z]{3}\b",
        ),
        phone: regex(r"(?:\+|\b00)\d{1,3}(?:[ ./-]?\(?\d{1,4}\)?){2,6}\b|\(?\b0[237]\d{1,2}\)?(?:[ ./-]?\d){6,7}\b"),
    }
});

/// Finds personal data in `text`, in the order of its places; no two overlap.
#[must_use]
pub fn find_personal_data(text: &str) -> Vec<PersonalSpan> {
    let mut found = Vec::new();
    add(&mut found, PersonalKind::Email, &SHAPES.email, text, |_| true);
    if text.bytes().any(|byte| byte.is_ascii_digit()) {
        add_ibans(&mut found, text);
        add_digit_runs(&mut found, text);
        add(&mut found, PersonalKind::Cnp, &SHAPES.spaced_cnp, text, is_valid_cnp);
        add(&mut found, PersonalKind::IdDocument, &SHAPES.series, text, |_| true);
        add(&mut found, PersonalKind::IdDocument, &SHAPES.passport, text, |_| true);
        add(&mut found, PersonalKind::Plate, &SHAPES.plate, text, |_| true);
        add(&mut found, PersonalKind::Phone, &SHAPES.phone, text, |number| {
            (9..=14).contains(&number.bytes().filter(u8::is_ascii_digit).count())
        });
    }
    for (start, end) in names::introduced(text) {
        push(&mut found, PersonalSpan { kind: PersonalKind::Name, start, end });
    }
    found.sort_by_key(|span| span.start);
    found
}

/// `text` with a mark such as `[cnp]` in place of each piece of personal data.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    replace(text, &find_personal_data(text), PersonalKind::mark)
}

/// `text` with what `mark` says in place of each of `spans`, which [`find_personal_data`] found in it.
pub(crate) fn replace<'a>(
    text: &'a str,
    spans: &[PersonalSpan],
    mark: impl Fn(PersonalKind) -> &'static str,
) -> Cow<'a, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.start]);
        out.push_str(mark(span.kind));
        at = span.end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

fn push(found: &mut Vec<PersonalSpan>, span: PersonalSpan) {
    if span.start < span.end && !found.iter().any(|other| other.start < span.end && span.start < other.end) {
        found.push(span);
    }
}

fn add(found: &mut Vec<PersonalSpan>, kind: PersonalKind, shape: &Regex, text: &str, holds: impl Fn(&str) -> bool) {
    for hit in shape.find_iter(text).filter(|hit| holds(hit.as_str())) {
        push(found, PersonalSpan { kind, start: hit.start(), end: hit.end() });
    }
}

/// Runs of exactly thirteen digits, looked at by themselves: a digit before or after must not hide a CNP.
fn add_digit_runs(found: &mut Vec<PersonalSpan>, text: &str) {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if end - start == 13 && is_valid_cnp(&text[start..end]) {
            push(found, PersonalSpan { kind: PersonalKind::Cnp, start, end });
        }
        start = end.max(start + 1);
    }
}

/// An account may be followed by a word that looks like one more group: the longest beginning that passes the check counts.
fn add_ibans(found: &mut Vec<PersonalSpan>, text: &str) {
    for hit in SHAPES.iban.find_iter(text) {
        let shape = hit.as_str();
        let ends = (15..=shape.len())
            .rev()
            .filter(|end| !shape[*end..].starts_with(|next: char| next.is_ascii_alphanumeric()));
        if let Some(end) = ends.into_iter().find(|end| is_valid_iban(&shape[..*end])) {
            let end = hit.start() + shape[..end].trim_end_matches([' ', '-']).len();
            push(found, PersonalSpan { kind: PersonalKind::Iban, start: hit.start(), end });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> Vec<PersonalKind> {
        find_personal_data(text).into_iter().map(|span| span.kind).collect()
    }

    #[test]
    fn each_kind_is_redacted_and_the_rest_stays() {
        for (text, redacted) in [
            ("CNP-ul meu este 1960229410015.", "CNP-ul meu este [cnp]."),
            ("am seria XT nr. 123456 expirată", "am [id-document] expirată"),
            ("buletin RX123456", "buletin [id-document]"),
            ("sunați-mă la 0722 123 456, vă rog", "sunați-mă la [phone], vă rog"),
            ("tel +40 722 123 456", "tel [phone]"),
            ("telefon 0264-123456", "telefon [phone]"),
            ("scrieți la Ion.Popescu@exemplu.ro.", "scrieți la [email]."),
            ("contul RO49AAAA1B31007593840000 este al meu", "contul [iban] este al meu"),
            ("contul RO49 AAAA 1B31 0075 9384 0000 este al meu", "contul [iban] este al meu"),
            ("mașina CJ-12-ABC și B 123 XYZ", "mașina [plate] și [plate]"),
            ("Mă numesc Ion Popescu și vreau pașaport", "Mă numesc [name] și vreau pașaport"),
            ("a nevem Kovács János, lejárt a személyim", "a nevem [name], lejárt a személyim"),
            ("My name is John Smith and I need help", "My name is [name] and I need help"),
            ("pașaport nr. 051234567", "[id-document]"),
        ] {
            assert_eq!(redact(text), redacted);
        }
    }

    #[test]
    fn what_is_not_personal_is_left_alone() {
        for text in [
            "mi-a expirat buletinul ce fac",
            "cererea mea nr. 12345/2026",
            "cât costă 112 sau 1234567890123",
            "legea 544 din 2001",
            "taxa e 70 lei, 15 zile",
            "is 12 ani",
            "mă numesc",
            "in anul 1990 si 2020",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    fn cnp() -> impl Strategy<Value = String> {
        (1u64..=8, 0u64..100, 1u64..=12, 1u64..=28, 1u64..=52, 1u64..=999).prop_map(
            |(s, year, month, day, county, order)| {
                let head = format!("{s}{year:02}{month:02}{day:02}{county:02}{order:03}");
                format!("{head}{}", checksums::cnp_check_digit(head.as_bytes()).unwrap_or(0))
            },
        )
    }

    proptest! {
        #[test]
        fn any_text_is_redacted_without_panic_and_with_valid_places(text in "\\PC{0,200}") {
            let spans = find_personal_data(&text);
            for pair in spans.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start);
            }
            for span in &spans {
                prop_assert!(text.get(span.start..span.end).is_some());
            }
            let _ = redact(&text);
        }

        #[test]
        fn a_valid_cnp_is_always_found(cnp in cnp(), before in "[a-zăâîșț ,.:]{0,20}", after in "([ ,.;!?][a-zăâîșț 0-9]{0,20})?") {
            let text = format!("{before} {cnp}{after}");
            prop_assert!(!redact(&text).contains(cnp.as_str()), "{}", text);
        }

        #[test]
        fn numbers_around_do_not_hide_a_cnp(cnp in cnp(), before in 0u64..100_000, after in 0u64..100_000) {
            let text = format!("{before} {cnp} {after}");
            prop_assert!(!redact(&text).contains(cnp.as_str()), "{}", text);
        }

        #[test]
        fn redacting_twice_changes_nothing_more(text in "[a-z0-9 @.+-]{0,60}") {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }
    }
}
