//! Keys, and the menus that they walk through.

use std::time::Duration;

use desk::guide::GuideEnd;
use desk::language::Language;

use super::{Dialogue, Mode, Purpose, Question, prompt};
use crate::action::{Action, Clause, Note, Said, Told, Via, Why};
use crate::exact::{Kind, digits};
use crate::menus::{Level, LevelId, Line, Target};
use crate::prompts::{Fixed, PromptId};
use crate::settings::Recording;
use crate::wishes::Wish;

/// How many menus back one can go.
const DEPTH: usize = 16;

impl Dialogue {
    pub(super) fn key(&mut self, key: char) {
        let deaf =
            matches!(self.mode, Mode::WithPerson | Mode::Machine { .. } | Mode::Booking | Mode::Transferring { .. });
        if deaf || !matches!(key, '0'..='9' | '*' | '#') || self.mouth.is_last() {
            return;
        }
        self.turns.key();
        if self.mouth.speaks() {
            self.mouth.stop(&self.setup.prompts, &mut self.out);
            self.note(Note::Interrupted { decided_after: Duration::ZERO });
        }
        self.misunderstood = 0;
        match self.mode.clone() {
            Mode::Value { .. } => self.value_key(key),
            Mode::Question { what, .. } => self.question_key(&what, key),
            Mode::Greeting => self.greeting_key(key),
            Mode::Menu { level, page } => self.menu_key(&level, page, key),
            Mode::Waiting(wait) => match key {
                '1' if wait.is_offered() => self.call_back(wait.department),
                '9' if self.is_refusable() => self.refuse(vec![prompt(Fixed::RecordingOff)]),
                '*' => {
                    self.leave_queue();
                    self.open_menu(LevelId::Main);
                }
                _ => self.announce(),
            },
            _ => self.open_key(key),
        }
    }

    fn greeting_key(&mut self, key: char) {
        if key == '#' {
            return self.greet();
        }
        self.mode = Mode::Open;
        self.menu_at = None;
        // Whoever knows the notice need not hear it out.
        if key == '9' && self.is_refusable() {
            return self.refuse_recording();
        }
        self.open_key(key);
    }

    /// A key that chooses the language, as the greeting offers; until the first question or menu. Whether it was one.
    fn language_key(&mut self, key: char) -> bool {
        let offered = self.setup.settings.languages.len() > 1 && self.setup.caller.language.is_none();
        if !offered || self.submissions > 0 || self.told.keypad {
            return false;
        }
        let language = match key {
            '1' => Language::Ro,
            '2' => Language::Hu,
            '3' => Language::En,
            _ => return false,
        };
        self.switch_language(language);
        if self.abilities.hears(language) {
            self.say(vec![prompt(Fixed::LanguageSet)]);
        } else {
            self.open_menu(LevelId::Main);
        }
        true
    }

    /// A key while the caller may speak freely.
    fn open_key(&mut self, key: char) {
        if self.language_key(key) {
            return;
        }
        let recording = self.setup.settings.recording;
        let shown = self.offered.as_ref().map(|offered| (offered.choices.len(), offered.from));
        match (key, shown) {
            ('0', _) => self.grant(Wish::Person),
            ('*', _) => self.open_menu(LevelId::Main),
            ('#', _) => self.repeat(None),
            ('9', _) if self.rest.is_some() => self.more(),
            ('9', Some((count, from))) if count > from + crate::clauses::CHOICES => self.more_choices(),
            ('9', None) if self.records && recording == Recording::Notice => self.refuse_recording(),
            ('8', None) if recording == Recording::Consent && !self.records => {
                self.told.refused_recording = false;
                self.record(true);
                self.say(vec![prompt(Fixed::RecordingOn), prompt(Fixed::Ask)]);
            }
            (digit, Some((count, _))) if digit.to_digit(10).is_some_and(|digit| digit as usize <= count) => {
                self.pick(digit);
            }
            (_, Some(_)) => self.say(vec![prompt(Fixed::MenuNoKey), prompt(Fixed::PressAChoice)]),
            _ => self.open_menu(LevelId::Main),
        }
    }

    fn pick(&mut self, digit: char) {
        let number = digit.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default();
        let Some(offered) = self.offered.clone() else { return };
        let Some(choice) = usize::from(number).checked_sub(1).and_then(|at| offered.choices.get(at)) else { return };
        let said = Said::Pick { turn: offered.turn, number, label: choice.label.clone() };
        self.submit(said, Via::Keypad, None);
    }

    fn question_key(&mut self, what: &Question, key: char) {
        match (key, what) {
            ('1', _) | ('9', Question::More) => self.answered_question(what, true),
            ('2', _) => self.answered_question(what, false),
            ('0', _) => self.grant(Wish::Person),
            ('*', _) if !self.setup.full => self.open_menu(LevelId::Main),
            (digit, Question::More) if self.offered.is_some() && digit != '#' => {
                self.mode = Mode::Open;
                self.open_key(digit);
            }
            _ => self.repeat_question(what),
        }
    }

