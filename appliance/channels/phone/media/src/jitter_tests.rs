use proptest::prelude::*;

use super::*;
use crate::Codec;

const VOICE: Content = Content::Voice(Codec::Pcma);

/// A packet of 20 ms whose bytes all say which it is.
fn put(jitter: &mut Jitter, index: u32) -> Put {
    jitter.put(index.wrapping_mul(160), VOICE, &[index as u8; 160])
}

/// 20 ms as they are heard: the packet's number, or none where it is missing.
fn pull(jitter: &mut Jitter) -> [Option<u8>; 2] {
    [(); 2].map(|()| {
        let mut slot = [0; SLOT];
        (jitter.pull(&mut slot) == Slot::Voice(Codec::Pcma)).then_some(slot[0])
    })
}

#[test]
fn packets_out_of_order_are_heard_in_order() {
    let mut jitter = Jitter::new(60, 200);
    let mut heard = Vec::new();
    for group in 0..10 {
        for index in [2, 0, 1] {
            assert_eq!(put(&mut jitter, group * 3 + index), Put::Kept);
        }
        for _ in 0..3 {
            heard.extend(pull(&mut jitter).into_iter().flatten());
        }
    }
    assert!(heard.len() > 40 && heard.is_sorted(), "{heard:?}");
    assert!(heard.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{heard:?}");
}

#[test]
fn a_lost_packet_leaves_a_gap_of_its_length_and_no_more() {
    let mut jitter = Jitter::new(20, 200);
    let mut heard = Vec::new();
    for index in 0..20 {
        if index != 9 {
            put(&mut jitter, index);
        }
        heard.extend(pull(&mut jitter));
    }
    assert_eq!(heard[2..].iter().filter(|slot| slot.is_none()).count(), 2, "{heard:?}");
}

#[test]
fn any_packet_length_fills_the_slots() {
    for ms in [10_usize, 20, 30, 50, 60] {
        let mut jitter = Jitter::new(60, 200);
        let mut heard = 0;
        for tick in 0..60_usize {
            if (tick * 10).is_multiple_of(ms) {
                let at = tick * 80;
                assert_eq!(jitter.put(at as u32, VOICE, &vec![1; ms * 8]), Put::Kept);
            }
            let mut slot = [0; SLOT];
            heard += usize::from(jitter.pull(&mut slot) != Slot::Missing);
        }
        assert_eq!(heard, 54, "{ms} ms");
    }
}

#[test]
fn a_repeated_packet_is_told_apart() {
    let mut jitter = Jitter::new(20, 200);
    put(&mut jitter, 1);
    assert_eq!(put(&mut jitter, 1), Put::Duplicate);
}

#[test]
fn the_delay_grows_with_lateness_and_shrinks_when_all_is_calm() {
    let mut jitter = Jitter::new(20, 200);
    let mut late = 0;
    for index in 0..200 {
        // Every fourth packet comes three packets late.
        if index >= 3 && (index - 3) % 4 == 0 {
            late += u32::from(put(&mut jitter, index - 3) == Put::Late);
        }
        if index % 4 != 0 {
            put(&mut jitter, index);
        }
        pull(&mut jitter);
    }
    let grown = jitter.delay();
    assert!(late < 12, "{late} of 50 packets were late");
    assert!(grown >= 60 * 8, "{grown}");
    for index in 200..3_000 {
        put(&mut jitter, index);
        if jitter.wants_to_shrink() {
            jitter.pull(&mut [0; SLOT]);
        }
        pull(&mut jitter);
    }
    assert!(jitter.delay() <= 40 * 8, "{}", jitter.delay());
}

#[test]
fn a_burst_after_a_standstill_does_not_delay_the_call() {
    let mut jitter = Jitter::new(20, 100);
    put(&mut jitter, 0);
    pull(&mut jitter);
    for index in 1..60 {
        put(&mut jitter, index);
    }
    assert!(jitter.delay() <= 100 * 8 + 32 * 80, "{}", jitter.delay());
}

#[test]
fn a_peer_whose_clock_rests_while_it_is_silent_is_heard_again() {
    let mut jitter = Jitter::new(20, 200);
    for index in 0..5 {
        put(&mut jitter, index);
        pull(&mut jitter);
    }
    for _ in 0..50 {
        pull(&mut jitter);
    }
    let mut heard = 0;
    for index in 5..25 {
        put(&mut jitter, index);
        heard += pull(&mut jitter).into_iter().flatten().count();
    }
    assert!(heard > 30, "{heard}");
}

#[test]
fn timestamps_wrap_and_jump() {
    let mut jitter = Jitter::new(20, 200);
    let start = u32::MAX / 160 - 5;
    let heard: usize = (start..start + 20)
        .map(|index| {
            assert_eq!(put(&mut jitter, index), Put::Kept);
            pull(&mut jitter).into_iter().flatten().count()
        })
        .sum();
    assert!(heard >= 36, "{heard}");
    assert_eq!(jitter.put(1_000_000_000, VOICE, &[0; 160]), Put::Kept, "another time line");
}

#[test]
fn a_stream_may_begin_anywhere_on_the_clock() {
    for start in [0, 1, 0x7fff_ff00, 0x8000_0000, 0xc000_0000, 0xffff_ff00] {
        let mut jitter = Jitter::new(20, 200);
        for index in 0..500_u32 {
            // Every other packet is of silence, and is not sent.
            if index % 2 == 0 {
                let timestamp = index.wrapping_mul(160).wrapping_add(start);
                assert_eq!(jitter.put(timestamp, VOICE, &[1; 160]), Put::Kept, "{start:#x} {index}");
            }
            assert!(!jitter.wants_to_shrink(), "{start:#x} {index}");
            pull(&mut jitter);
        }
    }
}

#[test]
fn comfort_noise_lasts_until_the_next_word() {
    let mut jitter = Jitter::new(20, 200);
    put(&mut jitter, 0);
    jitter.put(160, Content::Noise, &[50]);
    let slots: Vec<Slot> = (0..10).map(|_| jitter.pull(&mut [0; SLOT])).collect();
    assert_eq!(slots[2], Slot::Voice(Codec::Pcma));
    assert_eq!(slots[5..], [Slot::Noise(50); 5]);
    put(&mut jitter, 6);
    let slots: Vec<Slot> = (0..6).map(|_| jitter.pull(&mut [0; SLOT])).collect();
    assert!(slots.contains(&Slot::Voice(Codec::Pcma)), "{slots:?}");
}

proptest! {
    #[test]
    fn no_order_of_packets_makes_it_panic_or_grow(
        steps in proptest::collection::vec((any::<u32>(), 0..600_usize, 0..3_u8, any::<bool>()), 0..300),
    ) {
        let mut jitter = Jitter::new(20, 200);
        let mut now = 0_u32;
        for (timestamp, length, kind, near) in steps {
            now = now.wrapping_add(160);
            let timestamp = if near { now.wrapping_add(timestamp % 4_000) } else { timestamp };
            match kind {
                0 => { jitter.put(timestamp, Content::Noise, &vec![1; length.min(4)]); }
                _ => { jitter.put(timestamp, VOICE, &vec![1; length]); }
            }
            if jitter.wants_to_shrink() {
                jitter.pull(&mut [0; SLOT]);
            }
            jitter.pull(&mut [0; SLOT]);
            prop_assert!(jitter.packets.len() <= MOST_PACKETS);
        }
    }
}
