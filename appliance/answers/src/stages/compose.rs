//! Puts an answer together from an article's own sentences, steps and facts; no word of it is new.

mod select;

use std::fmt::Write as _;

use desk::article::{Article, Facts, Source};
use desk::outcome::{Answer, Choice, ChoiceTarget, GuidePosition, Outcome, Quote};
use knowledge::{Sentence, SentenceHit};

use crate::context::{Context, Facet};
use crate::phrases::{Phrases, fill};

/// From which probability on a neighbouring subject is worth a button.
const RELATED: f64 = 0.3;

/// How many neighbouring subjects are offered.
const MOST_RELATED: usize = 2;

/// How many of an article's sources are shown.
const MOST_SOURCES: usize = 3;

/// How much of the source is quoted, in characters.
const EXCERPT_CHARS: usize = 600;

/// The whole of an article in short, as when the citizen picked it.
pub(crate) fn whole(context: &Context<'_>, article: &Article) -> Option<Outcome> {
    answer(context, article, &[], &[Facet::Steps], 1.0).map(Outcome::Answer)
}

/// The answer to a question about `facets` of `article`'s subject; `hits` are its sentences nearest to the question.
pub(crate) fn answer(
    context: &Context<'_>,
    article: &Article,
    hits: &[SentenceHit],
    facets: &[Facet],
    confidence: f32,
) -> Option<Answer> {
    let phrases = Phrases::of(article.language);
    let sentences = knowledge::sentences(article);
    let told = facts_told(article, facets, hits, phrases);
    let (text, excerpt) = match told {
        Some(text) => (text, lead_of(&sentences)),
        None => {
            let chosen = select::choose(article, &sentences, hits, facets);
            let excerpt = chosen.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ");
            (render(article, &sentences, &chosen), excerpt)
        }
    };
    if text.is_empty() {
        return None;
    }
    let facts = facts_beside(&article.facts, facets, &text);
    let text = in_another_language(context, article, text);
    Some(Answer {
        text,
        facts,
        quotes: quotes(article, &excerpt),
        choices: related(context, article),
        guide: None,
        confidence,
        generated: false,
    })
}

/// `excerpt` of `article`, once for each of its first sources: an article seldom rests on one page alone.
pub(crate) fn quotes(article: &Article, excerpt: &str) -> Vec<Quote> {
    let mut sources: Vec<Option<&Source>> = article.sources.iter().take(MOST_SOURCES).map(Some).collect();
    if sources.is_empty() {
        sources.push(None);
    }
    sources.into_iter().map(|source| quote(article, source, excerpt)).collect()
}

fn quote(article: &Article, source: Option<&Source>, excerpt: &str) -> Quote {
    let mut excerpt = excerpt.to_owned();
    if let Some((end, _)) = excerpt.char_indices().nth(EXCERPT_CHARS) {
        excerpt.truncate(end);
        excerpt.push('…');
    }
    Quote {
        article: article.id.clone(),
        language: article.language,
        version: article.version,
        title: source.map_or(&article.title, |source| &source.title).clone(),
        institution: source.map_or(&article.owner, |source| &source.institution).clone(),
        url: source.and_then(|source| source.url.clone()),
        valid_from: article.valid_from,
        checked_on: source.and_then(|source| source.accessed),
        unconfirmed: !article.review.is_empty(),
        excerpt,
    }
}

/// The first paragraph of an article.
pub(crate) fn lead(article: &Article) -> String {
    lead_of(&knowledge::sentences(article))
}

/// Whether `article` tells a fact that `facet` asks for.
pub(crate) fn has_fact(article: &Article, facet: Facet) -> bool {
    let facts = &article.facts;
    match facet {
        Facet::Cost => facts.cost.is_some(),
        Facet::Time => facts.time.is_some(),
        Facet::Place => facts.r#where.is_some(),
        Facet::Papers => !facts.bring.is_empty(),
        Facet::Steps => false,
    }
}

/// What the citizen is told where a fact is asked for that nobody has verified.
pub(crate) fn unknown_fact(context: &Context<'_>, article: &Article, facet: Facet) -> Option<Outcome> {
    let phrases = context.phrases();
    let template = match facet {
        Facet::Cost => phrases.unknown_cost,
        Facet::Time => phrases.unknown_time,
        Facet::Place => phrases.unknown_place,
        Facet::Papers => phrases.unknown_papers,
        Facet::Steps => return None,
    };
    let about = Choice { label: article.title.clone(), target: ChoiceTarget::Article { id: article.id.clone() } };
    Some(Outcome::Remark {
        text: fill(template, "title", &article.title),
        choices: vec![about, context.person_choice()],
    })
}

