//! Decides what becomes of the question: an answer, a question back, or a person.

use desk::article::Article;
use desk::case::CaseKind;
use desk::ids::DepartmentId;
use desk::outcome::{Answer, Choice, ChoiceTarget, GuidePosition, HandOffReason, Outcome};

use crate::context::{Context, Facet, Verdict, Wish, department_of};
use crate::findings::{Candidate, GuideCandidate};
use crate::lexicon::Lexicon;
use crate::stages::{compose, guide};

/// What is answered, before it is checked.
pub(crate) enum Draft {
    /// From an article, which a model may word.
    Article(Answer),
    /// As it stands.
    Final(Outcome),
}

/// Decides; the draft goes on to be worded and checked, anything else ends here.
pub(crate) fn run(context: &mut Context<'_>, draft: &mut Option<Draft>) -> Verdict {
    if let Some(verdict) = about_the_earlier_subject(context, draft) {
        return verdict;
    }
    if let Some(outcome) = names_a_subject_only(context) {
        return Verdict::end("one word that several subjects share: asks which", outcome);
    }
    let threshold = context.config.answer_threshold;
    let article = context.findings.articles.first().filter(|candidate| candidate.probability >= threshold);
    // A question that continues another is answered, not led through a guide from its beginning.
    let guides = if context.findings.contextual { &[] } else { context.findings.guides.as_slice() };
    let guide = guides.first().filter(|candidate| candidate.probability >= threshold);
    if let Some(guide) = guide.filter(|guide| leads_the_way(guide, article, &context.facets))
        && let Some(outcome) = guide::begin(context, &guide.guide, guide.probability as f32)
    {
        let decision = format!("the guide {} at {:.2}", guide.guide.id.0, guide.probability);
        *draft = Some(Draft::Final(outcome));
        return Verdict::go_on(decision);
    }
    if let Some(candidate) = article {
        return from_article(context, candidate, draft);
    }
    let outcome = without_answer(context);
    let decision = match &outcome {
        Outcome::Clarify { choices, .. } => format!("asks back with {} choices", choices.len()),
        Outcome::HandOff(hand_off) => format!("a person: {:?}", hand_off.reason),
        Outcome::Answer(_) | Outcome::Remark { .. } => "a remark".to_owned(),
    };
    Verdict::end(decision, outcome)
}

/// "And how much is it?": the fact, if the article last answered from tells it.
fn about_the_earlier_subject(context: &Context<'_>, draft: &mut Option<Draft>) -> Option<Verdict> {
    let carried = context.carried.as_ref().filter(|carried| carried.needed)?;
    let (id, language) = carried.article.as_ref()?;
    if !crate::stages::follow_up::own_words(&context.query_words).is_empty() || context.facets.is_empty() {
        return None;
    }
    let article = context.article(id, *language)?;
    let hits = hits_of(context, &article);
    let told = context.facets.iter().all(|facet| compose::has_fact(&article, *facet) || *facet == Facet::Steps);
    if told {
        let answer = compose::answer(context, &article, hits, &context.facets, carried.confidence)?;
        *draft = Some(Draft::Article(answer));
        return Some(Verdict::go_on(format!("{:?} of {id}, spoken of before", context.facets)));
    }
    let facet = *context.facets.iter().find(|facet| !compose::has_fact(&article, **facet))?;
    let elsewhere = context.findings.articles.iter().find(|candidate| {
        candidate.probability >= context.config.answer_threshold && compose::has_fact(&candidate.article, facet)
    });
    if let Some(candidate) = elsewhere {
        return Some(from_article(context, candidate, draft));
    }
    let outcome = compose::unknown_fact(context, &article, facet)?;
    Some(Verdict::end(format!("{facet:?} of {id} is not known"), outcome))
}

fn hits_of<'a>(context: &'a Context<'_>, article: &Article) -> &'a [knowledge::SentenceHit] {
    let found = context.findings.articles.iter().find(|candidate| candidate.article.id == article.id);
    found.map_or(&[], |candidate| candidate.sentences.as_slice())
}

fn from_article(context: &Context<'_>, candidate: &Candidate, draft: &mut Option<Draft>) -> Verdict {
    let article = &candidate.article;
    let confidence = candidate.probability as f32;
    match compose::answer(context, article, &candidate.sentences, &context.facets, confidence) {
        Some(answer) if lacks_the_sum(context, article, &answer) => {
            match compose::unknown_fact(context, article, Facet::Cost) {
                Some(outcome) => Verdict::end(format!("the cost of {} is not known", article.id), outcome),
                None => Verdict::go_on("no cost"),
            }
        }
        Some(answer) => {
            let decision = format!("{} version {} at {:.2}", article.id, article.version, candidate.probability);
            *draft = Some(Draft::Article(answer));
            Verdict::go_on(decision)
        }
        None => Verdict::end("the article says nothing", unknown(context, HandOffReason::LowConfidence)),
    }
}

/// Whether a price was asked for, the article is one of the institution's cards, and the answer names none.
fn lacks_the_sum(context: &Context<'_>, article: &Article, answer: &Answer) -> bool {
    context.facets == [Facet::Cost]
        && Lexicon::get().amount.matches(&context.query_words)
        && !article.asked_as.is_empty()
        && answer.facts.cost.is_none()
        && !answer.text.bytes().any(|byte| byte.is_ascii_digit())
        && !["gratuit", "gratis", "ingyen", "free"].iter().any(|free| answer.text.to_lowercase().contains(free))
}

