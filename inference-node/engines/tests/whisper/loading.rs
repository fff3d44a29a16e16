use engines::EngineError;

use crate::{spec, weights};

#[tokio::test]
async fn a_truncated_model_file_is_a_clear_error() {
    let whole = std::fs::read(weights()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for left in [0, 3, 40, 5_000, 70_000, whole.len() / 2, whole.len() - 1] {
        std::fs::write(folder.path().join("cut.bin"), &whole[..left]).unwrap();
        let mut spec = spec(1);
        spec.folder = Some(folder.path().to_path_buf().try_into().unwrap());
        spec.weights = Some("cut.bin".to_owned());
        match engines::load(spec).await.err() {
            Some(EngineError::Load(message)) => {
                assert!(message.contains("cut.bin") && message.contains("damaged"), "{left}: {message}");
            }
            other => panic!("{left} bytes: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_missing_voice_activity_model_is_named() {
    let mut spec = spec(1);
    spec.voice_activity = Some("/no/such/silero.bin".into());
    let error = engines::load(spec).await.err().unwrap().to_string();
    assert!(error.contains("/no/such/silero.bin"), "{error}");
}

#[tokio::test]
async fn a_speech_model_is_no_voice_activity_model() {
    let mut spec = spec(1);
    spec.voice_activity = Some(weights());
    assert!(matches!(engines::load(spec).await.err(), Some(EngineError::Load(_))));
}

#[tokio::test]
async fn a_loaded_model_says_that_it_listens() {
    assert!(crate::model(1).await.facts().listens);
}
