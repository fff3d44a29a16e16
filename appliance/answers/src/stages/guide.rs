//! A guide's step said: its words, its choices, and the article it rests on.

use desk::article::{Article, ArticleId};
use desk::case::CaseKind;
use desk::guide::{Guide, GuideEnd, GuideStep};
use desk::outcome::{Answer, Choice, ChoiceTarget, GuidePosition, HandOffReason, Outcome, Quote};

use crate::context::{Context, department_of};
use crate::stages::compose;

/// The step at `position`; `None` when guide or step is gone.
pub(crate) fn step(context: &Context<'_>, position: &GuidePosition, confidence: f32) -> Option<Outcome> {
    let guide = context.snapshot.guide(&position.guide)?;
    let step = guide.step(&position.step)?;
    Some(say(context, &guide, step, confidence))
}

/// The first step of `guide`.
pub(crate) fn begin(context: &Context<'_>, guide: &Guide, confidence: f32) -> Option<Outcome> {
    Some(say(context, guide, guide.step(&guide.start)?, confidence))
}

fn say(context: &Context<'_>, guide: &Guide, step: &GuideStep, confidence: f32) -> Outcome {
    let text = step.say.get(context.language).clone();
    if step.end == Some(GuideEnd::HandOff) {
        let department = department_of(&guide.department).unwrap_or_else(|| context.config.default_department.clone());
        let kind =
            if department == context.config.incidents_department { CaseKind::Incident } else { CaseKind::Question };
        let closing = context.phrases().hand_off_guide;
        let mut outcome = context.hand_off(HandOffReason::GuideEnd, kind, department, closing);
        if let Outcome::HandOff(hand_off) = &mut outcome {
            hand_off.notice = format!("{text}\n\n{}", hand_off.notice);
        }
        return outcome;
    }
    let article = source_of(context, guide, step);
    let facts = match (&article, step.end) {
        (Some(article), Some(_)) if step.article.is_some() => article.facts.clone(),
        _ => desk::article::Facts::default(),
    };
    Outcome::Answer(Answer {
        quotes: article.map_or_else(
            || vec![own_words(context, guide, &text)],
            |article| compose::quotes(&article, &compose::lead(&article)),
        ),
        text,
        facts,
        choices: choices(context, guide, step),
        guide: Some(GuidePosition { guide: guide.id.clone(), step: step.id.clone() }),
        confidence,
        generated: false,
    })
}

fn choices(context: &Context<'_>, guide: &Guide, step: &GuideStep) -> Vec<Choice> {
    let choice = |choice: &desk::guide::GuideChoice| Choice {
        label: choice.label.get(context.language).clone(),
        target: ChoiceTarget::Step(GuidePosition { guide: guide.id.clone(), step: choice.next.clone() }),
    };
    step.choices.iter().map(choice).collect()
}

/// The article that supports a step: its own, else the best found among the guide's, else the guide's first.
fn source_of(context: &Context<'_>, guide: &Guide, step: &GuideStep) -> Option<std::sync::Arc<Article>> {
    let own = step.article.as_ref();
    let found =
        context.findings.articles.iter().map(|candidate| &candidate.article.id).find(|id| guide.articles.contains(id));
    own.into_iter().chain(found).chain(&guide.articles).find_map(|id| context.article(id, context.language))
}

/// A guide without articles rests on itself.
fn own_words(context: &Context<'_>, guide: &Guide, text: &str) -> Quote {
    Quote {
        article: ArticleId(guide.id.0.clone()),
        language: context.language,
        version: 1,
        title: guide.title.get(context.language).clone(),
        institution: String::new(),
        url: None,
        valid_from: None,
        checked_on: None,
        unconfirmed: !guide.review.is_empty(),
        excerpt: text.to_owned(),
    }
}
