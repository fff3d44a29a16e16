use std::time::Instant;

use camino::Utf8PathBuf;
use object_store::memory::InMemory;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::content::ContentDigest;
use crate::error::Damage;
use crate::keys::MasterKey;
use crate::sealing::seal;

const CONTENT: &[u8] = b"content";

fn patience() -> Patience {
    let milliseconds = Duration::from_millis;
    Patience { connect: milliseconds(500), attempt: milliseconds(500), whole: milliseconds(1500) }
}

fn opening() -> Opening {
    let digest = ContentDigest::of(CONTENT);
    Opening::new(&MasterKey::new([7; 32]).content_key(&digest), digest)
}

fn object() -> Vec<u8> {
    seal(&MasterKey::new([7; 32]).content_key(&ContentDigest::of(CONTENT)), CONTENT)
}

fn in_memory(prefix: &str) -> (Arc<InMemory>, S3) {
    let store = Arc::new(InMemory::new());
    (Arc::clone(&store), S3::over(store, "sfetnic", prefix, patience()).unwrap())
}

fn config(folder: &tempfile::TempDir, port: u16) -> S3Config {
    let key = Utf8PathBuf::from_path_buf(folder.path().join("key")).unwrap();
    std::fs::write(&key, "test\n").unwrap();
    S3Config {
        endpoint: format!("http://127.0.0.1:{port}"),
        bucket: "sfetnic".to_owned(),
        region: "garage".to_owned(),
        access_key_file: key.clone(),
        secret_key_file: key,
        prefix: String::new(),
        ca_file: None,
        allow_http: true,
    }
}

/// A client of a store on this machine that answers everything with `answer`, or never if there is none.
async fn against(answer: Option<&'static str>) -> S3 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 16 * 1024];
                while connection.read(&mut request).await.is_ok_and(|count| count > 0) {
                    let Some(answer) = answer else { continue };
                    connection.write_all(answer.as_bytes()).await.unwrap();
                    break;
                }
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    S3::new(&config(&folder, port), patience()).unwrap()
}

#[tokio::test]
async fn objects_lie_below_the_prefix() {
    let (store, s3) = in_memory("/town hall/blobs/");
    s3.keep("ab/cd/abcd", object()).await.unwrap();
    assert!(store.head(&Path::from("town hall/blobs/ab/cd/abcd")).await.is_ok());
    assert_eq!(s3.read("ab/cd/abcd", opening()).await.unwrap(), CONTENT);
    s3.delete("ab/cd/abcd").await.unwrap();
    s3.delete("ab/cd/abcd").await.unwrap();
    assert!(matches!(s3.read("ab/cd/abcd", opening()).await, Err(BlobError::Missing)));
}

#[tokio::test]
async fn an_object_that_is_there_is_not_written_again_and_a_cut_one_is() {
    let (store, s3) = in_memory("");
    let path = Path::from("ab/cd/abcd");
    s3.keep("ab/cd/abcd", object()).await.unwrap();
    let first = store.head(&path).await.unwrap();
    s3.keep("ab/cd/abcd", object()).await.unwrap();
    assert_eq!(store.head(&path).await.unwrap().e_tag, first.e_tag);
    store.put(&path, object()[..10].to_vec().into()).await.unwrap();
    s3.keep("ab/cd/abcd", object()).await.unwrap();
    assert_eq!(s3.read("ab/cd/abcd", opening()).await.unwrap(), CONTENT);
}

#[tokio::test]
async fn what_the_store_changed_is_found() {
    let (store, s3) = in_memory("");
    let mut changed = object();
    changed[12] ^= 1;
    store.put(&Path::from("ab/cd/abcd"), changed.into()).await.unwrap();
    let error = s3.read("ab/cd/abcd", opening()).await.unwrap_err();
    assert!(matches!(error, BlobError::Damaged(Damage::Chunk(0))));
}

#[tokio::test]
async fn a_prefix_that_leaves_the_bucket_is_refused() {
    let store = Arc::new(InMemory::new());
    assert!(matches!(S3::over(store, "b", "../other", patience()), Err(BlobError::Prefix { .. })));
}

#[tokio::test]
async fn a_store_that_is_down_fails_soon() {
    let folder = tempfile::tempdir().unwrap();
    // Taken and given back, so that nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let s3 = S3::new(&config(&folder, port), Patience::default()).unwrap();
    let begun = Instant::now();
    assert!(matches!(s3.keep("ab/cd/abcd", object()).await, Err(BlobError::Put(_))));
    assert!(matches!(s3.read("ab/cd/abcd", opening()).await, Err(BlobError::Get(_))));
    assert!(matches!(s3.delete("ab/cd/abcd").await, Err(BlobError::Delete(_))));
    assert!(begun.elapsed() < Patience::default().attempt, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_store_that_never_answers_is_given_up() {
    let s3 = against(None).await;
    let error = s3.read("ab/cd/abcd", opening()).await.unwrap_err();
    assert!(matches!(error, BlobError::Overdue(_) | BlobError::Get(_)), "{error}");
}

#[tokio::test]
async fn a_store_in_trouble_is_asked_again_and_then_given_up() {
    let s3 = against(Some("HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")).await;
    let error = s3.read("ab/cd/abcd", opening()).await.unwrap_err();
    assert!(matches!(error, BlobError::Overdue(_) | BlobError::Get(_)), "{error}");
}

#[tokio::test]
async fn a_missing_bucket_is_not_taken_for_a_missing_object() {
    let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 41\r\nconnection: close\r\n\r\n\
                  <Error><Code>NoSuchBucket</Code></Error>\n";
    let error = against(Some(answer)).await.read("ab/cd/abcd", opening()).await.unwrap_err();
    assert!(matches!(error, BlobError::NoBucket(_)), "{error}");
    let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 38\r\nconnection: close\r\n\r\n\
                  <Error><Code>NoSuchKey</Code></Error>\n";
    let error = against(Some(answer)).await.read("ab/cd/abcd", opening()).await.unwrap_err();
    assert!(matches!(error, BlobError::Missing), "{error}");
}

#[tokio::test]
async fn credentials_come_from_files_that_hold_something() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder, 1);
    let empty = Utf8PathBuf::from_path_buf(folder.path().join("empty")).unwrap();
    std::fs::write(&empty, " \n").unwrap();
    let with = |file: &str| S3Config { secret_key_file: empty.with_file_name(file), ..config.clone() };
    assert!(matches!(S3::new(&with("empty"), patience()), Err(BlobError::EmptyCredential(_))));
    assert!(matches!(S3::new(&with("not there"), patience()), Err(BlobError::ReadCredential { .. })));
    let without_certificate = S3Config { ca_file: Some(empty.clone()), ..config.clone() };
    assert!(matches!(S3::new(&without_certificate, patience()), Err(BlobError::Certificate { .. })));
}