    fn menu_key(&mut self, level: &LevelId, page: u8, key: char) {
        let Some(found) = self.setup.prompts.menus().level(level).cloned() else {
            return self.open_menu(LevelId::Main);
        };
        let (lines, more) = found.page(page);
        match key {
            '0' => self.seek(found.department.clone(), Why::Asked, false),
            '*' => self.back(),
            '#' => self.read_menu(),
            '9' if more => {
                let page = if page + 1 < found.pages() { page + 1 } else { 0 };
                self.mode = Mode::Menu { level: level.clone(), page };
                self.read_menu();
            }
            digit => {
                let line = lines.into_iter().find(|(number, _)| digit.to_digit(10) == Some(u32::from(*number)));
                match line.map(|(_, line)| line.clone()) {
                    Some(line) => self.follow(&line),
                    None => {
                        let mut clauses = vec![prompt(Fixed::MenuNoKey)];
                        clauses.extend(self.menu_clauses(level, page));
                        self.say(clauses);
                    }
                }
            }
        }
    }

    /// What the caller said to a menu: a number, or the words of a line. Whether that was it.
    pub(super) fn menu_said(&mut self, level: &LevelId, text: &str) -> bool {
        let Some(found) = self.setup.prompts.menus().level(level).cloned() else { return false };
        let (figures, others) = digits(text, self.language);
        if figures.len() == 1 && others <= 2 {
            self.key(figures.chars().next().unwrap_or('#'));
            return true;
        }
        match found.named(text, self.language).cloned() {
            Some(line) => {
                self.follow(&line);
                true
            }
            None => {
                self.mode = Mode::Open;
                false
            }
        }
    }

    fn follow(&mut self, line: &Line) {
        match &line.target {
            Target::Case => self.ask_value(Kind::Reference, Purpose::Case),
            Target::Department(department) => self.seek(Some(department.clone()), Why::Asked, false),
            Target::Level(id) => {
                let found = self.setup.prompts.menus().level(id).cloned();
                self.tell(id, line, found.as_ref());
                self.open_menu(id.clone());
                if let Some(found) = found.filter(|found| found.end == Some(GuideEnd::HandOff)) {
                    self.seek(found.department, Why::HandOff, false);
                }
            }
        }
    }

    /// A step that was told by key, for the record.
    fn tell(&mut self, id: &LevelId, line: &Line, level: Option<&Level>) {
        let head = level.and_then(|level| level.head.as_ref());
        if let (Some(position), Some(label), Some(head)) = (id.position(), &line.label, head) {
            let (chosen, said) = (label.get(self.language).clone(), head.get(self.language).clone());
            self.out.push(Action::Told(Told { position, chosen, said, language: self.language }));
        }
    }

    pub(super) fn open_menu(&mut self, level: LevelId) {
        self.enter_menu(level);
        self.read_menu();
    }

    /// Opens the first menu behind what is being said.
    pub(super) fn main_menu_after(&mut self) {
        self.enter_menu(LevelId::Main);
        let clauses = self.menu_clauses(&LevelId::Main, 0);
        self.say_after(clauses);
    }

    fn enter_menu(&mut self, level: LevelId) {
        match &self.mode {
            _ if level == LevelId::Main => self.menus.clear(),
            Mode::Menu { level: from, .. } if *from != level && self.menus.len() < DEPTH => {
                self.menus.push(from.clone());
            }
            _ => {}
        }
        if !self.told.keypad {
            self.told.keypad = true;
            self.note(Note::Keypad);
        }
        (self.thinking, self.offered, self.rest) = (None, None, None);
        self.mode = Mode::Menu { level, page: 0 };
    }

    pub(super) fn read_menu(&mut self) {
        let Mode::Menu { level, page } = self.mode.clone() else { return };
        let clauses = self.menu_clauses(&level, page);
        self.said.clone_from(&clauses);
        self.say(clauses);
    }

    fn menu_clauses(&self, id: &LevelId, page: u8) -> Vec<Clause> {
        let Some(level) = self.setup.prompts.menus().level(id) else { return vec![prompt(Fixed::MenuKeys)] };
        let mut clauses = vec![match id {
            LevelId::Main => prompt(Fixed::MenuMain),
            LevelId::Departments => prompt(Fixed::MenuDepartments),
            LevelId::Subject(_) | LevelId::Step { .. } => Clause::Prompt(PromptId::Head(id.clone())),
        }];
        let (lines, more) = level.page(page);
        let entry = |key| Clause::Prompt(PromptId::Entry { level: id.clone(), page, key });
        clauses.extend(lines.iter().map(|(key, _)| entry(*key)));
        clauses.extend(more.then(|| prompt(Fixed::MenuMore)));
        match level.end {
            Some(GuideEnd::Answered) => clauses.push(prompt(Fixed::MenuEnd)),
            None if *id == LevelId::Main => clauses.push(prompt(Fixed::MenuKeys)),
            _ => {}
        }
        clauses
    }

    /// One menu back; from the end of a guide to the first one.
    pub(super) fn back(&mut self) {
        let ended = match &self.mode {
            Mode::Menu { level, .. } => {
                self.setup.prompts.menus().level(level).is_some_and(|level| level.end.is_some())
            }
            _ => true,
        };
        let level = self.menus.pop().filter(|_| !ended).unwrap_or(LevelId::Main);
        self.mode = Mode::Open;
        self.open_menu(level);
    }
}
