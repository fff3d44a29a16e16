//! A thread that waits for what the driver reports of its own accord.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::{Bits, NvmlError};
use nvml_wrapper::struct_wrappers::event::EventData;
use nvml_wrapper::{Device, EventSet, Nvml};
use protocol::gpu::{GpuEvent, GpuEventKind, GpuId};
use tracing::{debug, warn};

use crate::telemetry::{Delivery, EventSink};
use crate::watcher::now;

/// How long the driver is waited for at a stretch; so late at most the thread sees that it shall end.
const WAIT_MS: u32 = 250;
/// The pause after an error of the waiting itself.
const AFTER_ERROR: Duration = Duration::from_secs(5);
/// The pause while the channel is full. The driver keeps what comes meanwhile.
const WHILE_FULL: Duration = Duration::from_millis(20);

/// Events that newer drivers know and the wrapper has no names for: rows retired, retirement failed, poison (harmless, fatal),
/// GPU unavailable, recovery action changed (`nvmlEventType…` in `nvml.h`).
const NEWER: u64 = 0x400 | 0x800 | 0x1000 | 0x2000 | 0x4000 | 0x8000;

/// Listens until dropped.
#[derive(Debug)]
pub(super) struct Listener {
    cards: Vec<u32>,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens to `cards`; `None` if no thread could be had, or nothing is there to be heard.
    pub(super) fn start(nvml: Arc<Nvml>, cards: Vec<u32>, ids: BTreeMap<u32, GpuId>, sink: EventSink) -> Option<Self> {
        if cards.is_empty() {
            return None;
        }
        let (stop, stopped) = sync_channel(1);
        let heard = cards.clone();
        let run = move || listen(&nvml, &heard, &ids, &sink, &stopped);
        match std::thread::Builder::new().name("gpu-events".to_owned()).spawn(run) {
            Ok(thread) => Some(Self { cards, stop: Some(stop), thread: Some(thread) }),
            Err(error) => {
                warn!(%error, "failed to start the thread that waits for GPU events; XID errors stay unseen");
                None
            }
        }
    }

    /// Whether it listens to exactly these cards.
    pub(super) fn hears(&self, cards: &[u32]) -> bool {
        self.cards == cards && self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            warn!("the thread that waits for GPU events panicked");
        }
    }
}

fn listen(nvml: &Nvml, cards: &[u32], ids: &BTreeMap<u32, GpuId>, sink: &EventSink, stopped: &Receiver<()>) {
    let Some(set) = registered(nvml, cards) else {
        // Not ended at once, or every reading would start another.
        let _ = stopped.recv();
        return;
    };
    loop {
        match set.wait(WAIT_MS) {
            Ok(event) => {
                if deliver(&told(&event, ids), sink, stopped).is_none() {
                    return;
                }
            }
            Err(NvmlError::Timeout) => {
                if stopped.try_recv() != Err(TryRecvError::Empty) {
                    return;
                }
            }
            Err(error) => {
                // A card that left the bus makes the waiting itself fail, at once and each time: have the cards read, and pause.
                debug!(%error, "failed to wait for GPU events");
                let event = GpuEvent { gpu: None, at_unix_ms: now(), kind: GpuEventKind::Other };
                if deliver(&event, sink, stopped).is_none()
                    || stopped.recv_timeout(AFTER_ERROR) != Err(RecvTimeoutError::Timeout)
                {
                    return;
                }
            }
        }
    }
}

/// Hands `event` over, waiting while the channel is full; `None` when the thread shall end.
fn deliver(event: &GpuEvent, sink: &EventSink, stopped: &Receiver<()>) -> Option<()> {
    loop {
        match sink.deliver(event.clone()) {
            Delivery::Taken => return Some(()),
            Delivery::Closed => return None,
            Delivery::Full => {
                if stopped.recv_timeout(WHILE_FULL) != Err(RecvTimeoutError::Timeout) {
                    return None;
                }
            }
        }
    }
}

/// A set in which every card is registered that can be. A refusal costs the whole set, so it is built anew without that card.
fn registered<'nvml>(nvml: &'nvml Nvml, cards: &[u32]) -> Option<EventSet<'nvml>> {
    let mut willing: Vec<(Device<'nvml>, EventTypes)> = cards
        .iter()
        .filter_map(|card| nvml.device_by_index(*card).ok())
        .map(|device| (wanted(&device), device))
        .map(|(types, device)| (device, types))
        .collect();
    willing.retain(|(_, types)| !types.is_empty());
    while !willing.is_empty() {
        let mut set = nvml.create_event_set().ok()?;
        let mut refused = None;
        for (place, (device, types)) in willing.iter().enumerate() {
            match device.register_events(*types, set) {
                Ok(grown) => set = grown,
                Err(error) => {
                    debug!(error = %error.error, "a GPU reports no events");
                    refused = Some(place);
                    break;
                }
            }
            if place + 1 == willing.len() {
                return Some(set);
            }
        }
        willing.remove(refused?);
    }
    None
}

/// What is wanted of the events that `device` offers.
fn wanted(device: &Device<'_>) -> EventTypes {
    // The wrapper cuts off the bits it does not know, but names them all in the error of its strict variant.
    let offered = match device.supported_event_types_strict() {
        Ok(types) => types,
        Err(NvmlError::IncorrectBits(Bits::U64(bits))) => EventTypes::from_bits_retain(bits),
        Err(_) => return EventTypes::empty(),
    };
    let named = EventTypes::CRITICAL_XID_ERROR | EventTypes::DOUBLE_BIT_ECC_ERROR | EventTypes::MIG_CONFIG_CHANGE;
    EventTypes::from_bits_retain(offered.bits() & (named.bits() | NEWER))
}

fn told(event: &EventData<'_>, ids: &BTreeMap<u32, GpuId>) -> GpuEvent {
    let gpu = event.device.uuid().ok().map(GpuId).or_else(|| {
        // A card that has just left the bus may no longer say its name; its number is kept by the library.
        event.device.index().ok().and_then(|index| ids.get(&index).cloned())
    });
    GpuEvent { gpu, at_unix_ms: now(), kind: kind(event.event_type, event.event_data.as_ref()) }
}

fn kind(event: EventTypes, xid: Option<&XidError>) -> GpuEventKind {
    if event.contains(EventTypes::CRITICAL_XID_ERROR) {
        match xid {
            Some(XidError::Value(xid)) => GpuEventKind::Xid { xid: u32::try_from(*xid).unwrap_or(u32::MAX) },
            // 999, "unknown": judged as a number that is not in the table.
            Some(XidError::Unknown) | None => GpuEventKind::Xid { xid: 999 },
        }
    } else if event.contains(EventTypes::DOUBLE_BIT_ECC_ERROR) {
        GpuEventKind::UncorrectedEcc
    } else if event.contains(EventTypes::MIG_CONFIG_CHANGE) {
        GpuEventKind::MigChanged
    } else {
        GpuEventKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_xid_that_the_driver_cannot_name_is_an_xid_all_the_same() {
        assert_eq!(kind(EventTypes::CRITICAL_XID_ERROR, Some(&XidError::Value(79))), GpuEventKind::Xid { xid: 79 });
        assert_eq!(kind(EventTypes::CRITICAL_XID_ERROR, Some(&XidError::Unknown)), GpuEventKind::Xid { xid: 999 });
    }

    #[test]
    fn events_without_a_name_here_are_not_lost() {
        assert_eq!(kind(EventTypes::empty(), None), GpuEventKind::Other);
        assert_eq!(kind(EventTypes::MIG_CONFIG_CHANGE, None), GpuEventKind::MigChanged);
    }
}
