//! Answers to others' challenges: for every realm the strongest that we know how to answer.

use rand::Rng as _;

use super::{Algorithm, Input, Qop, parse};
use crate::message::params::{Params, quote};
use crate::message::{Headers, Known, Request};

/// Our name and password with somebody.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A challenge that we can answer.
struct Challenge {
    realm: String,
    algorithm: Algorithm,
    params: Params,
}

/// The headers that answer all challenges of a 401 or 407 to a request; empty when none can be answered. `retried` says that an answer
/// was refused before: then only a challenge marked `stale` is worth another.
pub(crate) fn answer(
    response: &Headers,
    credentials: &Credentials,
    request: &Request,
    retried: bool,
) -> Vec<(Known, String)> {
    let mut headers = Vec::new();
    let pairs = [(Known::WwwAuthenticate, Known::Authorization), (Known::ProxyAuthenticate, Known::ProxyAuthorization)];
    for (asked, answered) in pairs {
        for challenge in strongest(response, asked) {
            let stale = challenge.params.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
            if !retried || stale {
                headers.push((answered, authorization(&challenge, credentials, request)));
            }
        }
    }
    headers
}

/// Of every realm the challenge with the strongest algorithm. Each line is one challenge (RFC 8760 §2.3).
fn strongest(headers: &Headers, name: Known) -> Vec<Challenge> {
    let mut best: Vec<Challenge> = Vec::new();
    for value in headers.all(name).take(16) {
        let Ok(Some(params)) = parse(value) else { continue };
        let Some(algorithm) = Algorithm::parse(params.get("algorithm")) else { continue };
        let (Some(realm), Some(_)) = (params.get("realm"), params.get("nonce")) else { continue };
        // A protection of a kind that we do not know.
        if params.get("qop").is_some_and(|qop| !offers(qop, "auth") && !offers(qop, "auth-int")) {
            continue;
        }
        let challenge = Challenge { realm: realm.to_owned(), algorithm, params: params.clone() };
        match best.iter_mut().find(|other| other.realm == challenge.realm) {
            Some(other) if other.algorithm < algorithm => *other = challenge,
            Some(_) => {}
            None => best.push(challenge),
        }
    }
    best
}

fn offers(qop: &str, name: &str) -> bool {
    qop.split(',').any(|one| one.trim().eq_ignore_ascii_case(name))
}

fn authorization(challenge: &Challenge, credentials: &Credentials, request: &Request) -> String {
    let cnonce = hex::encode(rand::rng().random::<[u8; 16]>());
    let nonce = challenge.params.get("nonce").unwrap_or_default();
    let uri = request.uri.as_str();
    let asked = challenge.params.get("qop");
    // The body is signed only where nothing less is taken: elements on the way may change it rightfully.
    let body = asked.filter(|qop| !offers(qop, "auth")).map(|_| request.body.as_ref());
    // A session needs the client's nonce even where no qop is offered.
    let is_counted = asked.is_some() || challenge.algorithm.is_session();
    let qop = is_counted.then_some(Qop { nc: "00000001", cnonce: &cnonce, body });
    let input = Input {
        algorithm: challenge.algorithm,
        user: &credentials.user,
        realm: &challenge.realm,
        password: &credentials.password,
        method: &request.method,
        uri,
        nonce,
        qop,
    };
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\"",
        quote(&credentials.user),
        quote(&challenge.realm),
        quote(nonce),
        quote(uri),
        input.response()
    );
    if challenge.params.has("algorithm") {
        value.push_str(&format!(", algorithm={}", challenge.algorithm.name()));
    }
    if let Some(opaque) = challenge.params.get("opaque") {
        value.push_str(&format!(", opaque={}", quote(opaque)));
    }
    if let Some(qop) = qop {
        value.push_str(&format!(", cnonce={}, qop={}, nc={}", quote(qop.cnonce), qop.name(), qop.nc));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenged(values: &[(Known, &str)]) -> Vec<(Known, String)> {
        let mut headers = Headers::default();
        for (name, value) in values {
            headers.push(*name, *value);
        }
        let credentials = Credentials { user: "ana".into(), password: "secret".into() };
        answer(&headers, &credentials, &Request::new("INVITE", "sip:1@example.org"), false)
    }

    #[test]
    fn a_body_is_signed_where_nothing_less_is_taken() {
        let answers = |qop: &str| {
            challenged(&[(Known::ProxyAuthenticate, &format!(r#"Digest realm="a", nonce="1", qop="{qop}""#))])
        };
        assert!(answers("auth-int")[0].1.contains("qop=auth-int"));
        assert!(answers("auth-int, auth")[0].1.contains("qop=auth,"));
        assert!(answers("new").is_empty());
    }

    #[test]
    fn of_several_challenges_the_strongest_of_each_realm_is_answered() {
        let answers = challenged(&[
            (Known::WwwAuthenticate, r#"Digest realm="a", nonce="1", algorithm=MD5, qop="auth""#),
            (Known::WwwAuthenticate, r#"Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth,auth-int""#),
            (Known::WwwAuthenticate, r#"Digest realm="a", nonce="3", algorithm=SHA-512-256, qop="auth""#),
            (Known::ProxyAuthenticate, r#"Digest realm="b", nonce="4""#),
            (Known::WwwAuthenticate, r#"Basic realm="c""#),
        ]);
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0].0, Known::Authorization);
        assert!(answers[0].1.contains("nonce=\"2\"") && answers[0].1.contains("algorithm=SHA-256"));
        assert_eq!(answers[1].0, Known::ProxyAuthorization);
        assert!(answers[1].1.contains("realm=\"b\"") && !answers[1].1.contains("qop"));
    }
}
