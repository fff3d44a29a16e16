//! The departments to which conversations and cases go.

use serde::{Deserialize, Serialize};

use crate::hours::OpeningHours;
use crate::ids::DepartmentId;
use crate::language::{Language, Localized};

/// One department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Its slug, as articles and cases name it.
    pub id: DepartmentId,
    /// The name that citizens read.
    pub name: Localized<String>,
    /// When somebody is there to talk to; without it there always may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<OpeningHours>,
    /// Where its telephone rings: an extension of the house, or a number. Without it only its operators' own extensions ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// Every department; the first is the front desk, which gets what belongs to no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Departments(pub Vec<Department>);

impl Default for Departments {
    /// Those of the starter pack.
    fn default() -> Self {
        #[derive(Deserialize)]
        struct File {
            departments: Vec<Department>,
        }
        #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test")]
        let file: File = toml::from_str(include_str!("departments.toml")).expect("the embedded departments parse");
        Self(file.departments)
    }
}

impl Departments {
    /// The department that gets what belongs to no other.
    #[must_use]
    pub fn front_desk(&self) -> DepartmentId {
        self.0.first().map_or_else(|| DepartmentId::from("registratura"), |first| first.id.clone())
    }

    /// The department of that name, if it is listed.
    #[must_use]
    pub fn get(&self, id: &DepartmentId) -> Option<&Department> {
        self.0.iter().find(|department| department.id == *id)
    }

    /// Its name in `language`; a department that is not listed goes by its slug.
    #[must_use]
    pub fn name<'a>(&'a self, id: &'a DepartmentId, language: Language) -> &'a str {
        self.get(id).map_or(id.0.as_str(), |department| department.name.get(language).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_packs_departments_have_names_in_every_language() {
        let departments = Departments::default();
        assert_eq!(departments.front_desk(), DepartmentId::from("registratura"));
        assert_eq!(departments.name(&DepartmentId::from("petitii"), Language::En), "Petitions");
        assert!(
            departments.0.iter().all(|one| Language::ALL.iter().all(|language| !one.name.get(*language).is_empty()))
        );
    }

    #[test]
    fn a_department_may_have_hours_and_a_number() {
        let text = r#"
            id = "petitii"
            name = { ro = "Petiții", hu = "Beadványok", en = "Petitions" }
            number = "204"
            hours = { monday = ["08:30-16:30"], wednesday = ["08:30-12:00", "13:00-18:30"] }
        "#;
        let department: Department = toml::from_str(text).unwrap();
        assert_eq!(department.number.as_deref(), Some("204"));
        assert_eq!(department.hours.map(|hours| hours.wednesday.len()), Some(2));
    }

    #[test]
    fn a_department_that_is_not_listed_goes_by_its_slug() {
        let unknown = DepartmentId::from("elsewhere");
        assert_eq!(Departments::default().name(&unknown, Language::Hu), "elsewhere");
    }
}
