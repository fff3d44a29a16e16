//! A line cut into words, numbers, spaces and single marks.

use std::borrow::Cow;

/// What a token is. Words carry their case, because abbreviations, codes and Roman numerals live by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, all small.
    Lower,
    /// One capital, then small letters.
    Capital,
    /// Capitals only, also a single one.
    Upper,
    /// Any other mixture of letters.
    Mixed,
    /// ASCII digits.
    Number,
    /// Any run of white space within a line.
    Space,
    /// One character that is none of the above.
    Mark,
    /// Beyond the line.
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    kind: Kind,
    /// The character of a mark; NUL for all else.
    mark: char,
    start: usize,
    end: usize,
}

/// Cuts `text` into `tokens`, which are cleared first: one buffer serves all lines.
pub(crate) fn scan(text: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let bytes = text.as_bytes();
    let mut start = 0;
    while let Some(&byte) = bytes.get(start) {
        let mut mark = '\0';
        let (kind, end) = match byte {
            b' ' if bytes.get(start + 1).is_some_and(u8::is_ascii_graphic) => (Kind::Space, start + 1),
            b'0'..=b'9' => (Kind::Number, run(bytes, start, |byte| byte.is_ascii_digit())),
            b' ' | b'\t' | b'\x0b' | b'\x0c' | b'\r' => (Kind::Space, run_of_chars(text, start, char::is_whitespace)),
            b'a'..=b'z' => word(text, start),
            byte if byte.is_ascii() && !byte.is_ascii_alphabetic() => {
                mark = char::from(byte);
                (Kind::Mark, start + 1)
            }
            _ => match text.get(start..).and_then(|rest| rest.chars().next()) {
                Some(letter) if letter.is_whitespace() => (Kind::Space, run_of_chars(text, start, char::is_whitespace)),
                Some(letter) if is_letter(letter) => word(text, start),
                Some(letter) => {
                    mark = letter;
                    (Kind::Mark, start + letter.len_utf8())
                }
                None => return,
            },
        };
        tokens.push(Token { kind, mark, start, end });
        start = end;
    }
}

fn run(bytes: &[u8], start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(start).position(|&byte| !belongs(byte)).map_or(bytes.len(), |length| start + length)
}

fn run_of_chars(text: &str, start: usize, belongs: impl Fn(char) -> bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    rest.find(|letter| !belongs(letter)).map_or(text.len(), |length| start + length)
}

/// The case of a letter; those of our languages are told without the tables of Unicode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Small,
    Capital,
    NoLetter,
}

fn case(letter: char) -> Case {
    match letter {
        'a'..='z' | 'ă' | 'â' | 'î' | 'ș' | 'ț' | 'á' | 'é' | 'í' | 'ó' | 'ö' | 'ő' | 'ú' | 'ü' | 'ű' => {
            Case::Small
        }
        'A'..='Z' | 'Ă' | 'Â' | 'Î' | 'Ș' | 'Ț' | 'Á' | 'É' | 'Í' | 'Ó' | 'Ö' | 'Ő' | 'Ú' | 'Ü' | 'Ű' => {
            Case::Capital
        }
        _ if letter.is_ascii() => Case::NoLetter,
        // An accent that composes with nothing belongs to the letter before it.
        '\u{300}'..='\u{36F}' => Case::Small,
        _ if !letter.is_alphabetic() || letter.is_numeric() => Case::NoLetter,
        _ if letter.is_uppercase() => Case::Capital,
        _ => Case::Small,
    }
}

fn is_letter(letter: char) -> bool {
    case(letter) != Case::NoLetter
}

/// A word's kind and end. Most words are small ASCII letters, which are told from their bytes.
fn word(text: &str, start: usize) -> (Kind, usize) {
    let bytes = text.as_bytes();
    let ascii = run(bytes, start, |byte| byte.is_ascii_lowercase());
    if ascii > start && bytes.get(ascii).is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic()) {
        return (Kind::Lower, ascii);
    }
    let (mut capitals, mut small, mut first_is_capital, mut end) = (0, ascii - start, false, ascii);
    for letter in text.get(ascii..).unwrap_or_default().chars() {
        match case(letter) {
            Case::Small => small += 1,
            Case::Capital => {
                first_is_capital |= end == start;
                capitals += 1;
            }
            Case::NoLetter => break,
        }
        end += letter.len_utf8();
    }
    let kind = match (capitals, small, first_is_capital) {
        (0, _, _) => Kind::Lower,
        (_, 0, _) => Kind::Upper,
        (1, _, true) => Kind::Capital,
        _ => Kind::Mixed,
    };
    (kind, end)
}

