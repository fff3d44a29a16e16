//! The programs that are compared, each in a process of its own, and the processor time that they take.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

/// Ports that no other program is given by the system.
const CONTROL: u16 = 9_900;
const FIRST: u16 = 10_000;
const LAST: u16 = 15_999;

/// Who passes the packets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// Nobody: what the load alone shows.
    Direct,
    Ours,
    Rtpengine,
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Ours => "ours",
            Self::Rtpengine => "rtpengine",
        }
    }

    /// Starts it on a core of its own, with so many threads for packets.
    pub(crate) fn start(self, core: &str, threads: usize) -> io::Result<Option<Running>> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", core]);
        match self {
            Self::Direct => return Ok(None),
            Self::Ours => {
                command.arg(std::env::current_exe()?).arg("serve");
                command.args([CONTROL, FIRST, LAST].map(|port| port.to_string())).arg(threads.to_string());
            }
            Self::Rtpengine => {
                command.args(["rtpengine", "--config-file=none", "--foreground", "--log-stderr", "--log-level=3"]);
                command.args(["--table=-1", "--interface=127.0.0.1"]);
                command.arg(format!("--listen-ng=127.0.0.1:{CONTROL}"));
                command.args([format!("--port-min={FIRST}"), format!("--port-max={LAST}")]);
                command.arg(format!("--num-threads={threads}"));
            }
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Some(Running { child }))
    }
}

/// A program that runs, until it is dropped.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Where it is told of calls.
    pub(crate) fn control(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, CONTROL).into()
    }

    /// Seconds of processor time that all its threads have used (proc(5), `utime` and `stime`, in ticks of 10 ms).
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The second field is a name in brackets, which may hold spaces.
        let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
        let ticks = |at: usize| behind.split(' ').nth(at).and_then(|ticks| ticks.parse().ok()).unwrap_or(0_u64);
        (ticks(11) + ticks(12)) as f64 / 100.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _waited = self.child.wait();
    }
}
