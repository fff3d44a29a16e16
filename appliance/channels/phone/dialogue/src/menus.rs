//! Keypad menus made from the guides and departments, so that nothing is maintained twice.
//!
//! The first menu lists the subjects: each department with its guides, or the guide itself where there is but one; then
//! a case already open, and the departments' own telephones. A guide's step is a menu whose keys are its choices. On
//! every menu `0` is a person, `*` the step before, `#` once more, and `9` the next page where one does not hold all.

use std::collections::{BTreeSet, HashMap};

use desk::article::ArticleState;
use desk::department::Departments;
use desk::guide::{Guide, GuideEnd, GuideId, StepId};
use desk::ids::DepartmentId;
use desk::language::{Language, Localized};
use desk::outcome::GuidePosition;

use crate::wishes::without_politeness;
use crate::words::words;

/// Names a menu.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LevelId {
    /// The first.
    Main,
    /// A department's guides.
    Subject(DepartmentId),
    /// Every department, for a person.
    Departments,
    /// A guide's step with its choices.
    Step {
        /// The guide.
        guide: GuideId,
        /// Its step.
        step: StepId,
    },
}

/// Where a key leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To another menu.
    Level(LevelId),
    /// To a department's people.
    Department(DepartmentId),
    /// To giving the reference of a case.
    Case,
}

/// One line of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is called; for [`Target::Case`] and the departments the fixed texts say it.
    pub label: Option<Localized<String>>,
    /// Where it leads.
    pub target: Target,
}

/// One menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// What is said first: a subject, a step's words.
    pub head: Option<Localized<String>>,
    /// Its lines, in the order of their keys over all pages.
    pub lines: Vec<Line>,
    /// For a step that is an end: how.
    pub end: Option<GuideEnd>,
    /// The department that a person asked for here belongs to.
    pub department: Option<DepartmentId>,
}

/// The keys of a page that does not hold all: the ninth turns the page.
const LINES_WITH_MORE: usize = 8;
/// The keys of a page that holds all.
const LINES: usize = 9;
/// The most levels that a house of menus has; guides beyond are left to speech.
const MOST_LEVELS: usize = 2_000;

/// All menus.
#[derive(Debug, Clone, Default)]
pub struct Menus {
    levels: HashMap<LevelId, Level>,
    order: Vec<LevelId>,
}

impl Menus {
    /// The menus of the guides that are published, and of the departments.
    #[must_use]
    pub fn new(guides: &[Guide], departments: &Departments) -> Self {
        let mut menus = Self::default();
        let served: Vec<&Guide> =
            guides.iter().filter(|guide| guide.state == ArticleState::Published && guide.check().is_ok()).collect();
        menus.add_main(&served, departments);
        let listed = departments.0.iter().map(|department| Line {
            label: Some(department.name.clone()),
            target: Target::Department(department.id.clone()),
        });
        let lines = listed.collect();
        menus.add(LevelId::Departments, Level { head: None, lines, end: None, department: None });
        for guide in served {
            menus.add_steps(guide, departments);
        }
        menus
    }

    fn add_main(&mut self, guides: &[&Guide], departments: &Departments) {
        let known: BTreeSet<&DepartmentId> = departments.0.iter().map(|department| &department.id).collect();
        let of = |id: &DepartmentId| {
            let front = *id == departments.front_desk();
            let belongs = |guide: &&&Guide| {
                guide.department == id.0 || front && !known.contains(&DepartmentId(guide.department.clone()))
            };
            guides.iter().filter(belongs).copied().collect::<Vec<&Guide>>()
        };
        let mut lines = Vec::new();
        for department in &departments.0 {
            match of(&department.id).as_slice() {
                [] => {}
                [only] => lines.push(start_of(only)),
                several => {
                    let level = LevelId::Subject(department.id.clone());
                    let label = Some(department.name.clone());
                    lines.push(Line { label: label.clone(), target: Target::Level(level.clone()) });
                    let guides = several.iter().map(|guide| start_of(guide)).collect();
                    let department = Some(department.id.clone());
                    self.add(level, Level { head: label, lines: guides, end: None, department });
                }
            }
        }
        lines.push(Line { label: None, target: Target::Case });
        lines.push(Line { label: None, target: Target::Level(LevelId::Departments) });
        self.add(LevelId::Main, Level { head: None, lines, end: None, department: None });
    }

