//! The header of a GGUF file: enough of it to tell a usable file from a damaged one before the engine opens it.
//!
//! The engine believes every length that it reads, so one damaged byte can make it ask for more memory than exists, which
//! ends the process. Here each length is held against what is left of the file. Source of the format: the GGUF
//! specification of ggml (version 2 and 3, little-endian).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};

use camino::Utf8Path;

use crate::EngineError;

/// The most deeply nested array that is read.
const DEEPEST_ARRAY: u8 = 2;
/// Where tensors begin when the file does not say: at a multiple of so many bytes.
const DEFAULT_ALIGNMENT: u64 = 32;
/// The architectures for which mistral.rs has a GGUF model.
const ARCHITECTURES: &[&str] = &["llama", "mistral3", "phi2", "phi3", "qwen2", "qwen3", "qwen3moe", "starcoder2"];

/// What is known from a header.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// Numbers and texts by their keys.
    values: HashMap<String, Value>,
    /// The vocabulary, by number.
    tokens: Vec<String>,
}

/// A value worth keeping.
#[derive(Debug)]
enum Value {
    Number(u64),
    Text(String),
}

impl Header {
    /// Reads the header of a file and makes sure that the file is complete.
    ///
    /// # Errors
    /// [`EngineError::Load`] when it is no GGUF file, was cut short, or holds numbers that cannot be.
    pub(crate) fn read(path: &Utf8Path) -> Result<Self, EngineError> {
        let damaged = |what: &str| EngineError::Load(format!("`{path}` is damaged: {what}; fetch it again"));
        let file = File::open(path).map_err(|error| EngineError::Load(format!("failed to open `{path}`: {error}")))?;
        let length = file
            .metadata()
            .map_err(|error| EngineError::Load(format!("failed to find the size of `{path}`: {error}")))?
            .len();
        let mut reader = Reader { input: BufReader::with_capacity(1 << 16, file), at: 0, length };
        match reader.header() {
            Ok(header) => Ok(header),
            Err(Damage::NotGguf) => Err(EngineError::Load(format!("`{path}` is not a GGUF file"))),
            Err(Damage::Unsupported(what)) => Err(EngineError::Load(format!("`{path}` cannot be used: {what}"))),
            Err(Damage::Broken(what)) => Err(damaged(&what)),
            Err(Damage::Short) => Err(damaged("it ends too early")),
            Err(Damage::Io(error)) => Err(EngineError::Load(format!("failed to read `{path}`: {error}"))),
        }
    }

    /// Makes sure that mistral.rs has a model for it.
    ///
    /// # Errors
    /// [`EngineError::Load`] when it has none.
    pub(crate) fn check_architecture(&self) -> Result<&str, EngineError> {
        let Some(architecture) = self.text("general.architecture") else {
            return Err(EngineError::Load("the GGUF file does not name its architecture".to_owned()));
        };
        if !ARCHITECTURES.contains(&architecture.to_ascii_lowercase().as_str()) {
            return Err(EngineError::Load(format!(
                "the GGUF file holds a model of the architecture `{architecture}`; this engine reads {}",
                ARCHITECTURES.join(", ")
            )));
        }
        if self.number(&format!("{architecture}.block_count")).is_none() {
            return Err(EngineError::Load(format!("the GGUF file lacks `{architecture}.block_count`")));
        }
        Ok(architecture)
    }

    /// A text by its key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number by its key.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A token whose number stands under that key, such as `tokenizer.ggml.eos_token_id`.
    pub(crate) fn token(&self, key: &str) -> Option<&str> {
        self.tokens.get(usize::try_from(self.number(key)?).ok()?).map(String::as_str)
    }

    /// Whether it brings a tokenizer that mistral.rs can rebuild.
    pub(crate) fn has_tokenizer(&self) -> bool {
        !self.tokens.is_empty() && matches!(self.text("tokenizer.ggml.model"), Some("gpt2" | "llama" | "replit"))
    }
}

/// What is wrong with a file.
enum Damage {
    NotGguf,
    Unsupported(String),
    Broken(String),
    Short,
    Io(std::io::Error),
}

struct Reader {
    input: BufReader<File>,
    at: u64,
    length: u64,
}

