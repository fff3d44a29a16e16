//! INFO: key presses (the usage that RFC 6086 calls legacy) both ways; packages are declined.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::leg::Event;
use super::sending::KEYS;
use super::{Agent, Purpose};
use crate::command::LegId;
use crate::message::body::{content_type, digit};
use crate::message::{Known, Request};
use crate::transaction::Key;

impl Agent {
    pub(super) fn info_came(&mut self, id: LegId, request: &Request, key: &Key, now: Instant) {
        if request.headers.get(Known::InfoPackage).is_some() {
            if let Some(mut response) = self.response_to(key, 469) {
                response.headers.push(Known::RecvInfo, "");
                self.respond(key, response, now);
            }
            return;
        }
        let kind = content_type(&request.headers).map(|(kind, _)| kind);
        match kind {
            None if request.body.is_empty() => self.respond_status(key, 200, now),
            Some(kind) if KEYS.split(", ").any(|known| known == kind) => match digit(&kind, &request.body) {
                Some((digit, duration)) => {
                    self.respond_status(key, 200, now);
                    self.emit(Event::Digit(id, digit, duration));
                }
                None => self.respond_status(key, 400, now),
            },
            _ => self.respond_status(key, 415, now),
        }
    }

    /// Sends a key press.
    pub(crate) fn send_digit(&mut self, id: LegId, digit: char, duration: Duration, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.is_answered()) else { return };
        let peer = leg.peer;
        let Some((request, route)) = leg.request("INFO") else { return };
        let body = format!("Signal={digit}\r\nDuration={}\r\n", duration.as_millis());
        let request = request.with_body("application/dtmf-relay", Bytes::from(body));
        self.send(request, &route, Purpose::Within(id), peer, now);
    }
}
