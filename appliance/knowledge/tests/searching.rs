//! What a citizen finds, and what not.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use async_trait::async_trait;
use desk::article::{Article, ArticleId, ArticleState, Audience};
use desk::guide::GuideId;
use desk::language::Language;
use jiff::civil::{Date, date};
use knowledge::{Change, Contents, EmbedError, Embedder, Found, KnowledgeIndex, Query, Synonyms};
use proptest::prelude::*;

const DAY: Date = date(2026, 11, 21);

fn article(id: &str, title: &str, body: &str) -> Article {
    let json = serde_json::json!({"id": id, "language": "ro", "title": title, "state": "published", "body": body});
    serde_json::from_value(json).unwrap()
}

fn some_articles() -> Vec<Article> {
    vec![
        article(
            "pasaport",
            "Pașaport simplu electronic",
            "Pașaportul se cere la serviciul de pașapoarte. Costă 258 de lei.",
        ),
        article(
            "carte",
            "Carte de identitate expirată",
            "Cartea de identitate se schimbă la evidența persoanelor. Aduceți certificatul de naștere.",
        ),
        article("permis", "Permis de conducere", "Permisul de conducere se preschimbă la serviciul de permise."),
        article("impozit", "Impozitul pe clădiri", "Impozitul pe clădiri se plătește până la 31 martie."),
    ]
}

fn index(articles: Vec<Article>) -> KnowledgeIndex {
    let index = KnowledgeIndex::in_memory().unwrap();
    let synonyms = Synonyms::from_toml(
        "ro = [[\"carte de identitate\", \"buletin\"], [\"permis de conducere\", \"carnet\"]]\nhu = []\nen = []",
    )
    .unwrap();
    index.fill(&Contents { articles, synonyms, ..Contents::default() }, 1).unwrap();
    index
}

fn first(found: &Found) -> Option<&str> {
    found.articles.first().map(|hit| hit.article.id.0.as_str())
}

fn ask(index: &KnowledgeIndex, text: &str) -> Found {
    index.search(&Query::citizen(text, Language::Ro, DAY)).unwrap()
}

#[test]
fn a_question_without_diacritics_and_with_slips_finds_its_article() {
    let index = index(some_articles());
    for text in ["cât costă pașaportul", "cat costa pasaportul", "cat costa pasaprotul", "pasaportu cat costa"] {
        assert_eq!(first(&ask(&index, text)), Some("pasaport"), "{text}");
    }
    assert_eq!(first(&ask(&index, "cand platesc impozitl")), Some("impozit"));
}

#[test]
fn the_correction_is_told() {
    let found = ask(&index(some_articles()), "cat costa pasaprotul");
    let term = found.reading.terms.iter().find(|term| term.word == "pasaprotul").unwrap();
    assert_eq!(term.corrected.as_deref(), Some("pasaportul"));
}

#[test]
fn everyday_words_find_official_ones() {
    let index = index(some_articles());
    assert_eq!(first(&ask(&index, "mi-a expirat buletinul")), Some("carte"));
    assert_eq!(first(&ask(&index, "vreau sa schimb carnetul")), Some("permis"));
}

#[test]
fn the_nearest_sentence_comes_first() {
    let found = ask(&index(some_articles()), "cat costa pasaportul");
    assert_eq!(found.articles[0].sentences[0].sentence.text, "Costă 258 de lei.");
}

#[test]
fn nothing_outside_its_days_or_its_audience_is_found() {
    let mut old = article("veche", "Taxă specială", "Taxa specială de salubrizare a fost abrogată.");
    old.valid_until = Some(date(2026, 1, 31));
    let mut internal = article("intern", "Procedură internă", "Procedura internă pentru operatori despre salubrizare.");
    internal.audience = Audience::Operator;
    let index = index(vec![old, internal]);
    assert_eq!(first(&ask(&index, "taxa salubrizare")), None);
    let mut query = Query::citizen("taxa salubrizare", Language::Ro, date(2026, 1, 31));
    assert_eq!(first(&index.search(&query).unwrap()), Some("veche"));
    query.day = DAY;
    query.audience = Audience::Operator;
    assert_eq!(first(&index.search(&query).unwrap()), Some("intern"));
}

#[test]
fn the_evidence_tells_a_known_subject_from_an_unknown_one() {
    let index = index(some_articles());
    let known = ask(&index, "unde schimb cartea de identitate expirată").articles[0].evidence;
    let unknown = ask(&index, "cine repară acoperișul de tablă al școlii")
        .articles
        .first()
        .map_or(0.0, |hit| hit.evidence.covered);
    assert!(known.covered > 0.7 && unknown < 0.4, "{} {unknown}", known.covered);
}

#[test]
fn what_is_published_is_found_at_once_and_what_is_withdrawn_is_gone() {
    let index = index(some_articles());
    let old = index.snapshot();
    let new = article("cazier", "Cazier judiciar", "Cazierul judiciar se eliberează pe loc.");
    index.apply(&[Change::Article(Box::new(new.clone()))], 2).unwrap();
    assert_eq!(first(&ask(&index, "cazier judiciar")), Some("cazier"));
    assert_eq!(index.position(), 2);
    assert!(
        old.search(&Query::citizen("cazier judiciar", Language::Ro, DAY)).unwrap().articles.is_empty(),
        "a snapshot changed"
    );
    index.apply(&[Change::Article(Box::new(Article { state: ArticleState::Retired, ..new }))], 3).unwrap();
    assert_eq!(first(&ask(&index, "cazier judiciar")), None);
}

