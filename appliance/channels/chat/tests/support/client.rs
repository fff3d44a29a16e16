//! A client of the router: keeps its cookie like a browser, or its secret like a program.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use tower::ServiceExt;

const HOST: &str = "chat.example";

pub struct Client {
    router: Router,
    pub cookie: Option<String>,
    pub secret: Option<String>,
    pub origin: Option<String>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        Json(serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.text())))
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }
}

/// JSON, read by pointer.
#[derive(Debug, Clone)]
pub struct Json(pub serde_json::Value);

impl Json {
    #[track_caller]
    pub fn str(&self, pointer: &str) -> String {
        let value = self.0.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {}", self.0));
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    pub fn count(&self, pointer: &str) -> usize {
        self.0.pointer(pointer).and_then(|value| value.as_array()).map_or(0, Vec::len)
    }
}

/// A multipart form of texts.
pub fn form(fields: &[(&str, &str)]) -> (String, Vec<u8>) {
    bytes_form(fields, None)
}

/// A multipart form of texts and a file: its name and bytes.
pub fn bytes_form(fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    if let Some((name, bytes)) = file {
        let head = format!("--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        body.extend(head.into_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    ("multipart/form-data; boundary=b".to_owned(), body)
}

impl Client {
    pub fn new(router: Router) -> Self {
        Self { router, cookie: None, secret: None, origin: Some(format!("http://{HOST}")) }
    }

    /// The response as it comes, for streams.
    pub async fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        if let Some(origin) = self.origin.as_ref().filter(|_| method != "GET") {
            request = request.header("origin", origin);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(secret) = &self.secret {
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    pub async fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let response = self.open(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        if let Some(cookie) = parts.headers.get("set-cookie") {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, &[], Vec::new()).await
    }

    pub async fn post(&mut self, path: &str, body: serde_json::Value) -> Reply {
        self.request("POST", path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
    }

    pub async fn post_keyed(&mut self, path: &str, key: &str, body: serde_json::Value) -> Reply {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.request("POST", path, &headers, body.to_string().into_bytes()).await
    }

    pub async fn submit(&mut self, path: &str, (media_type, body): (String, Vec<u8>)) -> Reply {
        self.request("POST", path, &[("content-type", &media_type)], body).await
    }

    /// Begins a conversation as a program does; its path.
    pub async fn begin(&mut self, language: &str) -> String {
        let begun = self.post("/api/v1/conversations", serde_json::json!({ "language": language })).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text());
        self.secret = Some(begun.json().str("/secret"));
        format!("/api/v1/conversations/{}", begun.json().str("/conversation/id"))
    }

    /// Says something and waits for what follows.
    pub async fn say(&mut self, conversation: &str, text: &str) -> Json {
        let sent = self.post(&format!("{conversation}/turns?wait=true"), serde_json::json!({ "text": text })).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text());
        sent.json()
    }
}
