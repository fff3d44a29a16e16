//! Messages of real calls, told wrongly by the hundred thousand: nothing stops an agent, and nothing of it stays.

use super::*;

/// Changes some bytes of a message, as a broken or hostile sender would.
fn mutate(bytes: &Bytes, chance: &mut StdRng) -> Vec<u8> {
    let mut mutated = bytes.to_vec();
    for _ in 0..chance.random_range(1..6) {
        let place = chance.random_range(0..mutated.len().max(1));
        match chance.random_range(0..5) {
            0 if place < mutated.len() => mutated[place] = chance.random(),
            1 => mutated.insert(
                place.min(mutated.len()),
                *b"\r\n:;,<>\"%@ \0\xff9".get(chance.random_range(0..14)).unwrap_or(&b' '),
            ),
            2 if place < mutated.len() => {
                mutated.remove(place);
            }
            3 => mutated.truncate(place),
            _ => {
                let end = (place + chance.random_range(1..40)).min(mutated.len());
                let piece = mutated.get(place..end).unwrap_or_default().to_vec();
                mutated.extend(piece);
            }
        }
    }
    mutated
}

/// Tells two agents so many mutated messages of calls that they really make. Afterwards nothing may be left of anything.
fn fuzz(turns: u32, seed: u64) {
    let mut pair = Pair::new(&SipConfig { max_calls: 20, overflow_calls: 5, ..SipConfig::default() });
    let mut chance = StdRng::seed_from_u64(seed);
    let mut seen: Vec<(usize, Bytes)> = Vec::new();
    let mut before: Option<LegId> = None;
    for turn in 0..turns {
        if turn % 300 == 0 {
            if let Some(leg) = before.take() {
                let now = pair.now;
                pair.agents[0].hang_up(leg, Cause::normal(), now);
            }
            before = Some(act(&mut pair, &mut seen));
        }
        if seen.len() > 400 {
            seen.drain(..200);
        }
        if seen.is_empty() {
            continue;
        }
        let (side, bytes) = seen[chance.random_range(0..seen.len())].clone();
        let mutated = mutate(&bytes, &mut chance);
        let route = Route::to(Transport::Udp, at(1 - side), "127.0.0.1");
        let now = pair.now;
        pair.agents[side].receive(&mutated, &route, now);
        while let Some(output) = pair.agents[side].take_output() {
            if let Output::Send { bytes, .. } = output {
                seen.push((1 - side, bytes));
            }
        }
        pair.pass(Duration::from_millis(40));
        for counts in pair.counts() {
            assert!(counts[0] <= 25 && counts[2] < 10_000, "{counts:?}");
        }
    }
    // Calls that both sides believe in are refreshed for ever, so the network goes; a mutated timer may ask for a day.
    pair.loss = 100;
    pair.pass(Duration::from_secs(2 * 86_400));
    assert_eq!(pair.counts(), [[0; 5]; 2]);
}

/// A call with early media, an answer and another offer, whose messages are noted before they arrive.
fn act(pair: &mut Pair, seen: &mut Vec<(usize, Bytes)>) -> LegId {
    let ours = pair.call();
    if let Some(theirs) = pair.invited() {
        let now = pair.now;
        let _ = pair.agents[1].progress(theirs, sdp(), now);
        pair.settle();
        let _ = pair.agents[1].accept(theirs, sdp(), now);
        pair.settle();
        let _ = pair.agents[0].offer(ours, sdp(), now);
    }
    for side in 0..2 {
        while let Some(output) = pair.agents[side].take_output() {
            if let Output::Send { bytes, .. } = output {
                seen.push((1 - side, bytes.clone()));
                pair.on_the_way.push_back((1 - side, bytes));
            }
        }
    }
    pair.settle();
    pair.events = [Vec::new(), Vec::new()];
    ours
}

#[test]
fn thousands_of_mutated_messages_neither_stop_an_agent_nor_fill_it() {
    fuzz(30_000, 42);
}

/// The kilobytes that this process holds in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// `cargo test -p signalling --release a_million -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn a_million_mutated_messages_neither_stop_an_agent_nor_fill_it() {
    let mut held = Vec::new();
    for seed in 0..10 {
        fuzz(100_000, seed);
        held.push(resident());
    }
    println!("held in memory after each tenth, in kB: {held:?}");
    assert!(held[9] < held[1] + 32 * 1024, "{held:?}");
}
