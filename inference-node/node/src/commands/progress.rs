//! Bars for work on large files.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use models::Progress;

/// Shows a bar for each file on a terminal; Ctrl-C stops the work in order.
#[derive(Default)]
pub(super) struct Bars {
    current: Mutex<Option<ProgressBar>>,
    stop: std::sync::Arc<AtomicBool>,
}

impl Bars {
    /// Bars that Ctrl-C stops: what was copied is kept.
    pub(super) fn stopped_by_interrupt() -> Self {
        let bars = Self::default();
        let stop = std::sync::Arc::clone(&bars.stop);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
        });
        bars
    }

    fn with(&self, work: impl FnOnce(&mut Option<ProgressBar>)) {
        work(&mut self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl Progress for Bars {
    fn start(&self, file: &str, bytes: u64) {
        let style = ProgressStyle::with_template("{msg:40!} {bar:30} {bytes}/{total_bytes} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(bytes).with_style(style).with_message(file.to_owned());
        self.with(|current| *current = Some(bar));
    }

    fn advance(&self, bytes: u64) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.inc(bytes);
            }
        });
    }

    fn finish(&self) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
