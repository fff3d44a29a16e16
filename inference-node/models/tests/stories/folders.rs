//! Folders that are imported.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use models::{ContentHash, FileRole, FolderImport, ManifestError, Silent, StoreError};

use crate::site::{Site, StopsAfter, assert_nothing_is_visible, entry, files, noise, pins};

#[test]
fn an_imported_folder_opens_with_its_files_under_their_own_names() {
    let site = Site::new();
    let folder = site.voice("piper-ro", &[("ro.onnx", b"weights"), ("data/ro.json", b"{}")]);
    let imported = site.import(&folder).unwrap();
    assert_eq!(imported.models, ["piper-ro".parse().unwrap()]);
    assert_eq!((imported.copied, imported.resumed, imported.shared), (9, 0, 0));

    let opened = site.store.open(&"piper-ro".parse().unwrap()).unwrap();
    assert_eq!(files(opened.folder()), ["data/ro.json", "ro.onnx"]);
    assert_eq!(fs::read(opened.folder().join("ro.onnx")).unwrap(), b"weights");
    assert_eq!(
        opened.files(FileRole::Weights),
        [opened.folder().join("ro.onnx"), opened.folder().join("data/ro.json")]
    );
    assert_eq!(opened.manifest().files[0].sha256, ContentHash::of(b"weights"), "the hash was pinned");
}

#[test]
fn files_are_read_only_and_stored_once() {
    let site = Site::new();
    let id = site.add("a", &[("one", b"same"), ("two", b"same")]);
    assert_eq!(site.blobs().len(), 1);
    let opened = site.store.open(&id).unwrap();
    let (one, two) = (opened.folder().join("one").metadata().unwrap(), opened.folder().join("two").metadata().unwrap());
    assert_eq!(one.ino(), two.ino());
    assert_eq!(one.permissions().mode() & 0o777, 0o444);
    assert_eq!(opened.manifest().size(), 4);
}

#[test]
fn a_folder_without_a_manifest_says_so() {
    let site = Site::new();
    let folder = site.path("empty");
    fs::create_dir(&folder).unwrap();
    assert!(matches!(site.import(&folder), Err(StoreError::NoDraft { .. })));
    assert!(matches!(site.import(&site.path("nowhere")), Err(StoreError::Read { .. })));
}

#[test]
fn a_manifest_that_breaks_a_rule_names_the_key() {
    let site = Site::new();
    let folder = site.voice("a", &[("w", b"x")]);
    let text = fs::read_to_string(folder.join("model.toml")).unwrap();
    fs::write(folder.join("model.toml"), text.replace("engine = \"piper\"", "engine = \"whisper\"")).unwrap();
    let error = site.import(&folder).unwrap_err();
    assert!(
        matches!(&error, StoreError::Manifest { source: ManifestError::Invalid { key, .. }, .. } if key == "engine"),
        "{error:?}"
    );
    assert_nothing_is_visible(&site.store);
}

#[test]
fn a_file_that_is_listed_and_missing_is_named() {
    let site = Site::new();
    let folder = site.folder_with("a", &[("w", b"x")], &(entry("w", "") + &entry("gone.json", "")));
    let error = site.import(&folder).unwrap_err();
    assert!(matches!(&error, StoreError::NoFile { path } if path.ends_with("gone.json")), "{error:?}");
    assert_nothing_is_visible(&site.store);
}

#[test]
fn a_path_that_leads_out_of_the_folder_is_refused() {
    let site = Site::new();
    for path in ["../secret", "/etc/passwd", "a/../../b"] {
        let folder = site.folder_with("a", &[], &entry(path, ""));
        assert!(matches!(site.import(&folder), Err(StoreError::Manifest { .. })), "{path}");
    }
    assert_nothing_is_visible(&site.store);
}

#[test]
fn a_wrong_size_names_file_expected_and_found() {
    let site = Site::new();
    let folder = site.folder_with("a", &[("w", b"four")], &entry("w", "size = 5"));
    let error = site.import(&folder).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("/w`") && said.contains("4 bytes") && said.contains("says 5"), "{said}");
    assert_nothing_is_visible(&site.store);
}

#[test]
fn a_wrong_hash_names_file_expected_and_found_and_leaves_nothing() {
    let site = Site::new();
    let folder = site.folder_with("a", &[("w", b"four")], &entry("w", &pins(b"fuor")));
    let error = site.import(&folder).unwrap_err();
    let said = error.to_string();
    for part in ["a/w", &ContentHash::of(b"four").to_string(), &ContentHash::of(b"fuor").to_string()] {
        assert!(said.contains(part), "{said}");
    }
    assert_nothing_is_visible(&site.store);
    assert_eq!(files(&site.store.root().join("incoming")), [""; 0], "wrong bytes are not kept for later");
    assert!(site.blobs().is_empty());
}

#[test]
fn a_folder_imported_again_changes_nothing() {
    let site = Site::new();
    let folder = site.voice("a", &[("w", b"weights")]);
    site.import(&folder).unwrap();
    let again = site.import(&folder).unwrap();
    assert_eq!(again.unchanged, ["a".parse().unwrap()]);
    assert!(again.models.is_empty());
    assert_eq!((again.copied, again.shared), (0, 7));
}

#[test]
fn another_model_of_the_same_name_must_be_replaced_explicitly() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"old"), ("extra", b"only in the old one")]);
    let folder = site.voice("a", &[("w", b"new")]);
    let error = site.import(&folder).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error:?}");
    assert_eq!(fs::read(site.store.open(&id).unwrap().folder().join("w")).unwrap(), b"old");

    site.store.import_folder(FolderImport { folder: &folder, replace: true }, &Silent).unwrap();
    let opened = site.store.open(&id).unwrap();
    assert_eq!(files(opened.folder()), ["w"]);
    assert_eq!(fs::read(opened.folder().join("w")).unwrap(), b"new");
    assert_eq!(site.blobs().len(), 1, "what only the old one had is gone");
    assert_eq!(files(&site.store.root().join("removing")), [""; 0]);
}

#[test]
fn a_model_in_use_is_not_replaced() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"old")]);
    let opened = site.store.open(&id).unwrap();
    let folder = site.voice("a", &[("w", b"new")]);
    let replace = FolderImport { folder: &folder, replace: true };
    assert!(matches!(site.store.import_folder(replace, &Silent), Err(StoreError::InUse { .. })));
    assert_eq!(fs::read(opened.folder().join("w")).unwrap(), b"old");
    drop(opened);
    site.store.import_folder(replace, &Silent).unwrap();
    assert_eq!(fs::read(site.store.open(&id).unwrap().folder().join("w")).unwrap(), b"new");
}

#[test]
fn progress_is_told_of_every_file_and_byte() {
    let site = Site::new();
    let weights = noise(3 << 20, 1);
    let folder = site.folder_with("a", &[("w", &weights)], &entry("w", &pins(&weights)));
    let progress = StopsAfter::bytes(u64::MAX);
    site.store.import_folder(FolderImport { folder: &folder, replace: false }, &progress).unwrap();
    assert_eq!(*progress.told.borrow(), [("a/w".to_owned(), 3 << 20)]);
}
