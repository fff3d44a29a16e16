//! Who has the caller, as operators see it and the database keeps it.

use desk::call::Standing;

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

    fn standing_now(&self) -> Standing {
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
                estimate_seconds: None,
            },
            dialogue::Standing::Transferring => Standing::Transferring {
                to: desk::call::TransferTarget::Department(
                    self.department.clone().unwrap_or_else(|| self.house.departments.front_desk()),
                ),
            },
            dialogue::Standing::WithPerson => {
                Standing::WithPerson { operator: self.talk.as_ref().and_then(talk::Talk::operator) }
            }
            dialogue::Standing::Over => Standing::Ended,
        }
    }
}
