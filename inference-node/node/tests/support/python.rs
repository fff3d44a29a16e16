//! OpenAI's own client, and what else comes from PyPI.

use std::path::PathBuf;
use std::process::Command;

fn environment() -> PathBuf {
    let home = std::env::var("HOME").unwrap_or_default();
    let all = std::env::var("PYTHON_ENVS").unwrap_or_else(|_| format!("{home}/.cache/sfetnic/python"));
    let environment = PathBuf::from(all).join("node-tests");
    assert!(environment.join("bin/python").exists(), "`{}` is missing: run `make deps-test`", environment.display());
    environment
}

/// Runs a script of `tests/python` to its end.
pub(crate) fn run(script: &str, arguments: &[&str]) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let output = Command::new(environment().join("bin/python")).arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The library of ONNX Runtime, as its wheel carries it.
pub(crate) fn onnxruntime() -> String {
    let lib = environment().join("lib");
    let python = std::fs::read_dir(lib).unwrap().next().unwrap().unwrap().path();
    let capi = python.join("site-packages/onnxruntime/capi");
    let mut files = std::fs::read_dir(capi).unwrap().map(|entry| entry.unwrap().path());
    let library = files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("libonnxruntime.so"));
    library.expect("the wheel holds the library").to_str().unwrap().to_owned()
}
