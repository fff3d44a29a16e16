//! Looks through a model file before whisper.cpp reads it.
//!
//! whisper.cpp trusts its files: a length cut off in the middle asks for gigabytes, an exception leaves C++ and ends the
//! process, and a file that lacks the end of its last tensor loads and then babbles. So its structure is walked here first,
//! from the header to the last byte; the weights themselves are skipped.

use std::fs::File;
use std::io::{self, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};

/// `ggml`, the first four bytes of both formats, read as a little-endian number.
const MAGIC: u32 = 0x6767_6d6c;
/// The smallest vocabulary that whisper.cpp has its special tokens in: that of the English models.
const SMALLEST_VOCABULARY: i32 = 51_864;
/// From this vocabulary on a model knows more than English.
const MULTILINGUAL_VOCABULARY: i32 = 51_865;

/// Why a file is not handed to whisper.cpp.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelFileError {
    /// It cannot be read.
    #[error("failed to read `{path}`: {source}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{path}` is not a model for whisper.cpp: {reason}")]
    Foreign {
        /// The file.
        path: Utf8PathBuf,
        /// What is unlike one.
        reason: String,
    },
    /// It ends too early, or goes on after its end.
    #[error("`{path}` is damaged: {reason}; copy or download it again")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// What is missing.
        reason: String,
    },
}

/// What the header of a speech model says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpeechModel {
    /// Whether it knows more than English.
    pub(crate) multilingual: bool,
    /// Steps of 20 ms that the encoder hears at once.
    pub(crate) audio_context: u32,
}

/// Walks through a speech model in whisper.cpp's format.
pub(crate) fn check_speech_model(path: &Utf8Path) -> Result<SpeechModel, ModelFileError> {
    let mut file = Walk::open(path)?;
    file.magic()?;
    let vocabulary = file.number_in("the size of the vocabulary", SMALLEST_VOCABULARY..=100_000)?;
    let audio_context = file.number_in("the length of the audio context", 1..=30_000)?;
    let audio_state = file.number_in("the width of the encoder", 1..=16_384)?;
    let audio_heads = file.number_in("the number of the encoder's heads", 1..=256)?;
    let audio_layers = file.number_in("the number of the encoder's layers", 1..=256)?;
    file.number_in("the length of the text context", 8..=100_000)?;
    let text_state = file.number_in("the width of the decoder", 1..=16_384)?;
    let text_heads = file.number_in("the number of the decoder's heads", 1..=256)?;
    let text_layers = file.number_in("the number of the decoder's layers", 1..=256)?;
    let mels = file.number_in("the number of mel bands", 1..=1_024)?;
    file.number_in("the number format", 0..=9_999)?;
    if audio_state != text_state || audio_state % audio_heads != 0 || text_state % text_heads != 0 {
        return Err(file.foreign("the widths of encoder, decoder and heads do not go together"));
    }

    let filter_mels = file.number_in("the number of mel filters", 1..=1_024)?;
    let filter_bins = file.number_in("the width of mel filters", 1..=4_096)?;
    if filter_mels != mels {
        return Err(file.foreign("mel filters and mel bands differ in number"));
    }
    file.skip(filter_mels as u64 * filter_bins as u64 * 4, "the mel filters")?;

    let words = file.number_in("the number of words", 1..=vocabulary)?;
    for _ in 0..words {
        let length = file.number_in("the length of a word", 0..=4_096)?;
        file.skip(length as u64, "the vocabulary")?;
    }

    // 11 tensors at the ends of encoder and decoder, 15 in a layer of the encoder, 24 in one of the decoder.
    file.tensors(11 + 15 * audio_layers as u64 + 24 * text_layers as u64)?;
    Ok(SpeechModel { multilingual: vocabulary >= MULTILINGUAL_VOCABULARY, audio_context: audio_context.unsigned_abs() })
}

