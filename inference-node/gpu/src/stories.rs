//! Whole stories, told by the files in `scripts/` and judged as the watcher would.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use protocol::gpu::{
    Driver, DriverFault, DriverFaultKind, GpuEvent, GpuEventKind, GpuId, Health, Presence, Remedy, Snapshot, UnixMillis,
};

use crate::inspector::Inspector;
use crate::nvml::fault::advice;
use crate::policy::Policy;
use crate::script::Script;
use crate::{Source, metrics, render};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

/// The story with a snapshot for each of its frames; events come before the reading that they cause.
fn told(inspector: &mut Inspector, name: &str) -> Vec<Snapshot> {
    let script = Script::open(&file(name)).unwrap();
    let tell = |frame: &crate::script::Frame| {
        let now = UnixMillis(1_700_000_000_000 + frame.at.as_millis() as u64);
        for (gpu, kind) in &frame.events {
            inspector.note(&GpuEvent { gpu: gpu.clone(), at_unix_ms: now, kind: *kind });
        }
        inspector.observe(now, frame.reading.clone())
    };
    script.frames().iter().map(tell).collect()
}

fn inspector() -> Inspector {
    Inspector::new(Source::Script, Policy::built_in().unwrap())
}

fn play(name: &str) -> Vec<Snapshot> {
    told(&mut inspector(), name)
}

fn codes(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.gpus.iter().flat_map(|gpu| &gpu.health.reasons).map(|reason| reason.code.as_str()).collect()
}

fn without_library() -> Snapshot {
    let kind = DriverFaultKind::LibraryMissing;
    let detail = "failed to open NVIDIA's management library: libnvidia-ml.so.1: cannot open shared object file: \
                  No such file or directory";
    Inspector::new(Source::Nvml, Policy::built_in().unwrap()).observe(
        UnixMillis(1_700_000_000_000),
        Err(DriverFault { kind, detail: detail.to_owned(), advice: advice(kind).to_owned() }),
    )
}

