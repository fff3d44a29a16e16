use desk::article::{ArticleId, Facts, Source};
use desk::language::Language;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::import::{ImportSettings, article_from_markdown, import_folder};
use crate::starter::starter;

/// Everything of the starter pack, and some ids that no file could be called.
fn contents() -> Contents {
    let mut contents = starter().contents.clone();
    for id in ["Delta_Dunării/0", "..", ".ascuns", "a%2Fb", "a/b", "readme", "con:*?\"<>|", &"lung/".repeat(39)] {
        let article = Article { id: ArticleId(id.to_owned()), version: 3, ..contents.articles[0].clone() };
        contents.articles.push(article);
    }
    contents
}

#[test]
fn what_is_exported_comes_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap();
    let mut contents = contents();
    export_folder(&contents, path).unwrap();
    let import = import_folder(path, &ImportSettings::default()).unwrap();
    assert_eq!(import.refused().map(|(path, refusal)| format!("{path}: {refusal}")).next(), None);
    let mut again = import.contents;
    let key = |article: &Article| (article.id.clone(), article.language);
    contents.articles.sort_by_key(key);
    again.articles.sort_by_key(key);
    contents.guides.sort_by(|one, other| one.id.cmp(&other.id));
    again.guides.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(again.articles, contents.articles);
    assert_eq!(again.guides, contents.guides);
    assert_eq!(again.synonyms, contents.synonyms);
}

#[test]
fn every_file_stays_in_the_folder_and_can_be_named() {
    for id in ["../../etc/passwd", "..", "a/b", ".hidden", &"ș".repeat(100)] {
        let name = file_name(id);
        assert!(!name.contains('/') && !name.starts_with('.') && name.len() <= MAX_NAME_BYTES, "{name}");
    }
    assert_eq!(file_name("Delta_Dunării/0"), "Delta_Dunării%2F0");
    assert_eq!(file_name("carte-de-identitate"), "carte-de-identitate");
    assert_ne!(file_name(&"a/".repeat(99)), file_name(&format!("{}b", "a/".repeat(99))));
}

prop_compose! {
    fn line()(text in "[a-zA-ZșțăâîőűÖ0-9\"'\\\\+#.,: \\[\\]{}=\n-]{0,40}") -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

prop_compose! {
    fn some_line()(text in line(), letter in "[a-zșőA-Z]") -> String {
        format!("{letter}{text}")
    }
}

fn optional() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(some_line())
}

prop_compose! {
    fn article()(
        id in "[a-zA-Zșő0-9/.:%_-]{1,40}",
        (language, audience, state) in (0..3_usize, 0..2_usize, 0..4_usize),
        (title, body) in (some_line(), "[a-zșț+#*>\\-\\[\\]\"\\\\ \n]{0,120}"),
        lists in proptest::array::uniform3(proptest::collection::vec(some_line(), 0..3)),
        lines in proptest::array::uniform2(line()),
        facts in proptest::array::uniform3(optional()),
        days in proptest::option::of((0..1000_i32, 0..1000_i32)),
        sources in proptest::collection::vec((some_line(), line(), proptest::option::of("https?://[a-z./?=&\"-]{1,20}")), 0..3),
        version in 1..1000_u32,
    ) -> Article {
        let day = |after: i32| date(2024, 1, 1).checked_add(jiff::Span::new().days(after)).unwrap();
        let [asked_as, review, bring] = lists;
        let [department, owner] = lines;
        let [cost, time, r#where] = facts;
        Article {
            id: ArticleId(id),
            language: Language::ALL[language],
            title,
            asked_as,
            department,
            audience: [Audience::Citizen, Audience::Operator][audience],
            owner,
            state: [ArticleState::Draft, ArticleState::Review, ArticleState::Published, ArticleState::Retired][state],
            valid_from: days.map(|(from, _)| day(from)),
            valid_until: days.map(|(from, length)| day(from + length)),
            review,
            facts: Facts { bring, cost, time, r#where },
            sources: sources
                .into_iter()
                .map(|(title, institution, url)| Source { title, institution, url, accessed: days.map(|(from, _)| day(from)) })
                .collect(),
            version,
            body: format!("x{}", body.trim_end()),
        }
    }
}

proptest! {
    #[test]
    fn every_article_survives_markdown(article in article()) {
        let text = article_to_markdown(&article);
        let again = article_from_markdown("x.md", &text, &ImportSettings::default()).unwrap();
        prop_assert_eq!(again, article, "{}", text);
    }
}
