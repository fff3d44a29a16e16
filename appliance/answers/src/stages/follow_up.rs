//! Reads a turn in the light of those before: "and how much is it?", "what about my child?".
//!
//! The subject last answered is carried in when the words at hand need it; whether they do is told by how they begin,
//! what they point at, and how little they say by themselves.

use std::cmp::Reverse;

use desk::outcome::Outcome;

use crate::context::{Carried, Context, Facet, Verdict};
use crate::findings::{Candidate, Findings};
use crate::lexicon::Lexicon;
use crate::personal::redact;
use crate::words::{Word, folded, same_stem};

/// How the words of a turn lean on what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaning {
    /// They mean nothing by themselves.
    Needed,
    /// They may mean something by themselves.
    Possible,
    /// They stand alone.
    None,
}

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    context.facets = facets(&context.query_words);
    let leaning = leaning(&context.query_words, context.history.asked_back());
    let leaning = if context.corrected && leaning == Leaning::Needed { Leaning::Possible } else { leaning };
    if leaning == Leaning::None {
        return Verdict::go_on("stands alone");
    }
    let Some(mut carried) = carried(context) else {
        return Verdict::go_on("nothing before it to lean on");
    };
    carried.needed = leaning == Leaning::Needed;
    let subject = carried.article.as_ref().map_or("the words before", |(id, _)| id.0.as_str());
    let decision = format!("{} {subject}", if carried.needed { "leans on" } else { "may lean on" });
    context.carried = Some(carried);
    Verdict::go_on(decision)
}

/// What a turn asks of its subject, in the order of the card.
pub(crate) fn facets(words: &[Word]) -> Vec<Facet> {
    let lexicon = Lexicon::get();
    [
        (&lexicon.papers, Facet::Papers),
        (&lexicon.cost, Facet::Cost),
        (&lexicon.time, Facet::Time),
        (&lexicon.place, Facet::Place),
        (&lexicon.steps, Facet::Steps),
    ]
    .into_iter()
    .filter(|(patterns, _)| patterns.matches(words))
    .map(|(_, facet)| facet)
    .collect()
}

/// The words that say what a turn is about, apart from what it asks of it.
pub(crate) fn own_words(words: &[Word]) -> Vec<&str> {
    let lexicon = Lexicon::get();
    let mut asked = vec![false; words.len()];
    for patterns in [
        &lexicon.papers,
        &lexicon.cost,
        &lexicon.time,
        &lexicon.place,
        &lexicon.steps,
        &lexicon.anaphora,
        &lexicon.doing,
    ] {
        for (known, covered) in asked.iter_mut().zip(patterns.covered(words)) {
            *known |= covered;
        }
    }
    let own = words.iter().zip(asked).filter(|(word, asked)| !asked && lexicon.is_content(&word.folded));
    own.map(|(word, _)| word.folded.as_str()).collect()
}

fn leaning(words: &[Word], asked_back: bool) -> Leaning {
    let lexicon = Lexicon::get();
    let own = own_words(words).len();
    let begins = lexicon.follow_up.at(words, 0).is_some();
    let points = lexicon.anaphora.matches(words);
    match own {
        0 => Leaning::Needed,
        1..=4 if begins => Leaning::Needed,
        1..=2 if points || asked_back => Leaning::Needed,
        1..=2 => Leaning::Possible,
        3 if points => Leaning::Possible,
        _ => Leaning::None,
    }
}

/// What was last spoken of: the question that was asked back about, or the article last answered from.
fn carried(context: &Context<'_>) -> Option<Carried> {
    if let Some(Outcome::Clarify { .. }) = context.history.last_substantial() {
        let words = redact(context.history.last_words()?).into_owned();
        return Some(Carried { words, asked: String::new(), article: None, confidence: 0.0, needed: false });
    }
    let subject = context.history.subject()?;
    let article = context.article(subject.article, context.language)?;
    let asked = context.history.last_words().map_or_else(String::new, |words| redact(words).into_owned());
    Some(Carried {
        words: article.title.clone(),
        asked,
        article: Some((article.id.clone(), article.language)),
        confidence: subject.confidence,
        needed: false,
    })
}

/// Whether `found`, for a turn that says one word of its own, is torn between several articles none of which is named by it:
/// "is it compulsory?" then continues what was spoken of, while "passport" begins something new.
pub(crate) fn is_torn(found: &Findings, own: &[String], threshold: f64) -> bool {
    let sure = found.articles.iter().filter(|candidate| candidate.probability >= threshold).count();
    let names = |candidate: &Candidate| {
        folded(&candidate.article.title).iter().any(|word| own.iter().any(|own| same_stem(own, word)))
    };
    own.len() == 1 && sure > 1 && !found.articles.iter().take(3).any(names)
}

/// What remains of a probability where the earlier subject alone was found and not what is asked now.
const ONLY_THE_SUBJECT: f64 = 0.3;

