//! What passing calls on costs: our bridges beside rtpengine, in one run, under the same load from the same sender.
//!
//! `scripts/bench-phone relay` builds and starts it. Both relays are told of the calls by rtpengine's ng protocol, so that
//! the sender does not know which of the two it has before it. Each runs in a process of its own on one core, with one
//! thread for packets, without privileges or real-time priority; their order alternates from round to round. Where the
//! machine was too busy for the load itself, the run is printed, not counted, and tried again. Compare rows of one run only.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for the person at the terminal")]

mod bencode;
mod house;
mod load;
mod ng;
mod programs;

use std::time::Duration;

use load::{Counts, Load};
use ng::Control;
use programs::{Program, Running};

/// Time for calls to be set up and relays to find their stride.
const WARM_UP: Duration = Duration::from_secs(2);

/// Packets that a call's two streams have in a second.
const PACKETS_OF_A_CALL: f64 = 100.0;

/// Runs whose load was late are not counted, and tried again so often.
const TRIES: usize = 3;

/// What is to be run.
struct Wishes {
    calls: Vec<usize>,
    rounds: usize,
    seconds: u64,
    threads: usize,
    core: String,
    programs: Vec<Program>,
}

/// One program under one load.
struct Run {
    calls: usize,
    program: Program,
    counts: Counts,
    /// CPU-seconds for each second of a call.
    cpu: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, ports @ .., threads] = arguments.as_slice()
        && serve == "serve"
    {
        let ports: Vec<u16> = ports.iter().map(|port| port.parse().unwrap()).collect();
        return house::serve(ports[0], ports[1], ports[2], threads.parse().unwrap());
    }
    let wishes = Wishes::read(&arguments);
    let mut runs = Vec::new();
    println!("| calls | round | relay | sent | lost | sent late | jitter p50 / p99 | CPU-seconds for a call-second |");
    println!("|---|---|---|---|---|---|---|---|");
    for calls in &wishes.calls {
        for round in 1..=wishes.rounds {
            let mut programs = wishes.programs.clone();
            if round.is_multiple_of(2) {
                programs.reverse();
            }
            for program in programs {
                for _ in 0..TRIES {
                    let run = measure(program, *calls, &wishes).unwrap();
                    run.print(round);
                    if run.counts.in_time() {
                        runs.push(run);
                        break;
                    }
                }
            }
        }
    }
    summarise(&wishes, &runs);
}

fn measure(program: Program, calls: usize, wishes: &Wishes) -> std::io::Result<Run> {
    let running = program.start(&wishes.core, wishes.threads)?;
    let mut control = match &running {
        Some(running) => Some(Control::reach(running.control(), Duration::from_secs(10))?),
        None => None,
    };
    let load = Load::set_up(calls, control.as_mut())?;
    let meter = || running.as_ref().map_or(0.0, Running::cpu);
    let (counts, spent) = load.run(WARM_UP, Duration::from_secs(wishes.seconds), meter)?;
    // By what came through: a load that falls behind on a busy machine must not flatter the relay.
    let cpu = spent / (counts.received as f64 / PACKETS_OF_A_CALL);
    Ok(Run { calls, program, counts, cpu })
}

impl Wishes {
    /// Reads `--calls 50,200 --rounds 2 --seconds 10 --threads 1 --core 1 --programs direct,ours,rtpengine`.
    fn read(arguments: &[String]) -> Self {
        let value = |name: &str, default: &str| {
            let at = arguments.iter().position(|argument| argument == name);
            at.and_then(|at| arguments.get(at + 1)).map_or(default, String::as_str).to_owned()
        };
        let all = [Program::Direct, Program::Ours, Program::Rtpengine];
        let wanted = value("--programs", "direct,ours,rtpengine");
        let wanted = |program: &Program| wanted.split(',').any(|name| name == program.name());
        Self {
            calls: value("--calls", "50,200,500").split(',').map(|calls| calls.parse().unwrap()).collect(),
            rounds: value("--rounds", "2").parse().unwrap(),
            seconds: value("--seconds", "10").parse().unwrap(),
            threads: value("--threads", "1").parse().unwrap(),
            core: value("--core", "1"),
            programs: all.into_iter().filter(wanted).collect(),
        }
    }
}

impl Run {
    fn print(&self, round: usize) {
        let Counts { sent, received, late, .. } = &self.counts;
        let milliseconds = |part: f64| self.counts.jitter(part).as_secs_f64() * 1e3;
        let cpu = if self.program == Program::Direct { "–".to_owned() } else { format!("{:.5}", self.cpu) };
        println!(
            "| {} | {round} | {} | {sent} | {} | {late}{} | {:.2} / {:.2} ms | {cpu} |",
            self.calls,
            self.program.name(),
            *sent as i64 - *received as i64,
            if self.counts.in_time() { "" } else { ": not counted" },
            milliseconds(0.5),
            milliseconds(0.99),
        );
    }
}

/// Calls for each CPU-second, the median of the rounds, and ours over rtpengine's.
fn summarise(wishes: &Wishes, runs: &[Run]) {
    println!("\n| calls | ours: bridged calls per CPU-second | rtpengine | ours over rtpengine (target ≥ 0.8) |");
    println!("|---|---|---|---|");
    for calls in &wishes.calls {
        let of = |program: Program| {
            let mut cpu: Vec<f64> =
                runs.iter().filter(|run| run.calls == *calls && run.program == program).map(|run| run.cpu).collect();
            cpu.sort_by(f64::total_cmp);
            let middle = (cpu.get(cpu.len() / 2)? + cpu.get(cpu.len().saturating_sub(1) / 2)?) / 2.0;
            Some(1.0 / middle)
        };
        if let (Some(ours), Some(theirs)) = (of(Program::Ours), of(Program::Rtpengine)) {
            println!("| {calls} | {ours:.0} | {theirs:.0} | {:.2} |", ours / theirs);
        }
    }
}
