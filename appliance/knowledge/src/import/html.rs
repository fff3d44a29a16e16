//! Web pages: the article in the middle, without the scripts and the furniture around it.

mod depth;

use scraper::node::Element;
use scraper::{ElementRef, Html, Node, Selector};

use super::plain::Found;
use super::writer::{Item, Writer, squeeze};
use super::{Refusal, decoding};

/// Elements that belong to the site, not to the article, or that hold no text.
const FURNITURE: [&str; 17] = [
    "script", "style", "noscript", "template", "head", "nav", "footer", "aside", "form", "button", "select", "svg",
    "iframe", "object", "canvas", "audio", "video",
];
const ROLES: [&str; 4] = ["navigation", "banner", "contentinfo", "search"];
/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 15] = [
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "blockquote",
    "pre",
    "figure",
    "figcaption",
    "address",
    "details",
    "summary",
    "center",
    "caption",
];
/// The parser's time grows with the square of this; pages written by people stay below a tenth of it.
const MAX_DEPTH: usize = 2_000;
/// How many nodes are looked at, all tables together, to tell tables of facts from tables that only lay out a page.
const TABLE_BUDGET: usize = 2_000_000;

/// The article of a page.
pub(super) fn read(bytes: &[u8]) -> Result<Found, Refusal> {
    let text = decoding::html(bytes);
    if depth::exceeds(&text, MAX_DEPTH) {
        return Err(Refusal::Damaged { kind: "HTML page", reason: "its elements stand too deep in others".to_owned() });
    }
    let page = Html::parse_document(&text);
    let language = page.root_element().attr("lang").and_then(|code| code.parse().ok());
    let root = ["main", "[role=main]", "article", "body"].into_iter().find_map(|part| first(&page, part));
    let Some(root) = root else { return Err(Refusal::Empty) };
    let mut walker = Walker { budget: TABLE_BUDGET, ..Walker::default() };
    walker.walk(root);
    let title = walker.title.or_else(|| first(&page, "title").map(|title| title.text().collect()));
    Ok(Found { title: title.map(|title| squeeze(&title)), language, body: walker.writer.finish() })
}

fn first<'a>(page: &'a Html, part: &str) -> Option<ElementRef<'a>> {
    Selector::parse(part).ok().and_then(|selector| page.select(&selector).next())
}

/// What a table is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Facts,
    Layout,
    /// Inside a cell of another table: its text belongs to that cell.
    Cell,
}

struct Table {
    of: Use,
    headings: Vec<String>,
    cells: Vec<String>,
    heads_only: bool,
    rows: usize,
}

#[derive(Default)]
struct Walker {
    writer: Writer,
    title: Option<String>,
    /// The lists around, with the last number of those that count.
    lists: Vec<Option<usize>>,
    tables: Vec<Table>,
    broken: bool,
    budget: usize,
}

impl Walker {
    /// Walks the tree without recursion: a page can be nested deeper than any stack.
    fn walk(&mut self, root: ElementRef<'_>) {
        let mut at = *root;
        loop {
            if let Some(child) = at.first_child().filter(|_| self.enter(ElementRef::wrap(at))) {
                at = child;
                continue;
            }
            if let Node::Text(text) = at.value() {
                self.broken &= text.trim().is_empty();
                self.writer.text(text);
            }
            loop {
                if let Some(element) = ElementRef::wrap(at) {
                    self.leave(element.value());
                }
                if at == *root {
                    return;
                }
                if let Some(next) = at.next_sibling() {
                    at = next;
                    break;
                }
                let Some(parent) = at.parent() else { return };
                at = parent;
            }
        }
    }

    /// Begins an element; false when what is in it is left out.
    fn enter(&mut self, element: Option<ElementRef<'_>>) -> bool {
        let Some(found) = element else { return true };
        let element = found.value();
        if is_furniture(element, found) {
            return false;
        }
        match element.name() {
            "table" => {
                let of = if self.in_cell() { Use::Cell } else { self.use_of(found) };
                self.end_block();
                self.tables.push(Table { of, headings: vec![], cells: vec![], heads_only: true, rows: 0 });
            }
            "tr" | "td" | "th" if self.in_facts() => {
                self.writer.take_line();
            }
            "ul" | "menu" => self.lists.push(None),
            "ol" => {
                let start = element.attr("start").and_then(|start| start.parse::<usize>().ok()).unwrap_or(1);
                self.lists.push(Some(start.clamp(1, 1_000_000) - 1));
            }
            "li" if !self.in_cell() => {
                let depth = self.lists.len().max(1);
                let number = self.lists.last_mut().and_then(Option::as_mut).map(|count| {
                    *count += 1;
                    *count
                });
                self.writer.begin_item(Item { depth, number });
            }
            "dt" if !self.in_cell() => self.writer.begin_item(Item { depth: 1, number: None }),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.end_block(),
            name if BLOCKS.contains(&name) => self.end_block(),
            _ => {}
        }
        true
    }