/// A line with its tokens. Every question may be asked beyond either end: there is [`Kind::End`] and empty text.
#[derive(Clone, Copy)]
pub(crate) struct Line<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl<'t> Line<'t> {
    pub(crate) fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Self { text, tokens }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn kind(&self, at: usize) -> Kind {
        self.tokens.get(at).map_or(Kind::End, |token| token.kind)
    }

    pub(crate) fn text(&self, at: usize) -> &'t str {
        self.tokens.get(at).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    /// The mark at a place, or NUL when something else stands there.
    pub(crate) fn mark(&self, at: usize) -> char {
        self.tokens.get(at).map_or('\0', |token| token.mark)
    }

    pub(crate) fn is_word(&self, at: usize) -> bool {
        matches!(self.kind(at), Kind::Lower | Kind::Capital | Kind::Upper | Kind::Mixed)
    }

    pub(crate) fn is_number(&self, at: usize) -> bool {
        self.kind(at) == Kind::Number
    }

    pub(crate) fn is_space(&self, at: usize) -> bool {
        self.kind(at) == Kind::Space
    }

    pub(crate) fn is_dash(&self, at: usize) -> bool {
        matches!(self.mark(at), '-' | '–' | '—')
    }

    /// The place after a space, if there is one.
    pub(crate) fn skip_space(&self, at: usize) -> usize {
        if self.is_space(at) { at + 1 } else { at }
    }

    /// The word at a place, after a space if need be; empty when there is none.
    pub(crate) fn next_word(&self, at: usize) -> &'t str {
        let at = self.skip_space(at);
        if self.is_word(at) { self.text(at) } else { "" }
    }

    /// The place of the word before `at`, beyond spaces, an abbreviation's point, a colon and an opening bracket.
    pub(crate) fn before(&self, at: usize) -> Option<usize> {
        let mut place = at.checked_sub(1)?;
        while self.is_space(place) || matches!(self.mark(place), '.' | ':' | '(') {
            place = place.checked_sub(1)?;
        }
        self.is_word(place).then_some(place)
    }

    /// The word before `at`; empty when there is none.
    pub(crate) fn previous_word(&self, at: usize) -> &'t str {
        self.before(at).map_or("", |place| self.text(place))
    }

    /// The text at a place in small letters.
    pub(crate) fn lowered(&self, at: usize) -> Cow<'t, str> {
        match self.kind(at) {
            Kind::Lower => Cow::Borrowed(self.text(at)),
            _ => Cow::Owned(self.text(at).to_lowercase()),
        }
    }

    /// Whether letters with a point each may stand here: `S.R.L.`
    pub(crate) fn has_two_points(&self, at: usize) -> bool {
        self.mark(at + 1) == '.' && self.is_word(at + 2)
    }

    /// Text from the token at `at` to the next space, at most `longest` bytes: endless runs are not searched again from each of
    /// their tokens.
    pub(crate) fn unbroken(&self, at: usize, longest: usize) -> &'t str {
        let Some(first) = self.tokens.get(at) else { return "" };
        let limit = self.text.floor_char_boundary(first.start + longest);
        let rest = self.text.get(first.start..limit).unwrap_or_default();
        rest.split(char::is_whitespace).next().unwrap_or_default()
    }

    /// The place after `length` bytes from the token at `at`, if a token ends there.
    pub(crate) fn after_bytes(&self, at: usize, length: usize) -> Option<usize> {
        let end = self.tokens.get(at)?.start + length;
        let steps = self.tokens.iter().skip(at).position(|token| token.end >= end)?;
        (self.tokens.get(at + steps)?.end == end).then_some(at + steps + 1)
    }

    /// Whether nothing but a final mark or space follows.
    pub(crate) fn ends_at(&self, at: usize) -> bool {
        (at..self.len()).all(|place| matches!(self.kind(place), Kind::Space | Kind::Mark))
    }
}
