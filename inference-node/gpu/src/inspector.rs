//! Keeps what is known of all GPUs and makes a snapshot of each reading. Knows no clock and no thread: times are given to it.

use std::collections::{BTreeMap, BTreeSet};

use protocol::gpu::{
    Driver, DriverFault, DriverFaultKind, GpuEvent, GpuEventKind, GpuId, GpuReport, GpuSample, HealthReport, Presence,
    Snapshot, Source, UnixMillis,
};
use tracing::{debug, info, warn};

use crate::history::History;
use crate::judge::{Reach, judge_at};
use crate::policy::Policy;
use crate::telemetry::{GpuReading, Reading};

/// Everything known of a machine's GPUs.
#[derive(Debug)]
pub struct Inspector {
    policy: Policy,
    source: Source,
    driver: Option<Driver>,
    gpus: BTreeMap<GpuId, Known>,
    ours: BTreeSet<u32>,
    unattributed: Vec<(u32, UnixMillis)>,
    news: bool,
    revision: u64,
}

#[derive(Debug)]
struct Known {
    sample: GpuSample,
    presence: Presence,
    history: History,
    health: HealthReport,
}

impl Inspector {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(source: Source, policy: Policy) -> Self {
        Self {
            policy,
            source,
            driver: None,
            gpus: BTreeMap::new(),
            ours: BTreeSet::new(),
            unattributed: Vec::new(),
            news: false,
            revision: 0,
        }
    }

    /// From now on the processes with these ids are the node's own.
    pub fn set_ours(&mut self, pids: BTreeSet<u32>) {
        self.ours = pids;
    }

    /// Notes an event; the next [`Self::observe`] judges it.
    pub fn note(&mut self, event: &GpuEvent) {
        let GpuEventKind::Xid { xid } = event.kind else {
            debug!(gpu = event.gpu.as_ref().map(|gpu| gpu.0.as_str()), kind = ?event.kind, "the GPU driver reported an event");
            // What has no name is news only if the reading that it causes shows something.
            self.news |= event.kind != GpuEventKind::Other;
            return;
        };
        self.news = true;
        warn!(
            gpu = event.gpu.as_ref().map(|gpu| gpu.0.as_str()),
            xid,
            meaning = self.policy.xid(xid).meaning,
            "XID error"
        );
        match event.gpu.as_ref().and_then(|gpu| self.gpus.get_mut(gpu)) {
            Some(known) => known.history.note_xid(xid, event.at_unix_ms),
            None => self.unattributed.push((xid, event.at_unix_ms)),
        }
    }

    /// The GPU was reset: what stood against it until then no longer does.
    pub fn note_reset(&mut self, gpu: &GpuId) {
        if let Some(known) = self.gpus.get_mut(gpu) {
            known.history.note_reset();
            self.news = true;
        }
    }

    /// Takes a reading, or the driver's silence, at the moment `now`.
    pub fn observe(&mut self, now: UnixMillis, reading: Result<Reading, DriverFault>) -> Snapshot {
        match reading {
            Ok(reading) => self.read(now, reading),
            Err(fault) => self.silent(now, fault),
        }
        self.snapshot(now)
    }

    /// The driver was let go on purpose; the last readings stand.
    pub fn released(&mut self, now: UnixMillis) -> Snapshot {
        self.set_driver(Driver::Released);
        self.snapshot(now)
    }

    fn read(&mut self, now: UnixMillis, reading: Reading) {
        // Whoever loads the driver initialises every GPU: nothing stands against them any more.
        if let Some(Driver::Lost { fault, .. }) = &self.driver
            && fault.kind != DriverFaultKind::Failing
        {
            self.gpus.values_mut().for_each(|known| known.history.note_reset());
        }
        self.set_driver(Driver::Running(reading.versions));
        let mut unseen: BTreeSet<GpuId> = self.gpus.keys().cloned().collect();
        let mut lost = Vec::new();
        for gpu in reading.gpus {
            match gpu {
                GpuReading::Here(sample) => {
                    unseen.remove(&sample.id);
                    self.here(*sample);
                }
                GpuReading::Lost { index, id, detail } => {
                    let id = id.or_else(|| self.by_index(index)).unwrap_or_else(|| GpuId(format!("gpu-{index}")));
                    unseen.remove(&id);
                    lost.push((id, index, detail));
                }
            }
        }
        lost.extend(unseen.into_iter().map(|id| {
            let index = self.gpus.get(&id).map_or(0, |known| known.sample.index);
            (id, index, "the driver no longer lists it".to_owned())
        }));
        let mut newly_lost = Vec::new();
        for (id, index, detail) in lost {
            if self.lost(&id, index, detail, now) {
                newly_lost.push(id);
            }
        }
        self.attribute(&newly_lost);
        self.judge_all(now, None);
    }

