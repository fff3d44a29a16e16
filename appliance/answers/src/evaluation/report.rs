//! The figures of one evaluation.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::Record;
use super::misses::{self, Miss};

/// The figures of one evaluation. Shares are of the questions in scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Questions put.
    pub questions: usize,
    /// Questions answered.
    pub answered: usize,
    /// Answers from another article than the right one, and every answer to a question out of scope.
    pub answered_wrong: usize,
    /// Questions in scope that were not answered.
    pub abstained_in_scope: usize,
    /// Questions out of scope that were not answered.
    pub abstained_out_of_scope: usize,
    /// Share for which retrieval found the right article first.
    pub recall_at_1: f64,
    /// Share for which the right article is among retrieval's first five.
    pub recall_at_5: f64,
    /// How well confidence parts questions in scope and rightly found from those out of scope: 1 is perfect, 0.5 chance.
    /// 0.5 as well where there are none of either.
    pub auroc: f64,
    /// How long a question took.
    pub latency_ms: Latency,
    /// The questions that went worst; not part of the JSON.
    #[serde(skip)]
    pub worst_misses: Vec<Miss>,
}

/// How long a question took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them took at most this.
    pub p50: f64,
    /// 99 of 100 took at most this.
    pub p99: f64,
}

impl Report {
    /// Counts what became of the questions.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let in_scope = |record: &&Record| record.question.article.is_some();
        let count = |condition: &dyn Fn(&Record) -> bool| records.iter().filter(|record| condition(record)).count();
        let answered = |record: &Record| record.trial.answered.is_some();
        let scope = records.iter().filter(in_scope).count();
        let share = |count: usize| if scope == 0 { 0.0 } else { count as f64 / scope as f64 };
        let found_within = |record: &Record, most: usize| {
            record
                .question
                .article
                .as_ref()
                .is_some_and(|right| record.trial.ranking.iter().take(most).any(|found| found == right))
        };
        let positive: Vec<f64> =
            records.iter().filter(|record| found_within(record, 1)).map(|record| record.trial.confidence).collect();
        let negative: Vec<f64> = records
            .iter()
            .filter(|record| record.question.article.is_none())
            .map(|record| record.trial.confidence)
            .collect();
        Self {
            questions: records.len(),
            answered: count(&answered),
            answered_wrong: count(&|record| answered(record) && record.trial.answered != record.question.article),
            abstained_in_scope: count(&|record| !answered(record) && record.question.article.is_some()),
            abstained_out_of_scope: count(&|record| !answered(record) && record.question.article.is_none()),
            recall_at_1: share(count(&|record| found_within(record, 1))),
            recall_at_5: share(count(&|record| found_within(record, 5))),
            auroc: auroc(&positive, &negative),
            latency_ms: Latency::of(records.iter().map(|record| record.latency).collect()),
            worst_misses: misses::worst(records),
        }
    }

    /// The figures and the worst misses as a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let share = |count: usize, of: usize| {
            if of == 0 { String::new() } else { format!(" ({:.1} %)", 100.0 * count as f64 / of as f64) }
        };
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<24}{value}");
        };
        line("questions", self.questions.to_string());
        line("answered", format!("{}{}", self.answered, share(self.answered, self.questions)));
        line("answered wrong", format!("{}{}", self.answered_wrong, share(self.answered_wrong, self.questions)));
        line("abstained in scope", self.abstained_in_scope.to_string());
        line("abstained out of scope", self.abstained_out_of_scope.to_string());
        line("recall at 1", format!("{:.3}", self.recall_at_1));
        line("recall at 5", format!("{:.3}", self.recall_at_5));
        line("AUROC of confidence", format!("{:.3}", self.auroc));
        line("latency p50, p99", format!("{:.2} ms, {:.2} ms", self.latency_ms.p50, self.latency_ms.p99));
        if !self.worst_misses.is_empty() {
            text.push_str("\nworst misses\n");
        }
        for miss in &self.worst_misses {
            let name = |id: &Option<desk::article::ArticleId>| id.as_ref().map_or("-".to_owned(), ToString::to_string);
            let _ = writeln!(
                text,
                "  {:.2} {:<18}{}\n       {}\n       expected {}, got {}",
                miss.confidence,
                format!("{:?}", miss.kind),
                miss.id,
                miss.question,
                name(&miss.expected),
                name(&miss.got)
            );
        }
        text
    }
}

impl Latency {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            times.get(rank.saturating_sub(1)).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// The probability that a positive is above a negative; equal ones count half.
fn auroc(positive: &[f64], negative: &[f64]) -> f64 {
    if positive.is_empty() || negative.is_empty() {
        return 0.5;
    }
    let mut negative = negative.to_vec();
    negative.sort_unstable_by(f64::total_cmp);
    let above: f64 = positive
        .iter()
        .map(|value| {
            let below = negative.partition_point(|other| other < value);
            let equal = negative.partition_point(|other| other <= value) - below;
            below as f64 + equal as f64 / 2.0
        })
        .sum();
    above / (positive.len() as f64 * negative.len() as f64)
}

#[cfg(test)]
mod tests {
    use desk::article::ArticleId;
    use desk::language::Language;

    use super::*;
    use crate::evaluation::{MissKind, Question, Trial};

    fn record(article: Option<&str>, answered: Option<&str>, ranking: &[&str], confidence: f64) -> Record {
        let id = |text: &&str| ArticleId((*text).to_owned());
        Record {
            question: Question {
                id: "q".into(),
                question: "?".into(),
                lang: Language::Ro,
                article: article.as_ref().map(id),
            },
            trial: Trial { answered: answered.as_ref().map(id), ranking: ranking.iter().map(id).collect(), confidence },
            latency: Duration::from_millis(2),
        }
    }

    #[test]
    fn each_outcome_is_counted_once() {
        let records = [
            record(Some("a"), Some("a"), &["a"], 0.9),
            record(Some("a"), Some("b"), &["b", "a"], 0.8),
            record(Some("a"), None, &["a"], 0.4),
            record(Some("a"), None, &["b"], 0.1),
            record(None, Some("b"), &["b"], 0.7),
            record(None, None, &["b"], 0.2),
        ];
        let report = Report::of(&records);
        assert_eq!((report.questions, report.answered, report.answered_wrong), (6, 3, 2));
        assert_eq!((report.abstained_in_scope, report.abstained_out_of_scope), (2, 1));
        assert!((report.recall_at_1 - 0.5).abs() < 1e-9 && (report.recall_at_5 - 0.75).abs() < 1e-9);
        // Rightly found: 0.9 and 0.4; out of scope: 0.7 and 0.2. Three of the four pairs are in order.
        assert!((report.auroc - 0.75).abs() < 1e-9);
        let kinds: Vec<MissKind> = report.worst_misses.iter().map(|miss| miss.kind).collect();
        assert_eq!(kinds, [MissKind::WrongArticle, MissKind::OutsideAnswered, MissKind::NotFound, MissKind::Withheld]);
    }

    #[test]
    fn the_json_has_the_published_keys() {
        let json = serde_json::to_value(Report::of(&[])).unwrap();
        let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "abstained_in_scope",
                "abstained_out_of_scope",
                "answered",
                "answered_wrong",
                "auroc",
                "latency_ms",
                "questions",
                "recall_at_1",
                "recall_at_5",
            ]
        );
    }

    #[test]
    fn ties_count_half() {
        assert!((auroc(&[0.5], &[0.5]) - 0.5).abs() < 1e-9);
        assert!((auroc(&[], &[0.5]) - 0.5).abs() < 1e-9);
    }
}
