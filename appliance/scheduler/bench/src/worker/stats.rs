//! What the servers tell of themselves at `/stats` and `/stats/all`.

use serde::Serialize;

use super::{Fault, Worker};
use crate::engine::EngineStats;

/// One server since its start.
#[derive(Debug, Clone, Serialize)]
pub struct WorkerStats {
    /// Its port.
    pub port: u16,
    /// The fault it suffers from.
    pub fault: Fault,
    /// Chat completions asked for since that fault was set or lifted, in milliseconds after it.
    pub asked_ms: Vec<u64>,
    /// What its engine has done.
    #[serde(flatten)]
    pub engine: EngineStats,
    /// Requests answered at once, where the engine is bypassed.
    pub instant_requests: u64,
    /// Sequences in prefill or decode now.
    pub running: usize,
    /// Sequences whose prefill has not begun.
    pub waiting: usize,
    /// Tokens of prompt still to prefill now.
    pub outstanding_prefill: u64,
    /// The most there ever were, in the samples taken.
    pub largest_outstanding_prefill: u64,
    /// Their mean over time.
    pub mean_outstanding_prefill: f64,
}

/// All servers of a process since its start.
#[derive(Debug, Clone, Serialize)]
pub struct ProcessStats {
    /// One by one.
    pub workers: Vec<WorkerStats>,
    /// Blocks found cached over blocks asked.
    pub prefix_hit_rate: f64,
    /// The largest server's outstanding prefill over the mean server's: the mean over time of that ratio, at times when there is
    /// any.
    pub load_imbalance: f64,
    /// The same as a ratio of the two means over time, in which idle times weigh little.
    pub load_imbalance_weighted: f64,
    /// Tokens of prompts computed so far, the largest server's over the mean server's.
    pub work_imbalance: f64,
    /// Samples taken in which there was any outstanding prefill.
    pub samples: u64,
}

/// Outstanding prefill over the samples taken.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    sum: u64,
    largest: u64,
    samples: u64,
}

/// Outstanding prefill over all servers.
#[derive(Debug, Default)]
pub(super) struct Balance {
    ratios: f64,
    largest: f64,
    means: f64,
    samples: u64,
}

impl Balance {
    /// Looks at all servers once.
    pub(super) fn sample(&mut self, workers: &[std::rc::Rc<Worker>]) {
        let mut largest = 0;
        let mut sum = 0;
        for worker in workers {
            let outstanding = worker.engine.borrow().outstanding_prefill();
            let mut prefill = worker.prefill.borrow_mut();
            prefill.sum += outstanding;
            prefill.largest = prefill.largest.max(outstanding);
            prefill.samples += 1;
            largest = largest.max(outstanding);
            sum += outstanding;
        }
        if sum > 0 {
            let mean = sum as f64 / workers.len() as f64;
            self.ratios += largest as f64 / mean;
            self.largest += largest as f64;
            self.means += mean;
            self.samples += 1;
        }
    }

    /// All servers with what was sampled.
    pub(super) fn report(&self, workers: &[std::rc::Rc<Worker>]) -> ProcessStats {
        let workers: Vec<WorkerStats> = workers.iter().map(|worker| worker.stats()).collect();
        let asked: u64 = workers.iter().map(|worker| worker.engine.blocks_asked).sum();
        let cached: u64 = workers.iter().map(|worker| worker.engine.blocks_cached).sum();
        let prefilled: u64 = workers.iter().map(|worker| worker.engine.prefilled).sum();
        let most = workers.iter().map(|worker| worker.engine.prefilled).max().unwrap_or(0);
        ProcessStats {
            work_imbalance: ratio(most as f64 * workers.len() as f64, prefilled as f64),
            workers,
            prefix_hit_rate: ratio(cached as f64, asked as f64),
            load_imbalance: ratio(self.ratios, self.samples as f64),
            load_imbalance_weighted: ratio(self.largest, self.means),
            samples: self.samples,
        }
    }
}

impl Worker {
    pub(super) fn stats(&self) -> WorkerStats {
        let engine = self.engine.borrow();
        let prefill = self.prefill.borrow();
        WorkerStats {
            port: self.port,
            fault: *self.fault.borrow(),
            asked_ms: self.health.borrow().asked_ms.clone(),
            engine: engine.stats(),
            instant_requests: self.instant.get().0,
            running: engine.running(),
            waiting: engine.waiting(),
            outstanding_prefill: engine.outstanding_prefill(),
            largest_outstanding_prefill: prefill.largest,
            mean_outstanding_prefill: ratio(prefill.sum as f64, prefill.samples as f64),
        }
    }
}

fn ratio(of: f64, to: f64) -> f64 {
    if to > 0.0 { of / to } else { 0.0 }
}
