//! The text being written: words one space apart, never two pauses side by side.

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Line,
}

/// Collects spoken text. Spaces and line ends are written only when a word follows, so nothing is left hanging.
pub(crate) struct Speech {
    text: String,
    gap: Gap,
    /// The last word was put there by us, so that text of the source must not run into it.
    spoken: bool,
}

/// How strongly a mark parts what stands around it; the stronger of two neighbours stays.
fn strength(mark: char) -> u8 {
    match mark {
        ',' => 1,
        ';' => 2,
        ':' => 3,
        '.' | '…' => 4,
        '?' | '!' => 5,
        _ => 0,
    }
}

impl Speech {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), gap: Gap::None, spoken: false }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Where a word of ours is to be written: set apart from what stands before.
    pub(crate) fn open(&mut self) -> &mut String {
        if self.gap == Gap::None && !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.gap = Gap::Space;
        }
        self.fill();
        self.spoken = true;
        &mut self.text
    }

    /// Writes words of ours.
    pub(crate) fn say(&mut self, words: &str) {
        if !words.is_empty() {
            self.open().push_str(words);
        }
    }

    /// Writes a piece of the source as it stands.
    pub(crate) fn copy(&mut self, piece: &str) {
        if self.spoken && self.gap == Gap::None {
            self.gap = Gap::Space;
        }
        self.fill();
        self.spoken = false;
        self.text.push_str(piece);
    }

    /// Writes a hyphen, apostrophe or ending that belongs to the word before.
    pub(crate) fn join(&mut self, piece: &str) {
        self.gap = Gap::None;
        self.text.push_str(piece);
        self.spoken = false;
    }

    pub(crate) fn space(&mut self) {
        if self.gap == Gap::None {
            self.gap = Gap::Space;
        }
    }

    pub(crate) fn line_end(&mut self) {
        self.gap = Gap::Line;
    }

    /// Writes a pause after the last word; a weaker one beside a stronger one is left out.
    pub(crate) fn pause(&mut self, mark: char) {
        if self.gap == Gap::Line {
            return;
        }
        match self.text.chars().next_back() {
            None => return,
            Some(last) if strength(last) == 0 => self.text.push(mark),
            Some(last) if strength(last) < strength(mark) => {
                self.text.pop();
                self.text.push(mark);
            }
            Some(_) => {}
        }
        self.spoken = false;
        self.gap = Gap::Space;
    }

    /// Takes back a comma at the end, where a bracket closed a line.
    pub(crate) fn drop_comma(&mut self) {
        if self.text.ends_with(',') {
            self.text.pop();
        }
    }

    /// Ends what was said with a mark, unless it has one.
    pub(crate) fn finish(&mut self, mark: char) {
        if self.text.chars().next_back().is_some_and(|last| strength(last) == 0) {
            self.pause(mark);
        }
    }

    fn fill(&mut self) {
        match self.gap {
            Gap::None => {}
            Gap::Space if self.text.is_empty() => {}
            Gap::Line if self.text.is_empty() => {}
            Gap::Space => self.text.push(' '),
            Gap::Line => self.text.push('\n'),
        }
        self.gap = Gap::None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_of_two_pauses_stays() {
        let mut speech = Speech::with_capacity(0);
        speech.pause(',');
        speech.say("da");
        speech.pause(',');
        speech.pause('.');
        speech.pause(',');
        speech.space();
        assert_eq!(speech.into_text(), "da.");
    }
}
