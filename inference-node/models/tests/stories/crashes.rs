//! Work that is cut off in the middle, and what the next start makes of it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use models::{ContentHash, FolderImport, Progress, Pruned, Silent, Store, StoreError};

use crate::site::{Site, StopsAfter, assert_nothing_is_visible, entry, files, noise, pins};

const MEGABYTE: usize = 1 << 20;

/// A folder with one pinned file of eight megabytes, and its bytes.
fn large(site: &Site) -> (Utf8PathBuf, Vec<u8>) {
    let weights = noise(8 * MEGABYTE, 7);
    (site.folder_with("large", &[("w", &weights)], &entry("w", &pins(&weights))), weights)
}

/// Imports the folder until three megabytes are copied.
fn interrupt(site: &Site, folder: &Utf8PathBuf) {
    let stop = StopsAfter::bytes(3 * MEGABYTE as u64);
    let error = site.store.import_folder(FolderImport { folder, replace: false }, &stop).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error:?}");
    assert_nothing_is_visible(&site.store);
}

fn partial(site: &Site, bytes: &[u8]) -> Utf8PathBuf {
    site.store.root().join(format!("incoming/{}.partial", ContentHash::of(bytes)))
}

#[test]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let site = Site::new();
    let (folder, weights) = large(&site);
    interrupt(&site, &folder);
    assert_eq!(partial(&site, &weights).metadata().unwrap().len(), 3 * MEGABYTE as u64);

    let reopened = Store::at(site.store.root()).unwrap();
    let imported = reopened.import_folder(FolderImport { folder: &folder, replace: false }, &Silent).unwrap();
    assert_eq!((imported.resumed, imported.copied), (3 * MEGABYTE as u64, 5 * MEGABYTE as u64));
    let opened = reopened.open(&"large".parse().unwrap()).unwrap();
    assert!(fs::read(opened.folder().join("w")).unwrap() == weights);
    assert_eq!(files(&site.store.root().join("incoming")), [""; 0]);
}

#[test]
fn a_spoilt_beginning_is_copied_again() {
    for (at, resumed) in [(0, 0), (MEGABYTE, 0), (3 * MEGABYTE - 1, 0)] {
        let site = Site::new();
        let (folder, weights) = large(&site);
        interrupt(&site, &folder);
        let mut left = fs::read(partial(&site, &weights)).unwrap();
        left[at] ^= 1;
        fs::write(partial(&site, &weights), left).unwrap();
        let imported = site.import(&folder).unwrap();
        assert_eq!((imported.resumed, imported.copied), (resumed, 8 * MEGABYTE as u64), "{at}");
        let opened = site.store.open(&"large".parse().unwrap()).unwrap();
        assert!(fs::read(opened.folder().join("w")).unwrap() == weights);
    }
}

#[test]
fn a_beginning_that_is_too_long_is_copied_again() {
    let site = Site::new();
    let (folder, weights) = large(&site);
    fs::write(partial(&site, &weights), noise(9 * MEGABYTE, 1)).unwrap();
    assert_eq!(site.import(&folder).unwrap().resumed, 0);
    site.store.open(&"large".parse().unwrap()).unwrap();
}

#[test]
fn a_process_that_dies_in_the_middle_leaves_nothing_visible_and_no_lock() {
    struct Dies;
    impl Progress for Dies {
        fn start(&self, _: &str, _: u64) {}
        fn advance(&self, _: u64) {
            panic!("the process dies here");
        }
        fn finish(&self) {}
    }
    let site = Site::new();
    let kept = site.add("kept", &[("w", b"small")]);
    let (folder, weights) = large(&site);
    let import = FolderImport { folder: &folder, replace: false };
    catch_unwind(AssertUnwindSafe(|| site.store.import_folder(import, &Dies))).unwrap_err();

    let reopened = Store::at(site.store.root()).unwrap();
    assert_eq!(reopened.list().unwrap().models.len(), 1);
    reopened.open(&kept).unwrap();
    let imported = reopened.import_folder(import, &Silent).unwrap();
    assert_eq!(imported.resumed + imported.copied, weights.len() as u64);
    reopened.open(&"large".parse().unwrap()).unwrap();
}

