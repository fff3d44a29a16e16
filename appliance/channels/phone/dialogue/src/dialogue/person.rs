//! A person: asked for, waited for, reached or not; and the call-back that takes the place of a wait. Whatever fails
//! returns to the assistant.

use desk::conversation::Owner;
use desk::ids::DepartmentId;
use desk::reference::Reference;
use jiff::Timestamp;

use super::mouth::Draft;
use super::{DESK_PATIENCE, Dialogue, Mode, Purpose, Question, TRANSFER_PATIENCE, prompt};
use crate::action::{Action, CallBackWish, Clause, Connect, Ending, Why};
use crate::briefing::Briefing;
use crate::event::{QueueNews, TransferNews};
use crate::exact::Kind;
use crate::prompts::{Filled, Fixed, day};
use crate::queue::{Step, Wait, estimate};
use crate::wishes::{Wish, wish};

impl Dialogue {
    /// What whoever takes the caller is told first.
    #[must_use]
    pub fn briefing(&self, why: Why) -> Briefing {
        let asked = self.asked.iter().cloned().collect();
        Briefing { language: self.language, why, asked, case: self.case, danger: self.in_danger }
    }

    /// The department that the place in the menus belongs to.
    pub(super) fn department_here(&self) -> Option<DepartmentId> {
        match &self.mode {
            Mode::Menu { level, .. } => self.setup.prompts.menus().level(level)?.department.clone(),
            _ => None,
        }
    }

    /// Looks for a person. `told` where the caller knows already.
    pub(super) fn seek(&mut self, department: Option<DepartmentId>, why: Why, told: bool) {
        self.drop_value();
        (self.thinking, self.kept, self.rest, self.offered) = (None, None, None, None);
        if why != Why::Danger
            && let Some(clauses) = self.closed(department.as_ref())
        {
            return self.offer_call_back(department, clauses, told);
        }
        let briefing = self.briefing(why);
        self.out.push(Action::Connect(Connect { department: department.clone(), why, briefing }));
        self.out.push(Action::Music { on: true });
        self.mode = Mode::Waiting(Wait::new(department, self.now));
        if !told {
            // Whoever asked before the notice is told of it now: what he says to a person is recorded too.
            let unnoticed = self.is_unnoticed();
            let clauses =
                unnoticed.then(|| prompt(Fixed::RecordingNotice)).into_iter().chain([prompt(Fixed::Connecting)]);
            let mut draft = Draft::new(self.speakable(clauses.collect()), self.language);
            draft.notice = unnoticed.then_some(0);
            self.say_draft(draft);
        }
    }

    /// What is said where a department is closed now; nothing where it is open.
    fn closed(&self, department: Option<&DepartmentId>) -> Option<Vec<Clause>> {
        let front = self.setup.departments.front_desk();
        let hours = self.setup.departments.get(department.unwrap_or(&front))?.hours.as_ref()?;
        let (now, calendar) = (self.wall_clock(), &self.setup.calendar);
        if hours.is_open(calendar, now) {
            return None;
        }
        let mut clauses = vec![prompt(Fixed::Closed)];
        if let Some(at) = hours.next_opening(calendar, now) {
            let hour = match at.minute() {
                0 => at.hour().to_string(),
                minute => format!("{}:{minute:02}", at.hour()),
            };
            let today = self.today();
            let text = match () {
                () if at.date() == today => Filled::OpensToday,
                () if today.tomorrow().is_ok_and(|tomorrow| tomorrow == at.date()) => Filled::OpensTomorrow,
                () => Filled::Opens,
            };
            clauses.push(self.text(text, &[("day", &day(at.date(), today, self.language)), ("hour", &hour)]));
        }
        Some(clauses)
    }

    /// Nobody can be reached: `clauses`, then the question whether we shall ring back.
    fn offer_call_back(&mut self, department: Option<DepartmentId>, mut clauses: Vec<Clause>, told: bool) {
        if self.setup.settings.waiting.call_backs {
            clauses.push(prompt(Fixed::CallBackQuestion));
            self.question(Question::CallBack { department });
        } else {
            clauses.push(self.closing());
            self.mode = Mode::Open;
        }
        if told { self.say_after(clauses) } else { self.say(clauses) }
    }

