//! Bundles: made, carried, tampered with.

use std::error::Error;
use std::fs;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use models::{
    BundleError, BundleImport, BundleOptions, ModelId, SigningKey, Silent, StoreError, Trust, TrustedKeys,
    inspect_bundle,
};

use crate::site::{Site, StopsAfter, assert_nothing_is_visible, files, import_bundle, noise};

/// A tar's entries, to be changed and written again.
type Entries = Vec<(String, Vec<u8>)>;

/// A signed bundle of two models that share a file, and who signed it.
struct Carried {
    site: Site,
    bundle: Utf8PathBuf,
    ids: Vec<ModelId>,
    key: SigningKey,
    trusted: TrustedKeys,
}

fn carried() -> Carried {
    let site = Site::new();
    let ids = vec![
        site.add("stt", &[("ggml.bin", &noise(70_000, 1)), ("vocab", b"shared")]),
        site.add("tts", &[("ro.onnx", &noise(5_000, 2)), ("tokens", b"shared")]),
    ];
    let (key, trusted) = site.keys("ministry");
    let (bundle, _) = site.bundle("models.tar", &ids, Some(&key));
    Carried { site, bundle, ids, key, trusted }
}

fn read_tar(path: &Utf8Path) -> Entries {
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (String::from_utf8(entry.path_bytes().into_owned()).unwrap(), bytes)
    });
    entries.collect()
}

fn write_tar(path: &Utf8Path, entries: &Entries) {
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        // Not by the library's way, which refuses names that lead out of a folder.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.finish().unwrap();
}

impl Carried {
    /// What an import into an empty store says of the bundle, which must leave nothing there.
    fn refusal(&self) -> StoreError {
        let store = self.site.other_store();
        let error = import_bundle(&store, &self.bundle, &self.trusted).unwrap_err();
        assert_nothing_is_visible(&store);
        error
    }

    fn bundle_refusal(&self) -> BundleError {
        match self.refusal() {
            StoreError::Bundle { source, .. } => *source,
            other => panic!("{other:?}"),
        }
    }

    /// The bundle with its entries changed and its signature left as it was.
    fn tampered(change: impl FnOnce(&mut Entries)) -> Self {
        let carried = carried();
        let mut entries = read_tar(&carried.bundle);
        change(&mut entries);
        write_tar(&carried.bundle, &entries);
        carried
    }
}

#[test]
fn a_signed_bundle_carries_models_to_another_store() {
    let carried = carried();
    let store = carried.site.other_store();
    let imported = import_bundle(&store, &carried.bundle, &carried.trusted).unwrap();
    assert_eq!(imported.models, carried.ids);
    assert_eq!(imported.copied, 75_006);
    assert_eq!(imported.trust, Some(Trust::Signed(carried.key.id())));
    for id in &carried.ids {
        assert_eq!(store.show(id).unwrap(), carried.site.store.show(id).unwrap());
        let opened = store.open(id).unwrap();
        assert!(files(opened.folder()).len() == 2);
    }
    assert!(store.verify(None, &Silent).unwrap().iter().all(|verified| verified.damaged.is_empty()));

    let again = import_bundle(&store, &carried.bundle, &carried.trusted).unwrap();
    assert_eq!((again.unchanged.len(), again.copied, again.shared), (2, 0, 75_006));
}

#[test]
fn a_bundle_can_be_looked_into_before_it_is_imported() {
    let carried = carried();
    let contents = inspect_bundle(&carried.bundle, &carried.trusted).unwrap();
    assert_eq!(contents.trust, Trust::Signed(carried.key.id()));
    assert_eq!(contents.size, 75_006);
    assert_eq!(contents.models.iter().map(|model| model.id.clone()).collect::<Vec<_>>(), carried.ids);
    let stranger = inspect_bundle(&carried.bundle, &TrustedKeys::default()).unwrap();
    assert_eq!(stranger.trust, Trust::UnknownKey(carried.key.id()));
}

#[test]
fn a_bundle_is_a_plain_tar_with_its_index_and_signature_first() {
    let carried = carried();
    let names: Vec<_> = read_tar(&carried.bundle).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..4], ["bundle.toml", "bundle.toml.minisig", "manifests/stt.toml", "manifests/tts.toml"]);
    assert!(names[4..].iter().all(|name| name.starts_with("blobs/sha256/")) && names.len() == 7);
}

#[test]
fn a_bundle_with_one_flipped_byte_is_refused_and_nothing_is_visible() {
    let whole = fs::read(carried().bundle).unwrap();
    // In the index, the signature, a manifest, the first blob, the last one; a header, and every kilobyte between.
    let places = (0..whole.len() - 1024).step_by(1031).chain([600, 1300, 2100, 3000, 4000]);
    let carried = carried();
    let original = fs::read(&carried.bundle).unwrap();
    let mut refused = 0;
    for at in places {
        let mut damaged = original.clone();
        damaged[at] ^= 1;
        fs::write(&carried.bundle, &damaged).unwrap();
        let store = carried.site.other_store();
        match import_bundle(&store, &carried.bundle, &carried.trusted) {
            Err(_) => {
                refused += 1;
                assert_nothing_is_visible(&store);
            }
            // Padding between entries, which nobody reads: all models are as they should be.
            Ok(_) => {
                assert!(store.verify(None, &Silent).unwrap().iter().all(|verified| verified.damaged.is_empty()));
            }
        }
        fs::remove_dir_all(store.root()).unwrap();
    }
    assert!(refused > 60, "{refused}");
}

