//! The examples that people copy.

use std::fs;

use camino::Utf8Path;
use models::Draft;
use protocol::EngineKind;

#[test]
fn every_manifest_in_the_documentation_is_valid() {
    let page = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/models.md");
    let text = fs::read_to_string(page).unwrap();
    let examples = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let manifests = examples.filter(|example| example.starts_with("schema"));
    let drafts: Vec<_> = manifests.map(|example| Draft::parse_draft(example).unwrap()).collect();
    for engine in [EngineKind::Whisper, EngineKind::Piper, EngineKind::Espeak, EngineKind::Mistral, EngineKind::Remote]
    {
        assert!(drafts.iter().any(|draft| draft.engine == engine), "{engine:?}");
    }
}
