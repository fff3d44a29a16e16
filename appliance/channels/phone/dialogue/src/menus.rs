//! Keypad menus made from the guides and departments, so that nothing is maintained twice.

use desk::department::Departments;
use desk::guide::{Guide, GuideId, StepId};
use desk::ids::DepartmentId;

/// Names a menu.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// All menus.
#[derive(Debug, Clone, Default)]
pub struct Menus {}

impl Menus {
    /// The menus of the guides that are published and of the departments.
    #[must_use]
    pub fn new(guides: &[Guide], departments: &Departments) -> Self {
        let _ = (guides, departments);
        Self {}
    }
}