fn lead_of(sentences: &[Sentence]) -> String {
    let lead = sentences.iter().take_while(|sentence| sentence.block == sentences[0].block).take(3);
    lead.map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The facts asked for, where the article tells all of them and no sentence of it is nearer to the question.
fn facts_told(article: &Article, facets: &[Facet], hits: &[SentenceHit], phrases: &Phrases) -> Option<String> {
    let told = !facets.is_empty() && facets.iter().all(|facet| has_fact(article, *facet));
    // A question for a time may mean a term, a validity or an hour: a sentence that takes up most of it knows better.
    let nearer = facets == [Facet::Time] && hits.first().is_some_and(|hit| hit.score >= 0.75);
    if !told || nearer {
        return None;
    }
    let facts = &article.facts;
    let mut text = format!("**{}**", article.title);
    let mut line = |label: &str, fact: &Option<String>| {
        if let Some(fact) = fact {
            let _ = write!(text, "\n\n{label}: {fact}");
        }
    };
    for facet in facets {
        match facet {
            Facet::Cost => line(phrases.cost, &facts.cost),
            Facet::Time => line(phrases.time, &facts.time),
            Facet::Place => line(phrases.place, &facts.r#where),
            Facet::Papers => line(phrases.papers, &Some(list(facts.bring.iter().map(String::as_str), false))),
            Facet::Steps => {}
        }
    }
    Some(text)
}

/// The facts that the card lists beside the text: those asked for or, where none was, all; never what the text already says.
fn facts_beside(facts: &Facts, facets: &[Facet], text: &str) -> Facts {
    let wanted = |facet: Facet| facets.is_empty() || facets.contains(&Facet::Steps) || facets.contains(&facet);
    let pick = |facet: Facet, fact: &Option<String>| {
        fact.clone().filter(|fact| wanted(facet) && !text.contains(fact.as_str()))
    };
    let said = |item: &String| text.contains(item.as_str());
    Facts {
        bring: if wanted(Facet::Papers) && !facts.bring.iter().all(said) { facts.bring.clone() } else { Vec::new() },
        cost: pick(Facet::Cost, &facts.cost),
        time: pick(Facet::Time, &facts.time),
        r#where: pick(Facet::Place, &facts.r#where),
    }
}

/// The chosen sentences as Markdown: paragraphs and lists as they stand in the article, a part
/// that is not the article's first with its heading.
fn render(article: &Article, sentences: &[Sentence], chosen: &[&Sentence]) -> String {
    let mut text = String::new();
    let first_heading = sentences.iter().find_map(|sentence| sentence.heading.as_ref());
    for (at, sentence) in chosen.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chosen[before]);
        let same_block = before.is_some_and(|before| before.block == sentence.block);
        if before.is_some() && !same_block {
            text.push_str("\n\n");
        }
        let new = before.is_some_and(|before| before.heading != sentence.heading)
            && sentence.heading.as_ref() != first_heading;
        if let Some(heading) = sentence.heading.as_ref().filter(|_| new) {
            let _ = write!(text, "**{heading}**\n\n");
        }
        if sentence.item {
            let number = chosen[..at].iter().filter(|other| other.block == sentence.block).count() + 1;
            text.push_str(if same_block { "\n" } else { "" });
            if select::is_numbered(article, sentence) {
                let _ = write!(text, "{number}. ");
            } else {
                text.push_str("- ");
            }
        } else if same_block {
            text.push(' ');
        }
        text.push_str(&sentence.text);
    }
    text
}

fn list<'a>(items: impl Iterator<Item = &'a str>, numbered: bool) -> String {
    items.enumerate().fold(String::new(), |mut text, (at, item)| {
        let _ = if numbered { write!(text, "\n{}. {item}", at + 1) } else { write!(text, "\n- {item}") };
        text
    })
}

fn in_another_language(context: &Context<'_>, article: &Article, text: String) -> String {
    if article.language == context.language {
        return text;
    }
    let phrases = context.phrases();
    format!("{}\n\n{text}", fill(phrases.other_language, "language", phrases.language(article.language)))
}

/// Neighbouring subjects that were found too, as ways on.
fn related(context: &Context<'_>, article: &Article) -> Vec<Choice> {
    let findings = &context.findings;
    let guides = findings.guides.iter().filter(|guide| guide.probability >= RELATED).map(|candidate| Choice {
        label: candidate.guide.title.get(context.language).clone(),
        target: ChoiceTarget::Step(GuidePosition {
            guide: candidate.guide.id.clone(),
            step: candidate.guide.start.clone(),
        }),
    });
    let articles =
        findings.articles.iter().filter(|other| other.article.id != article.id && other.probability >= RELATED).map(
            |other| Choice {
                label: other.article.title.clone(),
                target: ChoiceTarget::Article { id: other.article.id.clone() },
            },
        );
    let mut choices: Vec<Choice> = Vec::new();
    for choice in guides.take(1).chain(articles) {
        if choices.len() < MOST_RELATED && !choices.iter().any(|other| other.label == choice.label) {
            choices.push(choice);
        }
    }
    choices
}
