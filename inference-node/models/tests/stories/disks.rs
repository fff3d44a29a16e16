//! What happens to files on disk after they were imported.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use models::{ModelId, Silent, StoreError};

use crate::site::{Site, StopsAfter, files};

fn blob(site: &Site) -> Utf8PathBuf {
    site.store.root().join("blobs").join(&site.blobs()[0])
}

/// Changes a file behind the store's back, as somebody with the rights may.
fn tamper(path: &Utf8Path, bytes: &[u8]) {
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

fn refused(site: &Site, id: &ModelId) -> String {
    match site.store.open(id) {
        Err(error @ StoreError::Damaged { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_changed_on_disk_is_refused() {
    let site = Site::new();
    let folder = site.voice("a", &[("w", b"weights")]);
    site.import(&folder).unwrap();
    let id: ModelId = "a".parse().unwrap();
    let view = site.store.open(&id).unwrap().folder().join("w");
    for (bytes, word) in
        [(&b"weightS"[..], "SHA-256"), (b"weights and more", "16 bytes instead of 7"), (b"", "0 bytes")]
    {
        tamper(&view, bytes);
        let said = refused(&site, &id);
        assert!(said.contains("`w` of the model `a`") && said.contains(word) && said.contains("import"), "{said}");
        assert!(refused(&site, &id).contains(word), "and stays so");

        let healed = site.import(&folder).unwrap();
        assert_eq!((healed.unchanged.len(), healed.copied), (1, 7), "the same import mends it");
        assert_eq!(fs::read(site.store.open(&id).unwrap().folder().join("w")).unwrap(), b"weights");
    }
}

#[test]
fn a_missing_blob_is_refused_and_mended_by_an_import() {
    let site = Site::new();
    let folder = site.voice("a", &[("w", b"weights")]);
    site.import(&folder).unwrap();
    let id = "a".parse().unwrap();
    fs::remove_file(blob(&site)).unwrap();
    assert!(refused(&site, &id).contains("is missing"));
    site.import(&folder).unwrap();
    site.store.open(&id).unwrap();
}

#[test]
fn a_file_that_was_only_touched_is_hashed_once_and_accepted() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights")]);
    let hashed = |site: &Site| {
        let progress = StopsAfter::bytes(u64::MAX);
        site.store.open_with(&id, &progress).unwrap();
        progress.told.into_inner().len()
    };
    assert_eq!(hashed(&site), 0, "nothing is hashed after an import");
    let other = SystemTime::now() - Duration::from_secs(3600);
    File::open(blob(&site)).unwrap().set_modified(other).unwrap();
    assert_eq!(hashed(&site), 1);
    assert_eq!(hashed(&site), 0);
}

#[test]
fn a_folder_that_was_meddled_with_is_mended() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights"), ("sub/c", b"config")]);
    let view = site.store.open(&id).unwrap().folder().to_owned();
    let whole = |case: &str| {
        let opened = site.store.open(&id).unwrap();
        assert_eq!(files(opened.folder()), ["sub/c", "w"], "{case}");
        assert_eq!(fs::read(opened.folder().join("w")).unwrap(), b"weights", "{case}");
    };
    fs::remove_dir_all(&view).unwrap();
    whole("removed");
    fs::write(view.join("stray.safetensors"), "x").unwrap();
    fs::create_dir_all(view.join("more/below")).unwrap();
    whole("strays");
    fs::remove_file(view.join("w")).unwrap();
    fs::write(view.join("w"), "another file").unwrap();
    whole("replaced");
    fs::remove_file(view.join("w")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", view.join("w")).unwrap();
    whole("linked elsewhere");
    fs::remove_dir_all(view.join("sub")).unwrap();
    fs::write(view.join("sub"), "a file where a folder was").unwrap();
    whole("file for folder");
    fs::remove_file(view.join("w")).unwrap();
    fs::create_dir(view.join("w")).unwrap();
    whole("folder for file");
    fs::remove_dir_all(&view).unwrap();
    fs::write(&view, "a file where the model was").unwrap();
    whole("file for model");
}

#[test]
fn verification_finds_what_size_and_time_do_not_show() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights"), ("c", b"config")]);
    let well = site.add("b", &[("c", b"config")]);
    assert!(site.store.verify(None, &Silent).unwrap().iter().all(|verified| verified.damaged.is_empty()));

    let path = site.store.open(&id).unwrap().folder().join("w");
    let time = path.metadata().unwrap().modified().unwrap();
    tamper(&path, b"weightS");
    File::open(&path).unwrap().set_modified(time).unwrap();
    site.store.open(&id).unwrap();

    let verified = site.store.verify(None, &Silent).unwrap();
    assert_eq!((&verified[0].id, verified[0].damaged.len()), (&id, 1));
    assert_eq!(verified[0].damaged[0].path.to_string(), "w");
    assert!(verified[0].damaged[0].found.is_some());
    assert_eq!((&verified[1].id, verified[1].damaged.len()), (&well, 0));
    assert!(refused(&site, &id).contains("SHA-256"), "from then on it is refused at loading");
    site.store.open(&well).unwrap();
    assert_eq!(site.store.verify(Some(&well), &Silent).unwrap().len(), 1);
}

#[test]
fn what_two_models_share_is_verified_once() {
    let site = Site::new();
    site.add("a", &[("w", b"weights")]);
    site.add("b", &[("other-name", b"weights")]);
    let progress = StopsAfter::bytes(u64::MAX);
    site.store.verify(None, &progress).unwrap();
    assert_eq!(progress.told.into_inner(), [("a/w".to_owned(), 7)]);
}

#[test]
fn a_damaged_model_does_not_travel() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights")]);
    tamper(&blob(&site), b"weightS");
    let output = site.path("a.bundle");
    let options = models::BundleOptions { models: std::slice::from_ref(&id), output: &output, key: None };
    assert!(matches!(site.store.bundle(&options, &Silent), Err(StoreError::Damaged { .. })));
    assert!(!output.exists() && !site.path("a.bundle.unfinished").exists());
}
