//! Digest authentication, both ways (RFC 7616, RFC 8760; MD5 for those that know nothing else).

pub(crate) mod client;
pub(crate) mod server;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::config::DigestAlgorithm;
use crate::message::params::{MalformedParams, Params, split_outside_quotes};

/// How a response is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md5,
    Md5Sess,
    Sha256,
    Sha256Sess,
}

impl From<DigestAlgorithm> for Algorithm {
    fn from(configured: DigestAlgorithm) -> Self {
        match configured {
            DigestAlgorithm::Sha256 => Self::Sha256,
            DigestAlgorithm::Md5 => Self::Md5,
        }
    }
}

impl Algorithm {
    /// The same without a session (`-sess`).
    pub(crate) fn plain(self) -> Self {
        match self {
            Self::Md5 | Self::Md5Sess => Self::Md5,
            Self::Sha256 | Self::Sha256Sess => Self::Sha256,
        }
    }

    /// The algorithm of that name; none is MD5.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        let all = [Self::Md5, Self::Md5Sess, Self::Sha256, Self::Sha256Sess];
        match name {
            None => Some(Self::Md5),
            // Some implementations leave the hyphen out.
            Some(name) if name.eq_ignore_ascii_case("SHA256") => Some(Self::Sha256),
            Some(name) => all.into_iter().find(|one| one.name().eq_ignore_ascii_case(name)),
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
        }
    }

    fn hash(self, what: impl AsRef<[u8]>) -> String {
        match self {
            Self::Md5 | Self::Md5Sess => hex::encode(Md5::digest(what)),
            Self::Sha256 | Self::Sha256Sess => hex::encode(Sha256::digest(what)),
        }
    }

    fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess)
    }
}

/// What a response is computed from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) user: &'a str,
    pub(crate) realm: &'a str,
    pub(crate) password: &'a str,
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) qop: Option<Qop<'a>>,
}

/// What protects a response from being used again, and with `auth-int` the body from being changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Qop<'a> {
    /// The nonce count, eight hex digits.
    pub(crate) nc: &'a str,
    /// The client's nonce.
    pub(crate) cnonce: &'a str,
    /// The body, where it is signed as well.
    pub(crate) body: Option<&'a [u8]>,
}

impl Qop<'_> {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        if self.body.is_some() { "auth-int" } else { "auth" }
    }
}

impl Input<'_> {
    /// The response (RFC 7616 §3.4.1).
    pub(crate) fn response(&self) -> String {
        let algorithm = self.algorithm;
        let mut secret = algorithm.hash(format!("{}:{}:{}", self.user, self.realm, self.password));
        if algorithm.is_session() {
            let cnonce = self.qop.map_or("", |qop| qop.cnonce);
            secret = algorithm.hash(format!("{secret}:{}:{cnonce}", self.nonce));
        }
        let mut request = format!("{}:{}", self.method, self.uri);
        if let Some(body) = self.qop.and_then(|qop| qop.body) {
            request = format!("{request}:{}", algorithm.hash(body));
        }
        let request = algorithm.hash(request);
        match &self.qop {
            Some(qop) => {
                let (nc, cnonce, name) = (qop.nc, qop.cnonce, qop.name());
                algorithm.hash(format!("{secret}:{}:{nc}:{cnonce}:{name}:{request}", self.nonce))
            }
            None => algorithm.hash(format!("{secret}:{}:{request}", self.nonce)),
        }
    }
}

/// The parameters of `Digest a=b, c="d"`; `None` for another scheme.
pub(crate) fn parse(value: &str) -> Result<Option<Params>, MalformedParams> {
    let (scheme, rest) = value.trim().split_once(' ').ok_or(MalformedParams)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return Ok(None);
    }
    let mut params = Params::default();
    for piece in split_outside_quotes(rest, b',')? {
        let one = Params::parse(piece)?;
        for (name, value) in one.iter() {
            params.set(name, value);
        }
    }
    Ok(Some(params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc7616(algorithm: Algorithm) -> String {
        Input {
            algorithm,
            user: "Mufasa",
            realm: "http-auth@example.org",
            password: "Circle of Life",
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            qop: Some(Qop { nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", body: None }),
        }
        .response()
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out_as_printed() {
        assert_eq!(rfc7616(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(rfc7616(Algorithm::Sha256), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn the_older_form_without_qop_comes_out_as_rfc_2617_computes_it() {
        let input = Input {
            algorithm: Algorithm::Md5,
            user: "Mufasa",
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            method: "GET",
            uri: "/dir/index.html",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            qop: Some(Qop { nc: "00000001", cnonce: "0a4f113b", body: None }),
        };
        assert_eq!(input.response(), "6629fae49393a05397450978507c4ef1");
        assert_eq!(Input { qop: None, ..input }.response(), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn a_signed_body_counts() {
        let signed = |body| {
            let qop = Some(Qop { nc: "00000001", cnonce: "0a4f113b", body: Some(body) });
            let (user, realm, password) = ("bob", "biloxi.com", "zanzibar");
            let (method, uri, nonce) = ("INVITE", "sip:bob@biloxi.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093");
            Input { algorithm: Algorithm::Md5, user, realm, password, method, uri, nonce, qop }.response()
        };
        // Computed by other means, which come out as draft-smith-sip-auth-examples prints for its own body.
        let body = b"v=0\r\no=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\ns=\r\nc=IN IP4 media.biloxi.com\r\n\
            t=0 0\r\nm=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/AVP 31\r\n\
            a=rtpmap:31 H261/90000\r\nm=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n";
        assert_eq!(signed(body), "41f1bde42dcddbee8ae7d65fd3474dc0");
        assert_ne!(signed(&body[1..]), signed(body));
    }
}
