//! Stores with several models and several users.

use std::fs;

use models::{Pruned, Store, StoreError};

use crate::site::{Site, assert_nothing_is_visible, entry, files};

#[test]
fn two_models_share_a_file_and_removing_one_keeps_it() {
    let site = Site::new();
    let first = site.add("first", &[("w", b"weights"), ("vocab", b"shared")]);
    let second = site.add("second", &[("w", b"other weights"), ("tokens", b"shared")]);
    assert_eq!(site.blobs().len(), 3);

    let removed = site.store.remove(&first).unwrap();
    assert_eq!((removed.blobs, removed.bytes), (1, 7));
    assert!(matches!(site.store.open(&first), Err(StoreError::Unknown { .. })));
    let opened = site.store.open(&second).unwrap();
    assert_eq!(fs::read(opened.folder().join("tokens")).unwrap(), b"shared");
    drop(opened);

    site.store.remove(&second).unwrap();
    assert_nothing_is_visible(&site.store);
    assert!(site.blobs().is_empty());
    assert_eq!(files(&site.store.root().join("witness")), [""; 0]);
}

#[test]
fn models_are_listed_and_shown() {
    let site = Site::new();
    site.add("b", &[("w", b"weights")]);
    site.add("a", &[("w", b"more weights"), ("c", b"c")]);
    let listing = site.store.list().unwrap();
    let names: Vec<_> = listing.models.iter().map(|model| (model.id.as_str(), model.files, model.size)).collect();
    assert_eq!(names, [("a", 2, 13), ("b", 1, 7)]);
    assert_eq!(listing.models[0].licence.as_deref(), Some("CC0-1.0"));
    let shown = site.store.show(&"a".parse().unwrap()).unwrap();
    assert_eq!(shown.source.unwrap().publisher, "Example");
    assert!(matches!(site.store.show(&"c".parse().unwrap()), Err(StoreError::Unknown { .. })));
}

#[test]
fn a_manifest_that_cannot_be_used_hides_no_other() {
    let site = Site::new();
    site.add("good", &[("w", b"weights")]);
    let bad = site.add("bad", &[("w", b"bad weights")]);
    let path = site.store.root().join("manifests/bad.toml");
    fs::write(&path, "schema = 1\n").unwrap();
    fs::write(site.store.root().join("manifests/NOTES.txt"), "not ours").unwrap();

    let listing = site.store.list().unwrap();
    assert_eq!(listing.models.len(), 1);
    assert_eq!(listing.unusable[0].0, bad);
    let good = "good".parse().unwrap();
    assert!(matches!(site.store.remove(&good), Err(StoreError::Manifest { .. })), "it may share blobs with the other");
    site.store.open(&good).unwrap();

    site.store.remove(&bad).unwrap();
    assert_eq!(site.blobs().len(), 2, "nobody knows which were its own");
    assert_eq!(site.store.prune().unwrap(), Pruned { files: 1, bytes: 11 });
    site.store.open(&good).unwrap();
    site.store.remove(&good).unwrap();
}

#[test]
fn two_unusable_manifests_do_not_keep_each_other_in_the_store() {
    let site = Site::new();
    let ids = [site.add("a", &[("w", b"one")]), site.add("b", &[("w", b"two")])];
    for id in &ids {
        fs::write(site.store.root().join(format!("manifests/{id}.toml")), "").unwrap();
    }
    for id in &ids {
        site.store.remove(id).unwrap();
    }
    assert_eq!(site.store.prune().unwrap(), Pruned { files: 2, bytes: 6 });
    assert_nothing_is_visible(&site.store);
}

#[test]
fn importing_again_mends_a_manifest_that_cannot_be_used() {
    let site = Site::new();
    let folder = site.voice("a", &[("w", b"weights")]);
    site.import(&folder).unwrap();
    let path = site.store.root().join("manifests/a.toml");
    let other = fs::read_to_string(&path).unwrap().replace("id = \"a\"", "id = \"b\"");
    for broken in ["", "schema = 1", &other] {
        fs::write(&path, broken).unwrap();
        assert!(site.store.open(&"a".parse().unwrap()).is_err());
        site.import(&folder).unwrap();
        site.store.open(&"a".parse().unwrap()).unwrap();
    }
    assert_eq!(site.blobs().len(), 1);
}

#[test]
fn a_model_in_use_is_not_removed() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights")]);
    let first = site.store.open(&id).unwrap();
    let second = Store::at(site.store.root()).unwrap().open(&id).unwrap();
    drop(first);
    assert!(matches!(site.store.remove(&id), Err(StoreError::InUse { .. })));
    assert!(second.folder().join("w").exists());
    drop(second);
    site.store.remove(&id).unwrap();
    assert!(matches!(site.store.remove(&id), Err(StoreError::Unknown { .. })));
}

#[test]
fn one_writer_at_a_time_and_readers_meanwhile() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights")]);
    let folder = site.voice("b", &[("w", b"more")]);
    let writer = fs::File::options().append(true).open(site.store.root().join("write.lock")).unwrap();
    writer.lock().unwrap();
    assert!(matches!(site.import(&folder), Err(StoreError::Busy { .. })));
    assert!(matches!(site.store.remove(&id), Err(StoreError::Busy { .. })));
    assert!(matches!(site.store.prune(), Err(StoreError::Busy { .. })));
    site.store.open(&id).unwrap();
    assert_eq!(site.store.list().unwrap().models.len(), 1);
    drop(writer);
    site.import(&folder).unwrap();
}

#[test]
fn a_model_without_files_is_kept_like_any_other() {
    let site = Site::new();
    let folder = site.path("remote");
    fs::create_dir(&folder).unwrap();
    let text = "schema = 1\nid = \"big\"\ntask = \"chat\"\nengine = \"remote\"\nlanguages = [\"*\"]\ncontext = 8192\n\
                remote = { url = \"http://10.0.0.7:8000/v1\", model = \"org/big\", key_file = \"vllm.key\" }\n";
    fs::write(folder.join("model.toml"), text).unwrap();
    site.import(&folder).unwrap();
    let opened = site.store.open(&"big".parse().unwrap()).unwrap();
    assert!(opened.folder().is_dir());
    assert_eq!(opened.manifest().remote.as_ref().unwrap().model, "org/big");
    drop(opened);
    site.store.remove(&"big".parse().unwrap()).unwrap();
    assert_nothing_is_visible(&site.store);
}

#[test]
fn a_store_of_a_later_release_is_left_alone() {
    let site = Site::new();
    fs::write(site.store.root().join("format"), "2\n").unwrap();
    assert!(matches!(Store::at(site.store.root()), Err(StoreError::Format { found, .. }) if found == "2"));
}

#[test]
fn a_store_in_a_place_that_is_no_folder_fails_at_the_start() {
    let site = Site::new();
    fs::write(site.path("file"), "").unwrap();
    assert!(matches!(Store::at(site.path("file")), Err(StoreError::Write { .. })));
}

#[test]
fn asking_for_a_model_that_is_not_there_leaves_nothing_behind() {
    let site = Site::new();
    assert!(site.store.open(&"ghost".parse().unwrap()).is_err());
    assert_eq!(files(&site.store.root().join("locks")), [""; 0]);
    let folder = site.folder_with("ghost", &[], &entry("w", ""));
    assert!(site.import(&folder).is_err());
    assert_nothing_is_visible(&site.store);
}
