//! What a single node makes for itself on first start: secrets that only its owner can read, and free ports.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use camino::Utf8Path;
use rand::Rng;

use crate::error::{StoreError, StoreResult};

/// The secret in `path`; made now, readable by its owner alone, if there is none.
pub(crate) fn read_or_make(path: &Utf8Path) -> StoreResult<String> {
    let prepare = |source| StoreError::Prepare { path: path.to_owned(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(StoreError::Secret { path: path.to_owned(), source }),
    }
    let secret = to_hex(&rand::rng().random::<[u8; 32]>());
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(prepare)?;
    file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(prepare)?;
    Ok(secret)
}

/// Two ports of the loopback for a single node: those of last time if they are free, else others. They are kept because
/// the node finds itself under its old address when it starts again. Drawn below the range from which the system takes the
/// ports of outgoing connections.
pub(crate) fn loopback_ports(path: &Utf8Path) -> StoreResult<(u16, u16)> {
    let prepare = |source| StoreError::Prepare { path: path.to_owned(), source };
    if let Some(kept) = std::fs::read_to_string(path).ok().and_then(|text| {
        let (raft, api) = text.trim().split_once(' ')?;
        Some((raft.parse().ok()?, api.parse().ok()?))
    }) {
        let (raft, api): (u16, u16) = kept;
        if is_free(raft) && is_free(api) {
            return Ok(kept);
        }
    }
    let mut random = rand::rng();
    let mut draw = || (0..1000).map(|_| random.random_range(20_000..32_000)).find(|port| is_free(*port));
    let (Some(raft), Some(api)) = (draw(), draw()) else {
        return Err(StoreError::Config("no free port on the loopback".to_owned()));
    };
    std::fs::write(path, format!("{raft} {api}\n")).map_err(prepare)?;
    Ok((raft, api))
}

fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("secret");
        let secret = read_or_make(&path).unwrap();
        assert_eq!(secret.len(), 64);
        assert_eq!(read_or_make(&path).unwrap(), secret);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn ports_stay_as_long_as_they_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("ports");
        let ports = loopback_ports(&path).unwrap();
        assert_eq!(loopback_ports(&path).unwrap(), ports);
        let _taken = std::net::TcpListener::bind(("127.0.0.1", ports.0)).unwrap();
        assert_ne!(loopback_ports(&path).unwrap().0, ports.0);
    }
}
