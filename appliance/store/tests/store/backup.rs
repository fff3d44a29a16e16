//! Backups: made under load, opened only with their key, restored into a server that goes on.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use desk::case::CaseKind;
use desk::contact::Channel;
use desk::ids::BlobId;
use desk::journal::{Actor, Event};
use desk::ports::attachments::Attachments;
use desk::ports::cases::Cases;
use desk::ports::conversations::Conversations;
use desk::ports::feed::Feed;
use desk::ports::{PortError, PortResult};
use desk::registry::{Block, RegistryEntry};
use desk::turn::{Attachment, Author};
use jiff::civil::date;
use sha2::{Digest, Sha256};
use store::{BackupError, BackupKey, Store, StoreConfig, restore, verify_backup};

use crate::support::*;

/// Attachments in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<BlobId, Vec<u8>>>);

#[async_trait]
impl Attachments for Memory {
    async fn keep(&self, bytes: Vec<u8>) -> PortResult<BlobId> {
        let digest = Sha256::digest(&bytes);
        let id = BlobId(digest.iter().map(|byte| format!("{byte:02x}")).collect());
        self.0.lock().unwrap().insert(id.clone(), bytes);
        Ok(id)
    }

    async fn fetch(&self, id: &BlobId) -> PortResult<Vec<u8>> {
        let found = self.0.lock().unwrap().get(id).cloned();
        found.ok_or(PortError::NotFound { what: "the attachment" })
    }

    async fn forget(&self, id: &BlobId) -> PortResult<()> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}

fn key(folder: &Utf8Path) -> BackupKey {
    BackupKey::make(&folder.join("key")).unwrap()
}

/// Everything in the tables but what a backup leaves out: how many rows each has, and their digest.
fn contents(database: &Utf8Path, upto: u64) -> Vec<(&'static str, u64, String)> {
    let connection = hiqlite::rusqlite::Connection::open(database).unwrap();
    let mut tables = Vec::new();
    for (table, order) in [
        ("contacts", "id"),
        ("contact_addresses", "contact, channel, value"),
        ("conversations", "id"),
        ("turns", "conversation, number"),
        ("attachments", "turn, blob"),
        ("cases", "id"),
        ("registry", "year, block, number"),
        ("registry_counters", "year, block"),
        ("journal", "seq"),
    ] {
        let only = if table == "journal" { format!("WHERE seq <= {upto}") } else { String::new() };
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} {only} ORDER BY {order}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let (mut count, mut digest) = (0, Sha256::new());
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                digest.update(format!("{:?}|", row.get_ref(column).unwrap()));
            }
            count += 1;
        }
        tables.push((table, count, format!("{:x}", digest.finalize())));
    }
    tables
}

async fn register(store: &Store, case: desk::ids::CaseId) -> u64 {
    let entry = RegistryEntry {
        case,
        block: Block { name: "PET".to_owned(), first: 1, last: 1000 },
        day: date(2026, 11, 20),
        department: department(),
        annexes: 0,
    };
    store.cases().register(entry, Actor::System).await.unwrap().number
}

