//! Sound made and measured by real tools.

use std::path::Path;
use std::process::Command;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("`{program}` is needed, `make deps-test` installs it: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// What sox says of a sound file: its length in seconds and its loudness (RMS, 0 to 1).
pub(crate) fn measure(path: &Path) -> (f64, f64) {
    let said = run("sox", &["--ignore-length", path.to_str().unwrap(), "-n", "stat"]);
    let number = |name: &str| -> f64 {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {said}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    (number("Length (seconds)"), number("RMS     amplitude"))
}

/// Speech in a file, by the distribution's espeak-ng: another program than the one under test.
pub(crate) fn speech(text: &str, language: &str, path: &Path) {
    run("espeak-ng", &["-v", language, "-s", "150", "-w", path.to_str().unwrap(), text]);
}

/// A sound file as a telephone carries it: A-law, 8 kHz, no header.
pub(crate) fn alaw(path: &Path) -> Vec<u8> {
    let raw = path.with_extension("al");
    run("sox", &[path.to_str().unwrap(), "-t", "raw", "-r", "8000", "-c", "1", "-e", "a-law", raw.to_str().unwrap()]);
    std::fs::read(raw).unwrap()
}

/// Sound files one after the other with silence between them, cut to a length, 16 kHz.
pub(crate) fn join(parts: &[std::path::PathBuf], pause: f64, seconds: f64, to: &Path) {
    let padded: Vec<std::path::PathBuf> = parts
        .iter()
        .map(|part| {
            let padded = part.with_extension("padded.wav");
            let (from, onto) = (part.to_str().unwrap(), padded.to_str().unwrap());
            run("sox", &[from, "-r", "16000", "-c", "1", onto, "pad", "0", &pause.to_string()]);
            padded
        })
        .collect();
    let mut arguments: Vec<&str> = padded.iter().map(|path| path.to_str().unwrap()).collect();
    let seconds = seconds.to_string();
    arguments.extend([to.to_str().unwrap(), "trim", "0", &seconds]);
    run("sox", &arguments);
}