/// Reads what was found for the turn together with the earlier subject (`contextual`) and for the turn alone (`plain`).
///
/// Only articles that hold the turn's own words are believed, for the earlier subject must not answer for a new one. Of
/// those, the ones whose title shares most with these words and with the earlier subject come first: "and if I lost it?"
/// after an identity card means the lost card and not the lost passport.
/// Where the words find something by themselves, only that is weighed: "and the identity card?" after a passport.
pub(crate) fn resolve(
    contextual: Findings,
    plain: &Findings,
    own: &[String],
    carried: &Carried,
    threshold: f64,
) -> Findings {
    let mut findings = Findings { guides: Vec::new(), ..contextual };
    if own.is_empty() {
        return findings;
    }
    if plain.best() >= threshold {
        findings.articles.retain(|one| plain.articles.iter().any(|other| other.article.id == one.article.id));
    }
    let new = plain
        .articles
        .iter()
        .filter(|plain| !findings.articles.iter().any(|other| other.article.id == plain.article.id));
    let new: Vec<Candidate> = new.cloned().collect();
    findings.articles.extend(new);
    let before: Vec<String> = folded(&format!("{} {}", carried.words, carried.asked))
        .into_iter()
        .filter(|word| Lexicon::get().is_content(word))
        .collect();
    let mut ranked: Vec<(Rank, Candidate)> =
        findings.articles.drain(..).map(|candidate| (Rank::of(&candidate, own, &before, carried), candidate)).collect();
    ranked.sort_by_key(|(rank, _)| (!rank.holds, Reverse(rank.weight()), Reverse(rank.named)));
    // Several articles hold the words and compete: the nearest inherits what they are sure of together.
    let together = ranked.iter().filter(|(rank, _)| rank.holds).map(|(_, one)| surest(one, plain));
    let together = together.fold(0.0, f64::max);
    findings.articles = ranked
        .into_iter()
        .enumerate()
        .map(|(at, (rank, mut candidate))| {
            candidate.probability = match (rank.holds, at == 0 && rank.near > 0) {
                (true, true) => together,
                (true, false) => surest(&candidate, plain),
                (false, _) => candidate.probability * ONLY_THE_SUBJECT,
            };
            candidate
        })
        .collect();
    findings
}

/// How sure an article is by itself, with the earlier subject or without.
fn surest(candidate: &Candidate, plain: &Findings) -> f64 {
    let alone = plain.articles.iter().find(|other| other.article.id == candidate.article.id);
    alone.map_or(candidate.probability, |alone| candidate.probability.max(alone.probability))
}

/// How an article stands to a follow-up.
#[derive(Debug, Clone, Copy)]
struct Rank {
    /// It holds most of the turn's own words.
    holds: bool,
    /// How many of them it names in its title.
    named: usize,
    /// How many of the others citizens use for it.
    phrased: usize,
    /// How many words its title shares with the earlier subject, at most two.
    near: usize,
}

impl Rank {
    fn of(candidate: &Candidate, own: &[String], before: &[String], carried: &Carried) -> Self {
        let among = |words: &[String], word: &String| words.iter().any(|other| same_stem(word, other));
        let title = folded(&candidate.article.title);
        let asked: Vec<String> = candidate.article.asked_as.iter().flat_map(|text| folded(text)).collect();
        let said: Vec<String> = candidate.sentences.iter().flat_map(|hit| folded(&hit.sentence.text)).collect();
        let (mut held, mut named, mut phrased) = (0, 0, 0);
        for word in own {
            let (in_title, in_asked) = (among(&title, word), among(&asked, word));
            named += usize::from(in_title);
            phrased += usize::from(in_asked && !in_title);
            held += usize::from(in_title || in_asked || among(&said, word));
        }
        // The article just told is as near as can be; that alone must not tell it again.
        let told = carried.article.as_ref().is_some_and(|(id, _)| *id == candidate.article.id);
        let near = before.iter().filter(|word| among(&title, word)).count().min(if told { 1 } else { 2 });
        Self { holds: held * 2 > own.len(), named, phrased, near }
    }

    /// The title counts more than the phrasings, and the earlier subject, which has many words, no more than the new one.
    fn weight(self) -> usize {
        self.named * 2 + self.phrased + self.near
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::words::words;

    #[derive(serde::Deserialize)]
    struct Cases {
        leaning: BTreeMap<String, Vec<String>>,
        facets: BTreeMap<String, Vec<String>>,
    }

    fn cases() -> Cases {
        toml::from_str(include_str!("testdata/follow_up.toml")).unwrap()
    }

    #[test]
    fn a_turn_leans_on_the_one_before_by_how_little_it_says() {
        let mut wrong = Vec::new();
        for (kind, texts) in cases().leaning {
            for text in texts {
                let found = format!("{:?}", leaning(&words(&text), false)).to_lowercase();
                if found != kind {
                    wrong.push(format!("{text}: {found}, not {kind}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn what_is_asked_of_the_subject_is_read_from_everyday_words() {
        let mut wrong = Vec::new();
        for (kind, texts) in cases().facets {
            for text in texts {
                let found: Vec<String> =
                    facets(&words(&text)).iter().map(|facet| format!("{facet:?}").to_lowercase()).collect();
                if found.join("+") != kind {
                    wrong.push(format!("{text}: {found:?}, not {kind}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
