//! A site: a store, folders to import, keys; and what a test does with them.

use std::cell::{Cell, RefCell};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use models::{
    BundleImport, BundleOptions, BundleWritten, ContentHash, FolderImport, Imported, KeygenOptions, ModelId, Progress,
    SigningKey, Silent, Store, StoreError, TrustedKeys, generate_keys,
};

/// A temporary folder with everything that a test needs.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) store: Store,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(path(folder.path(), "store")).unwrap();
        Self { folder, store }
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        path(self.folder.path(), name)
    }

    /// Another store on the same disk.
    pub(crate) fn other_store(&self) -> Store {
        Store::at(self.path("other-store")).unwrap()
    }

    /// A folder to import: a voice with these files.
    pub(crate) fn voice(&self, id: &str, files: &[(&str, &[u8])]) -> Utf8PathBuf {
        let listed: Vec<_> = files.iter().map(|(path, _)| entry(path, "")).collect();
        self.folder_with(id, files, &listed.concat())
    }

    /// A folder to import, whose manifest lists `listed`.
    pub(crate) fn folder_with(&self, id: &str, files: &[(&str, &[u8])], listed: &str) -> Utf8PathBuf {
        let folder = self.path(&format!("folder-{id}"));
        for (name, bytes) in files {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.toml"), format!("{}{listed}", head(id))).unwrap();
        folder
    }

    pub(crate) fn import(&self, folder: &Utf8Path) -> Result<Imported, StoreError> {
        self.store.import_folder(FolderImport { folder, replace: false }, &Silent)
    }

    /// Imports a voice into the store.
    pub(crate) fn add(&self, id: &str, files: &[(&str, &[u8])]) -> ModelId {
        let folder = self.voice(id, files);
        self.import(&folder).unwrap();
        id.parse().unwrap()
    }

    /// A new pair of keys: one to sign with and one to trust.
    pub(crate) fn keys(&self, name: &str) -> (SigningKey, TrustedKeys) {
        let (secret, public) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.pub")));
        generate_keys(KeygenOptions { secret: &secret, public: &public, password: None }).unwrap();
        (SigningKey::load(&secret, None).unwrap(), TrustedKeys::load(&[public]).unwrap())
    }

    pub(crate) fn bundle(
        &self,
        name: &str,
        models: &[ModelId],
        key: Option<&SigningKey>,
    ) -> (Utf8PathBuf, BundleWritten) {
        let output = self.path(name);
        let written = self.store.bundle(&BundleOptions { models, output: &output, key }, &Silent).unwrap();
        (output, written)
    }

    /// The blobs' names.
    pub(crate) fn blobs(&self) -> Vec<String> {
        files(&self.store.root().join("blobs"))
    }
}

/// Imports a signed bundle.
pub(crate) fn import_bundle(store: &Store, bundle: &Utf8Path, trusted: &TrustedKeys) -> Result<Imported, StoreError> {
    store.import_bundle(BundleImport { bundle, trusted, allow_unsigned: false, replace: false }, &Silent)
}

/// The start of a manifest of a voice, up to its files.
pub(crate) fn head(id: &str) -> String {
    format!(
        r#"schema = 1
id = "{id}"
task = "speech"
engine = "piper"
languages = ["ro"]
memory.ram_bytes = 200_000_000
voice = {{ name = "test", sample_rate = 22_050 }}
licence.spdx = "CC0-1.0"
source = {{ url = "https://example.org/{id}", publisher = "Example", date = "2025-01-31" }}
"#
    )
}

/// A file in a manifest, with more keys.
pub(crate) fn entry(path: &str, more: &str) -> String {
    format!("\n[[files]]\npath = \"{path}\"\nrole = \"weights\"\n{more}\n")
}

/// The keys of a pinned file.
pub(crate) fn pins(bytes: &[u8]) -> String {
    format!("size = {}\nsha256 = \"{}\"", bytes.len(), ContentHash::of(bytes))
}

/// All files below `folder`, by name.
pub(crate) fn files(folder: &Utf8Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(entry.path()).iter().map(|below| format!("{}/{below}", entry.file_name())));
        } else {
            found.push(entry.file_name().to_owned());
        }
    }
    found.sort();
    found
}

/// Nothing of a model can be seen in the store.
pub(crate) fn assert_nothing_is_visible(store: &Store) {
    let listing = store.list().unwrap();
    assert!(listing.models.is_empty() && listing.unusable.is_empty(), "{listing:?}");
    for folder in ["manifests", "models", "removing"] {
        assert_eq!(files(&store.root().join(folder)), [""; 0], "{folder}");
    }
}

/// Bytes that do not repeat, the same each time.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Stops after so many bytes, and remembers what it was told.
pub(crate) struct StopsAfter {
    left: Cell<u64>,
    pub(crate) told: RefCell<Vec<(String, u64)>>,
}

impl StopsAfter {
    pub(crate) fn bytes(left: u64) -> Self {
        Self { left: Cell::new(left), told: RefCell::default() }
    }
}

impl Progress for StopsAfter {
    fn start(&self, file: &str, bytes: u64) {
        self.told.borrow_mut().push((file.to_owned(), bytes));
    }

    fn advance(&self, bytes: u64) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }

    fn finish(&self) {}

    fn cancelled(&self) -> bool {
        self.left.get() == 0
    }
}

fn path(folder: &std::path::Path, name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(folder.join(name)).unwrap()
}
