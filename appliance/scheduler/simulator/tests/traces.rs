//! The three forms of traces, and fleet files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step fails the test")]

use std::io::Write;

use camino::Utf8PathBuf;
use flate2::{Compression, write::GzEncoder};
use protocol::Class;
use simulator::trace::{self, CallShape, TraceError};
use simulator::{CostModel, Fleet, FleetError};

/// A file, and the folder that goes when it does.
struct File {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
}

fn file(bytes: &[u8]) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("file")).unwrap();
    std::fs::write(&path, bytes).unwrap();
    File { _folder: folder, path }
}

fn read(bytes: &[u8], seed: u64) -> Result<Vec<trace::Arrival>, TraceError> {
    trace::read(&file(bytes).path, Class::Mail, seed, &CallShape::default())
}

const JSON: &[u8] = br#"{"timestamp": 1000, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}
{"timestamp": 1500, "input_length": 700, "output_length": 6, "hash_ids": [0, 2]}
"#;

#[test]
fn json_lines_are_read_plain_and_packed() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(JSON).unwrap();
    for bytes in [JSON.to_vec(), packed.finish().unwrap()] {
        let arrivals = read(&bytes, 1).unwrap();
        assert_eq!(arrivals.iter().map(|arrival| arrival.at_us).collect::<Vec<_>>(), [0, 500_000]);
        assert_eq!((arrivals[1].prompt_tokens, arrivals[1].output_tokens, arrivals[1].class), (700, 6, Class::Mail));
        assert_eq!(arrivals[0].blocks[0], arrivals[1].blocks[0]);
        assert_ne!(arrivals[0].blocks[1], arrivals[1].blocks[1]);
    }
    // Another trace's block 0 is another block.
    assert_ne!(read(JSON, 1).unwrap()[0].blocks[0], read(JSON, 2).unwrap()[0].blocks[0]);
}

#[test]
fn azures_csv_is_read_to_the_microsecond() {
    let csv = b"TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319600,3180,8\r\n";
    let arrivals = read(csv, 1).unwrap();
    assert_eq!(arrivals[1].at_us, 52_000);
    assert_eq!((arrivals[1].prompt_tokens, arrivals[1].output_tokens), (3_180, 8));
}

#[test]
fn counts_of_calls_become_calls_whose_prompts_grow() {
    let csv = b"DateTime,Calls\n2003-03-03 07:00:00,3.0\n2003-03-03 07:05:00,2.0\n";
    let arrivals = read(csv, 1).unwrap();
    assert_eq!(arrivals.len(), 5 * 6);
    assert!(arrivals.last().unwrap().at_us < (600 + 100) * 1_000_000);
    assert!(arrivals.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us));
    // Every call begins with the same system prompt, and none shares more with another.
    assert!(arrivals.iter().all(|arrival| arrival.blocks[..2] == arrivals[0].blocks[..2]));
    let thirds: std::collections::BTreeSet<_> = arrivals.iter().filter_map(|arrival| arrival.blocks.get(2)).collect();
    assert_eq!(thirds.len(), 5);
}

#[test]
fn what_is_not_a_trace_says_where() {
    assert!(matches!(read(b"a,b,c\n", 1), Err(TraceError::Line { line: 1, .. })));
    assert!(matches!(read(b"DateTime,Calls\n2003-03-03 07:00:00,many\n", 1), Err(TraceError::Line { line: 2, .. })));
    assert!(matches!(read(b"TIMESTAMP,ContextTokens,GeneratedTokens\n", 1), Err(TraceError::Empty { .. })));
    assert!(matches!(read(b"", 1), Err(TraceError::Line { .. })));
}

#[test]
fn a_fleet_is_a_number_or_a_file() {
    let cost = CostModel::default();
    assert_eq!(Fleet::from_spec("3", &cost).unwrap().replicas().unwrap().len(), 3);
    let toml = b"[[group]]\ncount = 2\nprofile = \"h100\"\n[[group]]\ncount = 1\ncost = { prefill_rate = 4000.0 }\n\
        [[fault]]\nreplica = 2\nkind = \"silent\"\nat_secs = 60.0\n";
    let replicas = Fleet::from_spec(file(toml).path.as_str(), &cost).unwrap().replicas().unwrap();
    assert_eq!(replicas.len(), 3);
    assert!(replicas[0].prefill_rate > replicas[2].prefill_rate);
    let unknown = b"[[group]]\ncount = 1\n[[fault]]\nreplica = 1\nkind = \"dies\"\nat_secs = 1.0\n";
    assert!(matches!(
        Fleet::from_spec(file(unknown).path.as_str(), &cost).unwrap().replicas(),
        Err(FleetError::Fault(1))
    ));
    assert!(matches!(Fleet::from_spec("0", &cost).unwrap().replicas(), Err(FleetError::Empty)));
    assert!(matches!(Fleet::from_spec("nowhere.toml", &cost), Err(FleetError::Read { .. })));
}