    fn add_steps(&mut self, guide: &Guide, departments: &Departments) {
        let id = DepartmentId(guide.department.clone());
        let department = departments.get(&id).map(|found| found.id.clone());
        for step in &guide.steps {
            let lines = step.choices.iter().map(|choice| Line {
                label: Some(choice.label.clone()),
                target: Target::Level(LevelId::Step { guide: guide.id.clone(), step: choice.next.clone() }),
            });
            let level = LevelId::Step { guide: guide.id.clone(), step: step.id.clone() };
            let (head, department) = (Some(step.say.clone()), department.clone());
            self.add(level, Level { head, lines: lines.collect(), end: step.end, department });
        }
    }

    fn add(&mut self, id: LevelId, level: Level) {
        if self.levels.len() < MOST_LEVELS && self.levels.insert(id.clone(), level).is_none() {
            self.order.push(id);
        }
    }

    /// The menu of that name.
    #[must_use]
    pub fn level(&self, id: &LevelId) -> Option<&Level> {
        self.levels.get(id)
    }

    /// Every menu, in a steady order.
    pub fn levels(&self) -> impl Iterator<Item = (&LevelId, &Level)> {
        self.order.iter().filter_map(|id| Some((id, self.levels.get(id)?)))
    }
}

fn start_of(guide: &Guide) -> Line {
    let level = LevelId::Step { guide: guide.id.clone(), step: guide.start.clone() };
    Line { label: Some(guide.title.clone()), target: Target::Level(level) }
}

impl Level {
    /// The lines of a page with their keys, and whether key 9 turns to another.
    pub fn page(&self, page: u8) -> (Vec<(u8, &Line)>, bool) {
        if self.lines.len() <= LINES {
            let all = if page == 0 { self.lines.as_slice() } else { &[] };
            return ((1..).zip(all).collect(), false);
        }
        let from = usize::from(page) * LINES_WITH_MORE;
        let lines = self.lines.iter().skip(from).take(LINES_WITH_MORE);
        ((1..).zip(lines).collect(), true)
    }

    /// How many pages it has.
    #[must_use]
    pub fn pages(&self) -> u8 {
        let pages = if self.lines.len() <= LINES { 1 } else { self.lines.len().div_ceil(LINES_WITH_MORE) };
        u8::try_from(pages).unwrap_or(u8::MAX)
    }

