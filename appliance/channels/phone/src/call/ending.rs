//! The end of a call: who still listens is told, and what is known is written.

use desk::call::{Direction, Ended, Ending, Quality, Recording};
use desk::ports::calls::CallEnd;

use super::Call;

impl Call {
    /// The end: who still listens is told, what is known is written.
    pub(super) async fn end(mut self) {
        self.mouth.silence();
        self.stop_music();
        self.listening.want_nothing();
        if let Some(talk) = self.talk.take() {
            talk.end().await;
        }
        if let Some(supervised) = self.supervised.take() {
            supervised.end().await;
        }
        let how = if self.operator_hung_up { Ending::OperatorHungUp } else { self.ending.unwrap_or(Ending::Failed) };
        let ended = Ended { at: self.house.parts.time.now(), how };
        let statistics = self.line.statistics();
        let quality = Quality {
            received: statistics.packets_received,
            lost: statistics.lost,
            jitter_us: u32::try_from(statistics.jitter.as_micros()).unwrap_or(u32::MAX),
            worst_jitter_us: u32::try_from(self.worst_jitter.max(statistics.jitter).as_micros()).unwrap_or(u32::MAX),
        };
        let recording = match self.recorder.take() {
            Some(recorder) => recorder.keep().await,
            None => Recording::None { why: self.not_recorded },
        };
        let end = CallEnd { ended, recording, timings: self.timings.all(), quality };
        metrics::counter!("sfetnic_phone_calls_ended_total", "how" => how.name()).increment(1);
        let answered = self.at().as_secs_f64();
        metrics::histogram!("sfetnic_phone_call_seconds").record(answered);
        tracing::info!(how = how.name(), seconds = answered, "call ended");
        self.seen.ended(ended);
        self.clerk.leave().await;
        if let Err(error) = self.house.parts.calls.end(self.id, end).await {
            tracing::error!(%error, "the end of a call could not be written");
        }
    }
}

/// Counts a call for as long as it lasts.
pub(super) struct Counted;

impl Counted {
    pub(super) fn new(direction: Direction) -> Self {
        let name = match direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        metrics::counter!("sfetnic_phone_calls_answered_total", "direction" => name).increment(1);
        metrics::gauge!("sfetnic_phone_calls").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("sfetnic_phone_calls").decrement(1.0);
    }
}
