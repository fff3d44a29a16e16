//! The policy: what follows from each XID error and from each condition that telemetry shows, with its source.
//!
//! The table is `policy.toml` beside this crate's manifest, built into the program. An operator's file says only what shall
//! differ, field by field; XID rows are found by their codes:
//!
//! ```toml
//! [thresholds]
//! cooled_by_celsius = 12
//!
//! [rules.persistence-off]
//! verdict = "admit-nothing-new"
//!
//! [[xid]]
//! codes = [92]
//! verdict = "drain"
//! ```
//!
//! Why a table and not code: NVIDIA adds numbers with every generation, and whoever runs the machines may weigh them otherwise.

mod overlay;

use std::collections::BTreeMap;

use protocol::gpu::{Health, Remedy};
use serde::Deserialize;

use crate::condition::Condition;

const BUILT_IN: &str = include_str!("../policy.toml");

/// The rules by which GPUs are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    thresholds: Thresholds,
    rules: BTreeMap<Condition, Rule>,
    xids: BTreeMap<u32, XidRule>,
    unlisted: XidRule,
}

/// The figures that conditions are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A GPU that was too hot is cool again this far below the limit.
    pub cooled_by_celsius: u32,
    /// So near to its own shutdown a GPU is emptied.
    pub near_shutdown_celsius: u32,
    /// From this utilisation on it counts as working.
    pub busy_percent: u32,
    /// Foreign memory below this is not mentioned.
    pub foreign_vram_bytes: u64,
}

/// What follows from a [`Condition`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The verdict.
    pub verdict: Health,
    /// How long the condition must last before it counts.
    pub after_seconds: u64,
    /// How long it must be gone before it no longer counts.
    pub clears_after_seconds: u64,
    /// What to do.
    pub remedy: Remedy,
    /// What to do, in a sentence; `INDEX` stands for the number of the GPU.
    pub advice: String,
    /// Document and section.
    pub source: String,
}

/// What follows from an XID error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XidRule {
    /// What it means.
    pub meaning: String,
    /// The verdict.
    pub verdict: Health,
    /// The program that ran is to blame, not the GPU.
    pub application_fault: bool,
    /// How long the verdict stands.
    pub lasts: Lasts,
    /// What to do.
    pub remedy: Remedy,
    /// What to do, in a sentence; `INDEX` stands for the number of the GPU.
    pub advice: String,
    /// Document and section.
    pub source: String,
}

