//! Who waits for whom, which telephones are taken, and how long a wait may be.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desk::ids::{CallId, DepartmentId};
use desk::phone_number::PhoneNumber;

/// How long a person is supposed to speak with a citizen, before any did.
const USUAL_TALK: Duration = Duration::from_secs(180);

/// Who waits, and which telephones are taken.
#[derive(Default)]
pub(crate) struct WaitingRoom {
    queue: Mutex<Vec<(DepartmentId, CallId)>>,
    taken: Arc<Mutex<HashSet<PhoneNumber>>>,
    talks: Mutex<HashMap<DepartmentId, Duration>>,
}

/// A place in the queue; it is left when this is dropped.
pub(crate) struct Place<'a> {
    room: &'a WaitingRoom,
    call: CallId,
}

/// A telephone that rings or speaks for one call; free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    taken: Arc<Mutex<HashSet<PhoneNumber>>>,
    phone: PhoneNumber,
}

impl WaitingRoom {
    pub(crate) fn enter(&self, department: &DepartmentId, call: CallId) -> Place<'_> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.retain(|(_, waiting)| *waiting != call);
        queue.push((department.clone(), call));
        Place { room: self, call }
    }

    /// The place of a call among those that wait for the same department, from 1.
    pub(crate) fn position(&self, department: &DepartmentId, call: CallId) -> u32 {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let before = queue.iter().filter(|(wanted, _)| wanted == department).take_while(|(_, one)| *one != call);
        u32::try_from(before.count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Takes a telephone, if it is free.
    pub(crate) fn take(&self, phone: &PhoneNumber) -> Option<Taken> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(phone.clone()).then(|| Taken { taken: Arc::clone(&self.taken), phone: phone.clone() })
    }

    /// Somebody of a department has spoken with a citizen for so long.
    pub(crate) fn talked(&self, department: &DepartmentId, how_long: Duration) {
        let mut talks = self.talks.lock().unwrap_or_else(PoisonError::into_inner);
        let mean = talks.entry(department.clone()).or_insert(USUAL_TALK);
        *mean = (*mean * 4 + how_long) / 5;
    }

    pub(crate) fn estimate(&self, department: &DepartmentId, position: u32, phones: usize) -> Duration {
        let talks = self.talks.lock().unwrap_or_else(PoisonError::into_inner);
        let talk = talks.get(department).copied().unwrap_or(USUAL_TALK);
        talk * position / u32::try_from(phones.max(1)).unwrap_or(u32::MAX)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.room.queue.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, waiting)| *waiting != self.call);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.phone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_of_one_department_wait_in_line_and_others_do_not_count() {
        let room = WaitingRoom::default();
        let (passports, petitions) = (DepartmentId::from("pasapoarte"), DepartmentId::from("petitii"));
        let calls = [CallId::new(), CallId::new(), CallId::new()];
        let first = room.enter(&passports, calls[0]);
        let _other = room.enter(&petitions, calls[1]);
        let _second = room.enter(&passports, calls[2]);
        assert_eq!(room.position(&passports, calls[2]), 2);
        drop(first);
        assert_eq!(room.position(&passports, calls[2]), 1);
    }

    #[test]
    fn a_telephone_rings_for_one_call_at_a_time() {
        let room = WaitingRoom::default();
        let phone: PhoneNumber = "204".parse().unwrap();
        let taken = room.take(&phone).unwrap();
        assert!(room.take(&phone).is_none());
        drop(taken);
        assert!(room.take(&phone).is_some());
    }

    #[test]
    fn the_wait_is_reckoned_by_how_long_people_really_talk() {
        let room = WaitingRoom::default();
        let department = DepartmentId::from("cazier");
        assert_eq!(room.estimate(&department, 2, 1), USUAL_TALK * 2);
        (0..60).for_each(|_| room.talked(&department, Duration::from_secs(60)));
        let estimate = room.estimate(&department, 2, 2);
        assert!(estimate < Duration::from_secs(62), "{estimate:?}");
    }
}
