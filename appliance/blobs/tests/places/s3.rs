//! The same story against a real S3-compatible server, where `S3_TEST_ENDPOINT` names one; how to start one is told in the
//! crate's documentation.

use blobs::{BlobError, Blobs, BlobsConfig, S3Config};
use camino::Utf8PathBuf;
use desk::ports::PortError;
use desk::ports::attachments::Attachments;

use crate::story::{bytes, kept_fetched_and_deleted};

/// A bucket's configuration, or `None`, said aloud, where no server is named. Each test has a prefix of its own.
fn server(folder: &tempfile::TempDir) -> Option<BlobsConfig> {
    let Ok(endpoint) = std::env::var("S3_TEST_ENDPOINT") else {
        println!("skipped: S3_TEST_ENDPOINT names no S3-compatible server");
        return None;
    };
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let file = |name: &str, text: String| {
        let path = Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let s3 = S3Config {
        allow_http: endpoint.starts_with("http://"),
        endpoint,
        bucket: variable("S3_TEST_BUCKET", "blobs-test"),
        region: variable("S3_TEST_REGION", "us-east-1"),
        access_key_file: file("access", variable("S3_TEST_ACCESS_KEY", "test")),
        secret_key_file: file("secret", variable("S3_TEST_SECRET_KEY", "test")),
        prefix: format!("test/{:016x}", rand::random::<u64>()),
        ca_file: std::env::var("S3_TEST_CA_FILE").ok().map(Utf8PathBuf::from),
    };
    Some(BlobsConfig { s3: Some(s3), ..BlobsConfig::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_speaks_s3_serves_as_a_folder_does() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = server(&folder) else { return };
    let blobs = Blobs::open(&config, [7; 32]).await.unwrap();
    assert_eq!(blobs.folder(), None);
    kept_fetched_and_deleted(&blobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_content_passes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = server(&folder) else { return };
    let blobs = Blobs::open(&config, [7; 32]).await.unwrap();
    let content = bytes(25 * 1024 * 1024, 0);
    let id = blobs.keep(content.clone()).await.unwrap();
    assert!(blobs.fetch(&id).await.unwrap() == content);
    assert!(matches!(blobs.keep(bytes(25 * 1024 * 1024 + 1, 0)).await, Err(PortError::Refused(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_master_key_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = server(&folder) else { return };
    let id = Blobs::open(&config, [7; 32]).await.unwrap().keep(b"abc".to_vec()).await.unwrap();
    assert!(matches!(Blobs::open(&config, [8; 32]).await, Err(BlobError::WrongKey { .. })));
    assert_eq!(Blobs::open(&config, [7; 32]).await.unwrap().fetch(&id).await.unwrap(), b"abc");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_is_unavailable_and_nothing_is_taken_for_lost() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut config) = server(&folder) else { return };
    let id = Blobs::open(&config, [7; 32]).await.unwrap().keep(b"abc".to_vec()).await.unwrap();
    if let Some(s3) = &mut config.s3 {
        s3.bucket = "no-such-bucket-here".to_owned();
    }
    let blobs = Blobs::open(&config, [7; 32]).await.unwrap();
    assert!(matches!(blobs.check().await, Err(BlobError::NoBucket(_))));
    assert!(matches!(blobs.keep(b"abc".to_vec()).await, Err(PortError::Unavailable { .. })));
    assert!(matches!(blobs.fetch(&id).await, Err(PortError::Unavailable { .. })));
}

#[tokio::test]
async fn a_store_that_is_down_delays_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let key = Utf8PathBuf::from_path_buf(folder.path().join("key")).unwrap();
    std::fs::write(&key, "test").unwrap();
    // Taken and given back, so that nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let s3 = S3Config {
        endpoint: format!("http://127.0.0.1:{port}"),
        bucket: "blobs".to_owned(),
        region: "garage".to_owned(),
        access_key_file: key.clone(),
        secret_key_file: key,
        prefix: String::new(),
        ca_file: None,
        allow_http: true,
    };
    let config = BlobsConfig { s3: Some(s3), ..BlobsConfig::default() };
    let blobs = Blobs::open(&config, [7; 32]).await.unwrap();
    assert!(matches!(blobs.keep(b"abc".to_vec()).await, Err(PortError::Unavailable { .. })));
}