    /// The caller waits no longer.
    pub(super) fn leave_queue(&mut self) {
        if matches!(self.mode, Mode::Waiting(_) | Mode::Transferring { .. }) {
            self.out.push(Action::Music { on: false });
            self.out.push(Action::LeaveQueue);
            self.mode = Mode::Open;
        }
    }

    pub(super) fn queue_news(&mut self, news: &QueueNews) {
        let Mode::Waiting(wait) = &mut self.mode else { return };
        match news {
            QueueNews::Waiting { position, estimate } => {
                if wait.moved(self.now, *position, *estimate) {
                    self.announce_after();
                }
            }
            QueueNews::Nobody => {
                let department = wait.department.clone();
                self.leave_queue();
                self.offer_call_back(department, vec![prompt(Fixed::Nobody)], true);
            }
            QueueNews::Taken => {
                let wait = Some(wait.clone());
                self.mode = Mode::Transferring { until: self.now + TRANSFER_PATIENCE, wait };
                self.say_after(vec![prompt(Fixed::Taken)]);
            }
        }
    }

    pub(super) fn transfer_news(&mut self, news: TransferNews) {
        match (news, &mut self.mode) {
            (TransferNews::Ringing, Mode::Waiting(wait)) => {
                let wait = Some(wait.clone());
                self.mode = Mode::Transferring { until: self.now + TRANSFER_PATIENCE, wait };
            }
            (TransferNews::Ringing, Mode::Transferring { until, .. }) => *until = self.now + TRANSFER_PATIENCE,
            (TransferNews::Answered, Mode::WithPerson) => {}
            (TransferNews::Answered, _) => {
                self.drop_value();
                self.mouth.stop(&self.setup.prompts, &mut self.out);
                (self.thinking, self.kept, self.desk_until) = (None, None, None);
                self.out.push(Action::Music { on: false });
                self.deafen();
                self.mode = Mode::WithPerson;
            }
            (TransferNews::Failed, Mode::Waiting(_) | Mode::Transferring { .. }) => self.transfer_failed(),
            (TransferNews::Returned, Mode::WithPerson) => {
                self.mode = Mode::Open;
                self.turns.is_there();
                self.listen();
                self.say(vec![prompt(Fixed::Returned)]);
                if !self.abilities.hears(self.language) {
                    self.main_menu_after();
                }
            }
            _ => {}
        }
    }

    fn transfer_failed(&mut self) {
        let department = match &self.mode {
            Mode::Waiting(wait) | Mode::Transferring { wait: Some(wait), .. } => wait.department.clone(),
            _ => None,
        };
        self.leave_queue();
        self.offer_call_back(department, vec![prompt(Fixed::TransferFailed)], false);
    }

    /// Somebody took the conversation at his screen: he is connected next, and we do not talk over him.
    pub(super) fn owner(&mut self, owner: &Owner) {
        let free = !matches!(self.mode, Mode::WithPerson | Mode::Transferring { .. });
        if matches!(owner, Owner::Operator(_)) && free && !self.mouth.is_last() {
            self.drop_value();
            (self.thinking, self.kept) = (None, None);
            self.mode = Mode::Transferring { until: self.now + TRANSFER_PATIENCE, wait: None };
            self.say(vec![prompt(Fixed::Taken)]);
        }
    }

    /// What a wait or a transfer calls for by time alone.
    pub(super) fn wait(&mut self) {
        let settings = self.setup.settings.waiting.clone();
        match &mut self.mode {
            Mode::Transferring { until, .. } if self.now >= *until => self.transfer_failed(),
            Mode::Waiting(wait) => match wait.tick(self.now, &settings) {
                None => {}
                Some(Step::Announce) => self.announce_after(),
                Some(Step::Offer) => self.say_after(vec![prompt(Fixed::OfferCallBack)]),
                Some(Step::Overflow) => {
                    let department = wait.department.clone();
                    self.out.push(Action::Overflow { department });
                }
                Some(Step::GiveUp) => {
                    let department = wait.department.clone();
                    self.leave_queue();
                    self.offer_call_back(department, vec![prompt(Fixed::Nobody)], false);
                }
            },
            _ => {}
        }
    }

