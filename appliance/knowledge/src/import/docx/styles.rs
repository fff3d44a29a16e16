//! What the styles and lists of a document mean: headings by their level, lists that count.

use std::collections::{HashMap, HashSet};

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// What a paragraph's style makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Title,
    Heading(usize),
    Item,
}

/// The styles and lists of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    /// Lists that count, by their id and level.
    counting: HashSet<(String, String)>,
}

impl Styles {
    /// Reads `word/styles.xml` and `word/numbering.xml`; either may be empty.
    pub(super) fn read(styles: &str, lists: &str) -> Result<Self, quick_xml::Error> {
        Ok(Self { styles: read_styles(styles)?, counting: read_lists(lists)? })
    }

    /// What the style called `id` means; in a document without styles its id is its English name.
    pub(super) fn style(&self, id: &str) -> Option<Style> {
        self.styles.get(id).copied().or_else(|| by_name(id))
    }

    /// Whether the list `id` counts at `level`.
    pub(super) fn counts(&self, id: &str, level: &str) -> bool {
        self.counting.contains(&(id.to_owned(), level.to_owned()))
    }
}

/// The value of the attribute with this local name.
pub(super) fn value(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let mut named = attributes.with_checks(false).flatten();
    named.find(|attribute| attribute.key.local_name().as_ref() == name).map(|found| found.value.into_owned())
}

/// The names of built-in styles are English in every translation of the program.
fn by_name(name: &str) -> Option<Style> {
    let name: String = name.to_lowercase().chars().filter(|character| *character != ' ').collect();
    match name.as_str() {
        "title" => Some(Style::Title),
        "listparagraph" => None,
        _ if name.starts_with("listbullet") || name.starts_with("listnumber") => Some(Style::Item),
        _ => name.strip_prefix("heading").and_then(|level| level.parse().ok()).map(Style::Heading),
    }
}

fn read_styles(text: &str) -> Result<HashMap<String, Style>, quick_xml::Error> {
    let mut reader = Reader::from_str(text);
    let mut styles = HashMap::new();
    let mut id = String::new();
    loop {
        match reader.read_event()? {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "style" => id = value(&element, "styleId").unwrap_or_default(),
                "name" => {
                    if let Some(style) = value(&element, "val").as_deref().and_then(by_name) {
                        styles.insert(id.clone(), style);
                    }
                }
                "outlineLvl" => {
                    let level = value(&element, "val").and_then(|level| level.parse::<usize>().ok());
                    if let Some(level) = level.filter(|level| *level < 9) {
                        styles.entry(id.clone()).or_insert(Style::Heading(level + 1));
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(styles),
            _ => {}
        }
    }
}

fn read_lists(text: &str) -> Result<HashSet<(String, String)>, quick_xml::Error> {
    let mut reader = Reader::from_str(text);
    let (mut list, mut definition, mut level) = (String::new(), String::new(), String::new());
    let mut counting: HashMap<String, Vec<String>> = HashMap::new();
    let mut found = HashSet::new();
    loop {
        match reader.read_event()? {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "abstractNum" => definition = value(&element, "abstractNumId").unwrap_or_default(),
                "lvl" => level = value(&element, "ilvl").unwrap_or_default(),
                "numFmt" if value(&element, "val").is_some_and(|format| format != "bullet" && format != "none") => {
                    counting.entry(definition.clone()).or_default().push(level.clone());
                }
                "num" => list = value(&element, "numId").unwrap_or_default(),
                "abstractNumId" => {
                    let levels = value(&element, "val").and_then(|id| counting.get(&id));
                    found.extend(levels.into_iter().flatten().map(|level| (list.clone(), level.clone())));
                }
                _ => {}
            },
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}
