//! What a client is told of its session: one story, though it may be told by several nodes one after the other.
//!
//! A node that takes over hears the turns again that were not written down. It names them anew, counts time from its own
//! beginning and says again what was said: here names and times become those that the client knows, and what it was told
//! already is left out.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

/// A turn that has begun and is not written down.
#[derive(Debug, Default)]
struct Turn {
    number: u32,
    /// The client knows that it began, and that it ended.
    started: bool,
    stopped: bool,
    /// When the speech ended, in milliseconds since the client's first sound.
    end_ms: Option<u64>,
    /// Words that the client was told, and those that the present node has said.
    told: String,
    said: String,
}

/// What is to be done about an event of a node.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// It goes to the client.
    Tell(Value),
    /// The client knows it.
    Known,
    /// A turn is written down, all before this moment is done with; goes to the client.
    Written { event: Value, until_ms: Option<u64> },
    /// The node cannot go on.
    Failed(String),
}

/// The story so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// The client knows its session.
    begun: bool,
    /// What the client calls the session.
    session: String,
    /// Milliseconds from the client's first sound to the present node's.
    offset_ms: u64,
    /// The turns that are not written down, in their order.
    open: VecDeque<Turn>,
    next: u32,
    /// The present node's names of turns, and our numbers of them.
    names: BTreeMap<String, u32>,
    /// Of the open turns, those that the present node has not begun to hear again.
    unheard: VecDeque<u32>,
    /// Settings that the present node will acknowledge though the client knows.
    repeated_settings: usize,
}

impl Story {
    /// Whether nobody speaks, as far as was told.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// Another node goes on, from this moment of the client's sound; so many settings are made there again.
    pub(crate) fn moved(&mut self, offset_ms: u64, settings: usize) {
        self.offset_ms = offset_ms;
        self.names.clear();
        self.unheard = self.open.iter().map(|turn| turn.number).collect();
        self.open.iter_mut().for_each(|turn| turn.said.clear());
        self.repeated_settings = settings;
    }

    /// A node said something.
    pub(crate) fn hear(&mut self, mut event: Value) -> Heard {
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "session.created" => {
                if std::mem::replace(&mut self.begun, true) {
                    return Heard::Known;
                }
                event["session"]["id"].as_str().unwrap_or_default().clone_into(&mut self.session);
                Heard::Tell(event)
            }
            "session.updated" => {
                if self.repeated_settings > 0 {
                    self.repeated_settings -= 1;
                    return Heard::Known;
                }
                event["session"]["id"] = json!(self.session);
                Heard::Tell(event)
            }
            "error" => match event["error"]["type"].as_str() {
                // The client's own fault, which another node would find as well.
                Some("invalid_request_error") => Heard::Tell(event),
                _ => Heard::Failed(event["error"]["message"].as_str().unwrap_or("the engine failed").to_owned()),
            },
            "input_audio_buffer.speech_started"
            | "input_audio_buffer.speech_stopped"
            | "conversation.item.input_audio_transcription.delta"
            | "conversation.item.input_audio_transcription.completed" => self.turn(&kind, event),
            _ => Heard::Tell(event),
        }
    }

    fn turn(&mut self, kind: &str, mut event: Value) -> Heard {
        let number = self.number(event["item_id"].as_str().unwrap_or_default());
        event["item_id"] = json!(format!("item_{}_{number}", self.session));
        let offset_ms = self.offset_ms;
        let Some(turn) = self.open.iter_mut().find(|turn| turn.number == number) else { return Heard::Known };
        match kind {
            "input_audio_buffer.speech_started" => {
                shift(&mut event["audio_start_ms"], offset_ms);
                if std::mem::replace(&mut turn.started, true) { Heard::Known } else { Heard::Tell(event) }
            }
            "input_audio_buffer.speech_stopped" => {
                turn.end_ms = shift(&mut event["audio_end_ms"], offset_ms);
                if std::mem::replace(&mut turn.stopped, true) { Heard::Known } else { Heard::Tell(event) }
            }
            "conversation.item.input_audio_transcription.delta" => {
                turn.said.push_str(event["delta"].as_str().unwrap_or_default());
                // Where the node hears other words than the one before it, the transcript at the end tells.
                match turn.said.strip_prefix(turn.told.as_str()) {
                    Some(new) => {
                        event["delta"] = json!(new);
                        turn.told = turn.said.clone();
                        Heard::Tell(event)
                    }
                    None => Heard::Known,
                }
            }
            _ => {
                for word in event["words"].as_array_mut().into_iter().flatten() {
                    for end in ["start", "end"] {
                        #[expect(clippy::cast_precision_loss, reason = "no call lasts 2^52 ms")]
                        let shifted = word[end].as_f64().map(|seconds| seconds + offset_ms as f64 / 1e3);
                        word[end] = json!(shifted);
                    }
                }
                let until_ms = turn.end_ms;
                self.open.retain(|turn| turn.number != number);
                Heard::Written { event, until_ms }
            }
        }
    }

    /// Our number of a turn. What a new node hears first is what was open.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let number = self.unheard.pop_front().unwrap_or_else(|| {
            let number = self.next;
            self.next += 1;
            self.open.push_back(Turn { number, ..Turn::default() });
            number
        });
        self.names.insert(name.to_owned(), number);
        number
    }
}

