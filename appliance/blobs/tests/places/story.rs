//! The story that every place must tell the same.

use blobs::Blobs;
use desk::ids::BlobId;
use desk::ports::PortError;
use desk::ports::attachments::Attachments;

const CHUNK: usize = 64 * 1024;

/// `length` bytes that differ from chunk to chunk and from `seed` to `seed`.
pub(crate) fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|place| (place % 251).to_le_bytes()[0] ^ (place / CHUNK).to_le_bytes()[0] ^ seed).collect()
}

/// Keeps contents of all lengths, fetches them, keeps one many times at once, and deletes one.
pub(crate) async fn kept_fetched_and_deleted(blobs: &Blobs) {
    blobs.check().await.unwrap();
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_000] {
        let content = bytes(length, 0);
        let id = blobs.keep(content.clone()).await.unwrap();
        assert_eq!(blobs.keep(content.clone()).await.unwrap(), id);
        assert_eq!(blobs.fetch(&id).await.unwrap(), content, "{length}");
    }
    let same = bytes(300_000, 1);
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (blobs, same) = (blobs.clone(), same.clone());
            tokio::spawn(async move {
                let id = blobs.keep(same).await.unwrap();
                blobs.fetch(&id).await.unwrap();
                id
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(blobs.fetch(&writer.await.unwrap()).await.unwrap(), same);
    }
    let id = blobs.keep(b"to be erased".to_vec()).await.unwrap();
    blobs.delete(&id).await.unwrap();
    blobs.delete(&id).await.unwrap();
    assert!(matches!(blobs.fetch(&id).await, Err(PortError::NotFound { .. })));
    let never_kept = BlobId("0".repeat(64));
    assert!(matches!(blobs.fetch(&never_kept).await, Err(PortError::NotFound { .. })));
}