/// What share of the threshold the likeliest subject must reach for the citizen to be asked about it.
const WORTH_ASKING: f64 = 0.6;

/// What share of the question one phrasing of a guide must hold for the guide to lead the way.
const ASKED_FOR: f32 = 0.75;

/// Whether a guide helps better than the article: it is at least as near, citizens ask for it so, and no single fact is
/// asked for.
fn leads_the_way(guide: &GuideCandidate, article: Option<&Candidate>, facets: &[Facet]) -> bool {
    guide.asked >= ASKED_FOR
        && facets.iter().all(|facet| *facet == Facet::Steps)
        && article.is_none_or(|article| guide.score >= article.score)
}

/// "Passport": one word, and several subjects that would all answer. Which one is asked once.
fn names_a_subject_only(context: &Context<'_>) -> Option<Outcome> {
    let findings = &context.findings;
    let threshold = context.config.answer_threshold;
    let sure = |probability: f64| probability >= threshold;
    let subjects = findings.articles.iter().filter(|candidate| sure(candidate.probability)).count();
    let bare = context.facets.is_empty() && Lexicon::get().content(&context.query_words).count() == 1;
    let asked = findings.contextual || context.history.asked_back() || context.wish.is_some();
    (bare && subjects > 1 && !asked).then(|| ask_which(context, plausible(context)))
}

fn without_answer(context: &Context<'_>) -> Outcome {
    match context.wish {
        Some(Wish::Malfunction) => {
            let department = context.config.incidents_department.clone();
            return context.hand_off(
                HandOffReason::NotInKnowledge,
                CaseKind::Incident,
                department,
                context.phrases().hand_off_incident,
            );
        }
        Some(Wish::OwnFile) => {
            let department = best_department(context);
            let notice = context.phrases().hand_off_own_file;
            return context.hand_off(HandOffReason::NeedsDecision, CaseKind::Question, department, notice);
        }
        None => {}
    }
    let asked_back = context.history.asked_back();
    let choices = plausible(context);
    if asked_back {
        let reason = if choices.is_empty() { HandOffReason::NotInKnowledge } else { HandOffReason::LowConfidence };
        return unknown(context, reason);
    }
    if choices.is_empty() {
        let says_nothing = !context.findings.understood && context.query_words.len() <= 3;
        return if says_nothing {
            context.ask_again(context.phrases().rephrase)
        } else {
            unknown(context, HandOffReason::NotInKnowledge)
        };
    }
    ask_which(context, choices)
}

fn ask_which(context: &Context<'_>, choices: Vec<Choice>) -> Outcome {
    let none = Choice { label: context.phrases().something_else.to_owned(), target: ChoiceTarget::Rephrase };
    Outcome::Clarify {
        question: context.fresh(context.phrases().clarify).to_owned(),
        choices: choices.into_iter().chain(std::iter::once(none)).collect(),
    }
}

fn unknown(context: &Context<'_>, reason: HandOffReason) -> Outcome {
    let phrases = context.phrases();
    let notice = match reason {
        HandOffReason::LowConfidence => phrases.hand_off_unsure,
        _ => phrases.hand_off_unknown,
    };
    context.hand_off(reason, CaseKind::Question, best_department(context), notice)
}

/// The department of the best article that is at least plausible.
fn best_department(context: &Context<'_>) -> DepartmentId {
    context
        .findings
        .articles
        .first()
        .filter(|candidate| candidate.probability >= context.config.answer_threshold / 2.0)
        .and_then(|candidate| department_of(&candidate.article.department))
        .unwrap_or_else(|| context.config.default_department.clone())
}

/// The subjects that may be meant, as choices with different words.
fn plausible(context: &Context<'_>) -> Vec<Choice> {
    let at_least = context.config.plausible_threshold;
    let guides = context.findings.guides.iter().filter(|guide| guide.probability >= at_least).map(|guide| {
        let target =
            ChoiceTarget::Step(GuidePosition { guide: guide.guide.id.clone(), step: guide.guide.start.clone() });
        (guide.probability, Choice { label: guide.guide.title.get(context.language).clone(), target })
    });
    let articles =
        context.findings.articles.iter().filter(|candidate| candidate.probability >= at_least).map(|candidate| {
            let target = ChoiceTarget::Article { id: candidate.article.id.clone() };
            (candidate.probability, Choice { label: candidate.article.title.clone(), target })
        });
    let mut weighed: Vec<(f64, Choice)> = guides.chain(articles).collect();
    weighed.sort_by(|left, right| right.0.total_cmp(&left.0));
    // Subjects that are all unlikely would be a silly question.
    if weighed.first().is_none_or(|(best, _)| *best < context.config.answer_threshold * WORTH_ASKING) {
        return Vec::new();
    }
    let mut choices: Vec<Choice> = Vec::new();
    for (_, choice) in weighed {
        if choices.len() < context.config.max_choices && !choices.iter().any(|other| other.label == choice.label) {
            choices.push(choice);
        }
    }
    choices
}
