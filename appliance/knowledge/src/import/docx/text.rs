//! The paragraphs, lists and tables of `word/document.xml`.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::styles::{Style, Styles, value};
use super::{Refusal, damaged};
use crate::import::plain::Found;
use crate::import::writer::{Item, Writer, squeeze};

/// The text of a document.
pub(super) fn read(document: &str, styles: &Styles) -> Result<Found, Refusal> {
    let mut reader = Reader::from_str(document);
    let mut text = Text::new(styles);
    loop {
        match reader.read_event().map_err(damaged)? {
            Event::Start(element) => {
                // Word writes some things twice, for newer and for older programs: one of them is enough.
                if element.local_name().as_ref() == "Fallback" {
                    reader.read_to_end(element.name()).map_err(damaged)?;
                } else {
                    text.open(&element);
                }
            }
            Event::Empty(element) => {
                text.open(&element);
                text.close(element.local_name().as_ref());
            }
            Event::End(element) => text.close(element.local_name().as_ref()),
            Event::Text(content) if text.in_text => text.writer.text(&content.xml10_content()),
            Event::CData(content) if text.in_text => text.writer.text(&content.xml10_content()),
            Event::GeneralRef(reference) if text.in_text => {
                let character = reference.resolve_char_ref().map_err(damaged)?;
                let named = quick_xml::escape::resolve_predefined_entity(&reference);
                match (character, named) {
                    (Some(character), _) => text.writer.text(character.encode_utf8(&mut [0; 4])),
                    (None, named) => text.writer.text(named.unwrap_or_default()),
                }
            }
            Event::Eof => return Ok(text.finish()),
            _ => {}
        }
    }
}

struct Text<'a> {
    styles: &'a Styles,
    writer: Writer,
    title: Option<String>,
    first_heading: Option<String>,
    in_text: bool,
    style: Option<Style>,
    list: Option<String>,
    level: String,
    numbers: HashMap<(String, String), usize>,
    tables: usize,
    cells: Vec<String>,
    headings: Vec<String>,
    heading_row: bool,
}

impl<'a> Text<'a> {
    fn new(styles: &'a Styles) -> Self {
        Self {
            styles,
            writer: Writer::default(),
            title: None,
            first_heading: None,
            in_text: false,
            style: None,
            list: None,
            level: String::new(),
            numbers: HashMap::new(),
            tables: 0,
            cells: Vec::new(),
            headings: Vec::new(),
            heading_row: false,
        }
    }

    fn open(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "p" => {
                self.end_paragraph();
                (self.style, self.list, self.level) = (None, None, "0".to_owned());
            }
            "pStyle" => self.style = value(element, "val").and_then(|id| self.styles.style(&id)),
            // The list 0 is no list.
            "numId" => self.list = value(element, "val").filter(|id| id != "0"),
            "ilvl" => self.level = value(element, "val").unwrap_or_default(),
            "t" => self.in_text = true,
            "tab" | "br" | "cr" => self.writer.text(" "),
            "noBreakHyphen" => self.writer.text("-"),
            "tbl" => {
                if self.tables == 0 {
                    self.end_paragraph();
                    self.headings.clear();
                }
                self.tables += 1;
            }
            "tr" if self.tables == 1 => (self.heading_row, self.cells) = (false, Vec::new()),
            "tblHeader" if self.tables == 1 => self.heading_row = value(element, "val").is_none_or(|on| on != "0"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" => self.end_paragraph(),
            "tc" if self.tables == 1 => {
                let cell = self.writer.take_line();
                self.cells.push(cell);
            }
            "tr" if self.tables == 1 => {
                let cells = std::mem::take(&mut self.cells);
                if self.heading_row && self.headings.is_empty() {
                    self.headings = cells;
                } else {
                    self.writer.row(&self.headings, &cells);
                }
            }
            "tbl" => self.tables = self.tables.saturating_sub(1),
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        if self.tables > 0 {
            return self.writer.text(" ");
        }
        let line = self.writer.take_line();
        if line.trim().is_empty() {
            return;
        }
        match (self.style, self.list.take()) {
            (Some(Style::Title), _) if self.title.is_none() => return self.title = Some(squeeze(&line)),
            (Some(Style::Title), _) => self.heading(1, &line),
            (Some(Style::Heading(level)), _) => self.heading(level, &line),
            (_, Some(list)) => self.item(list, &line),
            (Some(Style::Item), None) => self.begin_item(1, None, &line),
            (None, None) => self.writer.text(&line),
        }
        self.writer.end_block();
    }

    fn heading(&mut self, level: usize, line: &str) {
        self.numbers.clear();
        // In a document without a title its first heading of the first level is the title.
        if level == 1 && self.first_heading.is_none() && self.title.is_none() {
            self.first_heading = Some(squeeze(line));
            return;
        }
        self.writer.text(line);
        self.writer.end_heading(level);
    }

    fn item(&mut self, list: String, line: &str) {
        let level = self.level.parse::<usize>().unwrap_or(0).min(8);
        let counts = self.styles.counts(&list, &self.level);
        // A deeper list counts anew below every item.
        self.numbers.retain(|(other, deeper), _| *other != list || deeper.parse::<usize>().is_ok_and(|at| at <= level));
        let number = counts.then(|| {
            let number = self.numbers.entry((list, level.to_string())).or_default();
            *number += 1;
            *number
        });
        self.begin_item(level + 1, number, line);
    }

    fn begin_item(&mut self, depth: usize, number: Option<usize>, line: &str) {
        self.writer.begin_item(Item { depth, number });
        self.writer.text(line);
    }

    fn finish(mut self) -> Found {
        self.tables = 0;
        self.end_paragraph();
        let title = self.title.or(self.first_heading);
        Found { title, language: None, body: self.writer.finish() }
    }
}
