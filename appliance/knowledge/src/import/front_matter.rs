//! Markdown with front matter: TOML between two lines `+++`, then the text. The format in which everything is exported.

use camino::Utf8Path;
use desk::article::{Article, ArticleId, ArticleState, Audience, Facts, Source};
use desk::language::Language;
use jiff::civil::Date;
use serde::Deserialize;
use toml::{Table, Value};

use super::{ImportSettings, Note, Refusal, keys, plain};

const FENCE: &str = "+++";
const KEYS: [&str; 14] = [
    "id",
    "language",
    "title",
    "asked_as",
    "department",
    "audience",
    "owner",
    "state",
    "valid_from",
    "valid_until",
    "review",
    "version",
    "facts",
    "sources",
];
const FACTS: [&str; 4] = ["bring", "cost", "time", "where"];
const SOURCE: [&str; 4] = ["title", "institution", "url", "accessed"];

/// What may stand between the two lines.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FrontMatter {
    id: Option<String>,
    language: Option<Language>,
    title: Option<String>,
    asked_as: Vec<String>,
    department: String,
    audience: Audience,
    owner: String,
    state: Option<ArticleState>,
    valid_from: Option<Value>,
    valid_until: Option<Value>,
    review: Vec<String>,
    version: Option<u32>,
    facts: Facts,
    sources: Vec<SourceEntry>,
}

#[derive(Debug, Deserialize)]
struct SourceEntry {
    title: String,
    #[serde(default)]
    institution: String,
    url: Option<String>,
    accessed: Option<Value>,
}

/// The front matter and the text below it; `None` for a file without front matter.
pub(super) fn split(text: &str) -> Result<Option<(&str, &str)>, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == FENCE) else { return Ok(None) };
    let mut end = first.len();
    for line in lines {
        if line.trim_end() == FENCE {
            return Ok(Some((&text[first.len()..end], &text[end + line.len()..])));
        }
        end += line.len();
    }
    Err(Refusal::FrontMatterOpen)
}

/// The article that `head` and `body` make.
pub(super) fn article(
    path: &Utf8Path,
    head: &str,
    body: &str,
    settings: &ImportSettings,
    notes: &mut Vec<Note>,
) -> Result<Article, Refusal> {
    let damaged = |error| Refusal::toml(head, 1, &error);
    let table: Table = toml::from_str(head).map_err(damaged)?;
    keys::check(&table, "", &KEYS)?;
    keys::check_under(&table, "", "facts", &FACTS)?;
    keys::check_under(&table, "", "sources", &SOURCE)?;
    let front: FrontMatter = toml::from_str(head).map_err(damaged)?;

    let (heading, rest) = match &front.title {
        Some(_) => (None, body),
        None => plain::first_heading(body),
    };
    let sources = front.sources.into_iter().map(source).collect::<Result<_, _>>()?;
    let article = Article {
        id: ArticleId(front.id.unwrap_or_else(|| plain::slug(path))),
        language: front.language.unwrap_or_else(|| plain::language(path, None, body, settings, notes)),
        title: front.title.or(heading).unwrap_or_else(|| plain::title_from_name(path)),
        asked_as: front.asked_as,
        department: front.department,
        audience: front.audience,
        owner: front.owner,
        state: front.state.or(settings.state).unwrap_or_default(),
        valid_from: day("valid_from", front.valid_from)?,
        valid_until: day("valid_until", front.valid_until)?,
        review: front.review,
        facts: front.facts,
        sources,
        version: front.version.unwrap_or(1),
        body: rest.to_owned(),
    };
    plain::finish(article, notes)
}

fn source(entry: SourceEntry) -> Result<Source, Refusal> {
    let SourceEntry { title, institution, url, accessed } = entry;
    // A link that citizens are shown: nothing but the web.
    if let Some(url) = url.as_ref().filter(|url| !(url.starts_with("https://") || url.starts_with("http://"))) {
        return Err(Refusal::Address { url: url.clone() });
    }
    Ok(Source { title, institution, url, accessed: day("sources.accessed", accessed)? })
}

/// A day, written as TOML's own date or as text.
fn day(key: &'static str, value: Option<Value>) -> Result<Option<Date>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let text = match value {
        Value::Datetime(moment) if moment.time.is_none() => moment.to_string(),
        Value::String(text) => text,
        _ => return Err(Refusal::Day { key }),
    };
    text.parse().map(Some).map_err(|_| Refusal::Day { key })
}