#[test]
fn a_flipped_byte_in_a_blob_names_the_file() {
    let carried = Carried::tampered(|entries| entries.last_mut().unwrap().1[0] ^= 1);
    let error = carried.refusal();
    assert!(matches!(&error, StoreError::Content { file, .. } if file.contains('/')), "{error:?}");
}

#[test]
fn a_truncated_bundle_is_refused_wherever_it_ends() {
    let carried = carried();
    let whole = fs::read(&carried.bundle).unwrap();
    for end in [0, 100, 512, 700, 1500, 2500, 5000, 40_000, whole.len() - 3000] {
        fs::write(&carried.bundle, &whole[..end]).unwrap();
        let error = carried.bundle_refusal();
        assert!(
            matches!(error, BundleError::CutOff { .. } | BundleError::NotABundle | BundleError::Entry { .. }),
            "{end}: {error:?}"
        );
    }
}

#[test]
fn entries_in_another_order_are_refused() {
    let carried = Carried::tampered(|entries| entries.swap(5, 6));
    assert!(matches!(carried.bundle_refusal(), BundleError::Order { .. }));
    let carried = Carried::tampered(|entries| entries.swap(2, 3));
    assert!(matches!(carried.bundle_refusal(), BundleError::Order { .. }));
    let carried = Carried::tampered(|entries| entries.swap(0, 1));
    assert!(matches!(carried.bundle_refusal(), BundleError::NotABundle));
}

#[test]
fn an_entry_whose_path_leads_out_is_refused() {
    for name in ["../../../etc/cron.d/x", "/etc/passwd", "blobs/../../x"] {
        let carried = Carried::tampered(|entries| entries[4].0 = name.to_owned());
        let error = carried.bundle_refusal();
        assert!(matches!(&error, BundleError::Order { found, .. } if found == name), "{error:?}");
        let carried = Carried::tampered(|entries| entries.push((name.to_owned(), b"x".to_vec())));
        assert!(matches!(carried.bundle_refusal(), BundleError::Extra { .. }));
    }
}

#[test]
fn an_entry_that_is_too_long_or_too_short_is_refused() {
    let carried = Carried::tampered(|entries| entries.last_mut().unwrap().1.push(0));
    assert!(matches!(carried.bundle_refusal(), BundleError::EntrySize { .. }));
    let carried = Carried::tampered(|entries| entries.last_mut().unwrap().1.truncate(3));
    assert!(matches!(carried.bundle_refusal(), BundleError::EntrySize { .. }));
    let carried = Carried::tampered(|entries| entries[1].1 = vec![b'x'; 10_000]);
    assert!(matches!(carried.bundle_refusal(), BundleError::Oversize { .. }));
    let carried = Carried::tampered(|entries| entries[0].1 = vec![b' '; 17 << 20]);
    assert!(matches!(carried.bundle_refusal(), BundleError::Oversize { .. }));
}

#[test]
fn a_missing_entry_is_named() {
    let carried = Carried::tampered(|entries| drop(entries.pop()));
    assert!(matches!(carried.bundle_refusal(), BundleError::CutOff { expected } if expected.starts_with("blobs/")));
}

#[test]
fn a_link_or_another_kind_of_entry_is_refused() {
    let carried = carried();
    let entries = read_tar(&carried.bundle);
    let mut tar = tar::Builder::new(fs::File::create(&carried.bundle).unwrap());
    for (name, bytes) in &entries[..4] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, &entries[4].0, "/etc/shadow").unwrap();
    tar.finish().unwrap();
    assert!(matches!(carried.bundle_refusal(), BundleError::Kind { .. }));
}

#[test]
fn a_changed_manifest_is_refused() {
    let carried = Carried::tampered(|entries| {
        let text = String::from_utf8(entries[2].1.clone()).unwrap();
        entries[2].1 = text.replace("\"ro\"", "\"hu\"").into_bytes();
    });
    let error = carried.bundle_refusal();
    assert!(matches!(&error, BundleError::ManifestContent { id, .. } if id.as_str() == "stt"), "{error:?}");
}

#[test]
fn a_changed_index_is_refused_by_its_signature() {
    let carried = Carried::tampered(|entries| {
        let text = String::from_utf8(entries[0].1.clone()).unwrap();
        entries[0].1 = text.replace("\"stt\"", "\"sst\"").into_bytes();
    });
    assert!(matches!(carried.bundle_refusal(), BundleError::BadSignature { .. }));
    let allowed =
        BundleImport { bundle: &carried.bundle, trusted: &carried.trusted, allow_unsigned: true, replace: false };
    let error = carried.site.other_store().import_bundle(allowed, &Silent).unwrap_err();
    assert!(matches!(error, StoreError::Bundle { .. }), "a wrong signature is worse than none: {error:?}");
}

