//! The media threads, and what all lines share.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;

use crate::leg::{Leg, Sockets};
use crate::ports::Ports;
use crate::sdp::{Negotiator, Terms};
use crate::shared::Shared;
use crate::worker::{Door, Worker};
use crate::{Bridge, Figures, Line, LineWish, MediaConfig, MediaError, Room};

/// Pairs that are tried when another program holds the ports.
const TRIES: usize = 32;
/// Legs' clocks are this much apart, of a period of 20 ms: the golden section spreads any number of them evenly.
const SPREAD: Duration = Duration::from_micros(12_360);

/// The media threads. Clones are the same; the threads end with the last clone and the last line.
#[derive(Debug, Clone)]
pub struct Media {
    house: Arc<House>,
}

/// The threads and the ports.
#[derive(Debug)]
pub(crate) struct House {
    config: Arc<MediaConfig>,
    doors: Arc<[Door]>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    ports: Mutex<Ports>,
    /// Ports of legs that have ended, on their way back: media threads take no lock.
    given_back: Arc<ArrayQueue<u16>>,
    open: Arc<AtomicUsize>,
    next: AtomicU64,
    epoch: Instant,
}

impl Media {
    /// Starts the media threads.
    ///
    /// # Errors
    /// `Setting` for a configuration that makes no sense, `Thread` when the system refuses a thread.
    pub fn start(config: MediaConfig) -> Result<Self, MediaError> {
        config.check()?;
        let ports = Ports::new(config.first_port, config.last_port);
        let threads = if config.threads == 0 {
            (thread::available_parallelism().map_or(1, usize::from) / 2).max(1)
        } else {
            config.threads
        };
        let mut doors = Vec::with_capacity(threads);
        let mut polls = Vec::with_capacity(threads);
        for _ in 0..threads {
            let (door, poll) = Door::new().map_err(|source| MediaError::Thread { source })?;
            doors.push(door);
            polls.push(poll);
        }
        let house = House {
            config: Arc::new(config),
            doors: doors.into(),
            threads: Mutex::new(Vec::new()),
            given_back: Arc::new(ArrayQueue::new(ports.total())),
            ports: Mutex::new(ports),
            open: Arc::new(AtomicUsize::new(0)),
            next: AtomicU64::new(1),
            epoch: Instant::now(),
        };
        for (index, poll) in polls.into_iter().enumerate() {
            let worker = Worker::new(index, Arc::clone(&house.doors), poll);
            let priority = house.config.real_time_priority;
            let thread = thread::Builder::new().name(format!("media-{index}")).spawn(move || worker.run(priority));
            let thread = thread.map_err(|source| MediaError::Thread { source })?;
            house.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(Self { house: Arc::new(house) })
    }

    /// Stops the threads and closes every line. Blocks for a few milliseconds.
    pub fn stop(&self) {
        self.house.stop();
    }

    /// Opens a line: takes ports, sends nothing yet.
    ///
    /// # Errors
    /// `PortsExhausted`, `Full`, `Address`, `Socket` or `Stopped`.
    pub fn open(&self, wish: LineWish) -> Result<Line, MediaError> {
        let house = &self.house;
        let config = &house.config;
        if !config.bind.contains(&wish.local) {
            return Err(MediaError::Address { address: wish.local });
        }
        if house.threads.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Err(MediaError::Stopped);
        }
        if house.open.load(Ordering::Acquire) >= config.max_lines {
            return Err(MediaError::Full { limit: config.max_lines });
        }
        let sockets = house.sockets(wish.local)?;
        let id = house.next.fetch_add(1, Ordering::Relaxed);
        let worker = (id % house.doors.len() as u64) as usize;
        let shared = Arc::new(Shared::new(worker));
        let negotiator = Negotiator::new(Terms {
            address: config.advertised.filter(|own| own.is_ipv4() == wish.local.is_ipv4()).unwrap_or(wish.local),
            port: sockets.port,
            codecs: config.codecs.clone(),
            packet_ms: config.packet_ms,
            secure: wish.secure,
            session: u64::from(rand::random::<u32>()),
        });
        let leg = Leg::new(id, Arc::clone(&shared), sockets, Arc::clone(config), house.first_tick(id));
        match house.doors.get(worker).map(|door| door.bring(Box::new(leg))) {
            Some(Ok(())) => Ok(Line::new(shared, negotiator, Arc::clone(house))),
            Some(Err(_)) | None => Err(MediaError::Stopped),
        }
    }

    /// Joins two lines until the bridge is dropped.
    pub fn bridge(&self, a: &Line, b: &Line) -> Bridge {
        Bridge::new(a, b)
    }

    /// An empty room, in which several lines hear each other.
    pub fn room(&self) -> Room {
        Room::new()
    }

    /// What all lines together do.
    pub fn figures(&self) -> Figures {
        let doors = || self.house.doors.iter();
        let sum = |counter: fn(&Door) -> &AtomicU64| doors().map(|door| counter(door).load(Ordering::Relaxed)).sum();
        let slowest = doors().map(|door| door.delay_p99_us.load(Ordering::Relaxed)).max();
        Figures {
            lines: self.house.open.load(Ordering::Acquire),
            packets_received: sum(|door| &door.received),
            packets_sent: sum(|door| &door.sent),
            skipped: sum(|door| &door.skipped),
            send_delay_p99: Duration::from_micros(slowest.unwrap_or(0)),
        }
    }
}

impl House {
    /// Two sockets on a pair of ports.
    fn sockets(&self, local: IpAddr) -> Result<Sockets, MediaError> {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while let Some(port) = self.given_back.pop() {
            ports.give_back(port, now);
        }
        let mut failure = None;
        for _ in 0..TRIES {
            let Some(port) = ports.take(now) else { break };
            match (bind(local, port), bind(local, port + 1)) {
                (Ok(rtp), Ok(rtcp)) => {
                    self.open.fetch_add(1, Ordering::AcqRel);
                    let (given_back, open) = (Arc::clone(&self.given_back), Arc::clone(&self.open));
                    return Ok(Sockets { rtp, rtcp, port, given_back, open });
                }
                (Err(source), _) | (_, Err(source)) => {
                    ports.give_back(port, now);
                    failure = Some(source);
                }
            }
        }
        Err(match failure {
            Some(source) => MediaError::Socket { address: local, source },
            None => MediaError::PortsExhausted { pairs: ports.total() },
        })
    }

    /// When a leg's clock begins.
    fn first_tick(&self, id: u64) -> Instant {
        let now = Instant::now();
        let phase = (SPREAD.as_micros() as u64).wrapping_mul(id) % 20_000;
        let passed = (now.saturating_duration_since(self.epoch).as_micros() % 20_000) as u64;
        now + Duration::from_micros((phase + 20_000 - passed) % 20_000)
    }

    fn stop(&self) {
        self.doors.iter().for_each(Door::stop);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a media thread had panicked");
            }
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop();
    }
}

fn bind(local: IpAddr, port: u16) -> std::io::Result<mio::net::UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(local, port))?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::UdpSocket::from_std(socket))
}
