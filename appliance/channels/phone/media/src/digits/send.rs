//! Keys on their way out as telephone-event packets (RFC 4733 §2.5).

use std::collections::VecDeque;

use super::code;

/// Ticks of a press, and of the silence after it.
const PRESS: u32 = 100 * 8;
const PAUSE: u32 = 60 * 8;
/// How often the last packet is sent.
const ENDS: u32 = 3;
/// Keys that may wait.
const MOST: usize = 64;

/// A telephone-event packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventPacket {
    /// When the press began.
    pub(crate) timestamp: u32,
    /// The first packet of a press.
    pub(crate) marker: bool,
    pub(crate) payload: [u8; 4],
}

#[derive(Debug)]
struct Sending {
    code: u8,
    timestamp: u32,
    first: bool,
    ends: u32,
}

/// The keys that wait to be sent, and the one that is being sent.
#[derive(Debug, Default)]
pub(crate) struct DigitSender {
    waiting: VecDeque<u8>,
    sending: Option<Sending>,
}

impl DigitSender {
    /// Adds a key; what is no key, or one too many, is passed over.
    pub(crate) fn add(&mut self, key: char) {
        if let Some(code) = code(key)
            && self.waiting.len() < MOST
        {
            self.waiting.push_back(code);
        }
    }

    /// Whether nothing is left to send.
    pub(crate) fn idle(&self) -> bool {
        self.waiting.is_empty() && self.sending.is_none()
    }

    /// The packet that goes out at `timestamp`; `None` in the pause between presses and when idle.
    pub(crate) fn packet(&mut self, timestamp: u32, packet_ticks: u32) -> Option<EventPacket> {
        if self.sending.is_none() {
            let code = self.waiting.pop_front()?;
            self.sending = Some(Sending { code, timestamp, first: true, ends: 0 });
        }
        let sending = self.sending.as_mut()?;
        let elapsed = timestamp.wrapping_sub(sending.timestamp);
        if sending.ends >= ENDS {
            if elapsed >= PRESS + PAUSE {
                self.sending = None;
            }
            return None;
        }
        let ticks = (elapsed + packet_ticks).min(PRESS);
        let end = ticks == PRESS;
        sending.ends += u32::from(end);
        let [_, _, high, low] = ticks.to_be_bytes();
        let flags = if end { 0x8a } else { 0x0a };
        let marker = std::mem::take(&mut sending.first);
        Some(EventPacket { timestamp: sending.timestamp, marker, payload: [sending.code, flags, high, low] })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::digits::event::Events;

    #[test]
    fn what_is_sent_is_what_is_heard() {
        for packet_ticks in [80, 160, 240, 480] {
            let (mut sender, mut events) = (DigitSender::default(), Events::default());
            "112*#x9".chars().for_each(|key| sender.add(key));
            let (mut heard, mut timestamp, now) = (String::new(), 4_294_967_000_u32, Instant::now());
            let mut markers = 0;
            for _ in 0..400 {
                if let Some(packet) = sender.packet(timestamp, packet_ticks) {
                    markers += u32::from(packet.marker);
                    heard.extend(events.hear(packet.timestamp, &packet.payload, now).map(|press| press.digit));
                }
                timestamp = timestamp.wrapping_add(packet_ticks);
            }
            assert_eq!((heard.as_str(), markers), ("112*#9", 6), "{packet_ticks}");
            assert!(sender.idle());
        }
    }
}
