//! Who has the caller, as operators see it and the database keeps it.

use desk::call::{Standing, TransferTarget};

use super::{Call, talk};

impl Call {
    /// Tells the board and, where it is worth it, the database who has the caller.
    pub(super) fn stands(&mut self) {
        let standing = self.standing_now();
        if standing == self.standing {
            return;
        }
        if standing == Standing::CallerSpeaks {
            self.timings.voice(self.at());
        }
        self.worst_jitter = self.worst_jitter.max(self.line.statistics().jitter);
        let before = std::mem::replace(&mut self.standing, standing);
        self.seen.stands(&self.standing, self.house.parts.time.now());
        self.clerk.stands(&before, &self.standing);
    }

    /// Somebody is being rung on an operator's word.
    fn transferring(&self) -> Option<Standing> {
        self.search.as_ref().map(|search| Standing::Transferring { to: search.to.clone() })
    }

    fn standing_now(&self) -> Standing {
        if self.commanded_by.is_some()
            && self.talk.is_none()
            && let Some(transferring) = self.transferring()
        {
            return transferring;
        }
        match self.dialogue.standing() {
            dialogue::Standing::Ringing => Standing::Ringing,
            dialogue::Standing::Greeting => Standing::Greeting,
            dialogue::Standing::Listening => Standing::Listening,
            dialogue::Standing::CallerSpeaks => Standing::CallerSpeaks,
            dialogue::Standing::Thinking => Standing::Thinking,
            dialogue::Standing::Speaking => Standing::Speaking,
            dialogue::Standing::Keypad => Standing::Keypad,
            dialogue::Standing::Waiting { position } => Standing::Queue {
                department: self.department.clone().unwrap_or_else(|| self.house.departments.front_desk()),
                position: position.unwrap_or(1),
                estimate_seconds: self
                    .search
                    .as_ref()
                    .and_then(|search| search.estimate)
                    .map(|estimate| u32::try_from(estimate.as_secs()).unwrap_or(u32::MAX)),
            },
            dialogue::Standing::Transferring => self.transferring().unwrap_or(Standing::Transferring {
                to: TransferTarget::Department(
                    self.department.clone().unwrap_or_else(|| self.house.departments.front_desk()),
                ),
            }),
            dialogue::Standing::WithPerson => {
                Standing::WithPerson { operator: self.talk.as_ref().and_then(talk::Talk::operator) }
            }
            dialogue::Standing::Over => Standing::Ended,
        }
    }
}
