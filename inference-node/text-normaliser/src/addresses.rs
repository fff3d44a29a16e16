//! Addresses of pages and of mail, said as people dictate them.

use crate::letters::{is_spelled_in_address, say_letters};
use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::{Style, Tongue, say_digits};

/// Last parts by which a name without `https://` is known as an address or as the name of a file.
const KNOWN_ENDINGS: [&str; 29] = [
    "ro", "hu", "eu", "com", "org", "net", "md", "gov", "edu", "info", "int", "uk", "de", "at", "fr", "it", "io",
    "pdf", "doc", "docx", "odt", "xls", "xlsx", "jpg", "jpeg", "png", "zip", "xml", "txt",
];

/// Bytes of an address with a protocol: some carry long queries.
const LONGEST_LINK: usize = 2000;
/// Bytes of any other address.
const LONGEST_NAME: usize = 250;

/// Says the address at a place, if there is one, and returns the place after it. Protocol, `www.`, a final slash and all that
/// follows `?` or `#` are left out: nobody says them.
pub(crate) fn address(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    if !may_begin(line, at) {
        return None;
    }
    let run = line.unbroken(at, if line.mark(at + 1) == ':' { LONGEST_LINK } else { LONGEST_NAME });
    let found = mail(run).or_else(|| page(run))?;
    let next = line.after_bytes(at, found.length)?;
    say(found.spoken, tongue, speech);
    Some(next)
}

/// Whether an address may begin here: its first marks stand close to its beginning.
fn may_begin(line: &Line<'_>, at: usize) -> bool {
    let goes_on = |place: usize| match line.mark(place) {
        '.' | '-' | '_' | '+' => line.is_word(place + 1) || line.is_number(place + 1),
        '@' => true,
        _ => false,
    };
    match (line.is_number(at), line.mark(at + 1)) {
        (false, ':') => line.mark(at + 2) == '/' || line.text(at) == "mailto",
        (false, '\0') => (line.is_number(at + 1) || line.is_word(at + 1)) && (goes_on(at + 2) || goes_on(at + 3)),
        (false, _) => goes_on(at + 1),
        // Figures with a letter after the first mark, or letters and a mark: `112.ro`, `1mai@exemplu.ro`.
        (true, '\0') => line.is_word(at + 1) && goes_on(at + 2),
        (true, _) => goes_on(at + 1) && line.is_word(at + 2),
    }
}

struct Found<'t> {
    /// Bytes it takes in the line.
    length: usize,
    /// What is said of it.
    spoken: &'t str,
}

fn mail(run: &str) -> Option<Found<'_>> {
    let run_start = run.strip_prefix("mailto:").unwrap_or(run);
    let skipped = run.len() - run_start.len();
    let at_sign = run_start.find('@')?;
    let local = run_start.get(..at_sign)?;
    if local.is_empty() || !local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte)) {
        return None;
    }
    let host = host(run_start.get(at_sign + 1..)?)?;
    let length = at_sign + 1 + host;
    Some(Found { length: skipped + length, spoken: run_start.get(..length)? })
}

fn page(run: &str) -> Option<Found<'_>> {
    let after_protocol =
        ["https://", "http://", "HTTPS://", "HTTP://"].iter().find_map(|start| run.strip_prefix(start));
    let rest = after_protocol.unwrap_or(run);
    let named = rest.strip_prefix("www.").or_else(|| rest.strip_prefix("WWW.")).filter(|name| host(name).is_some());
    let name = named.unwrap_or(rest);
    let host = host(name)?;
    let ending = name.get(..host)?.rsplit('.').next()?;
    if after_protocol.is_none() && named.is_none() && !KNOWN_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) {
        return None;
    }
    let beyond = name.get(host..)?;
    let taken = beyond.find(|letter: char| !is_of_path(letter)).unwrap_or(beyond.len());
    // A path begins with a slash; a full stop or bracket at the end belongs to the sentence.
    let path = match beyond.get(..taken)? {
        path if path.starts_with(['/', ':']) => {
            path.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '*', '_'])
        }
        path if path.starts_with(['?', '#']) => {
            path.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '*', '_', '#'])
        }
        _ => "",
    };
    let said = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let skipped = run.len() - name.len();
    Some(Found { length: skipped + host + path.len(), spoken: name.get(..host + said.len())? })
}

fn is_of_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "/-_.~%&=+?#:@,;!')(*".contains(letter)
}

/// The length of the name of a host at the start of a text: labels with points between, the last of them letters.
fn host(text: &str) -> Option<usize> {
    let end = text
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_')))
        .unwrap_or(text.len());
    let name = text.get(..end)?.trim_end_matches(['.', '-', '_']);
    let ending = name.rsplit('.').next()?;
    // A letter of our own right behind it shows a sentence without a space: `acasă.Și`.
    let cut = text.get(name.len()..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric);
    let shaped = !cut
        && name.contains('.')
        && name.split('.').all(|label| !label.is_empty() && !label.starts_with('-'))
        && ending.len() >= 2
        && ending.bytes().all(|byte| byte.is_ascii_alphabetic());
    shaped.then_some(name.len())
}

/// Says an address: parts that can be read as words, the others letter by letter, short numbers as numbers.
fn say(address: &str, tongue: &dyn Tongue, speech: &mut Speech) {
    let style = tongue.style();
    let mut rest = address;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() {
            rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())
        } else if first.is_ascii_alphabetic() {
            rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if first.is_ascii_digit() {
            say_number(part, tongue, speech);
        } else if first.is_ascii_alphabetic() {
            say_label(part, speech);
        } else {
            speech.say(sign(first, style));
        }
        rest = after;
    }
}

fn say_number(digits: &str, tongue: &dyn Tongue, speech: &mut Speech) {
    match digits.parse() {
        Ok(value) if digits.len() <= 4 && !digits.starts_with('0') => tongue.cardinal(value, speech.open()),
        _ => say_digits(tongue.style(), digits, speech),
    }
}

fn say_label(label: &str, speech: &mut Speech) {
    let short_word = matches!(
        label,
        "ro" | "hu" | "eu" | "de" | "la" | "info" | "acte" | "e" | "a" | "in" | "si" | "gov" | "org" | "gmail"
    );
    if !short_word && is_spelled_in_address(label) {
        say_letters(label, speech);
    } else {
        speech.say(&label.to_ascii_lowercase());
    }
}

fn sign(mark: char, style: &Style) -> &'static str {
    match mark {
        '.' => style.dot,
        '/' => style.slash,
        '-' => style.dash,
        '_' => style.underscore,
        '@' => style.at,
        '+' => style.plus,
        _ => "",
    }
}