#[test]
fn every_story_in_the_folder_can_be_played() {
    let mut played = 0;
    for entry in std::fs::read_dir(file("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!play(&name).is_empty(), "{name}");
        played += 1;
    }
    assert!(played >= 5, "{played}");
}

#[test]
fn an_application_fault_does_not_condemn_the_gpu() {
    let story = play("falls-off-the-bus.toml");
    let failed = &story[1];
    assert_eq!(codes(failed), ["xid-31", "xid-43"]);
    assert_eq!(failed.worst(), Health::Ok);
    assert!(failed.gpus[0].health.reasons.iter().all(|reason| reason.remedy == Remedy::RestartProgram));
    assert!(failed.revision > story[0].revision, "it is told at once all the same");
}

#[test]
fn an_xid_79_asks_for_a_reset_and_nothing_new_is_admitted() {
    let story = play("falls-off-the-bus.toml");
    let lost = &story[3].gpus[0];
    assert!(matches!(lost.presence, Presence::Lost { .. }));
    assert_eq!(lost.health.verdict, Health::NeedsReset);
    assert!(!lost.health.verdict.admits());
    assert!(codes(&story[3]).contains(&"xid-79") && codes(&story[3]).contains(&"gpu-lost"));
}

#[test]
fn a_card_that_comes_back_after_a_reset_is_trusted_again_but_its_errors_stay_counted() {
    let back = play("falls-off-the-bus.toml").pop().unwrap();
    assert_eq!((back.worst(), &back.gpus[0].presence), (Health::Ok, &Presence::Here));
    assert_eq!(codes(&back), Vec::<&str>::new());
    let counted: Vec<(u32, u64)> = back.gpus[0].xids.iter().map(|tally| (tally.xid, tally.count)).collect();
    assert_eq!(counted, [(31, 1), (43, 1), (63, 1), (79, 1)]);
}

#[test]
fn a_reset_that_the_node_carried_out_clears_what_stood_until_then() {
    let mut inspector = inspector();
    let gpu = GpuId("GPU-5f2b61a7-0b0e-4c5c-9d0e-6a3f3c1d7e10".to_owned());
    told(&mut inspector, "two-h200.toml");
    let at = UnixMillis(1_700_000_000_000);
    inspector.note(&GpuEvent { gpu: Some(gpu.clone()), at_unix_ms: at, kind: GpuEventKind::Xid { xid: 119 } });
    assert_eq!(told(&mut inspector, "two-h200.toml")[0].gpus[0].health.verdict, Health::NeedsReset);
    inspector.note_reset(&gpu);
    assert_eq!(told(&mut inspector, "two-h200.toml")[0].gpus[0].health.verdict, Health::Ok);
}

#[test]
fn a_failing_fan_closes_the_card_until_it_has_cooled_well_below_its_limit() {
    let verdicts: Vec<Health> = play("heat.toml").iter().map(Snapshot::worst).collect();
    use Health::{AdmitNothingNew as Closed, Ok as Open};
    assert_eq!(verdicts, [Open, Open, Closed, Closed, Closed, Open]);
}

#[test]
fn a_vanished_driver_is_reported_and_found_again() {
    let story = play("driver-update.toml");
    assert_eq!(story[1].worst(), Health::NeedsReset, "XID 119 before the update");
    for gone in &story[2..4] {
        assert!(matches!(gone.driver, Driver::Lost { .. }));
        assert_eq!(gone.gpus.len(), 1, "what was there is remembered");
        assert!(gone.unavailable().unwrap().contains("stopped answering"));
        assert!(codes(gone).contains(&"driver-lost"));
        assert!(!gone.worst().admits());
    }
    let Driver::Lost { since_unix_ms, .. } = &story[3].driver else { panic!("not lost") };
    assert_eq!(*since_unix_ms, story[2].taken_unix_ms, "lost once, for two reasons one after the other");
    let back = &story[4];
    assert!(matches!(back.driver, Driver::Running(_)));
    assert_eq!(back.worst(), Health::Ok, "loading the driver initialises every card");
    assert_eq!(back.unavailable(), None);
}

#[test]
fn unsupported_fields_are_absent_not_errors() {
    let snapshot = play("modest-card.toml").remove(0);
    let sample = &snapshot.gpus[0].sample;
    assert_eq!((sample.ecc, sample.pcie, sample.power.draw_milliwatts), (None, None, None));
    assert_eq!(snapshot.worst(), Health::Ok);
    let names: Vec<&str> = metrics::list(&snapshot).iter().map(|metric| metric.name).collect();
    assert!(names.contains(&"gpu_temperature_celsius") && !names.contains(&"gpu_power_watts"), "{names:?}");
    insta::assert_snapshot!("list_of_a_modest_card", render::list(&snapshot));
}

#[test]
fn readings_alone_are_no_news() {
    let mut inspector = inspector();
    let first = told(&mut inspector, "two-h200.toml").remove(0);
    let second = told(&mut inspector, "two-h200.toml").remove(0);
    assert_eq!(first.revision, second.revision);
}

#[test]
fn the_nodes_own_programs_are_not_foreign() {
    let mut inspector = inspector();
    inspector.set_ours(BTreeSet::from([9001]));
    let snapshot = told(&mut inspector, "two-h200.toml").remove(0);
    assert_eq!(snapshot.gpus[1].sample.foreign_vram_bytes(), Some(0));
    assert!(!codes(&snapshot).contains(&"foreign-programs"));
}

#[test]
fn a_card_that_vanishes_from_the_list_is_missed() {
    let mut inspector = inspector();
    told(&mut inspector, "two-h200.toml");
    let story = told(&mut inspector, "heat.toml");
    assert_eq!(story[0].gpus.len(), 2);
    assert!(matches!(story[0].gpus[1].presence, Presence::Lost { .. }));
    assert_eq!(story[0].gpus[1].health.verdict, Health::NeedsReset);
}

#[test]
fn the_wire_carries_everything_there_and_back() {
    for snapshot in
        play("falls-off-the-bus.toml").into_iter().chain(play("driver-update.toml")).chain([without_library()])
    {
        let json = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
    }
}

#[test]
fn every_metric_is_described_and_prometheus_can_read_it() {
    for snapshot in play("two-h200.toml").into_iter().chain(play("falls-off-the-bus.toml")) {
        for metric in metrics::list(&snapshot) {
            assert!(metrics::DESCRIPTIONS.iter().any(|description| description.name == metric.name), "{}", metric.name);
        }
    }
    insta::assert_snapshot!("metrics", metrics::exposition(&play("falls-off-the-bus.toml")[2]));
}

#[test]
fn what_is_printed() {
    insta::assert_snapshot!("list_of_two_cards", render::list(&play("two-h200.toml")[0]));
    insta::assert_snapshot!("check_of_two_cards", render::check(&play("two-h200.toml")[0]));
    insta::assert_snapshot!("list_of_a_lost_card", render::list(&play("falls-off-the-bus.toml")[3]));
    insta::assert_snapshot!("check_of_a_lost_card", render::check(&play("falls-off-the-bus.toml")[3]));
    insta::assert_snapshot!("list_without_a_driver", render::list(&without_library()));
    insta::assert_snapshot!("check_without_a_driver", render::check(&without_library()));
    insta::assert_snapshot!("list_with_a_vanished_driver", render::list(&play("driver-update.toml")[2]));
}

#[test]
fn what_goes_over_the_wire() {
    insta::assert_json_snapshot!("snapshot_of_a_lost_card", play("falls-off-the-bus.toml")[3]);
}