/// Walks through a Silero voice activity model in whisper.cpp's format.
pub(crate) fn check_voice_activity_model(path: &Utf8Path) -> Result<(), ModelFileError> {
    let mut file = Walk::open(path)?;
    file.magic()?;
    let name = file.number_in("the length of its name", 1..=256)?;
    file.skip(name as u64, "its name")?;
    for part in ["the major version", "the minor version", "the patch version"] {
        file.number_in(part, 0..=1_000_000)?;
    }
    file.number_in("the window", 512..=512)?;
    file.number_in("the context", 0..=512)?;
    // whisper.cpp's graph has these four layers, whatever the header says.
    let layers = file.number_in("the number of the encoder's layers", 4..=4)?;
    for _ in 0..layers {
        for part in ["a layer's inputs", "a layer's outputs", "a layer's kernel"] {
            file.number_in(part, 1..=4_096)?;
        }
    }
    for part in ["the LSTM's inputs", "the LSTM's cells", "the last layer's inputs", "the last layer's outputs"] {
        file.number_in(part, 1..=4_096)?;
    }
    file.tensors(1 + 2 * 4 + 4 + 2)
}

/// Reads a file from its beginning to its end and knows how much is left.
struct Walk<'a> {
    path: &'a Utf8Path,
    file: BufReader<File>,
    left: u64,
}

impl<'a> Walk<'a> {
    fn open(path: &'a Utf8Path) -> Result<Self, ModelFileError> {
        let failed = |source| ModelFileError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let left = file.metadata().map_err(failed)?.len();
        Ok(Self { path, file: BufReader::new(file), left })
    }

    fn foreign(&self, reason: impl Into<String>) -> ModelFileError {
        ModelFileError::Foreign { path: self.path.to_owned(), reason: reason.into() }
    }

    fn damaged(&self, reason: impl Into<String>) -> ModelFileError {
        ModelFileError::Damaged { path: self.path.to_owned(), reason: reason.into() }
    }

    fn take(&mut self, bytes: u64, what: &str) -> Result<(), ModelFileError> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| self.damaged(format!("it ends within {what}, {} bytes too early", bytes - self.left)))?;
        Ok(())
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Result<(), ModelFileError> {
        self.take(bytes, what)?;
        let step = i64::try_from(bytes).map_err(|_| self.damaged(format!("{what} would be endless")))?;
        self.file.seek_relative(step).map_err(|source| ModelFileError::Read { path: self.path.to_owned(), source })
    }

    fn number(&mut self, what: &str) -> Result<i32, ModelFileError> {
        self.take(4, what)?;
        let mut bytes = [0; 4];
        self.file
            .read_exact(&mut bytes)
            .map_err(|source| ModelFileError::Read { path: self.path.to_owned(), source })?;
        Ok(i32::from_le_bytes(bytes))
    }

    fn number_in(&mut self, what: &str, plausible: std::ops::RangeInclusive<i32>) -> Result<i32, ModelFileError> {
        let number = self.number(what)?;
        if plausible.contains(&number) { Ok(number) } else { Err(self.foreign(format!("{what} would be {number}"))) }
    }

    fn magic(&mut self) -> Result<(), ModelFileError> {
        let magic = self.number("its first four bytes")?.cast_unsigned();
        match &magic.to_le_bytes() {
            _ if magic == MAGIC => Ok(()),
            b"GGUF" => Err(self.foreign("it is a GGUF file; whisper.cpp reads the older `ggml` files (`ggml-….bin`)")),
            b"PK\x03\x04" => Err(self.foreign("it is a PyTorch file; convert it with whisper.cpp's scripts")),
            _ => Err(self.foreign("it does not begin with `ggml`'s mark")),
        }
    }

    /// Tensors up to the end of the file: dimensions, length of the name, number format, shape, name, numbers.
    fn tensors(&mut self, expected: u64) -> Result<(), ModelFileError> {
        for seen in 0..expected {
            if self.left == 0 {
                return Err(self.damaged(format!("it ends after {seen} of {expected} tensors")));
            }
            let dimensions = self.number_in("a tensor's dimensions", 1..=4)?;
            let name = self.number_in("the length of a tensor's name", 1..=256)?;
            let format = self.number("a tensor's number format")?;
            let (block, bytes) =
                block_of(format).ok_or_else(|| self.foreign(format!("a tensor has the number format {format}")))?;
            let mut numbers = 1_u64;
            for _ in 0..dimensions {
                numbers *= self.number_in("a tensor's length", 1..=1 << 20)?.unsigned_abs() as u64;
                if numbers > 1 << 34 {
                    return Err(self.foreign("a tensor is larger than any model"));
                }
            }
            self.skip(name as u64, "a tensor's name")?;
            self.skip(numbers / block * bytes, "a tensor")?;
        }
        if self.left > 0 {
            return Err(self.damaged(format!("{} bytes follow its last tensor", self.left)));
        }
        Ok(())
    }
}

