//! Outside programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::signal;

/// A folder for the files of one test.
pub(crate) struct Workbench(TempDir);

impl Workbench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// The test signal in the form that ffmpeg makes of it with `options`.
    pub(crate) fn by_ffmpeg(&self, name: &str, options: &str) -> Vec<u8> {
        let source = self.write("source.raw", &signal::s16le());
        let input = format!("-v error -y -f s16le -ar {} -ac 1 -i", signal::RATE);
        let mut arguments: Vec<&str> = input.split_whitespace().collect();
        arguments.push(source.to_str().unwrap());
        arguments.extend(options.split_whitespace());
        let target = self.path(name);
        arguments.push(target.to_str().unwrap());
        run("ffmpeg", &arguments);
        std::fs::read(target).unwrap()
    }

    /// The test signal in the form that sox makes of it with `options`.
    pub(crate) fn by_sox(&self, options: &str) -> Vec<u8> {
        let source = self.write("source.raw", &signal::s16le());
        let rate = signal::RATE.to_string();
        let mut arguments = vec!["-D", "-t", "s16", "-r", &rate, "-c", "1", source.to_str().unwrap()];
        arguments.extend(options.split_whitespace());
        // To a pipe, where sox cannot go back to write lengths.
        arguments.push("-");
        run("sox", &arguments)
    }
}

/// What the program writes to its standard output; it must succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("failed to run `{program}` ({error}): install it with `make deps-test`"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{program} {}`: {errors}", arguments.join(" "));
    output.stdout
}

/// The samples of a file as ffmpeg reads them, at the signal's rate.
pub(crate) fn read_by_ffmpeg(path: &Path) -> Vec<f32> {
    let rate = signal::RATE.to_string();
    let path = path.to_str().unwrap();
    samples(&run("ffmpeg", &["-v", "error", "-i", path, "-f", "s16le", "-ac", "1", "-ar", &rate, "-"]))
}

/// The samples of a file as sox reads them, at the signal's rate.
pub(crate) fn read_by_sox(path: &Path) -> Vec<f32> {
    let rate = signal::RATE.to_string();
    samples(&run("sox", &["-D", path.to_str().unwrap(), "-t", "s16", "-c", "1", "-r", &rate, "-"]))
}

/// A file's duration in seconds, as ffprobe finds it in its header.
pub(crate) fn duration_by_ffprobe(path: &Path) -> f64 {
    let path = path.to_str().unwrap();
    let printed = run("ffprobe", &["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path]);
    String::from_utf8(printed).unwrap().trim().parse().unwrap()
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|&pair| f32::from(i16::from_le_bytes(pair)) / 32768.0).collect()
}
