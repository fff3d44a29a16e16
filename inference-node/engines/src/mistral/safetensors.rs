//! The header of a safetensors file: enough to tell a usable file from a damaged one before the engine opens it.
//!
//! Source of the format: the safetensors specification. The first eight bytes are the length of a JSON object that tells
//! where in the rest of the file each tensor lies.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use camino::Utf8Path;
use serde::Deserialize;

use crate::EngineError;

/// Longer headers are refused, as by the format's own library.
const LONGEST_HEADER: u64 = 100_000_000;

/// One tensor's entry.
#[derive(Deserialize)]
struct Entry {
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Makes sure that a file is complete, and counts the numbers in it.
///
/// # Errors
/// [`EngineError::Load`] when it is no safetensors file or was cut short.
pub(crate) fn count_elements(path: &Utf8Path) -> Result<u64, EngineError> {
    let damaged = |what: String| EngineError::Load(format!("`{path}` is damaged: {what}; fetch it again"));
    let unreadable = |error: std::io::Error| EngineError::Load(format!("failed to read `{path}`: {error}"));
    let mut file = File::open(path).map_err(|error| EngineError::Load(format!("failed to open `{path}`: {error}")))?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut header_length = [0; 8];
    if length < 8 {
        return Err(damaged(format!("it has only {length} bytes")));
    }
    file.read_exact(&mut header_length).map_err(unreadable)?;
    let header_length = u64::from_le_bytes(header_length);
    if header_length > LONGEST_HEADER || header_length > length - 8 {
        return Err(damaged(format!("it has {length} bytes and claims a header of {header_length}")));
    }
    let mut header = vec![0; usize::try_from(header_length).map_err(|_| damaged("its header is too long".to_owned()))?];
    file.read_exact(&mut header).map_err(unreadable)?;
    let entries: HashMap<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|error| damaged(format!("its header is no JSON object ({error})")))?;
    let mut elements = 0_u64;
    for (name, entry) in entries {
        if name == "__metadata__" {
            continue;
        }
        let entry: Entry = serde_json::from_value(entry)
            .map_err(|error| damaged(format!("its header does not tell where `{name}` lies ({error})")))?;
        let (begin, end) = entry.data_offsets;
        if begin > end || end > length - 8 - header_length {
            return Err(damaged(format!("it has {length} bytes, and `{name}` ends beyond them")));
        }
        elements = elements.saturating_add(entry.shape.iter().fold(1, |product, size| product.saturating_mul(*size)));
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn count(bytes: &[u8]) -> Result<u64, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("model.safetensors")).unwrap();
        std::fs::write(&path, bytes).unwrap();
        count_elements(&path)
    }

    fn small_file() -> Vec<u8> {
        let header = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 24]);
        bytes
    }

    #[test]
    fn a_whole_file_is_counted() {
        assert_eq!(count(&small_file()).unwrap(), 6);
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused() {
        let whole = small_file();
        for length in 0..whole.len() {
            assert!(matches!(count(&whole[..length]), Err(EngineError::Load(_))), "{length} bytes");
        }
    }

    #[test]
    fn a_huge_header_is_refused_without_being_read() {
        let mut bytes = u64::MAX.to_le_bytes().to_vec();
        bytes.extend([0; 64]);
        assert!(count(&bytes).unwrap_err().to_string().contains("claims a header"));
    }
}
