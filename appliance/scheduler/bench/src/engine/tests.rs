//! The cost model, counted by hand; and that no work is lost or invented.

use proptest::prelude::*;

use super::*;

fn engine() -> Engine {
    Engine::new(CostModel::default(), PrefixCache::new(None))
}

/// Runs to the end; the time of each output with it.
fn run(engine: &mut Engine) -> Vec<(f64, Output)> {
    let mut all = Vec::new();
    while let Some(end) = engine.next_end() {
        all.extend(engine.advance(end).into_iter().map(|output| (end, output)));
    }
    all
}

#[test]
fn a_lone_request_takes_its_prefill_and_one_step_for_each_further_token() {
    let mut engine = engine();
    engine.submit(10.0, 1, 800, vec![1, 2], 3);
    let outputs = run(&mut engine);
    let times: Vec<f64> = outputs.iter().map(|(time, _)| time - 10.0).collect();
    assert_eq!(times.len(), 3);
    assert!((times[0] - 0.1).abs() < 1e-9, "800 tokens at 8,000 per second: {times:?}");
    assert!((times[2] - times[0] - 2.0 * 0.006_35).abs() < 1e-9, "two steps of a batch of one: {times:?}");
    assert!(outputs[2].1.finished);
}

#[test]
fn two_prompts_are_prefilled_one_after_the_other_and_decoded_together() {
    let mut engine = engine();
    engine.submit(0.0, 1, 512, vec![1], 2);
    engine.submit(0.0, 2, 512, vec![2], 2);
    let outputs = run(&mut engine);
    let first_of_two = outputs.iter().find(|(_, output)| output.id == 2).map(|(time, _)| *time);
    // 64 ms for the first prompt, then 64 ms for the second with one step of the first in between.
    assert!((first_of_two.unwrap() - (0.064 + 0.064 + 0.006_35)).abs() < 1e-9);
}

#[test]
fn a_prompt_that_is_cached_costs_one_token() {
    let mut engine = engine();
    engine.submit(0.0, 1, 1_024, vec![1, 2], 1);
    run(&mut engine);
    engine.submit(5.0, 2, 1_024, vec![1, 2], 1);
    let outputs = run(&mut engine);
    assert!((outputs[0].0 - 5.0 - 1.0 / 8_000.0).abs() < 1e-9);
    assert_eq!(outputs[0].1.cached_tokens, 1_023);
    assert_eq!(engine.stats().prefilled, 1_024 + 1);
    assert_eq!((engine.stats().blocks_asked, engine.stats().blocks_cached), (4, 2));
}

#[test]
fn a_late_look_brings_all_tokens_at_once() {
    let mut engine = engine();
    engine.submit(0.0, 1, 8, vec![], 5);
    let outputs = engine.advance(60.0);
    assert_eq!(outputs, [Output { id: 1, tokens: 5, cached_tokens: 0, finished: true }]);
    assert_eq!(engine.next_end(), None);
}

#[test]
fn no_more_than_the_limit_run_at_once() {
    let cost = CostModel { max_running: 2, ..CostModel::default() };
    let mut engine = Engine::new(cost, PrefixCache::new(None));
    for id in 0..5 {
        engine.submit(0.0, id, 100, vec![], 10);
    }
    // Those that came while the first iteration ran begin with the second.
    assert_eq!((engine.running(), engine.waiting()), (1, 4));
    engine.advance(engine.next_end().unwrap());
    assert_eq!((engine.running(), engine.waiting()), (2, 3));
    run(&mut engine);
    assert_eq!(engine.stats().largest_batch, 2);
    assert_eq!(engine.stats().finished, 5);
}

#[test]
fn a_slow_server_takes_its_factor_longer() {
    let mut engine = engine();
    engine.set_slowness(3.0);
    engine.submit(0.0, 1, 800, vec![], 1);
    assert!((run(&mut engine)[0].0 - 0.192 - 0.108).abs() < 1e-9);
}

#[test]
fn the_cancelled_leave_their_place_to_others() {
    let mut engine = engine();
    engine.submit(0.0, 1, 5_120, vec![], 4);
    engine.submit(0.0, 2, 512, vec![], 1);
    engine.cancel(1);
    let outputs = run(&mut engine);
    assert_eq!(outputs.len(), 1);
    // The iteration that was running for the first still takes its time.
    assert!((outputs[0].0 - 0.128).abs() < 1e-9);
    assert_eq!((engine.stats().cancelled, engine.stats().finished), (1, 1));
}

proptest! {
    #[test]
    fn every_request_gets_exactly_its_tokens_and_the_work_is_what_the_cost_model_says(
        requests in prop::collection::vec((1u32..3_000, 1u32..40, 0u32..2_000), 1..40),
    ) {
        let mut engine = engine();
        let mut got = vec![0; requests.len()];
        let mut arrivals: Vec<usize> = (0..requests.len()).collect();
        arrivals.sort_by_key(|index| requests[*index].2);
        let mut outputs = Vec::new();
        for index in arrivals {
            let (prompt, tokens, at) = requests[index];
            let now = f64::from(at) / 1e3;
            outputs.extend(engine.advance(now));
            engine.submit(now, index as u64, prompt, vec![], tokens);
        }
        outputs.extend(engine.advance(f64::MAX));
        for output in &outputs {
            got[usize::try_from(output.id).unwrap()] += output.tokens;
        }
        prop_assert_eq!(got, requests.iter().map(|request| request.1).collect::<Vec<_>>());
        prop_assert_eq!(engine.stats().finished, requests.len() as u64);
        prop_assert_eq!(engine.outstanding_prefill(), 0);
        // Prefill and the first part of each step are spent at most once a token; the batch's part exactly once a token.
        let prefill: f64 = requests.iter().map(|request| f64::from(request.0) / 8_000.0).sum();
        let decoded: f64 = requests.iter().map(|request| f64::from(request.1 - 1)).sum();
        let busy = engine.stats().busy_secs;
        prop_assert!(busy >= prefill + decoded * 0.000_35 - 1e-6);
        prop_assert!(busy <= prefill + decoded * 0.006_35 + 1e-6);
    }
}
