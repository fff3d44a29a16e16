//! t
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
use desk::ports::attachments::Attachments;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread")]
async fn timing() {
    let d = tempfile::tempdir_in("/work/main/target").unwrap();
    let config = blobs::BlobsConfig { folder: camino::Utf8PathBuf::from_path_buf(d.path().join("b")).unwrap(), ..Default::default() };
    let b = blobs::Blobs::open(&config, [7; 32]).await.unwrap();
    for (n, size) in [(100, 200_000usize), (10, 25 * 1024 * 1024)] {
        let mut ids = vec![];
        let mut v: Vec<u8> = (0..size).map(|p| (p % 251) as u8).collect();
        let t = Instant::now();
        for i in 0..n { v[0] = i as u8; ids.push(b.keep(v.clone()).await.unwrap()); }
        let k = t.elapsed();
        let t = Instant::now();
        for id in &ids { b.fetch(id).await.unwrap(); }
        println!("{size} bytes: keep {:?}, fetch {:?}", k / n, t.elapsed() / n);
    }
}
