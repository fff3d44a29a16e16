//! Groups of legs on one thread: who hears whom, and how.

use std::sync::atomic::Ordering;

use super::Worker;
use crate::Role;
use crate::leg::{Leg, Path};

impl Worker {
    /// Puts a leg where its seat says, after something changed.
    pub(super) fn seat(&mut self, slot: usize) {
        let wanted = self.leg(slot).and_then(|leg| leg.seat.as_ref()).map(|seat| seat.group.id);
        let left: Vec<u64> = self
            .groups
            .iter_mut()
            .filter(|(group, slots)| Some(**group) != wanted && slots.contains(&slot))
            .map(|(group, slots)| {
                slots.retain(|other| *other != slot);
                *group
            })
            .collect();
        if let Some(group) = wanted {
            let slots = self.groups.entry(group).or_default();
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        } else if let Some(leg) = self.leg_mut(slot) {
            leg.path = Path::Alone;
            leg.keep_inputs(&[]);
        }
        left.into_iter().chain(wanted).for_each(|group| self.join(group));
    }

    /// Takes a slot, whose leg has gone, out of its group.
    pub(super) fn unseat(&mut self, slot: usize) {
        let of = self.groups.iter().find(|(_, slots)| slots.contains(&slot)).map(|(group, _)| *group);
        if let Some(group) = of {
            if let Some(slots) = self.groups.get_mut(&group) {
                slots.retain(|other| *other != slot);
            }
            self.join(group);
        }
    }

    /// Decides how the legs of a group are joined: two parties that speak alike are relayed, all others are mixed.
    fn join(&mut self, group: u64) {
        let Some(slots) = self.groups.get(&group).cloned() else { return };
        if slots.is_empty() {
            self.groups.remove(&group);
            return;
        }
        let relayed = match *slots.as_slice() {
            [a, b] => self.can_relay(a, b).then_some([(a, b), (b, a)]),
            _ => None,
        };
        for slot in slots.iter().copied() {
            let path = match relayed {
                Some(pairs) => {
                    pairs.iter().find(|(from, _)| *from == slot).map_or(Path::Mix, |(_, to)| Path::Relay(*to))
                }
                None if slots.len() == 1 => Path::Alone,
                None => Path::Mix,
            };
            let heard: Vec<u64> = if path == Path::Mix { self.heard_by(slot, &slots) } else { Vec::new() };
            if let Some(leg) = self.leg_mut(slot) {
                leg.path = path;
                leg.keep_inputs(&heard);
            }
        }
    }

    fn can_relay(&self, a: usize, b: usize) -> bool {
        let party = |leg: &Leg| leg.seat.as_ref().is_some_and(|seat| matches!(seat.role, Role::Party | Role::Coached));
        match (self.leg(a), self.leg(b)) {
            (Some(a), Some(b)) => party(a) && party(b) && a.can_relay_to(b) && b.can_relay_to(a),
            _ => false,
        }
    }

    fn heard_by(&self, slot: usize, slots: &[usize]) -> Vec<u64> {
        let Some(role) = self.role(slot) else { return Vec::new() };
        let others = slots.iter().copied().filter(|other| *other != slot);
        let heard = others.filter(|other| self.role(*other).is_some_and(|speaker| role.hears(speaker)));
        heard.filter_map(|other| self.leg(other).map(|leg| leg.id)).collect()
    }

    fn role(&self, slot: usize) -> Option<Role> {
        self.leg(slot)?.seat.as_ref().map(|seat| seat.role)
    }

    /// Lets the others of a group hear what a leg has just heard.
    pub(super) fn share(&mut self, slot: usize, frame: bool, digit: Option<char>) {
        let Some(leg) = self.leg(slot) else { return };
        let Some(seat) = leg.seat.clone() else { return };
        let path = leg.path;
        let others = self.groups.get(&seat.group.id).cloned().unwrap_or_default();
        // The speaker is taken out of its slot while it is listened to.
        let Some(speaker) = self.legs.get_mut(slot).and_then(Option::take) else { return };
        for other in others.into_iter().filter(|other| *other != slot) {
            let Some(role) = self.role(other) else { continue };
            let Some(listener) = self.leg_mut(other) else { continue };
            if frame && listener.path == Path::Mix && role.hears(seat.role) {
                let (samples, rate) = speaker.frame();
                listener.overhear(speaker.id, samples, rate);
            }
            // Relayed keys have gone as packets already.
            if let Some(digit) = digit
                && path == Path::Mix
                && matches!((seat.role, role), (Role::Party | Role::Coached, Role::Party | Role::Coached))
            {
                listener.send_digit(digit);
            }
        }
        if let Some(place) = self.legs.get_mut(slot) {
            *place = Some(speaker);
        }
    }

    /// Sends a leg to the thread where its group meets, if that is another.
    pub(super) fn move_home(&mut self, slot: usize) {
        let home = self.leg(slot).and_then(|leg| leg.seat.as_ref()).map(|seat| seat.group.home.load(Ordering::Acquire));
        let Some(home) = home.filter(|home| *home != self.index && *home < self.doors.len()) else { return };
        let Some(leg) = self.let_go(slot) else { return };
        leg.shared.worker.store(home, Ordering::Release);
        let brought = self.doors.get(home).map(|door| door.bring(leg));
        if let Some(Err(leg)) = brought {
            // Too many stand at that door: it stays, and tries again at its next tick.
            self.adopt(leg);
        }
    }
}