#[test]
fn an_import_cut_off_between_two_files_copies_only_the_second() {
    let site = Site::new();
    let (first, second) = (noise(MEGABYTE, 1), noise(MEGABYTE, 2));
    let listed = entry("first", &pins(&first)) + &entry("second", &pins(&second));
    let folder = site.folder_with("a", &[("first", &first), ("second", &second)], &listed);
    let stop = StopsAfter::bytes(MEGABYTE as u64);
    assert!(site.store.import_folder(FolderImport { folder: &folder, replace: false }, &stop).is_err());
    assert_nothing_is_visible(&site.store);
    assert_eq!(site.blobs().len(), 1);
    let imported = site.import(&folder).unwrap();
    assert_eq!((imported.shared, imported.copied), (MEGABYTE as u64, MEGABYTE as u64));
}

#[test]
fn a_crash_after_the_manifest_and_before_the_folder_is_mended_by_opening() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"weights")]);
    fs::remove_dir_all(site.store.root().join("models/a")).unwrap();
    fs::remove_dir_all(site.store.root().join("witness")).unwrap();
    let reopened = Store::at(site.store.root()).unwrap();
    assert_eq!(fs::read(reopened.open(&id).unwrap().folder().join("w")).unwrap(), b"weights");
}

#[test]
fn a_removal_cut_off_in_the_middle_is_finished_by_the_next_writer() {
    let site = Site::new();
    let gone = site.add("gone", &[("w", b"weights"), ("v", b"shared")]);
    let kept = site.add("kept", &[("w", b"shared")]);
    let root = site.store.root();
    fs::rename(root.join("manifests/gone.toml"), root.join("removing/gone.0")).unwrap();
    assert!(matches!(site.store.open(&gone), Err(StoreError::Unknown { .. })), "it is gone already");

    let folder = site.voice("new", &[("w", b"new")]);
    site.import(&folder).unwrap();
    assert_eq!(files(&root.join("removing")), [""; 0]);
    assert_eq!(files(&root.join("models")), ["kept/w", "new/w"]);
    assert_eq!(site.blobs().len(), 2);
    site.store.open(&kept).unwrap();
}

#[test]
fn a_replacement_cut_off_before_its_manifest_keeps_the_old_model() {
    let site = Site::new();
    let id = site.add("a", &[("w", b"old")]);
    let root = site.store.root();
    fs::hard_link(root.join("manifests/a.toml"), root.join("removing/a.0")).unwrap();
    let folder = site.voice("b", &[("w", b"new")]);
    site.import(&folder).unwrap();
    assert_eq!(files(&root.join("removing")), [""; 0]);
    assert_eq!(fs::read(site.store.open(&id).unwrap().folder().join("w")).unwrap(), b"old");
}

#[test]
fn what_an_abandoned_import_left_is_pruned() {
    let site = Site::new();
    let kept = site.add("kept", &[("w", b"weights")]);
    let (folder, _) = large(&site);
    let stop = StopsAfter::bytes(3 * MEGABYTE as u64);
    assert!(site.store.import_folder(FolderImport { folder: &folder, replace: false }, &stop).is_err());
    let root = site.store.root();
    fs::create_dir_all(root.join("models/never")).unwrap();
    let (old, young) = (root.join("incoming/1-1.new"), root.join("incoming/1-2.new"));
    fs::write(&old, "half").unwrap();
    fs::write(&young, "another process writes it").unwrap();
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    fs::File::options().append(true).open(&old).unwrap().set_modified(yesterday).unwrap();
    assert_eq!(site.store.prune().unwrap(), Pruned { files: 2, bytes: 3 * MEGABYTE as u64 + 4 });
    assert!(young.exists());
    fs::remove_file(young).unwrap();
    assert_eq!(files(&root.join("incoming")), [""; 0]);
    assert!(!root.join("models/never").exists());
    site.store.open(&kept).unwrap();
    assert_eq!(site.store.prune().unwrap(), Pruned::default());
}