    /// The line that the caller named in words, where exactly one holds all that he said.
    #[must_use]
    pub fn named(&self, text: &str, language: Language) -> Option<&Line> {
        let said = without_politeness(words(text));
        let said: Vec<&String> = said.iter().filter(|word| word.len() > 2).collect();
        if said.is_empty() || said.len() > 6 {
            return None;
        }
        let holds = |line: &&Line| {
            let label = line.label.as_ref().map(|label| words(label.get(language))).unwrap_or_default();
            said.iter().all(|word| label.iter().any(|other| same_beginning(word, other)))
        };
        let mut fitting = self.lines.iter().filter(holds);
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

/// Whether two words begin alike for all but their endings: `pașaport`, `pașaportul`.
fn same_beginning(one: &str, other: &str) -> bool {
    let stem = |word: &str| word.chars().take(5.max(word.chars().count().saturating_sub(3))).collect::<String>();
    other.starts_with(&stem(one)) || one.starts_with(&stem(other))
}

impl LevelId {
    /// The place in a guide that this is.
    #[must_use]
    pub fn position(&self) -> Option<GuidePosition> {
        match self {
            Self::Step { guide, step } => Some(GuidePosition { guide: guide.clone(), step: step.clone() }),
            _ => None,
        }
    }
}

impl std::fmt::Display for LevelId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Main => formatter.write_str("main"),
            Self::Subject(department) => write!(formatter, "subject-{department}"),
            Self::Departments => formatter.write_str("departments"),
            Self::Step { guide, step } => write!(formatter, "step-{}-{}", guide.0, step.0),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn guide(id: &str, department: &str) -> Guide {
        toml::from_str(&format!(
            r#"
            id = "{id}"
            department = "{department}"
            state = "published"
            start = "what"
            title = {{ ro = "Ghid {id}", hu = "Útmutató {id}", en = "Guide {id}" }}

            [[steps]]
            id = "what"
            say = {{ ro = "Ce s-a întâmplat?", hu = "Mi történt?", en = "What happened?" }}
            [[steps.choices]]
            label = {{ ro = "Am uitat parola", hu = "Elfelejtettem a jelszót", en = "I forgot the password" }}
            next = "reset"
            [[steps.choices]]
            label = {{ ro = "Vreau un om", hu = "Embert kérek", en = "I want a person" }}
            next = "person"

            [[steps]]
            id = "reset"
            say = {{ ro = "Căutați parola uitată.", hu = "Keresse a jelszót.", en = "Look for the password." }}
            end = "answered"

            [[steps]]
            id = "person"
            say = {{ ro = "Vă preia un coleg.", hu = "Egy munkatárs átveszi.", en = "A colleague takes over." }}
            end = "hand_off"
            "#
        ))
        .unwrap()
    }

    #[test]
    fn every_published_guide_is_on_a_key_and_no_other() {
        let mut draft = guide("draft", "cazier");
        draft.state = ArticleState::Draft;
        let guides = [guide("one", "cazier"), guide("two", "pasapoarte"), guide("three", "pasapoarte"), draft];
        let menus = Menus::new(&guides, &Departments::default());
        let main = menus.level(&LevelId::Main).unwrap();
        assert_eq!(main.lines.len(), 4, "passports, criminal record, a case, a department");
        assert_eq!(menus.level(&LevelId::Subject("pasapoarte".into())).unwrap().lines.len(), 2);
        assert!(menus.levels().all(|(id, _)| !id.to_string().contains("draft")));
    }

    #[test]
    fn a_guide_of_no_known_department_is_at_the_front_desk() {
        let menus = Menus::new(&[guide("lost", "nowhere")], &Departments::default());
        assert_eq!(menus.level(&LevelId::Main).unwrap().lines.len(), 3);
    }

    #[test]
    fn more_lines_than_keys_are_pages_turned_by_nine() {
        let menus = Menus::new(&[], &Departments::default());
        let level = menus.level(&LevelId::Departments).unwrap();
        assert_eq!((level.lines.len(), level.pages()), (16, 2));
        let (first, more) = level.page(0);
        assert_eq!((first.len(), more), (8, true));
        let (second, _) = level.page(1);
        assert_eq!(second.first().map(|(key, _)| *key), Some(1));
        assert_ne!(first[0].1, second[0].1);
    }

    #[test]
    fn every_key_leads_somewhere() {
        let menus = Menus::new(&[guide("one", "cazier"), guide("two", "petitii")], &Departments::default());
        for (_, level) in menus.levels() {
            for line in &level.lines {
                if let Target::Level(next) = &line.target {
                    assert!(menus.level(next).is_some(), "{next}");
                }
            }
        }
    }

    #[test]
    fn a_line_is_chosen_by_its_words_too() {
        let menus = Menus::new(&[guide("one", "cazier")], &Departments::default());
        let step = LevelId::Step { guide: GuideId("one".into()), step: StepId("what".into()) };
        let level = menus.level(&step).unwrap();
        assert_eq!(level.named("am uitat parola", Language::Ro), Some(&level.lines[0]));
        assert_eq!(level.named("parola, vă rog", Language::Ro), Some(&level.lines[0]));
        assert_eq!(level.named("cât costă un pașaport", Language::Ro), None);
    }
}