#[cfg(test)]
mod tests {
    use super::super::article_from_markdown;
    use super::*;

    fn read(text: &str) -> Result<Article, Refusal> {
        article_from_markdown(
            "articole/Carte Pierdută.md",
            text,
            &ImportSettings { language: Some(Language::Ro), ..ImportSettings::default() },
        )
    }

    #[test]
    fn an_article_says_everything_about_itself() {
        let text = "+++\r\nid = \"carte\"\r\nlanguage = \"hu\"\ntitle = \"Személyi\"\nasked_as = [\"elveszett\"]\n\
            state = \"published\"\naudience = \"operator\"\nvalid_from = 2026-01-01\nvalid_until = \"2026-12-31\"\n\
            version = 4\n[facts]\nbring = [\"igazolvány\"]\ncost = \"7 lej\"\n[[sources]]\ntitle = \"Lap\"\n\
            url = \"https://mai.gov.ro\"\naccessed = 2026-11-21\n+++\n\nŞöveg.\n\n+++\n";
        let article = read(text).unwrap();
        assert_eq!((article.id.0.as_str(), article.language, article.version), ("carte", Language::Hu, 4));
        assert_eq!((article.state, article.audience), (ArticleState::Published, Audience::Operator));
        assert_eq!(article.valid_until, Some(jiff::civil::date(2026, 12, 31)));
        assert_eq!(article.sources[0].accessed, Some(jiff::civil::date(2026, 11, 21)));
        assert_eq!(article.facts.bring, ["igazolvány"]);
        assert_eq!(article.body, "Șöveg.\n\n+++");
    }

    #[test]
    fn what_the_front_matter_leaves_out_comes_from_the_text_and_the_name() {
        let article = read("+++\n+++\n# Carte pierdută\n\nMergeți la poliție.\n").unwrap();
        assert_eq!((article.id.0.as_str(), article.title.as_str()), ("carte-pierduta", "Carte pierdută"));
        assert_eq!((article.body.as_str(), article.state), ("Mergeți la poliție.", ArticleState::Draft));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_name() {
        for (text, name) in [
            ("titel = \"x\"", "titel"),
            ("title = \"x\"\n[facts]\nprice = \"7\"", "facts.price"),
            ("title = \"x\"\n[[sources]]\ntitle = \"a\"\nlink = \"b\"", "sources.link"),
        ] {
            let refused = read(&format!("+++\n{text}\n+++\ntext")).unwrap_err();
            assert!(matches!(&refused, Refusal::UnknownKey { key } if key == name), "{refused}");
        }
    }

    #[test]
    fn damaged_front_matter_is_refused_at_its_line() {
        let refused = read("+++\ntitle = \"x\"\nstate = published\n+++\ntext").unwrap_err();
        assert!(matches!(refused, Refusal::Toml { line: 3, .. }), "{refused}");
        let refused = read("+++\ntitle = \"x\"\n\nstate = \"live\"\n+++\ntext").unwrap_err();
        assert!(matches!(refused, Refusal::Toml { line: 4, .. }), "{refused}");
        assert!(matches!(read("+++\ntitle = \"x\"\ntext"), Err(Refusal::FrontMatterOpen)));
    }

    #[test]
    fn facts_that_cannot_be_are_refused() {
        let with = |lines: &str| read(&format!("+++\ntitle = \"x\"\n{lines}\n+++\ntext")).unwrap_err();
        assert!(matches!(with("valid_from = 2026-02-30"), Refusal::Toml { .. } | Refusal::Day { .. }));
        assert!(matches!(with("valid_from = 12"), Refusal::Day { key: "valid_from" }));
        assert!(matches!(with("valid_from = 2026-02-02\nvalid_until = 2026-02-01"), Refusal::Validity));
        assert!(matches!(with("[[sources]]\ntitle = \"a\"\nurl = \"javascript:x\""), Refusal::Address { .. }));
        assert!(matches!(with("id = \" \""), Refusal::Id { .. }));
        assert!(matches!(read("+++\ntitle = \"x\"\n+++\n \n"), Err(Refusal::Empty)));
    }
}