/// Numbers in a block and bytes that it takes, for the number formats in which speech models come (`ggml.h`).
fn block_of(format: i32) -> Option<(u64, u64)> {
    Some(match format {
        0 => (1, 4),      // 32-bit floats
        1 => (1, 2),      // 16-bit floats
        2 => (32, 18),    // q4_0
        3 => (32, 20),    // q4_1
        6 => (32, 22),    // q5_0
        7 => (32, 24),    // q5_1
        8 => (32, 34),    // q8_0
        10 => (256, 84),  // q2_k
        11 => (256, 110), // q3_k
        12 => (256, 144), // q4_k
        13 => (256, 176), // q5_k
        14 => (256, 210), // q6_k
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// A file as whisper.cpp writes it, with one layer each and two words.
    fn smallest() -> Vec<u8> {
        let mut numbers = vec![MAGIC.cast_signed()];
        numbers.extend([51_865, 512, 4, 1, 1, 64, 4, 1, 1, 2, 1]);
        numbers.extend([2, 3]);
        let mut file: Vec<u8> = numbers.iter().flat_map(|number: &i32| number.to_le_bytes()).collect();
        file.extend([0; 2 * 3 * 4]);
        file.extend(2_i32.to_le_bytes());
        for word in ["da", "nu"] {
            file.extend(2_i32.to_le_bytes());
            file.extend(word.bytes());
        }
        for _ in 0..11 + 15 + 24 {
            for number in [2, 1, 1, 3, 2] {
                file.extend(i32::to_le_bytes(number));
            }
            file.extend(b"x");
            file.extend([0; 3 * 2 * 2]);
        }
        file
    }

    fn check(bytes: &[u8]) -> Result<SpeechModel, ModelFileError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        check_speech_model(Utf8Path::from_path(file.path()).unwrap())
    }

    #[test]
    fn a_whole_file_passes() {
        assert_eq!(check(&smallest()).unwrap(), SpeechModel { multilingual: true, audio_context: 512 });
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = check_speech_model(Utf8Path::new("/no/such/model.bin")).unwrap_err().to_string();
        assert!(error.contains("/no/such/model.bin"), "{error}");
    }

    #[test]
    fn other_formats_are_called_by_their_names() {
        assert!(check(b"GGUF\x03\0\0\0").unwrap_err().to_string().contains("GGUF"));
        assert!(check(b"PK\x03\x04aaaa").unwrap_err().to_string().contains("PyTorch"));
        assert!(check(b"<!DOCTYPE html>").unwrap_err().to_string().contains("mark"));
        assert!(matches!(check(b""), Err(ModelFileError::Damaged { .. })));
    }

    #[test]
    fn bytes_after_the_end_are_damage() {
        let mut file = smallest();
        file.push(0);
        assert!(matches!(check(&file), Err(ModelFileError::Damaged { .. })));
    }

    proptest! {
        #[test]
        fn a_file_cut_anywhere_is_refused(cut in 0..smallest().len()) {
            prop_assert!(check(&smallest()[..cut]).is_err());
        }

        #[test]
        fn a_changed_byte_never_panics(at in 0..smallest().len(), to in any::<u8>()) {
            let mut file = smallest();
            file[at] = to;
            let _ = check(&file);
        }
    }
}
