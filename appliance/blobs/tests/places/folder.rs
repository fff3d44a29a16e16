//! What is kept in a local folder comes back, and what was touched does not.

use blobs::{BlobError, Blobs, BlobsConfig};
use camino::{Utf8Path, Utf8PathBuf};
use desk::ids::BlobId;
use desk::ports::PortError;
use desk::ports::attachments::Attachments;

use crate::story::{bytes, kept_fetched_and_deleted};

const KEY: [u8; 32] = [7; 32];

fn temporary() -> (tempfile::TempDir, BlobsConfig) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("blobs")).unwrap();
    (folder, BlobsConfig { folder: path, ..BlobsConfig::default() })
}

/// The objects' files: what lies two folders deep.
fn objects(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let children = |folder: &Utf8PathBuf| {
        let entries = folder.read_dir_utf8().into_iter().flatten();
        entries.map(|entry| entry.unwrap().path().to_owned()).collect::<Vec<_>>()
    };
    children(&folder.to_owned()).iter().flat_map(children).collect::<Vec<_>>().iter().flat_map(children).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_back_whatever_their_length() {
    let (_temporary, config) = temporary();
    kept_fetched_and_deleted(&Blobs::open(&config, KEY).await.unwrap()).await;
}

#[tokio::test]
async fn the_same_content_is_one_file_and_outlives_the_process() {
    let (_temporary, config) = temporary();
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    let id = blobs.keep(b"abc".to_vec()).await.unwrap();
    assert_eq!(id.0, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(blobs.keep(b"abc".to_vec()).await.unwrap(), id);
    assert_eq!(objects(&config.folder).len(), 1);
    assert_eq!(blobs.folder(), Some(&*config.folder));
    drop(blobs);
    let again = Blobs::open(&config, KEY).await.unwrap();
    assert_eq!(again.fetch(&id).await.unwrap(), b"abc");
}

#[tokio::test]
async fn nothing_of_the_content_is_seen_in_the_folder() {
    let (_temporary, config) = temporary();
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    let id = blobs.keep(b"CNP 1960101223344, CNP 1960101223344".to_vec()).await.unwrap();
    let path = &objects(&config.folder)[0];
    let object = std::fs::read(path).unwrap();
    assert!(!object.windows(4).any(|window| window == b"CNP " || window == b"1960"));
    assert!(!path.as_str().contains(&id.0[..8]));
}

#[tokio::test]
async fn a_touched_or_cut_object_is_damaged_and_heals_when_it_comes_again() {
    let (_temporary, config) = temporary();
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    let content = bytes(100_000, 0);
    let id = blobs.keep(content.clone()).await.unwrap();
    let path = &objects(&config.folder)[0];
    let whole = std::fs::read(path).unwrap();
    let mut touched = whole.clone();
    touched[70_000] ^= 1;
    for damaged in [&touched[..], &whole[..whole.len() - 1], &whole[..70_000], b"", b"something else"] {
        std::fs::write(path, damaged).unwrap();
        let error = blobs.fetch(&id).await.unwrap_err();
        assert!(matches!(error, PortError::Damaged { .. }), "{error:?}");
        blobs.keep(content.clone()).await.unwrap();
        assert_eq!(blobs.fetch(&id).await.unwrap(), content);
    }
}

#[tokio::test]
async fn one_object_in_another_s_place_is_damaged() {
    let (_temporary, config) = temporary();
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    let first = blobs.keep(b"first".to_vec()).await.unwrap();
    let first_path = objects(&config.folder).remove(0);
    blobs.keep(b"other".to_vec()).await.unwrap();
    let other_path = objects(&config.folder).into_iter().find(|path| *path != first_path).unwrap();
    std::fs::copy(other_path, first_path).unwrap();
    assert!(matches!(blobs.fetch(&first).await, Err(PortError::Damaged { .. })));
}

#[tokio::test]
async fn another_master_key_is_noticed_at_the_start() {
    let (_temporary, config) = temporary();
    let id = Blobs::open(&config, KEY).await.unwrap().keep(b"abc".to_vec()).await.unwrap();
    let error = Blobs::open(&config, [8; 32]).await.unwrap_err();
    assert!(matches!(error, BlobError::WrongKey { .. }), "{error}");
    assert_eq!(Blobs::open(&config, KEY).await.unwrap().fetch(&id).await.unwrap(), b"abc");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_written() {
    let (_temporary, config) = temporary();
    let config = BlobsConfig { max_bytes: 10, ..config };
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    assert!(blobs.keep(vec![0; 10]).await.is_ok());
    match blobs.keep(vec![0; 11]).await {
        Err(PortError::Refused(why)) => assert_eq!(why, "the file has 11 bytes; at most 10 can be kept"),
        other => panic!("{other:?}"),
    }
    assert_eq!(objects(&config.folder).len(), 1);
}

#[tokio::test]
async fn a_strange_name_names_nothing() {
    let (_temporary, config) = temporary();
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    for name in ["", "../key.check", &"A".repeat(64), &"é".repeat(32)] {
        let id = BlobId(name.to_owned());
        assert!(matches!(blobs.fetch(&id).await, Err(PortError::NotFound { .. })), "{name}");
        assert!(blobs.delete(&id).await.is_ok());
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_unavailable_and_not_lost() {
    let (_temporary, config) = temporary();
    let blobs = Blobs::open(&config, KEY).await.unwrap();
    std::fs::remove_dir_all(config.folder.join("incoming")).unwrap();
    assert!(matches!(blobs.keep(b"abc".to_vec()).await, Err(PortError::Unavailable { .. })));
    assert!(objects(&config.folder).is_empty());
}
