//! Which of an article's sentences answer a question.

use desk::article::Article;
use knowledge::{Sentence, SentenceHit};

use crate::context::Facet;

/// The most sentences of an answer that is no list.
const MOST: usize = 3;

/// The most items of a list that are told as they stand.
const MOST_ITEMS: usize = 9;

/// By how much a sentence elsewhere must be nearer to the question than the first paragraph, which is written as the answer.
const NEARER: f32 = 0.3;

/// What share of the best sentence's score a neighbour needs to be told with it.
const NEIGHBOUR: f32 = 0.6;

/// The sentences that answer, in their order.
pub(super) fn choose<'a>(
    article: &Article,
    sentences: &'a [Sentence],
    hits: &[SentenceHit],
    facets: &[Facet],
) -> Vec<&'a Sentence> {
    let Some(first) = sentences.first() else { return Vec::new() };
    let lead: Vec<&Sentence> =
        sentences.iter().filter(|sentence| sentence.block == first.block && !sentence.item).collect();
    let leads = (1..=MOST).contains(&lead.len()) && sentences.iter().any(|sentence| sentence.block != first.block);
    let near =
        |block: usize| hits.iter().filter(|hit| hit.sentence.block == block).map(|hit| hit.score).fold(0.0, f32::max);
    let elsewhere =
        hits.first().filter(|best| best.sentence.block != first.block && best.score >= near(first.block) + NEARER);
    if leads
        && facets.contains(&Facet::Steps)
        && let Some(steps) = steps(article, sentences, near)
    {
        let nearer = elsewhere.filter(|best| best.score >= near(steps[0].block) + NEARER);
        let told = nearer.map_or(steps, |best| part(sentences, hits, best));
        return lead.into_iter().take(1).chain(told).collect();
    }
    match (leads, elsewhere, hits.first()) {
        (true, Some(best), _) => lead.into_iter().take(1).chain(part(sentences, hits, best)).collect(),
        (true, None, _) => lead,
        (false, _, Some(best)) => part(sentences, hits, best),
        (false, _, None) => lead.into_iter().take(MOST).collect(),
    }
}

/// The list in which the best sentence stands, or that sentence with its neighbours that are near too.
fn part<'a>(sentences: &'a [Sentence], hits: &[SentenceHit], best: &SentenceHit) -> Vec<&'a Sentence> {
    let block: Vec<&Sentence> = sentences.iter().filter(|sentence| sentence.block == best.sentence.block).collect();
    if best.sentence.item && block.len() <= MOST_ITEMS {
        return with_introduction(sentences, block);
    }
    around(&block, hits, best)
}

/// The best sentence and those neighbours of its paragraph that are near to the question too.
fn around<'a>(block: &[&'a Sentence], hits: &[SentenceHit], best: &SentenceHit) -> Vec<&'a Sentence> {
    let mut positions = vec![best.sentence.position];
    for hit in hits.iter().skip(1) {
        let near = positions.iter().any(|position| position.abs_diff(hit.sentence.position) == 1);
        if near && positions.len() < MOST && hit.score >= best.score * NEIGHBOUR {
            positions.push(hit.sentence.position);
        }
    }
    block.iter().copied().filter(|sentence| positions.contains(&sentence.position)).collect()
}

/// A list with the sentence right before it, which introduces it when it ends with a colon.
fn with_introduction<'a>(sentences: &'a [Sentence], block: Vec<&'a Sentence>) -> Vec<&'a Sentence> {
    let before = block.first().and_then(|first| first.position.checked_sub(1)).and_then(|at| sentences.get(at));
    before.filter(|before| before.text.ends_with(':')).into_iter().chain(block).collect()
}

/// The numbered steps nearest to the question; the first ones where none is near.
fn steps<'a>(article: &Article, sentences: &'a [Sentence], near: impl Fn(usize) -> f32) -> Option<Vec<&'a Sentence>> {
    let mut blocks: Vec<usize> = Vec::new();
    for sentence in sentences {
        if sentence.item && !blocks.contains(&sentence.block) && is_numbered(article, sentence) {
            blocks.push(sentence.block);
        }
    }
    let best = blocks.into_iter().reduce(|best, block| if near(block) > near(best) { block } else { best })?;
    Some(sentences.iter().filter(|sentence| sentence.block == best).take(MOST_ITEMS).collect())
}

/// Whether a list's item is numbered in the article's Markdown.
pub(super) fn is_numbered(article: &Article, item: &Sentence) -> bool {
    let start: String = letters(&item.text).take(16).collect();
    article.body.lines().any(|line| {
        let line = line.trim_start();
        let text = line.trim_start_matches(|character: char| character.is_ascii_digit());
        text.len() < line.len()
            && text.strip_prefix(['.', ')']).is_some_and(|text| letters(text).take(16).eq(start.chars()))
    })
}

/// The letters and digits of a text, without Markdown's signs.
fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|character| character.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str, block: usize, item: bool, position: usize) -> Sentence {
        Sentence { text: text.to_owned(), heading: None, block, item, position }
    }

    fn article(body: &str) -> Article {
        serde_json::from_value(serde_json::json!({ "id": "a", "language": "ro", "title": "A", "body": body })).unwrap()
    }

    fn hit(sentence: &Sentence, score: f32) -> SentenceHit {
        SentenceHit { sentence: sentence.clone(), score }
    }

    #[test]
    fn the_first_paragraph_answers_and_a_much_nearer_sentence_elsewhere_joins_it() {
        let article = article("");
        let all = [
            sentence("Cereți actul.", 0, false, 0),
            sentence("Mergeți la ghișeu.", 0, false, 1),
            sentence("Termenul este de 30 de zile.", 1, false, 2),
        ];
        let near_lead = [hit(&all[0], 0.5), hit(&all[2], 0.6)];
        assert_eq!(choose(&article, &all, &[near_lead[1].clone(), near_lead[0].clone()], &[]), [&all[0], &all[1]]);
        assert_eq!(choose(&article, &all, &[hit(&all[2], 0.9)], &[]), [&all[0], &all[2]]);
    }

    #[test]
    fn a_long_plain_paragraph_gives_only_the_sentences_that_are_near() {
        let article = article("");
        let all: Vec<Sentence> = (0..6).map(|at| sentence(&format!("Propoziția {at}."), 0, false, at)).collect();
        let hits = [hit(&all[3], 0.9), hit(&all[4], 0.7), hit(&all[0], 0.6), hit(&all[2], 0.1)];
        assert_eq!(choose(&article, &all, &hits, &[]), [&all[3], &all[4]]);
    }

    #[test]
    fn who_asks_what_to_do_gets_the_numbered_steps() {
        let article = article("Cereți actul.\n\n1. Programați-vă.\n2. Mergeți.\n\n- altceva\n");
        let all = [
            sentence("Cereți actul.", 0, false, 0),
            sentence("Programați-vă.", 1, true, 1),
            sentence("Mergeți.", 1, true, 2),
            sentence("altceva", 2, true, 3),
        ];
        assert_eq!(choose(&article, &all, &[], &[Facet::Steps]), [&all[0], &all[1], &all[2]]);
        assert!(!is_numbered(&article, &all[3]));
    }
}