#[test]
fn a_bundle_signed_with_another_key_names_that_key() {
    let carried = carried();
    let (_, others) = carried.site.keys("somebody-else");
    let error = import_bundle(&carried.site.other_store(), &carried.bundle, &others).unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(source.contains(&carried.key.id().to_string()), "{source}");
    assert_nothing_is_visible(&carried.site.other_store());
}

#[test]
fn an_unsigned_bundle_is_refused_unless_it_is_allowed_explicitly() {
    let carried = carried();
    let (bundle, written) = carried.site.bundle("unsigned.tar", &carried.ids, None);
    assert_eq!(written.signed_by, None);
    let store = carried.site.other_store();
    let import = BundleImport { bundle: &bundle, trusted: &carried.trusted, allow_unsigned: false, replace: false };
    let error = store.import_bundle(import, &Silent).unwrap_err();
    assert!(
        matches!(&error, StoreError::Bundle { source, .. } if matches!(**source, BundleError::Unsigned)),
        "{error:?}"
    );
    assert_nothing_is_visible(&store);
    let imported = store.import_bundle(BundleImport { allow_unsigned: true, ..import }, &Silent).unwrap();
    assert_eq!(imported.trust, Some(Trust::Unsigned));
}

#[test]
fn what_is_no_bundle_is_refused() {
    let carried = carried();
    for bytes in [&b""[..], b"not a tar", &noise(4096, 3), &[0; 4096]] {
        fs::write(&carried.bundle, bytes).unwrap();
        assert!(matches!(carried.bundle_refusal(), BundleError::NotABundle));
    }
    fs::remove_file(&carried.bundle).unwrap();
    assert!(matches!(carried.bundle_refusal(), BundleError::Read(_)));
}

#[test]
fn an_interrupted_import_of_a_bundle_goes_on_where_it_stopped() {
    let site = Site::new();
    let weights = noise(6 << 20, 4);
    let id = site.add("large", &[("w", &weights)]);
    let (key, trusted) = site.keys("ministry");
    let (bundle, _) = site.bundle("large.tar", std::slice::from_ref(&id), Some(&key));
    let store = site.other_store();
    let import = BundleImport { bundle: &bundle, trusted: &trusted, allow_unsigned: false, replace: false };
    let error = store.import_bundle(import, &StopsAfter::bytes(2 << 20)).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled));
    assert_nothing_is_visible(&store);
    let imported = store.import_bundle(import, &Silent).unwrap();
    assert_eq!((imported.resumed, imported.copied), (2 << 20, 4 << 20));
    assert!(fs::read(store.open(&id).unwrap().folder().join("w")).unwrap() == weights);
}

#[test]
fn a_bundle_brings_only_what_the_store_lacks() {
    let carried = carried();
    let store = carried.site.other_store();
    let folder = carried.site.voice("mine", &[("anything", b"shared")]);
    store.import_folder(models::FolderImport { folder: &folder, replace: false }, &Silent).unwrap();
    let imported = import_bundle(&store, &carried.bundle, &carried.trusted).unwrap();
    assert_eq!((imported.shared, imported.copied), (6, 75_000));
}

#[test]
fn a_bundle_that_would_replace_a_model_imports_none() {
    let carried = carried();
    let store = carried.site.other_store();
    let folder = carried.site.voice("tts", &[("own", b"my own voice")]);
    store.import_folder(models::FolderImport { folder: &folder, replace: false }, &Silent).unwrap();
    let error = import_bundle(&store, &carried.bundle, &carried.trusted).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error:?}");
    assert_eq!(store.list().unwrap().models.len(), 1);
    assert_eq!(files(&store.root().join("incoming")), [""; 0], "and nothing was copied for it");
    let import =
        BundleImport { bundle: &carried.bundle, trusted: &carried.trusted, allow_unsigned: false, replace: true };
    assert_eq!(store.import_bundle(import, &Silent).unwrap().models.len(), 2);
}

#[test]
fn a_bundle_is_never_written_over_another_file_and_leaves_none_when_stopped() {
    let carried = carried();
    let options = BundleOptions { models: &carried.ids, output: &carried.bundle, key: Some(&carried.key) };
    let error = carried.site.store.bundle(&options, &Silent).unwrap_err();
    assert!(matches!(error, StoreError::OutputExists { .. }));

    let output = carried.site.path("stopped.tar");
    let options = BundleOptions { output: &output, ..options };
    let error = carried.site.store.bundle(&options, &StopsAfter::bytes(1)).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error:?}");
    assert!(!output.exists() && !carried.site.path("stopped.tar.unfinished").exists());

    let none = BundleOptions { models: &[], ..options };
    assert!(matches!(carried.site.store.bundle(&none, &Silent), Err(StoreError::NothingToBundle)));
    let ghost = ["ghost".parse().unwrap()];
    let unknown = BundleOptions { models: &ghost, ..none };
    assert!(matches!(carried.site.store.bundle(&unknown, &Silent), Err(StoreError::Unknown { .. })));
}
