//! The port through which readings and events come, whoever delivers them.

use std::sync::mpsc::{SyncSender, TrySendError};

use protocol::gpu::{DriverFault, DriverVersions, GpuEvent, GpuId, GpuSample, Source};

use crate::watcher::Signal;

/// Reads the GPUs of a machine.
pub trait Telemetry: Send {
    /// Where the readings come from.
    fn source(&self) -> Source;

    /// Reads every GPU once; connects to the driver first if need be.
    ///
    /// # Errors
    /// Why the driver does not answer. It may be asked again at any time; who asks chooses the pause.
    fn read(&mut self) -> Result<Reading, DriverFault>;

    /// From now on delivers events into `sink` as they happen, across losses of the driver, until released or dropped.
    fn listen(&mut self, sink: EventSink);

    /// Lets the driver go: no file of it stays open, so that a GPU can be reset. The next reading takes it up again.
    fn release(&mut self);
}

/// One reading of all GPUs.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The versions of the driver.
    pub versions: DriverVersions,
    /// Each GPU that the driver counts.
    pub gpus: Vec<GpuReading>,
}

/// One GPU of a [`Reading`].
#[derive(Debug, Clone, PartialEq)]
pub enum GpuReading {
    /// It answered.
    Here(Box<GpuSample>),
    /// It is counted and does not answer.
    Lost {
        /// Its number.
        index: u32,
        /// Its id, if it was read before.
        id: Option<GpuId>,
        /// What the driver says.
        detail: String,
    },
}

/// Takes events to whoever watches. Bounded; who finds it full keeps the event and tries again.
#[derive(Debug, Clone)]
pub struct EventSink(pub(crate) SyncSender<Signal>);

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is on its way.
    Taken,
    /// The channel is full: try again.
    Full,
    /// Nobody listens any more: stop.
    Closed,
}

impl EventSink {
    /// Delivers `event` without waiting.
    pub fn deliver(&self, event: GpuEvent) -> Delivery {
        match self.0.try_send(Signal::Event(event)) {
            Ok(()) => Delivery::Taken,
            Err(TrySendError::Full(_)) => Delivery::Full,
            Err(TrySendError::Disconnected(_)) => Delivery::Closed,
        }
    }
}
