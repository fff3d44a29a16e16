//! The callers' sound of a load test: ports that send speech to whoever sends to them, and count what they hear.
//!
//! `scripts/bench-phone` builds and starts it, and leads it by lines on its standard input; signalling is another program's.
//! It says its ports first. `begin` begins to count, `end` ends that and prints the counts as JSON, `hang-up` forgets
//! the calls, so that the ports can serve the next ones. It ends with its input.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a program for a script")]

mod counts;
mod ends;

use std::io::BufRead;
use std::sync::mpsc::{self, TryRecvError};

use ends::Ends;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [calls, speech] = arguments.as_slice() else {
        eprintln!("call_load CALLS SPEECH.al: how many calls, and what each says over and over, as headerless A-law");
        std::process::exit(2);
    };
    let mut ends = Ends::bind(calls.parse().unwrap(), std::fs::read(speech).unwrap()).unwrap();
    let ports: Vec<String> = ends.ports().map(|port| port.to_string()).collect();
    println!("{}", ports.join(" "));
    let (say, said) = mpsc::channel();
    std::thread::spawn(move || {
        std::io::stdin().lock().lines().map_while(Result::ok).try_for_each(|line| say.send(line))
    });
    loop {
        ends.work().unwrap();
        match said.try_recv() {
            Ok(line) if line == "begin" => ends.begin(),
            Ok(line) if line == "end" => println!("{}", ends.end()),
            Ok(line) if line == "hang-up" => ends.hang_up().unwrap(),
            Ok(line) => eprintln!("call_load: what is `{line}`?"),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return,
        }
    }
}
