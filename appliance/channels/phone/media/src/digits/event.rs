//! Keys out of telephone-event packets (RFC 4733): one for each press, however often its packets are repeated.

use std::time::{Duration, Instant};

use super::key;

/// A press whose end never comes has ended when nothing was heard of it for this long.
const SILENCE: Duration = Duration::from_millis(250);

/// A key that was pressed and released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Press {
    pub(crate) digit: char,
    pub(crate) duration: Duration,
}

#[derive(Debug)]
struct Current {
    code: u8,
    timestamp: u32,
    /// Ticks of segments that came before this one, when a press is longer than a segment can say (RFC 4733 §2.5.1.3).
    before: u32,
    ticks: u16,
    heard: Instant,
    told: bool,
}

/// Follows the presses of one source.
#[derive(Debug, Default)]
pub(crate) struct Events {
    current: Option<Current>,
}

impl Events {
    /// Takes a packet's payload; gives the press that it ends. A press that another one cut short comes first, the packet
    /// that ended it then ends nothing: its own end is repeated.
    pub(crate) fn hear(&mut self, timestamp: u32, payload: &[u8], now: Instant) -> Option<Press> {
        let [code, flags, high, low, ..] = *payload else { return None };
        key(code)?;
        let (end, ticks) = (flags & 0x80 != 0, u16::from_be_bytes([high, low]));
        let mut cut_short = None;
        match &mut self.current {
            Some(current) if current.timestamp == timestamp => {
                current.ticks = current.ticks.max(ticks);
                current.heard = now;
            }
            Some(current) if timestamp.wrapping_sub(current.timestamp).cast_signed() < 0 => return None,
            Some(current)
                if !current.told
                    && current.code == code
                    && timestamp == current.timestamp.wrapping_add(u32::from(current.ticks)) =>
            {
                current.before = current.before.saturating_add(u32::from(current.ticks));
                (current.timestamp, current.ticks, current.heard) = (timestamp, ticks, now);
            }
            _ => {
                cut_short = self.finish();
                self.current = Some(Current { code, timestamp, before: 0, ticks, heard: now, told: false });
            }
        }
        if cut_short.is_none() && end { self.finish() } else { cut_short }
    }

    /// The press whose end was lost, once nothing more was heard of it.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<Press> {
        let heard = self.current.as_ref()?.heard;
        if now.saturating_duration_since(heard) < SILENCE { None } else { self.finish() }
    }

    /// Another source begins.
    pub(crate) fn restart(&mut self) -> Option<Press> {
        let last = self.finish();
        self.current = None;
        last
    }

    fn finish(&mut self) -> Option<Press> {
        let current = self.current.as_mut().filter(|current| !current.told)?;
        current.told = true;
        let ticks = u64::from(current.before) + u64::from(current.ticks);
        Some(Press { digit: key(current.code)?, duration: Duration::from_micros(ticks * 125) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn payload(code: u8, end: bool, ticks: u16) -> [u8; 4] {
        let [high, low] = ticks.to_be_bytes();
        [code, if end { 0x8a } else { 0x0a }, high, low]
    }

    fn press(digit: char, ms: u64) -> Press {
        Press { digit, duration: Duration::from_millis(ms) }
    }

    #[test]
    fn a_press_is_told_once_though_its_end_is_repeated() {
        let (mut events, now) = (Events::default(), Instant::now());
        assert_eq!(events.hear(1_000, &payload(5, false, 160), now), None);
        assert_eq!(events.hear(1_000, &payload(5, false, 320), now), None);
        assert_eq!(events.hear(1_000, &payload(5, true, 800), now), Some(press('5', 100)));
        assert_eq!(events.hear(1_000, &payload(5, true, 800), now), None);
        assert_eq!(events.hear(1_000, &payload(5, true, 800), now), None);
        assert_eq!(events.overdue(now + SILENCE * 4), None);
    }

    #[test]
    fn the_same_key_twice_is_two_presses() {
        let (mut events, now) = (Events::default(), Instant::now());
        assert_eq!(events.hear(1_000, &payload(11, true, 800), now), Some(press('#', 100)));
        assert_eq!(events.hear(3_000, &payload(11, true, 800), now), Some(press('#', 100)));
        assert_eq!(events.hear(1_000, &payload(11, true, 800), now), None, "a straggler");
    }

    #[test]
    fn a_lost_end_is_made_up_for_by_time_or_by_the_next_press() {
        let (mut events, now) = (Events::default(), Instant::now());
        assert_eq!(events.hear(1_000, &payload(1, false, 480), now), None);
        assert_eq!(events.overdue(now + SILENCE / 2), None);
        assert_eq!(events.overdue(now + SILENCE), Some(press('1', 60)));
        assert_eq!(events.hear(9_000, &payload(2, false, 160), now), None);
        assert_eq!(events.hear(12_000, &payload(3, true, 160), now), Some(press('2', 20)));
        assert_eq!(events.hear(12_000, &payload(3, true, 160), now), Some(press('3', 20)));
    }

    #[test]
    fn a_press_longer_than_a_segment_is_one_press() {
        let (mut events, now) = (Events::default(), Instant::now());
        assert_eq!(events.hear(0, &payload(0, false, 0xffff), now), None);
        assert_eq!(events.hear(0xffff, &payload(0, false, 160), now), None);
        assert_eq!(
            events.hear(0xffff, &payload(0, true, 800), now),
            Some(Press { digit: '0', duration: Duration::from_micros((0xffff + 800) * 125) })
        );
    }

    #[test]
    fn what_is_no_key_is_passed_over() {
        let (mut events, now) = (Events::default(), Instant::now());
        assert_eq!(events.hear(0, &payload(16, true, 800), now), None, "flash");
        assert_eq!(events.hear(0, &[5, 0x80], now), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(packets in proptest::collection::vec((any::<u32>(), any::<[u8; 4]>()), 0..50)) {
            let (mut events, now) = (Events::default(), Instant::now());
            for (timestamp, payload) in packets {
                events.hear(timestamp, &payload, now);
            }
        }
    }
}
