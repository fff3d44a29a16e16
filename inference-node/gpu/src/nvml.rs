//! NVIDIA's management library behind the [`Telemetry`] port.
//!
//! The library is opened at run time; where it is missing every reading says so. A connection that breaks is dropped and made
//! anew by the next reading. A card that is lost is asked for once a minute over a new connection, because an old one never sees
//! it again, even after a reset.

pub(crate) mod fault;
mod listen;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use protocol::gpu::{DriverFault, DriverVersions, GpuId, Source};
use tracing::debug;

use crate::telemetry::{EventSink, GpuReading, Reading, Telemetry};
use listen::Listener;

/// How long a lost card is waited for on one connection.
const LOST_CARD_RECONNECT: Duration = Duration::from_secs(60);

/// Readings from real devices.
#[derive(Debug, Default)]
pub struct NvmlTelemetry {
    library: Option<PathBuf>,
    connection: Option<Connection>,
    sink: Option<EventSink>,
}

/// A connection to the driver. The listener comes first: it must end before the library is closed.
#[derive(Debug)]
struct Connection {
    listener: Option<Listener>,
    nvml: Arc<Nvml>,
    /// The ids by number, so that a card that no longer says its name still has one.
    ids: BTreeMap<u32, GpuId>,
    lost_since: Option<Instant>,
}

impl NvmlTelemetry {
    /// With the library where the system's loader finds it (`libnvidia-ml.so.1`).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the library at `path`.
    #[must_use]
    pub fn with_library(path: impl Into<PathBuf>) -> Self {
        Self { library: Some(path.into()), ..Self::default() }
    }

    fn connect(&self) -> Result<Connection, NvmlError> {
        let nvml = match &self.library {
            Some(path) => Nvml::builder().lib_path(path.as_os_str()).init()?,
            None => Nvml::init()?,
        };
        Ok(Connection { listener: None, nvml: Arc::new(nvml), ids: BTreeMap::new(), lost_since: None })
    }
}

impl Telemetry for NvmlTelemetry {
    fn source(&self) -> Source {
        Source::Nvml
    }

    fn read(&mut self) -> Result<Reading, DriverFault> {
        if self.connection.as_ref().is_some_and(Connection::waits_in_vain) {
            debug!("connecting to the GPU driver anew to look for a lost card");
            self.connection = None;
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().map_err(|error| fault::of(&error))?,
        };
        // On failure the connection is dropped here.
        let reading = connection.read().map_err(|error| fault::of(&error))?;
        if let Some(sink) = &self.sink {
            connection.listen(sink);
        }
        self.connection = Some(connection);
        Ok(reading)
    }

    fn listen(&mut self, sink: EventSink) {
        if let Some(connection) = &mut self.connection {
            connection.listen(&sink);
        }
        self.sink = Some(sink);
    }

    fn release(&mut self) {
        self.connection = None;
    }
}

impl Connection {
    fn waits_in_vain(&self) -> bool {
        self.lost_since.is_some_and(|since| since.elapsed() >= LOST_CARD_RECONNECT)
    }

    fn read(&mut self) -> Result<Reading, NvmlError> {
        let versions = DriverVersions {
            driver_version: self.nvml.sys_driver_version().ok(),
            nvml_version: self.nvml.sys_nvml_version().ok(),
            cuda_version: self.nvml.sys_cuda_driver_version().ok().map(|version| {
                let (major, minor) = (
                    nvml_wrapper::cuda_driver_version_major(version),
                    nvml_wrapper::cuda_driver_version_minor(version),
                );
                format!("{major}.{minor}")
            }),
        };
        let mut gpus = Vec::new();
        for index in 0..self.nvml.device_count()? {
            match read::gpu(&self.nvml, index) {
                Ok(sample) => {
                    self.ids.insert(index, sample.id.clone());
                    gpus.push(GpuReading::Here(Box::new(sample)));
                }
                // The driver counts cards that this user or container may not open: they are not ours to miss.
                Err(NvmlError::NoPermission) if !self.ids.contains_key(&index) => {}
                Err(error) if fault::is_of_the_driver(&error) => return Err(error),
                Err(error) => {
                    gpus.push(GpuReading::Lost { index, id: self.ids.get(&index).cloned(), detail: error.to_string() });
                }
            }
        }
        if gpus.iter().any(|gpu| matches!(gpu, GpuReading::Lost { .. })) {
            self.lost_since.get_or_insert_with(Instant::now);
        } else {
            self.lost_since = None;
        }
        Ok(Reading { versions, gpus })
    }

    /// Listens to all cards that answer; starts anew when they are others than before or the listener has ended.
    fn listen(&mut self, sink: &EventSink) {
        let cards: Vec<u32> = self.ids.keys().copied().collect();
        if self.listener.as_ref().is_some_and(|listener| listener.hears(&cards)) {
            return;
        }
        self.listener = None;
        self.listener = Listener::start(Arc::clone(&self.nvml), cards, self.ids.clone(), sink.clone());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use protocol::gpu::DriverFaultKind;

    use super::*;

    #[test]
    fn a_machine_without_the_library_says_so_and_how_to_mend_it() {
        let mut telemetry = NvmlTelemetry::with_library("/nowhere/libnvidia-ml.so.1");
        let fault = telemetry.read().unwrap_err();
        assert_eq!(fault.kind, DriverFaultKind::LibraryMissing);
        assert!(fault.detail.contains("libnvidia-ml.so.1"), "{}", fault.detail);
        assert!(fault.advice.contains("nvidia-smi"), "{}", fault.advice);
        // Asked again it tries again.
        assert_eq!(telemetry.read().unwrap_err().kind, DriverFaultKind::LibraryMissing);
    }

    #[test]
    fn a_file_that_is_no_library_is_told_apart_from_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no library").unwrap();
        let fault = NvmlTelemetry::with_library(file.path()).read().unwrap_err();
        assert_eq!(fault.kind, DriverFaultKind::LibraryUnusable);
    }

    /// On a machine with a driver this reads its devices: whatever comes, it is no panic.
    #[test]
    fn whatever_this_machine_has_is_read_or_explained() {
        let mut telemetry = NvmlTelemetry::new();
        match telemetry.read() {
            Ok(reading) => {
                for gpu in reading.gpus {
                    if let GpuReading::Here(sample) = gpu {
                        assert!(!sample.id.0.is_empty() && !sample.name.is_empty(), "{sample:?}");
                    }
                }
            }
            Err(fault) => assert!(!fault.detail.is_empty() && !fault.advice.is_empty(), "{fault:?}"),
        }
        telemetry.release();
    }
}