impl Reader {
    fn header(&mut self) -> Result<Header, Damage> {
        if self.length < 4 || &self.bytes::<4>()? != b"GGUF" {
            return Err(Damage::NotGguf);
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(Damage::Unsupported(format!("it has version {version} of the format, 2 and 3 are known")));
        }
        let tensors = self.u64()?;
        let keys = self.u64()?;
        // A tensor's entry takes at least 24 bytes and a key at least 13.
        if tensors.saturating_mul(24).saturating_add(keys.saturating_mul(13)) > self.length {
            return Err(Damage::Broken(format!("it claims {tensors} tensors and {keys} keys")));
        }
        let mut header = Header::default();
        for _ in 0..keys {
            let key = self.text()?;
            let kind = self.u32()?;
            if key == "tokenizer.ggml.tokens" {
                header.tokens = self.texts(kind)?;
            } else if let Some(value) = self.value(kind, 0)? {
                header.values.insert(key, value);
            }
        }
        let mut end_of_data = 0_u64;
        for _ in 0..tensors {
            let name = self.text()?;
            end_of_data = end_of_data.max(self.tensor_end(&name)?);
        }
        let alignment = header.number("general.alignment").unwrap_or(DEFAULT_ALIGNMENT);
        if !alignment.is_power_of_two() || alignment > 1 << 20 {
            return Err(Damage::Broken(format!("it claims an alignment of {alignment}")));
        }
        let end = self.at.next_multiple_of(alignment).saturating_add(end_of_data);
        if tensors > 0 && end > self.length {
            return Err(Damage::Broken(format!("it has {} bytes of {end}", self.length)));
        }
        Ok(header)
    }

    /// Where a tensor ends, counted from the first tensor's beginning.
    fn tensor_end(&mut self, name: &str) -> Result<u64, Damage> {
        let dimensions = self.u32()?;
        if dimensions > 8 {
            return Err(Damage::Broken(format!("the tensor `{name}` claims {dimensions} dimensions")));
        }
        let mut elements = 1_u64;
        for _ in 0..dimensions {
            elements = elements
                .checked_mul(self.u64()?)
                .ok_or_else(|| Damage::Broken(format!("the tensor `{name}` claims an impossible size")))?;
        }
        let kind = self.u32()?;
        let Some((block, bytes)) = block_size(kind) else {
            return Err(Damage::Unsupported(format!(
                "the tensor `{name}` has the number format {kind}; F32, F16, BF16, Q4_0 to Q8_1 and Q2_K to Q8_K are known"
            )));
        };
        let offset = self.u64()?;
        elements
            .div_ceil(block)
            .checked_mul(bytes)
            .and_then(|size| size.checked_add(offset))
            .ok_or_else(|| Damage::Broken(format!("the tensor `{name}` claims an impossible size")))
    }

    fn value(&mut self, kind: u32, depth: u8) -> Result<Option<Value>, Damage> {
        Ok(match kind {
            0 | 7 => Some(Value::Number(u64::from(self.bytes::<1>()?[0]))),
            2 => Some(Value::Number(u64::from(u16::from_le_bytes(self.bytes()?)))),
            4 => Some(Value::Number(u64::from(self.u32()?))),
            10 => Some(Value::Number(self.u64()?)),
            // Signed numbers are kept when they are not negative.
            1 => u64::try_from(i8::from_le_bytes(self.bytes()?)).ok().map(Value::Number),
            3 => u64::try_from(i16::from_le_bytes(self.bytes()?)).ok().map(Value::Number),
            5 => u64::try_from(i32::from_le_bytes(self.bytes()?)).ok().map(Value::Number),
            11 => u64::try_from(i64::from_le_bytes(self.bytes()?)).ok().map(Value::Number),
            6 => self.skip(4)?,
            12 => self.skip(8)?,
            8 => Some(Value::Text(self.text()?)),
            9 => {
                self.skip_array(depth)?;
                None
            }
            _ => return Err(Damage::Broken(format!("a value has the unknown type {kind}"))),
        })
    }