#[test]
fn a_new_version_replaces_the_old_one() {
    let index = index(some_articles());
    let mut changed = some_articles().remove(0);
    changed.body = "Pașaportul se cere online.".to_owned();
    changed.version = 2;
    index.apply(&[Change::Article(Box::new(changed))], 2).unwrap();
    let found = ask(&index, "pasaport online");
    assert_eq!(found.articles.iter().filter(|hit| hit.article.id.0 == "pasaport").count(), 1);
    assert_eq!(found.articles[0].article.version, 2);
    let id = ArticleId("pasaport".to_owned());
    assert_eq!(index.snapshot().article(&id, Language::Ro).unwrap().unwrap().version, 2);
    assert!(index.snapshot().article(&id, Language::Hu).unwrap().is_none());
}

#[test]
fn an_index_on_disk_is_found_again_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let folder = camino::Utf8Path::from_path(folder.path()).unwrap();
    std::fs::create_dir_all(folder.join("articles-0")).unwrap();
    let starter = &knowledge::starter().contents;
    let contents = Contents { articles: some_articles(), ..starter.clone() };
    {
        let index = KnowledgeIndex::open(folder).unwrap();
        assert_eq!(index.position(), 0);
        index.fill(&contents, 7).unwrap();
    }
    assert!(!folder.join("articles-0").exists(), "an old format stayed");
    let index = KnowledgeIndex::open(folder).unwrap();
    assert_eq!(index.position(), 7);
    assert_eq!(first(&ask(&index, "mi-a expirat buletinul")), Some("carte"));
    assert_eq!(
        index.snapshot().guides().count(),
        starter.guides.iter().filter(|guide| guide.state == ArticleState::Published).count()
    );
}

#[test]
fn a_damaged_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = camino::Utf8Path::from_path(folder.path()).unwrap();
    {
        let index = KnowledgeIndex::open(folder).unwrap();
        index.fill(&Contents { articles: some_articles(), ..Contents::default() }, 7).unwrap();
    }
    let home = folder.read_dir_utf8().unwrap().next().unwrap().unwrap().into_path();
    std::fs::write(home.join("meta.json"), b"{").unwrap();
    assert_eq!(KnowledgeIndex::open(folder).unwrap().position(), 0);
}

#[test]
fn a_guide_is_found_by_its_phrasings() {
    let index = KnowledgeIndex::in_memory().unwrap();
    index.fill(&knowledge::starter().contents, 1).unwrap();
    for (text, language) in [("nu pot intra in cont", Language::Ro), ("I cannot log in to my account", Language::En)] {
        let found = index.search(&Query::citizen(text, language, DAY)).unwrap();
        assert_eq!(
            found.guides.first().map(|hit| &hit.guide.id),
            Some(&GuideId("nu-pot-intra-in-cont".to_owned())),
            "{text}"
        );
    }
}

/// Counts a few letters: enough to tell whether its opinion reaches the order.
struct Letters;

#[async_trait]
impl Embedder for Letters {
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| vec![text.matches('z').count() as f32, 1.0]).collect())
    }
}

/// Never answers.
struct Silent;

#[async_trait]
impl Embedder for Silent {
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Err(EmbedError { count: texts.len(), source: "no node".into() })
    }
}

#[tokio::test]
async fn embeddings_change_the_order_and_their_absence_does_not_matter() {
    let index = index(vec![
        article("a", "Program", "Programul ghișeului este afișat la intrare."),
        article("b", "Program", "Programul ghișeului: zz zz zz zz zz zz zz."),
    ]);
    let query = Query::citizen("zz program ghiseu afisat la intrare", Language::Ro, DAY);
    let plain = index.search(&query).unwrap();
    let silent = index.snapshot().search_with(&query, &Silent).await.unwrap();
    assert_eq!(first(&plain), first(&silent));
    let fused = index.snapshot().search_with(&query, &Letters).await.unwrap();
    assert_eq!(fused.articles.len(), plain.articles.len());
    assert!(fused.articles.iter().any(|hit| hit.article.id.0 == "b"));
}

#[test]
fn publishing_does_not_block_searching() {
    let index = index(some_articles());
    let searching = {
        let index = index.clone();
        std::thread::spawn(move || (0..50).all(|_| first(&ask(&index, "cat costa pasaportul")) == Some("pasaport")))
    };
    for position in 2..12 {
        let new = article(&format!("nou-{position}"), "Subiect nou", "Un text fără legătură.");
        index.apply(&[Change::Article(Box::new(new))], position).unwrap();
    }
    assert!(searching.join().unwrap());
    assert_eq!(index.position(), 11);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_question_breaks_the_search(text in "\\PC{0,300}") {
        thread_local!(static INDEX: KnowledgeIndex = index(some_articles()));
        INDEX.with(|index| {
            let found = ask(index, &text);
            for hit in &found.articles {
                prop_assert!(hit.evidence.values().iter().all(|value| value.is_finite()), "{:?}", hit.evidence);
            }
            Ok(())
        })?;
    }
}
