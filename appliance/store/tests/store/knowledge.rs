//! The knowledge base with its versions.

use desk::article::{Article, ArticleId, ArticleState, Audience, Facts};
use desk::guide::{Guide, GuideEnd, GuideId, GuideStep, StepId};
use desk::journal::Actor;
use desk::language::{Language, Localized};
use desk::ports::PortError;
use desk::ports::articles::Articles;

use crate::support::*;

fn article() -> Article {
    Article {
        id: ArticleId(format!("Carte/{}", uuid::Uuid::new_v4())),
        language: Language::Ro,
        title: "Carte de identitate".to_owned(),
        asked_as: vec!["buletin".to_owned()],
        department: String::new(),
        audience: Audience::Citizen,
        owner: String::new(),
        state: ArticleState::Draft,
        valid_from: None,
        valid_until: None,
        review: Vec::new(),
        facts: Facts::default(),
        sources: Vec::new(),
        version: 1,
        body: "Veniți cu actele.".to_owned(),
    }
}

fn guide() -> Guide {
    let step = GuideStep {
        id: StepId("start".to_owned()),
        say: Localized::default(),
        article: None,
        choices: Vec::new(),
        end: Some(GuideEnd::Answered),
    };
    Guide {
        id: GuideId(uuid::Uuid::new_v4().to_string()),
        department: String::new(),
        state: ArticleState::Draft,
        review: Vec::new(),
        start: step.id.clone(),
        title: Localized::default(),
        asked_as: Localized::default(),
        articles: Vec::new(),
        steps: vec![step],
    }
}

#[test]
fn every_change_of_an_article_is_a_version_and_no_change_is_none() {
    story(|store| async move {
        let articles = store.articles();
        let first = articles.save(article(), Actor::System).await.unwrap();
        assert_eq!(first.version, 1);
        assert_eq!(articles.save(first.clone(), Actor::System).await.unwrap(), first);
        let published = Article { state: ArticleState::Published, ..first.clone() };
        let published = articles.save(published, Actor::System).await.unwrap();
        assert_eq!(published.version, 2);
        let stale = Article { title: "Altceva".to_owned(), ..first.clone() };
        assert!(matches!(articles.save(stale, Actor::System).await, Err(PortError::Conflict { .. })));
        let illegal = Article { state: ArticleState::Draft, ..published.clone() };
        assert!(matches!(articles.save(illegal, Actor::System).await, Err(PortError::Refused(_))));
        assert_eq!(articles.article(&first.id, Language::Ro).await.unwrap(), published);
        assert_eq!(articles.versions(&first.id, Language::Ro).await.unwrap(), vec![first.clone(), published]);
        let missing = articles.article(&first.id, Language::Hu).await;
        assert!(matches!(missing, Err(PortError::NotFound { .. })));
    });
}

#[test]
fn an_import_writes_what_changed_and_what_changed_is_found_from_a_position() {
    story(|store| async move {
        let articles = store.articles();
        let many: Vec<Article> =
            (0..300).map(|_| Article { body: "ș".repeat(1000), state: ArticleState::Published, ..article() }).collect();
        let start = articles.snapshot().await.unwrap().position;
        assert_eq!(articles.import(many.clone(), vec![guide()], Actor::Admin(0)).await.unwrap(), 301);
        assert_eq!(articles.import(many.clone(), vec![], Actor::Admin(0)).await.unwrap(), 0);
        let all = articles.changes_after(start).await.unwrap();
        assert!(all.articles.len() >= 300 && !all.guides.is_empty());
        let mut one = many[7].clone();
        one.state = ArticleState::Draft;
        assert_eq!(articles.import(vec![one.clone()], vec![], Actor::Admin(0)).await.unwrap(), 1);
        let changes = articles.changes_after(all.position).await.unwrap();
        let found = changes.articles.iter().find(|article| article.id == one.id).unwrap();
        assert_eq!((found.version, found.state), (2, ArticleState::Draft));
        assert!(changes.position > all.position);
        let whole = articles.snapshot().await.unwrap();
        assert!(whole.articles.iter().any(|article| article == found));
    });
}

#[test]
fn guides_and_synonyms_are_kept_whole() {
    story(|store| async move {
        let articles = store.articles();
        let mut guide = articles.save_guide(guide(), Actor::System).await.unwrap();
        guide.title.ro = "Nu pot intra în cont".to_owned();
        articles.save_guide(guide.clone(), Actor::System).await.unwrap();
        assert_eq!(articles.guide(&guide.id).await.unwrap(), guide);
        guide.start = StepId("nowhere".to_owned());
        assert!(matches!(articles.save_guide(guide, Actor::System).await, Err(PortError::Refused(_))));
        articles.save_outside("subject = []".to_owned(), Actor::System).await.unwrap();
        articles.save_synonyms("a = [\"b\"]".to_owned(), Actor::System).await.unwrap();
        let snapshot = articles.snapshot().await.unwrap();
        assert_eq!([snapshot.synonyms, snapshot.outside], ["a = [\"b\"]", "subject = []"]);
    });
}
