//! Blanks: `[[to confirm: …]]` marks a fact that no public page supports. What has one is never published.

use std::sync::LazyLock;

use desk::article::{Article, ArticleState};
use desk::guide::Guide;
use desk::language::Language;
use regex::Regex;

use super::Note;

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static BLANK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\[\[\s*(?:de confirmat|megerősítendő|to confirm)\b").expect("the pattern of blanks compiles")
});

/// Makes a published article with blanks a draft.
pub(super) fn hold_back(article: &mut Article, notes: &mut Vec<Note>) {
    let facts = &article.facts;
    let shown =
        [Some(&article.body), Some(&article.title), facts.cost.as_ref(), facts.time.as_ref(), facts.r#where.as_ref()];
    let blanks = count(shown.into_iter().flatten().chain(&facts.bring));
    if blanks > 0 && article.state == ArticleState::Published {
        article.state = ArticleState::Draft;
        notes.push(Note::Blanks { article: article.id.clone(), language: article.language, blanks });
    }
}

/// Makes a published guide with blanks a draft.
pub(super) fn hold_back_guide(guide: &mut Guide, notes: &mut Vec<Note>) {
    let steps = guide
        .steps
        .iter()
        .flat_map(|step| std::iter::once(&step.say).chain(step.choices.iter().map(|choice| &choice.label)));
    let texts = steps.chain([&guide.title]).flat_map(|text| Language::ALL.map(|language| text.get(language)));
    let blanks = count(texts);
    if blanks > 0 && guide.state == ArticleState::Published {
        guide.state = ArticleState::Draft;
        notes.push(Note::GuideBlanks { blanks });
    }
}

fn count<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| BLANK.find_iter(text).count()).sum()
}