    /// The caller's place and how long it may take.
    fn place(&mut self) -> Vec<Clause> {
        let Mode::Waiting(wait) = &self.mode else { return Vec::new() };
        let (position, wait) = (wait.position, wait.estimate);
        let mut clauses = Vec::new();
        if let Some(position) = position {
            clauses.push(prompt(Fixed::YourPlace));
            let before = self.number.take();
            clauses.extend(self.number(&[position.to_string()]));
            self.number = before;
        }
        clauses.extend(wait.map(|wait| prompt(estimate(wait))));
        clauses.push(prompt(Fixed::PleaseHold));
        clauses
    }

    fn announce_after(&mut self) {
        let clauses = self.place();
        self.say_after(clauses);
    }

    pub(super) fn announce(&mut self) {
        let clauses = self.place();
        if !clauses.is_empty() {
            self.say(clauses);
        }
    }

    /// What the caller says while he waits.
    pub(super) fn waiting_said(&mut self, text: &str) {
        let department = match &self.mode {
            Mode::Waiting(wait) => wait.department.clone(),
            _ => return,
        };
        match wish(text) {
            Some(Wish::CallBack) => self.call_back(department),
            Some(Wish::Goodbye | Wish::Stop) => {
                self.leave_queue();
                self.grant(Wish::Goodbye);
            }
            Some(wish @ (Wish::Menu | Wish::Back)) => {
                self.leave_queue();
                self.grant(wish);
            }
            Some(Wish::Language(language)) => {
                self.switch_language(language);
                self.announce();
            }
            _ => self.announce(),
        }
    }

    /// Takes the number to ring back.
    pub(super) fn call_back(&mut self, department: Option<DepartmentId>) {
        self.leave_queue();
        if !self.setup.settings.waiting.call_backs {
            return self.seek(department, Why::Asked, false);
        }
        (self.thinking, self.kept) = (None, None);
        if self.setup.caller.number.is_some() {
            self.question(Question::ThisNumber { department });
            return self.say(vec![prompt(Fixed::CallBackNumber)]);
        }
        self.ask_value(Kind::Phone, Purpose::CallBack { department });
    }

    pub(super) fn book_this_number(&mut self, department: Option<DepartmentId>) {
        match self.setup.caller.number.clone() {
            Some(number) => self.book(number, department),
            None => self.ask_value(Kind::Phone, Purpose::CallBack { department }),
        }
    }

    pub(super) fn book(&mut self, number: String, department: Option<DepartmentId>) {
        self.mode = Mode::Booking;
        self.desk_until = Some(self.now + DESK_PATIENCE);
        let language = self.language;
        self.out.push(Action::BookCallBack(CallBackWish { number, department, language }));
        self.say(vec![prompt(Fixed::Moment1)]);
    }

    pub(super) fn booked(&mut self, reference: Reference, from: Timestamp, until: Timestamp) {
        if self.mode != Mode::Booking {
            return;
        }
        self.desk_until = None;
        self.case = Some(reference);
        let mut clauses = vec![prompt(Fixed::CallBackBooked)];
        let zone = desk::calendar::bucharest();
        let (from, until) = (from.to_zoned(zone.clone()), until.to_zoned(zone));
        let hour = |at: &jiff::Zoned| format!("{}:{:02}", at.hour(), at.minute());
        let on = day(from.date(), self.today(), self.language);
        let values = [("day", on.as_str()), ("from", &hour(&from)), ("until", &hour(&until))];
        clauses.push(self.text(Filled::CallBackBetween, &values));
        clauses.push(prompt(Fixed::YourReference));
        let groups: Vec<String> = reference.to_string().split(' ').map(str::to_owned).collect();
        clauses.extend(self.number(&groups));
        self.said.clone_from(&clauses);
        self.mode = Mode::Open;
        if self.setup.full {
            clauses.push(prompt(Fixed::Goodbye));
            return self.say_last(clauses, Ending::CallBack);
        }
        clauses.push(self.closing());
        self.say_after(clauses);
    }

    pub(super) fn not_booked(&mut self) {
        if self.mode != Mode::Booking {
            return;
        }
        self.desk_until = None;
        self.mode = Mode::Open;
        if self.setup.full {
            return self.say_last(vec![prompt(Fixed::CallBackFailed)], Ending::Nobody);
        }
        self.anything_else(vec![prompt(Fixed::CallBackFailed)]);
    }
}
