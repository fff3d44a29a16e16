//! The encrypted stream: a header in the clear, then chunks under ChaCha20-Poly1305, each numbered and the last one marked,
//! so that none can be changed, dropped, swapped or cut off unseen. Memory holds one chunk at a time.

use std::io::{self, Read, Write};

use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::aead::{KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};

use super::BackupKey;

const MAGIC: &[u8; 16] = b"sfetnic backup 1";
const HEADER: usize = MAGIC.len() + 32;
const CHUNK: usize = 1024 * 1024;
const TAG: usize = 16;

fn cipher(key: &BackupKey, header: &[u8; HEADER]) -> ChaCha20Poly1305 {
    let mut salt = [0; 32];
    salt.copy_from_slice(&header[MAGIC.len()..]);
    ChaCha20Poly1305::new(Key::from_slice(key.derive(&salt).as_slice()))
}

fn spoiled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the backup does not open")
}

/// Encrypts what is written to it.
pub(super) struct SealedWriter<W: Write> {
    to: W,
    header: [u8; HEADER],
    encryptor: EncryptorBE32<ChaCha20Poly1305>,
    chunk: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    pub(super) fn new(mut to: W, key: &BackupKey) -> io::Result<Self> {
        let mut header = [0; HEADER];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        // With a salt of its own each backup has a key of its own, and the nonce may start at zero.
        header[MAGIC.len()..].copy_from_slice(&rand::random::<[u8; 32]>());
        to.write_all(&header)?;
        let encryptor = EncryptorBE32::from_aead(cipher(key, &header), &[0_u8; 7].into());
        Ok(Self { to, header, encryptor, chunk: Vec::with_capacity(CHUNK) })
    }

    /// Writes the last chunk; without it the file does not open.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let payload = Payload { msg: self.chunk.as_slice(), aad: self.header.as_slice() };
        let sealed = self.encryptor.encrypt_last(payload).map_err(|_| spoiled())?;
        self.to.write_all(&sealed)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk goes out only when more follows: the last one is marked.
        if self.chunk.len() == CHUNK {
            let payload = Payload { msg: self.chunk.as_slice(), aad: self.header.as_slice() };
            let sealed = self.encryptor.encrypt_next(payload).map_err(|_| spoiled())?;
            self.to.write_all(&sealed)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Decrypts what is read from it. A wrong key, a change or a missing end is [`io::ErrorKind::InvalidData`].
pub(super) struct SealedReader<R: Read> {
    from: R,
    header: [u8; HEADER],
    /// `None` after the last chunk.
    decryptor: Option<DecryptorBE32<ChaCha20Poly1305>>,
    /// What was read ahead: whether more follows tells whether a chunk is the last.
    ahead: Vec<u8>,
    chunk: Vec<u8>,
    taken: usize,
}

impl<R: Read> SealedReader<R> {
    /// `None` when it is no backup of this format.
    pub(super) fn new(mut from: R, key: &BackupKey) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER];
        match from.read_exact(&mut header) {
            Ok(()) if header.starts_with(MAGIC) => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => return Ok(None),
        }
        let decryptor = Some(DecryptorBE32::from_aead(cipher(key, &header), &[0_u8; 7].into()));
        let ahead = next_chunk(&mut from)?;
        Ok(Some(Self { from, header, decryptor, ahead, chunk: Vec::new(), taken: 0 }))
    }

    fn advance(&mut self) -> io::Result<()> {
        let Some(mut decryptor) = self.decryptor.take() else {
            return Ok(());
        };
        let sealed = std::mem::take(&mut self.ahead);
        let more = if sealed.len() == CHUNK + TAG { next_chunk(&mut self.from)? } else { Vec::new() };
        let payload = Payload { msg: sealed.as_slice(), aad: self.header.as_slice() };
        self.taken = 0;
        if more.is_empty() {
            self.chunk = decryptor.decrypt_last(payload).map_err(|_| spoiled())?;
        } else {
            self.chunk = decryptor.decrypt_next(payload).map_err(|_| spoiled())?;
            self.ahead = more;
            self.decryptor = Some(decryptor);
        }
        Ok(())
    }
}

fn next_chunk(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK + TAG);
    from.take((CHUNK + TAG) as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() {
            self.chunk.clear();
            self.taken = 0;
            self.advance()?;
        }
        let taken = into.len().min(self.chunk.len() - self.taken);
        into[..taken].copy_from_slice(&self.chunk[self.taken..self.taken + taken]);
        self.taken += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use proptest::prelude::*;

    use super::*;

    static KEY: std::sync::LazyLock<BackupKey> = std::sync::LazyLock::new(key);

    fn key() -> BackupKey {
        let folder = tempfile::tempdir().unwrap();
        BackupKey::make(&Utf8Path::from_path(folder.path()).unwrap().join("key")).unwrap()
    }

    fn seal(key: &BackupKey, bytes: &[u8]) -> Vec<u8> {
        let mut writer = SealedWriter::new(Vec::new(), key).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn open(key: &BackupKey, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        SealedReader::new(sealed, key)?.ok_or_else(spoiled)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn a_stream_of_any_length_comes_back_and_only_with_its_key() {
        let (key, other) = (key(), self::key());
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes: Vec<u8> = (0..length).map(|place| place.to_le_bytes()[0]).collect();
            let sealed = seal(&key, &bytes);
            assert_eq!(open(&key, &sealed).unwrap(), bytes);
            assert!(open(&other, &sealed).is_err());
        }
    }

    #[test]
    fn a_stream_that_was_cut_off_at_a_chunk_does_not_open() {
        let key = key();
        let sealed = seal(&key, &vec![1; 3 * CHUNK]);
        for end in [HEADER, HEADER + CHUNK + TAG, HEADER + 2 * (CHUNK + TAG), sealed.len() - 1] {
            assert!(open(&key, &sealed[..end]).is_err());
        }
        assert!(open(&key, &[sealed.as_slice(), &[0]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn one_changed_bit_is_found(bytes in proptest::collection::vec(any::<u8>(), 0..200), place: usize, bit in 0..8_u8) {
            let mut sealed = seal(&KEY, &bytes);
            let place = place % sealed.len();
            sealed[place] ^= 1 << bit;
            prop_assert!(open(&KEY, &sealed).is_err());
        }
    }
}