/// How long the verdict on an XID error stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lasts {
    /// Until the GPU is reset.
    UntilReset,
    /// So many seconds after the last of its kind.
    Seconds(u64),
}

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The built-in table is no TOML: a fault of this program.
    #[error("failed to read the built-in GPU policy")]
    BuiltIn(#[source] Box<toml::de::Error>),
    /// The operator's file is no TOML.
    #[error("failed to read the changes to the GPU policy as TOML")]
    Overrides(#[source] Box<toml::de::Error>),
    /// After the changes the table no longer has the right fields.
    #[error(
        "the GPU policy with its changes does not hold together: see the field named below and `policy.toml` for the right form"
    )]
    Form(#[source] Box<toml::de::Error>),
    /// An XID row without numbers.
    #[error("row {row} of `[[xid]]` names no `codes`: write `codes = [79]`")]
    NoCodes {
        /// Its place, from 1.
        row: usize,
    },
    /// A number stands in two rows.
    #[error("XID {code} stands in two rows of one file: leave it in one")]
    Twice {
        /// The number.
        code: u32,
    },
    /// A source refers to a document that is not listed.
    #[error("`{at}` refers to the document `{document}`, which is not under `[documents]`: add it there")]
    UnknownDocument {
        /// The rule or XID.
        at: String,
        /// The name used.
        document: String,
    },
    /// A condition without a rule.
    #[error("the GPU policy has no `[rules.{0}]`")]
    NoRule(&'static str),
}

impl Policy {
    /// The built-in table.
    ///
    /// # Errors
    /// Only if this program was built with a faulty table; a test prevents that.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::assemble(overlay::built_in(BUILT_IN)?)
    }

    /// The built-in table with the changes of an operator's file (its text).
    ///
    /// # Errors
    /// Whatever is wrong with that text.
    pub fn with_overrides(text: &str) -> Result<Self, PolicyError> {
        Self::assemble(overlay::changed(overlay::built_in(BUILT_IN)?, text)?)
    }

    /// What follows from the XID error `code`, listed or not.
    #[must_use]
    pub fn xid(&self, code: u32) -> &XidRule {
        self.xids.get(&code).unwrap_or(&self.unlisted)
    }

    /// Every XID error of the table, by number.
    pub fn xids(&self) -> impl Iterator<Item = (u32, &XidRule)> {
        self.xids.iter().map(|(code, rule)| (*code, rule))
    }

    /// Every condition with its rule.
    pub fn rules(&self) -> impl Iterator<Item = (Condition, &Rule)> {
        self.rules.iter().map(|(condition, rule)| (*condition, rule))
    }

    /// The figures.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    fn assemble(table: overlay::Table) -> Result<Self, PolicyError> {
        let file: File = table.rest.try_into().map_err(|error| PolicyError::Form(Box::new(error)))?;
        let sources = Sources(&file.documents);
        let mut rules = BTreeMap::new();
        for (condition, row) in file.rules {
            let source = sources.name(&row.source, row.changed, condition.code())?;
            rules.insert(condition, row.rule(source));
        }
        if let Some(missing) = Condition::ALL.iter().find(|condition| !rules.contains_key(condition)) {
            return Err(PolicyError::NoRule(missing.code()));
        }
        let mut xids = BTreeMap::new();
        for (code, row) in table.xids {
            let row: XidRow = row.try_into().map_err(|error| PolicyError::Form(Box::new(error)))?;
            let source = sources.name(&row.source, row.changed, &format!("xid {code}"))?;
            xids.insert(code, row.rule(source));
        }
        let source = sources.name(&file.unlisted_xid.source, file.unlisted_xid.changed, "unlisted-xid")?;
        Ok(Self { thresholds: file.thresholds, rules, xids, unlisted: file.unlisted_xid.rule(source) })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    documents: BTreeMap<String, String>,
    thresholds: Thresholds,
    rules: BTreeMap<Condition, RuleRow>,
    unlisted_xid: XidRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRow {
    verdict: Health,
    after_seconds: u64,
    clears_after_seconds: u64,
    remedy: Remedy,
    advice: String,
    source: SourceRow,
    #[serde(default, rename = "#changed")]
    changed: bool,
}

impl RuleRow {
    fn rule(self, source: String) -> Rule {
        let Self { verdict, after_seconds, clears_after_seconds, remedy, advice, .. } = self;
        Rule { verdict, after_seconds, clears_after_seconds, remedy, advice, source }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct XidRow {
    meaning: String,
    verdict: Health,
    application_fault: bool,
    lasts: Lasts,
    remedy: Remedy,
    advice: String,
    source: SourceRow,
    #[serde(default, rename = "#changed")]
    changed: bool,
}

impl XidRow {
    fn rule(self, source: String) -> XidRule {
        let Self { meaning, verdict, application_fault, lasts, remedy, advice, .. } = self;
        XidRule { meaning, verdict, application_fault, lasts, remedy, advice, source }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    document: String,
    section: String,
}

struct Sources<'a>(&'a BTreeMap<String, String>);

impl Sources<'_> {
    /// Document and section in words. A row that the operator changed without naming a source says so, or the change would
    /// pass for the document's opinion.
    fn name(&self, source: &SourceRow, changed: bool, at: &str) -> Result<String, PolicyError> {
        let title = self
            .0
            .get(&source.document)
            .ok_or_else(|| PolicyError::UnknownDocument { at: at.to_owned(), document: source.document.clone() })?;
        let mark = if changed { "; changed by this machine's own policy" } else { "" };
        Ok(format!("{title}: {}{mark}", source.section))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn the_built_in_table_parses_and_every_row_has_its_source() {
        let policy = Policy::built_in().unwrap();
        for (code, rule) in policy.xids() {
            assert!(rule.source.contains(": "), "XID {code}: {}", rule.source);
            assert!(
                rule.source.starts_with("NVIDIA"),
                "XID {code} rests on NVIDIA's documents, not on `{}`",
                rule.source
            );
            assert!(!rule.meaning.is_empty() && rule.advice.ends_with('.'), "XID {code}: {}", rule.advice);
        }
        for (condition, rule) in policy.rules() {
            assert!(rule.advice.ends_with('.') && rule.source.contains(": "), "{}", condition.code());
        }
        assert_eq!(policy.rules().count(), Condition::ALL.len());
    }

    #[test]
    fn the_xids_that_operators_ask_about_are_all_listed() {
        let policy = Policy::built_in().unwrap();
        let asked =
            [13, 31, 32, 38, 43, 44, 45, 48, 61, 62, 63, 64, 68, 69, 74, 79, 92, 94, 95, 119, 120, 121, 122, 123];
        let newer = [124, 125, 136, 140, 143, 145, 146, 147, 148, 149, 150, 154];
        let listed: Vec<u32> = policy.xids().map(|(code, _)| code).collect();
        for code in asked.into_iter().chain(newer) {
            assert!(listed.contains(&code), "XID {code} is missing");
        }
    }

    #[test]
    fn no_application_fault_costs_the_gpu_its_work() {
        let policy = Policy::built_in().unwrap();
        for (code, rule) in policy.xids().filter(|(_, rule)| rule.application_fault) {
            assert_eq!(rule.verdict, Health::Ok, "XID {code} is the program's fault");
        }
        for code in [13, 31, 43, 45] {
            assert!(policy.xid(code).application_fault, "XID {code}");
        }
    }

    #[test]
    fn what_needs_a_reset_stands_until_the_reset() {
        let policy = Policy::built_in().unwrap();
        for (code, rule) in policy.xids().filter(|(_, rule)| rule.verdict == Health::NeedsReset) {
            assert_eq!(rule.lasts, Lasts::UntilReset, "XID {code}");
        }
    }

    #[test]
    fn an_unknown_number_is_not_trusted_for_a_while() {
        let policy = Policy::built_in().unwrap();
        let rule = policy.xid(9_999);
        assert_eq!((rule.verdict, rule.lasts), (Health::AdmitNothingNew, Lasts::Seconds(600)));
    }

    #[test]
    fn an_operator_changes_single_fields_and_the_source_says_so() {
        let text = "[thresholds]\ncooled_by_celsius = 12\n[rules.persistence-off]\nverdict = \"drain\"\n\
                    [[xid]]\ncodes = [92, 94]\nverdict = \"drain\"\n";
        let (built_in, changed) = (Policy::built_in().unwrap(), Policy::with_overrides(text).unwrap());
        assert_eq!(changed.thresholds().cooled_by_celsius, 12);
        assert_eq!(changed.xid(92).verdict, Health::Drain);
        assert_eq!(changed.xid(92).meaning, built_in.xid(92).meaning);
        assert!(changed.xid(94).source.ends_with("changed by this machine's own policy"));
        assert_eq!(changed.xid(93), built_in.xid(93));
    }

    #[test]
    fn an_operator_adds_a_number_of_his_own() {
        let text = r#"
            [documents]
            vendor = "The vendor's letter of May"
            [[xid]]
            codes = [7777]
            meaning = "A light is red"
            verdict = "drain"
            application_fault = false
            lasts = { seconds = 60 }
            remedy = "check-machine"
            advice = "Ask the vendor."
            source = { document = "vendor", section = "page 2" }
        "#;
        let policy = Policy::with_overrides(text).unwrap();
        assert_eq!(policy.xid(7777).source, "The vendor's letter of May: page 2");
    }

    #[test]
    fn mistakes_in_an_operators_file_are_named() {
        for (text, said) in [
            ("[rules.persistance-off]\nverdict = \"drain\"", "persistance-off"),
            ("[rules.persistence-off]\nverdict = \"stop\"", "stop"),
            ("[[xid]]\nverdict = \"drain\"", "row 1"),
            ("[[xid]]\ncodes = [79]\nverdikt = \"drain\"", "verdikt"),
            ("[[xid]]\ncodes = [79]\n[[xid]]\ncodes = [79]", "XID 79"),
            ("[[xid]]\ncodes = [79]\nsource = { document = \"none\", section = \"1\" }", "`none`"),
            ("thresholds = 3", "thresholds"),
            ("[[xid", "TOML"),
        ] {
            let error = Policy::with_overrides(text).unwrap_err();
            let whole =
                format!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
            assert!(whole.contains(said), "{whole}");
        }
    }
}
