//! The library of ONNX Runtime: found and opened at run time.

use camino::{Utf8Path, Utf8PathBuf};
use ort::environment::Environment;
use ort::session::Session;

use crate::{EngineError, ModelSpec};

/// Names the library.
const VARIABLE: &str = "ORT_DYLIB_PATH";
/// Where distributions and our image put it.
const PLACES: [&str; 4] = [
    "/usr/lib/sfetnic/libonnxruntime.so",
    "/usr/lib/x86_64-linux-gnu/libonnxruntime.so",
    "/usr/lib/aarch64-linux-gnu/libonnxruntime.so",
    "/usr/local/lib/libonnxruntime.so",
];

/// Opens the library: the one that the manifest's setting `onnxruntime` or the variable names, else one in the usual places.
pub(super) fn open(spec: &ModelSpec) -> Result<Environment, EngineError> {
    let set = spec.settings.get("onnxruntime").and_then(|value| value.as_str()).map(Utf8PathBuf::from);
    let named = set.or_else(|| std::env::var(VARIABLE).ok().filter(|path| !path.is_empty()).map(Utf8PathBuf::from));
    let usual = || PLACES.into_iter().map(Utf8PathBuf::from).find(|place| place.exists());
    let library = named.or_else(usual).ok_or_else(|| {
        EngineError::Load(format!(
            "Piper voices need the library of ONNX Runtime, which is in none of {}; set {VARIABLE} to \
             `libonnxruntime.so…` (the Python package onnxruntime carries it in `onnxruntime/capi`)",
            PLACES.join(", ")
        ))
    })?;
    let unusable =
        |error: String| EngineError::Load(format!("failed to open the library of ONNX Runtime `{library}`: {error}"));
    let environment = ort::init_from(&library).map_err(|error| unusable(error.to_string()))?;
    environment.with_telemetry(false).build().map_err(|error| unusable(error.to_string()))
}

/// A session for the network in `weights`.
pub(super) fn session(environment: &Environment, weights: &Utf8Path, spec: &ModelSpec) -> ort::Result<Session> {
    let threads = usize::try_from(spec.threads).unwrap_or(1).max(1);
    Session::builder(environment)?.with_intra_threads(threads)?.with_inter_threads(1)?.commit_from_file(weights)
}