    fn skip_array(&mut self, depth: u8) -> Result<(), Damage> {
        if depth >= DEEPEST_ARRAY {
            return Err(Damage::Broken("its arrays are nested too deeply".to_owned()));
        }
        let kind = self.u32()?;
        let count = self.u64()?;
        let each = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 | 9 => {
                if count > self.length {
                    return Err(Damage::Short);
                }
                for _ in 0..count {
                    self.value(kind, depth + 1)?;
                }
                return Ok(());
            }
            _ => return Err(Damage::Broken(format!("an array has the unknown type {kind}"))),
        };
        self.skip(count.checked_mul(each).ok_or(Damage::Short)?).map(drop)
    }

    fn texts(&mut self, kind: u32) -> Result<Vec<String>, Damage> {
        if kind != 9 || self.u32()? != 8 {
            return Err(Damage::Broken("its vocabulary is no list of texts".to_owned()));
        }
        let count = self.u64()?;
        if count.saturating_mul(8) > self.length - self.at {
            return Err(Damage::Short);
        }
        (0..count).map(|_| self.text()).collect()
    }

    fn text(&mut self) -> Result<String, Damage> {
        let length = self.u64()?;
        if length > self.length - self.at {
            return Err(Damage::Short);
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| Damage::Short)?];
        self.input.read_exact(&mut bytes).map_err(short_or_io)?;
        self.at += length;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn skip(&mut self, bytes: u64) -> Result<Option<Value>, Damage> {
        if bytes > self.length - self.at {
            return Err(Damage::Short);
        }
        self.input.seek_relative(i64::try_from(bytes).map_err(|_| Damage::Short)?).map_err(short_or_io)?;
        self.at += bytes;
        Ok(None)
    }

    fn u32(&mut self) -> Result<u32, Damage> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, Damage> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Damage> {
        let mut bytes = [0; COUNT];
        self.input.read_exact(&mut bytes).map_err(short_or_io)?;
        self.at += COUNT as u64;
        Ok(bytes)
    }
}

fn short_or_io(error: std::io::Error) -> Damage {
    if error.kind() == std::io::ErrorKind::UnexpectedEof { Damage::Short } else { Damage::Io(error) }
}

/// Elements in a block of a number format, and bytes that the block takes.
fn block_size(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),
        1 | 30 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
    }

    /// A file with one text, one number, a vocabulary of two tokens and one F32 tensor of 8 elements.
    fn small_file() -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend(4_u64.to_le_bytes());
        bytes.extend([text("general.architecture"), 8_u32.to_le_bytes().to_vec(), text("llama")].concat());
        bytes.extend([text("llama.block_count"), [4_u32, 2].map(u32::to_le_bytes).concat()].concat());
        bytes.extend([text("tokenizer.ggml.eos_token_id"), [4_u32, 1].map(u32::to_le_bytes).concat()].concat());
        bytes.extend([text("tokenizer.ggml.tokens"), [9_u32, 8].map(u32::to_le_bytes).concat()].concat());
        bytes.extend([2_u64.to_le_bytes().to_vec(), text("a"), text("</s>")].concat());
        bytes.extend([text("weight"), 1_u32.to_le_bytes().to_vec(), 8_u64.to_le_bytes().to_vec()].concat());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(32) + 32, 0);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Header, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("model.gguf")).unwrap();
        std::fs::write(&path, bytes).unwrap();
        Header::read(&path)
    }

    #[test]
    fn a_whole_file_tells_what_it_holds() {
        let header = read(&small_file()).unwrap();
        assert_eq!(header.check_architecture().unwrap(), "llama");
        assert_eq!(header.number("llama.block_count"), Some(2));
        assert_eq!(header.token("tokenizer.ggml.eos_token_id"), Some("</s>"));
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused() {
        let whole = small_file();
        for length in 0..whole.len() {
            assert!(matches!(read(&whole[..length]), Err(EngineError::Load(_))), "{length} of {} bytes", whole.len());
        }
    }

    #[test]
    fn another_kind_of_file_is_called_by_its_name() {
        let message = read(b"PK\x03\x04 no model").unwrap_err().to_string();
        assert!(message.contains("is not a GGUF file"), "{message}");
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(at in 0_usize..200, value in any::<u8>()) {
            let mut bytes = small_file();
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
}