    /// Ends an element.
    fn leave(&mut self, element: &Element) {
        match element.name() {
            "br" if self.broken => self.end_block(),
            "br" => {
                self.broken = true;
                self.writer.text(" ");
            }
            "table" => self.end_table(),
            "caption" if self.in_facts() => self.writer.end_block(),
            "tr" if self.in_facts() => self.end_row(),
            "td" | "th" if self.in_facts() => {
                let cell = self.writer.take_line();
                if let Some(table) = self.tables.last_mut() {
                    table.heads_only &= element.name() == "th";
                    table.cells.push(cell);
                }
            }
            "td" | "th" => self.end_block(),
            "ul" | "menu" | "ol" => {
                self.end_block();
                self.lists.pop();
            }
            "dt" => self.writer.text(": "),
            "li" | "dd" => self.end_block(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if !self.in_cell() => self.end_heading(element.name()),
            name if BLOCKS.contains(&name) => self.end_block(),
            _ => {}
        }
    }

    fn end_heading(&mut self, name: &str) {
        let level = name.bytes().last().map_or(2, |digit| usize::from(digit - b'0'));
        if level > 1 || self.title.is_some() {
            return self.writer.end_heading(level);
        }
        let title = squeeze(&self.writer.take_line());
        self.title = Some(title).filter(|title| !title.is_empty());
    }

    /// Ends a paragraph or an item, except in a cell, where everything is one line.
    fn end_block(&mut self) {
        self.broken = false;
        if self.in_cell() {
            self.writer.text(" ");
        } else {
            self.writer.end_block();
        }
    }

    fn end_row(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let cells = std::mem::take(&mut table.cells);
        let heads_only = std::mem::replace(&mut table.heads_only, true);
        self.writer.take_line();
        if heads_only && table.rows == 0 && table.headings.is_empty() && cells.len() > 1 {
            table.headings = cells;
        } else {
            table.rows += 1;
            self.writer.row(&table.headings, &cells);
        }
    }

    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        if table.of == Use::Facts && table.rows == 0 {
            self.writer.row(&[], &table.headings);
        }
        self.end_block();
    }

    fn in_facts(&self) -> bool {
        self.tables.last().is_some_and(|table| table.of == Use::Facts)
    }

    fn in_cell(&self) -> bool {
        self.tables.last().is_some_and(|table| table.of != Use::Layout)
    }

    /// A table with headings, lists or other tables in it lays out the page.
    fn use_of(&mut self, table: ElementRef<'_>) -> Use {
        for node in table.descendants().skip(1) {
            let element = node.value().as_element();
            let lays_out = |element: &Element| {
                matches!(element.name(), "table" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
            };
            if self.budget == 0 || element.is_some_and(lays_out) {
                return Use::Layout;
            }
            self.budget -= 1;
        }
        Use::Facts
    }
}

fn is_furniture(element: &Element, found: ElementRef<'_>) -> bool {
    let site_header = element.name() == "header"
        && found.parent().and_then(ElementRef::wrap).is_some_and(|parent| parent.value().name() == "body");
    site_header
        || FURNITURE.contains(&element.name())
        || element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        || element.attr("role").is_some_and(|role| ROLES.contains(&role))
}

#[cfg(test)]
mod tests {
    use desk::language::Language;

    use super::*;

    #[test]
    fn a_page_becomes_its_article_without_the_site_around_it() {
        let page = r#"<!doctype html><html lang="ro-RO"><head><title>Primăria | Taxe</title><style>p{}</style></head><body>
            <header><h1>Primăria</h1></header><nav><ul><li>Acasă</li></ul></nav>
            <main><h1>Taxe  locale</h1><p>Se plătesc la <b>casierie</b>, până la 31&nbsp;martie.</p>
            <script>alert(1)</script><h2>Ce aduceți</h2>
            <ul><li>buletinul</li><li><p>decizia</p><ol><li>veche</li><li>nouă</li></ol></li></ul>
            <p hidden>Ascuns</p><p>*nu* &lt;nume&gt;<br><br># sfârșit</p></main><footer>2026</footer></body></html>"#;
        let found = read(page.as_bytes()).unwrap();
        assert_eq!((found.title.as_deref(), found.language), (Some("Taxe locale"), Some(Language::Ro)));
        let expected = "Se plătesc la casierie, până la 31 martie.\n\n## Ce aduceți\n\n- buletinul\n- decizia\n   1. veche\n   \
            2. nouă\n\n\\*nu\\* \\<nume>\n\n\\# sfârșit";
        assert_eq!(found.body, expected);
    }

    #[test]
    fn a_row_of_a_table_becomes_a_sentence() {
        let page = "<title>Taxe</title><table><caption>Sume</caption><tr><th>Act<th>Taxă</tr><tr><td>Carte<td><p>40 lei</p></tr>\
            </table><table><tr><td>Program<td>8–16</tr></table><table><tr><td><h2>Bloc</h2><p>Text</p></td></tr></table>";
        let found = read(page.as_bytes()).unwrap();
        assert_eq!(found.title.as_deref(), Some("Taxe"));
        assert_eq!(found.body, "Sume\n\n- Act: Carte; Taxă: 40 lei\n- Program: 8–16\n\n## Bloc\n\nText");
    }

    #[test]
    fn a_page_nested_beyond_reason_is_refused_before_it_is_parsed() {
        let nested = |depth: usize| format!("{}adânc{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert_eq!(read(nested(MAX_DEPTH).as_bytes()).unwrap().body, "adânc");
        assert!(matches!(read(nested(100_000).as_bytes()), Err(Refusal::Damaged { .. })));
    }
}
