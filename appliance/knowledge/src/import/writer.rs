//! Markdown as the readers of HTML and DOCX write it: headings, paragraphs, lists, and tables as lines.
//!
//! A row of a table becomes an item of a list, each cell after the heading of its column: a sentence that can be quoted
//! on its own, which a cell cannot.

/// A block being written, and those before it.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    line: String,
    item: Option<Item>,
    after_item: bool,
}

/// An item of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// How many lists it stands in, from 1.
    pub(super) depth: usize,
    /// Its number, in a list that counts.
    pub(super) number: Option<usize>,
}

impl Writer {
    /// Adds text to the block that is being written.
    pub(super) fn text(&mut self, text: &str) {
        self.line.push_str(text);
    }

    /// Ends the block and makes the next one an item of a list.
    pub(super) fn begin_item(&mut self, item: Item) {
        self.end_block();
        self.item = Some(item);
    }

    /// Ends the block: a paragraph, or an item that began.
    pub(super) fn end_block(&mut self) {
        let text = squeeze(&std::mem::take(&mut self.line));
        if text.is_empty() {
            return;
        }
        let text = escape(&text);
        match self.item.take() {
            Some(Item { depth, number }) => {
                let indent = "   ".repeat(depth.clamp(1, 8) - 1);
                let mark = number.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
                self.block(&format!("{indent}{mark} {text}"), true);
            }
            None => self.block(&text, false),
        }
    }

    /// Ends the block as a heading.
    pub(super) fn end_heading(&mut self, level: usize) {
        self.item = None;
        let text = squeeze(&std::mem::take(&mut self.line));
        if !text.is_empty() {
            // The title is the only heading of the first level, and it is kept apart.
            let level = level.clamp(2, 6);
            self.block(&format!("{} {}", "#".repeat(level), escape(&text)), false);
        }
    }

    /// Writes a row of a table below the headings of its columns.
    pub(super) fn row(&mut self, headings: &[String], cells: &[String]) {
        self.end_block();
        let filled = |index: usize| headings.get(index).map(|heading| squeeze(heading)).filter(|text| !text.is_empty());
        let cells: Vec<(usize, String)> =
            cells.iter().map(|cell| squeeze(cell)).enumerate().filter(|(_, cell)| !cell.is_empty()).collect();
        let text = if headings.is_empty() && cells.len() == 2 {
            format!("{}: {}", cells[0].1, cells[1].1)
        } else {
            let named = |(index, cell): &(usize, String)| match filled(*index) {
                Some(heading) => format!("{heading}: {cell}"),
                None => cell.clone(),
            };
            cells.iter().map(named).collect::<Vec<_>>().join("; ")
        };
        if !text.is_empty() {
            self.block(&format!("- {}", escape(&text)), true);
        }
    }

    /// Takes what was written since the last block, for a cell or a title.
    pub(super) fn take_line(&mut self) -> String {
        std::mem::take(&mut self.line)
    }

    /// Everything written.
    pub(super) fn finish(mut self) -> String {
        self.end_block();
        self.out
    }

    fn block(&mut self, block: &str, item: bool) {
        if !self.out.is_empty() {
            self.out.push_str(if item && self.after_item { "\n" } else { "\n\n" });
        }
        self.out.push_str(block);
        self.after_item = item;
    }
}

/// Single spaces only.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text in which nothing is Markdown by accident.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    if text.starts_with(['#', '>', '+', '-', '=', '~', '|']) {
        escaped.push('\\');
    }
    for character in text.chars() {
        if matches!(character, '<' | '*' | '`' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
