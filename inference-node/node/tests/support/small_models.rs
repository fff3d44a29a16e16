//! The small models that `make models-test` makes.

use std::path::PathBuf;

/// The folder of one of them.
pub(crate) fn folder(id: &str) -> PathBuf {
    let home = std::env::var("HOME").unwrap_or_default();
    let all = std::env::var("SMALL_MODELS").unwrap_or_else(|_| format!("{home}/.cache/sfetnic/small-models"));
    let folder = PathBuf::from(all).join(id);
    assert!(folder.join("model.toml").exists(), "`{}` is missing: run `make models-test`", folder.display());
    folder
}