#[test]
fn a_backup_made_under_load_is_restored_to_all_that_it_covers_and_survives_a_crash() {
    alone(|| async {
        let folder = folder();
        let store = Store::open(StoreConfig::single(folder.join("one"))).await.unwrap();
        let (attachments, key) = (Memory::default(), key(&folder));
        let conversation = begin(&store, Channel::Chat).await;
        let mut turn = says(conversation.id, Author::Citizen, "iată eroarea");
        let blob = attachments.keep(vec![7; 3_000_000]).await.unwrap();
        let attach = |blob| Attachment { blob, name: "x.png".to_owned(), media_type: "image/png".to_owned(), bytes: 1 };
        turn.content.attachments.push(attach(blob.clone()));
        let lost = BlobId("0".repeat(64));
        turn.content.attachments.push(attach(lost.clone()));
        store.conversations().record(turn).await.unwrap();
        let (_, case) = handed_off(&store, CaseKind::Petition).await;
        assert_eq!(register(&store, case.id).await, 1);

        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let load = (0..3).map(|_| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let conversation = begin(&store, Channel::Chat).await;
                while !stop.load(Ordering::Relaxed) {
                    asks(&store, conversation.id, "încă o întrebare").await;
                }
            })
        });
        let load: Vec<_> = load.collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let file = folder.join("backup");
        let steps = Mutex::new(0);
        let summary =
            store.back_up(&attachments, &file, &key, Actor::Admin(0), &|_| *steps.lock().unwrap() += 1).await.unwrap();
        stop.store(true, Ordering::Relaxed);
        futures::future::join_all(load).await;
        assert!(*steps.lock().unwrap() >= 3);
        assert_eq!((summary.attachments, &summary.missing), (1, &vec![lost]));
        assert_eq!(verify_backup(&file, &key, &folder, &|_| {}).await.unwrap(), summary);
        let noted = store.feed().entries_after(summary.manifest.position, 100_000).await.unwrap();
        assert!(noted.iter().any(|entry| entry.entry.event == Event::BackupMade));

        let (target, fetched) = (folder.join("two"), Memory::default());
        assert_eq!(restore(&file, &key, &target, &fetched, &|_| {}).await.unwrap(), summary);
        assert_eq!(fetched.fetch(&blob).await.unwrap(), vec![7; 3_000_000]);
        let covered = contents(&target.join("restored.db"), u64::MAX);
        let again = restore(&file, &key, &target, &fetched, &|_| {}).await;
        assert!(matches!(again, Err(BackupError::NotEmpty(_))));

        let restored = Store::open(StoreConfig::single(&target)).await.unwrap();
        assert!(!target.join("restored.db").exists());
        let database = |folder: &Utf8PathBuf| folder.join("state_machine/db/store.db");
        assert_eq!(contents(&database(&target), summary.manifest.position), covered);
        for (table, rows) in &summary.manifest.rows {
            assert!(*rows > 0 || table == "articles" || table == "operators", "{table}");
        }
        assert_eq!(restored.cases().case(case.id).await.unwrap(), store.cases().case(case.id).await.unwrap());
        let (_, next) = handed_off(&restored, CaseKind::Petition).await;
        assert_eq!(register(&restored, next.id).await, 2, "the registry goes on");
        assert_eq!(restored.verify_journal().await.unwrap().broken, None);

        // As after a power cut: the folder as it stands, without an orderly stop, opened elsewhere.
        let crashed = folder.join("three");
        copy_folder(&target, &crashed);
        let revived = Store::open(StoreConfig::single(&crashed)).await.unwrap();
        assert_eq!(contents(&database(&crashed), u64::MAX), contents(&database(&target), u64::MAX));
        for store in [store, restored, revived] {
            store.close().await.unwrap();
        }
    });
}

fn copy_folder(from: &Utf8Path, to: &Utf8Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(entry.path(), &target);
        } else if entry.file_name() != "ports" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_backup_opens_neither_with_another_key_nor_changed_nor_cut() {
    story(|store| async move {
        let folder = folder();
        let (attachments, key) = (Memory::default(), key(&folder));
        let file = folder.join("backup");
        store.back_up(&attachments, &file, &key, Actor::System, &|_| {}).await.unwrap();
        let other = BackupKey::make(&folder.join("other")).unwrap();
        let check = async |file: &Utf8Path, key: &BackupKey| verify_backup(file, key, &folder, &|_| {}).await;
        assert!(matches!(check(&file, &other).await, Err(BackupError::Sealed(_))));
        let bytes = std::fs::read(&file).unwrap();
        let spoiled = folder.join("spoiled");
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        std::fs::write(&spoiled, changed).unwrap();
        assert!(matches!(check(&spoiled, &key).await, Err(BackupError::Sealed(_))));
        std::fs::write(&spoiled, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(check(&spoiled, &key).await, Err(BackupError::Sealed(_))));
        std::fs::write(&spoiled, "no backup at all, just some text that is long enough").unwrap();
        assert!(matches!(check(&spoiled, &key).await, Err(BackupError::Format(_))));
        let target = folder.join("target");
        assert!(restore(&spoiled, &key, &target, &attachments, &|_| {}).await.is_err());
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0);
        std::fs::write(folder.join("short"), "short").unwrap();
        assert!(matches!(BackupKey::read(&folder.join("short")), Err(BackupError::ShortKey(_))));
    });
}