/// Moves a moment of a node's to the client's.
fn shift(at: &mut Value, offset_ms: u64) -> Option<u64> {
    let ms = at.as_u64()?.saturating_add(offset_ms);
    *at = json!(ms);
    Some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(id: &str) -> Value {
        json!({ "type": "session.created", "session": { "id": id } })
    }

    fn started(item: &str, at: u64) -> Value {
        json!({ "type": "input_audio_buffer.speech_started", "item_id": item, "audio_start_ms": at })
    }

    fn stopped(item: &str, at: u64) -> Value {
        json!({ "type": "input_audio_buffer.speech_stopped", "item_id": item, "audio_end_ms": at })
    }

    fn delta(item: &str, text: &str) -> Value {
        json!({ "type": "conversation.item.input_audio_transcription.delta", "item_id": item, "delta": text, "unstable": "" })
    }

    fn completed(item: &str, text: &str) -> Value {
        json!({ "type": "conversation.item.input_audio_transcription.completed", "item_id": item, "transcript": text,
            "words": [{ "word": text, "start": 0.5, "end": 1.0 }] })
    }

    fn told(heard: Heard) -> Value {
        match heard {
            Heard::Tell(event) | Heard::Written { event, .. } => event,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_session_that_never_moves_is_told_as_its_node_tells_it() {
        let mut story = Story::default();
        for event in [
            created("a"),
            started("item_a_0", 100),
            delta("item_a_0", "bună"),
            delta("item_a_0", " ziua"),
            stopped("item_a_0", 900),
            completed("item_a_0", "bună ziua"),
            started("item_a_1", 2_000),
        ] {
            assert_eq!(told(story.hear(event.clone())), event);
        }
        assert!(!story.is_quiet());
    }

    #[test]
    fn a_turn_that_moves_is_told_once_with_the_clients_names_and_times() {
        let mut story = Story::default();
        story.hear(created("a"));
        story.hear(started("item_a_0", 5_200));
        story.hear(delta("item_a_0", "vreau să"));
        story.moved(5_000, 1);
        assert_eq!(story.hear(created("b")), Heard::Known);
        assert_eq!(story.hear(json!({ "type": "session.updated", "session": { "id": "b" } })), Heard::Known);
        assert_eq!(story.hear(started("item_b_0", 210)), Heard::Known);
        assert_eq!(story.hear(delta("item_b_0", "vreau")), Heard::Known);
        let more = told(story.hear(delta("item_b_0", " să vorbesc")));
        assert_eq!((&more["item_id"], &more["delta"]), (&json!("item_a_0"), &json!(" vorbesc")));
        assert_eq!(told(story.hear(stopped("item_b_0", 1_500)))["audio_end_ms"], 6_500);
        let Heard::Written { event, until_ms } = story.hear(completed("item_b_0", "vreau să vorbesc")) else {
            panic!("not written")
        };
        assert_eq!((until_ms, &event["words"][0]["start"]), (Some(6_500), &json!(5.5)));
        assert!(story.is_quiet());
        assert_eq!(told(story.hear(started("item_b_1", 3_000)))["item_id"], "item_a_1");
    }

    #[test]
    fn a_node_that_hears_other_words_does_not_contradict_what_was_told() {
        let mut story = Story::default();
        story.hear(created("a"));
        story.hear(started("item_a_0", 0));
        story.hear(delta("item_a_0", "un nume"));
        story.moved(0, 0);
        assert_eq!(story.hear(delta("item_b_0", "alt nume")), Heard::Known);
        assert_eq!(told(story.hear(completed("item_b_0", "alt nume")))["transcript"], "alt nume");
    }

    #[test]
    fn whose_fault_an_error_is_decides_what_becomes_of_it() {
        let mut story = Story::default();
        let error = |kind: &str| json!({ "type": "error", "error": { "type": kind, "message": "why" } });
        assert_eq!(told(story.hear(error("invalid_request_error"))), error("invalid_request_error"));
        assert_eq!(story.hear(error("server_error")), Heard::Failed("why".to_owned()));
    }
}
