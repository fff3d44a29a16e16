//! Subjects that are not answered, ready to be compared with a question.

use std::collections::{HashMap, HashSet};

use desk::language::{Language, Localized};

use super::question::Question;
use crate::analysis::counts::hash;
use crate::analysis::stemming::stem;
use crate::analysis::tokens::tokens;
use crate::outside::Outside;

/// The outside subjects of one language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Background {
    names: Vec<String>,
    phrasings: Vec<Phrasing>,
    /// In which phrasings a stem stands.
    postings: HashMap<u32, Vec<usize>>,
    /// Their folded words: known, though no article has them.
    words: HashSet<String>,
}

#[derive(Debug, Clone, Copy)]
struct Phrasing {
    subject: usize,
    /// Different stems.
    stems: usize,
}

/// The outside subject nearest to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideHit {
    /// Its name, in the language of the question.
    pub name: String,
    /// How closely one of its phrasings matches, both ways, from 0 to 1.
    pub score: f32,
}

/// What a question has in common with one phrasing.
#[derive(Debug, Clone, Default)]
struct Common {
    /// By term of the question, how well it is matched.
    terms: HashMap<usize, f32>,
    stems: usize,
}

impl Background {
    /// The outside subjects of every language.
    pub(crate) fn of(outside: &Outside) -> Localized<Self> {
        let of = |language| Self::new(outside, language);
        Localized { ro: of(Language::Ro), hu: of(Language::Hu), en: of(Language::En) }
    }

    fn new(outside: &Outside, language: Language) -> Self {
        let mut background = Self::default();
        for (subject, outside) in outside.subjects.iter().enumerate() {
            let name = outside.name.get(language);
            background.names.push(name.clone());
            for phrasing in std::iter::once(name).chain(outside.asked_as.get(language)) {
                background.add(subject, phrasing, language);
            }
        }
        background
    }

    fn add(&mut self, subject: usize, phrasing: &str, language: Language) {
        let words: HashSet<String> = tokens(phrasing).into_iter().map(|token| token.folded).collect();
        let stems: HashSet<u32> = words.iter().map(|word| hash(&stem(word, language))).collect();
        for &stem in &stems {
            self.postings.entry(stem).or_default().push(self.phrasings.len());
        }
        self.phrasings.push(Phrasing { subject, stems: stems.len() });
        self.words.extend(words);
    }

    /// Whether a folded word stands in a phrasing.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// The subject nearest to `question`, measured as an article's everyday phrasings are.
    pub(crate) fn nearest(&self, question: &Question) -> Option<OutsideHit> {
        let mut common: HashMap<usize, Common> = HashMap::new();
        for (stem, terms) in &question.by_stem {
            for &phrasing in self.postings.get(stem).into_iter().flatten() {
                let common = common.entry(phrasing).or_default();
                common.stems += 1;
                for &(term, strength) in terms {
                    let known = common.terms.entry(term).or_default();
                    *known = known.max(strength);
                }
            }
        }
        let score = |phrasing: usize, common: &Common| {
            let covered: f32 =
                common.terms.iter().map(|(&term, strength)| question.terms[term].weight * strength).sum();
            let back = common.stems as f32 / self.phrasings[phrasing].stems.max(1) as f32;
            (covered / question.weight.max(f32::EPSILON) * back.min(1.0)).sqrt()
        };
        common
            .iter()
            .map(|(&phrasing, common)| (phrasing, score(phrasing, common)))
            .max_by(|left, right| left.1.total_cmp(&right.1))
            .map(|(phrasing, score)| OutsideHit { name: self.names[self.phrasings[phrasing].subject].clone(), score })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::Contents;
    use crate::index::KnowledgeIndex;

    #[test]
    fn a_question_finds_the_outside_subject_it_names() {
        let text = "[[subject]]\nid = \"v\"\nname = { ro = \"Vânătoare\", hu = \"Vadászat\", en = \"Hunting\" }\n\
                    asked_as = { ro = [\"permis de vânătoare\"], hu = [\"vadász\"], en = [\"hunting licence\"] }\n";
        let index = KnowledgeIndex::in_memory().unwrap();
        index.fill(&Contents { outside: Outside::from_toml(text).unwrap(), ..Contents::default() }, 1).unwrap();
        let snapshot = index.snapshot();
        let read = |text| Question::read(text, Language::Ro, &snapshot).unwrap();
        let hit = snapshot.background(Language::Ro).nearest(&read("cum obțin permisul de vanatoare")).unwrap();
        assert!(hit.name == "Vânătoare" && hit.score > 0.6, "{hit:?}");
        assert_eq!(snapshot.background(Language::Ro).nearest(&read("mi-am pierdut pisica")), None);
    }
}