    fn here(&mut self, mut sample: GpuSample) {
        for process in sample.processes.iter_mut().flatten() {
            process.ours |= self.ours.contains(&process.pid);
        }
        match self.gpus.get_mut(&sample.id) {
            Some(known) => {
                if known.presence != Presence::Here {
                    // A card that was gone comes back by a reset or a restart only.
                    info!(gpu = %sample.id, "the GPU answers again");
                    known.history.note_reset();
                    known.presence = Presence::Here;
                    self.news = true;
                }
                known.sample = sample;
            }
            None => {
                self.gpus.insert(sample.id.clone(), Known::new(sample));
                self.news = true;
            }
        }
    }

    /// Whether this is news.
    fn lost(&mut self, id: &GpuId, index: u32, detail: String, now: UnixMillis) -> bool {
        let known = self.gpus.entry(id.clone()).or_insert_with(|| {
            Known::new(GpuSample { index, id: id.clone(), name: "unknown".to_owned(), ..GpuSample::default() })
        });
        if known.presence != Presence::Here {
            return false;
        }
        warn!(gpu = %id, detail, "the GPU no longer answers");
        known.presence = Presence::Lost { since_unix_ms: now, detail };
        self.news = true;
        true
    }

    fn silent(&mut self, now: UnixMillis, fault: DriverFault) {
        let detail = fault.detail.clone();
        let driver = match &self.driver {
            None | Some(Driver::Missing(_)) => Driver::Missing(fault),
            Some(Driver::Lost { since_unix_ms, .. }) => Driver::Lost { fault, since_unix_ms: *since_unix_ms },
            Some(Driver::Running(_) | Driver::Released) if self.gpus.is_empty() => Driver::Missing(fault),
            Some(Driver::Running(_) | Driver::Released) => Driver::Lost { fault, since_unix_ms: now },
        };
        self.set_driver(driver);
        self.judge_all(now, Some(&detail));
    }

    fn set_driver(&mut self, driver: Driver) {
        let changed = match &self.driver {
            Some(before) => std::mem::discriminant(before) != std::mem::discriminant(&driver),
            None => true,
        };
        if changed {
            match &driver {
                Driver::Running(versions) => info!(driver = versions.driver_version, "the GPU driver answers"),
                Driver::Missing(fault) => info!(fault = fault.detail, "no GPU driver"),
                Driver::Lost { fault, .. } => warn!(fault = fault.detail, "the GPU driver no longer answers"),
                Driver::Released => info!("the GPU driver is let go"),
            }
            self.news = true;
        }
        self.driver = Some(driver);
    }

    /// Gives XID errors that came without a name to the GPUs that have just been lost; to the only one; else to all, because an
    /// error must not vanish.
    fn attribute(&mut self, newly_lost: &[GpuId]) {
        for (xid, at) in std::mem::take(&mut self.unattributed) {
            for (id, known) in &mut self.gpus {
                if newly_lost.is_empty() || newly_lost.contains(id) {
                    known.history.note_xid(xid, at);
                }
            }
        }
    }

    fn judge_all(&mut self, now: UnixMillis, silence: Option<&str>) {
        for (id, known) in &mut self.gpus {
            let reach = match (&known.presence, silence) {
                (_, Some(detail)) => Reach::DriverLost(detail),
                (Presence::Here, None) => Reach::Here,
                (Presence::Lost { detail, .. }, None) => Reach::GpuLost(detail),
            };
            let (health, history) = judge_at(&self.policy, &known.history, reach, &known.sample, now);
            if health.verdict != known.health.verdict {
                let code = health.reasons.first().map(|reason| reason.code.as_str());
                info!(gpu = %id, from = %known.health.verdict, to = %health.verdict, code, "the GPU's health changed");
            }
            self.news |= !health.says_the_same(&known.health);
            known.health = health;
            known.history = history;
        }
    }

    fn by_index(&self, index: u32) -> Option<GpuId> {
        self.gpus.iter().find(|(_, known)| known.sample.index == index).map(|(id, _)| id.clone())
    }

    fn snapshot(&mut self, now: UnixMillis) -> Snapshot {
        if std::mem::take(&mut self.news) {
            self.revision += 1;
        }
        let mut gpus: Vec<GpuReport> = self.gpus.values().map(|known| known.report(&self.policy)).collect();
        gpus.sort_by_key(|gpu| gpu.sample.index);
        let driver = self.driver.clone().unwrap_or(Driver::Released);
        Snapshot { source: self.source, taken_unix_ms: now, revision: self.revision, driver, gpus }
    }
}

impl Known {
    fn new(sample: GpuSample) -> Self {
        Self { sample, presence: Presence::Here, history: History::default(), health: HealthReport::default() }
    }

    fn report(&self, policy: &Policy) -> GpuReport {
        GpuReport {
            sample: self.sample.clone(),
            presence: self.presence.clone(),
            health: self.health.clone(),
            xids: self.history.tallies(policy),
        }
    }
}
