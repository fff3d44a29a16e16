//! What callers heard: packets, losses, jitter.

use std::time::Duration;

/// Steps of the histogram, and their width.
const STEPS: usize = 10_000;
const WIDTH_US: u128 = 10;
const CLOCK: f64 = 8_000.0;
const HEADER: usize = 12;
/// Silence in A-law.
const SILENCE: u8 = 0xd5;

/// One stream as it is heard.
pub(crate) struct Stream {
    first: u64,
    highest: u64,
    received: u64,
    /// When the last packet came, and its time by the sender's clock.
    last: Option<(Duration, u32)>,
    /// RFC 3550 §6.4.1, in seconds.
    jitter: f64,
}

/// What was counted while it was measured.
#[derive(Default)]
pub(crate) struct Counts {
    counting: bool,
    sent: u64,
    late: u64,
    received: u64,
    audible: u64,
    longest_gap: Duration,
    /// The difference between the time that passed from one packet of a stream to the next and the time between their sounds.
    steps: Vec<u32>,
}

impl Stream {
    /// Counts from here.
    pub(crate) fn begin(&mut self) {
        self.first = self.highest + 1;
        self.received = 0;
    }

    fn lost(&self) -> i64 {
        (self.highest + 1 - self.first) as i64 - self.received as i64
    }
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self { counting: true, steps: vec![0; STEPS], ..Self::default() }
    }

    pub(crate) fn stop(&mut self) {
        self.counting = false;
    }

    pub(crate) fn sent(&mut self, late: bool) {
        self.sent += u64::from(self.counting);
        self.late += u64::from(self.counting && late);
    }

    pub(crate) fn heard(&mut self, stream: &mut Option<Stream>, packet: &[u8], now: Duration) {
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let time = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        let stream = stream.get_or_insert_with(|| {
            let first = u64::from(sequence) + (1 << 16);
            Stream { first, highest: first - 1, received: 0, last: None, jitter: 0.0 }
        });
        let step = i64::from(sequence.wrapping_sub(stream.highest as u16) as i16);
        let in_order = step > 0;
        stream.highest = stream.highest.max(stream.highest.saturating_add_signed(step));
        stream.received += 1;
        if !in_order {
            return;
        }
        if let Some((before, time_before)) = stream.last.replace((now, time)) {
            let gap = now - before;
            let meant = f64::from(time.wrapping_sub(time_before)) / CLOCK;
            let change = (gap.as_secs_f64() - meant).abs();
            stream.jitter += (change - stream.jitter) / 16.0;
            if self.counting {
                let step = (Duration::from_secs_f64(change).as_micros() / WIDTH_US) as usize;
                self.steps[step.min(STEPS - 1)] += 1;
                self.longest_gap = self.longest_gap.max(gap);
            }
        }
        if self.counting {
            self.received += 1;
            self.audible += u64::from(packet[HEADER..].iter().any(|sample| *sample != SILENCE));
        }
    }

    /// All of it as JSON; times in milliseconds.
    pub(crate) fn report(&self, streams: &[&Stream]) -> String {
        let lost: i64 = streams.iter().map(|stream| stream.lost().max(0)).sum();
        let silent = streams.iter().filter(|stream| stream.received == 0).count();
        let mut smoothed: Vec<f64> = streams.iter().map(|stream| stream.jitter * 1e3).collect();
        smoothed.sort_by(f64::total_cmp);
        let worst = smoothed.get((smoothed.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
        let Self { sent, late, received, audible, longest_gap, .. } = self;
        format!(
            "{{\"streams\":{},\"silent\":{silent},\"sent\":{sent},\"sent_late\":{late},\"received\":{received},\
             \"lost\":{lost},\"audible\":{audible},\"change_p50\":{:.2},\"change_p99\":{:.2},\"jitter_p99\":{worst:.2},\
             \"longest_gap\":{:.1}}}",
            streams.len(),
            self.part(0.5),
            self.part(0.99),
            longest_gap.as_secs_f64() * 1e3,
        )
    }

    /// What a part of the changes stayed below, in milliseconds.
    fn part(&self, part: f64) -> f64 {
        let all: u64 = self.steps.iter().map(|count| u64::from(*count)).sum();
        let mut below = (all as f64 * part) as u64;
        for (step, count) in self.steps.iter().enumerate() {
            if u64::from(*count) > below {
                return (step + 1) as f64 * WIDTH_US as f64 / 1e3;
            }
            below -= u64::from(*count);
        }
        STEPS as f64 * WIDTH_US as f64 / 1e3
    }
}
