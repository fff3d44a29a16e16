//! How a content becomes an object: a header, then ChaCha20-Poly1305 in chunks (the STREAM construction).
//!
//! The key belongs to one content alone, so it never meets other bytes and the nonce may start at zero. Each chunk's nonce
//! carries its number and whether it is the last one; the header is authenticated with each. The object is opened piece by
//! piece as it arrives: what is not ours ends at its first chunk, however long it claims to be.

use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32, Nonce, StreamBE32};
use chacha20poly1305::aead::{KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use sha2::{Digest, Sha256};

use crate::content::ContentDigest;
use crate::error::Damage;
use crate::keys::ContentKey;

/// Content per chunk.
pub(crate) const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const SEALED_CHUNK: usize = CHUNK + TAG;

const MAGIC: &[u8; 7] = b"SFBLOB\n";
const FORMAT: u8 = 1;
/// What every object begins with: whose it is, and its format.
const HEADER: &[u8; MAGIC.len() + 1] = b"SFBLOB\n\x01";

fn cipher(key: &ContentKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(key.as_slice()))
}

fn nonce() -> Nonce<ChaCha20Poly1305, StreamBE32<ChaCha20Poly1305>> {
    Nonce::<ChaCha20Poly1305, StreamBE32<ChaCha20Poly1305>>::default()
}

/// The object that holds `bytes`. The same bytes under the same key give the same object.
#[expect(clippy::expect_used, reason = "sealing fails beyond 2^32 chunks only, more than memory holds")]
pub(crate) fn seal(key: &ContentKey, bytes: &[u8]) -> Vec<u8> {
    let chunks = bytes.len().div_ceil(CHUNK).max(1);
    let mut object = Vec::with_capacity(HEADER.len() + bytes.len() + chunks * TAG);
    object.extend_from_slice(HEADER);
    let mut encryptor = EncryptorBE32::from_aead(cipher(key), &nonce());
    let (before, last) = bytes.split_at((chunks - 1) * CHUNK);
    for chunk in before.chunks(CHUNK) {
        let sealed = encryptor.encrypt_next(Payload { msg: chunk, aad: HEADER });
        object.extend_from_slice(&sealed.expect("the chunks can be counted"));
    }
    let sealed = encryptor.encrypt_last(Payload { msg: last, aad: HEADER });
    object.extend_from_slice(&sealed.expect("the chunks can be counted"));
    object
}

/// An object that is being opened as it arrives.
pub(crate) struct Opening {
    decryptor: DecryptorBE32<ChaCha20Poly1305>,
    expected: ContentDigest,
    digest: Sha256,
    header_read: bool,
    chunks: u32,
    pending: Vec<u8>,
    content: Vec<u8>,
}

impl Opening {
    /// For the object that holds the content with digest `expected`.
    pub(crate) fn new(key: &ContentKey, expected: ContentDigest) -> Self {
        Self {
            decryptor: DecryptorBE32::from_aead(cipher(key), &nonce()),
            expected,
            digest: Sha256::new(),
            header_read: false,
            chunks: 0,
            pending: Vec::with_capacity(2 * SEALED_CHUNK),
            content: Vec::new(),
        }
    }

    /// Takes the next piece, of any length.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), Damage> {
        self.pending.extend_from_slice(piece);
        self.read_header()?;
        // A whole chunk is opened only when more follows: until then it may be the last one.
        let mut opened = 0;
        while self.header_read && self.pending.len() - opened > SEALED_CHUNK {
            let msg = &self.pending[opened..opened + SEALED_CHUNK];
            let chunk = self.decryptor.decrypt_next(Payload { msg, aad: HEADER });
            let chunk = chunk.map_err(|_| Damage::Chunk(self.chunks))?;
            self.digest.update(&chunk);
            self.content.extend_from_slice(&chunk);
            self.chunks += 1;
            opened += SEALED_CHUNK;
        }
        self.pending.drain(..opened);
        Ok(())
    }

    /// The content, now that there are no more pieces.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Damage> {
        if !self.header_read {
            return Err(Damage::Foreign);
        }
        let chunk = self.decryptor.decrypt_last(Payload { msg: &self.pending, aad: HEADER });
        let chunk = chunk.map_err(|_| Damage::Chunk(self.chunks))?;
        self.digest.update(&chunk);
        self.content.extend_from_slice(&chunk);
        // The key comes from the digest, so this cannot fail; it is what the caller was promised.
        if self.digest.finalize().as_slice() != self.expected.0 {
            return Err(Damage::Digest);
        }
        Ok(self.content)
    }

    fn read_header(&mut self) -> Result<(), Damage> {
        if self.header_read || self.pending.len() < HEADER.len() {
            return Ok(());
        }
        match self.pending.split_at(MAGIC.len()) {
            (magic, _) if magic != MAGIC => return Err(Damage::Foreign),
            (_, rest) if rest[0] != FORMAT => return Err(Damage::Format(rest[0])),
            _ => {}
        }
        self.pending.drain(..HEADER.len());
        self.header_read = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::MasterKey;

    const MASTER: [u8; 32] = [7; 32];

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        seal(&MasterKey::new(MASTER).content_key(&ContentDigest::of(bytes)), bytes)
    }

    /// Opens in pieces of `piece` bytes what should hold `content`.
    fn open(master: [u8; 32], content: &[u8], object: &[u8], piece: usize) -> Result<Vec<u8>, Damage> {
        let digest = ContentDigest::of(content);
        let mut opening = Opening::new(&MasterKey::new(master).content_key(&digest), digest);
        object.chunks(piece).try_for_each(|piece| opening.take(piece))?;
        opening.finish()
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|place| (place % 251).to_le_bytes()[0]).collect()
    }

    /// Lengths around the borders of chunks, where mistakes live.
    fn lengths() -> impl Strategy<Value = usize> {
        prop_oneof![
            0_usize..300,
            (0_usize..4, -20_isize..20).prop_map(|(chunks, off)| (chunks * CHUNK).saturating_add_signed(off)),
        ]
    }

    #[test]
    fn the_header_is_magic_and_format() {
        assert_eq!(HEADER[..MAGIC.len()], *MAGIC);
        assert_eq!(HEADER[MAGIC.len()], FORMAT);
    }

    #[test]
    fn nothing_and_whole_chunks_come_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
            let content = bytes(length);
            let object = sealed(&content);
            let tags = length.div_ceil(CHUNK).max(1) * TAG;
            assert_eq!(object.len(), HEADER.len() + length + tags, "{length}");
            assert_eq!(open(MASTER, &content, &object, SEALED_CHUNK).unwrap(), content, "{length}");
        }
    }

    #[test]
    fn every_single_changed_byte_is_found() {
        let content = bytes(200);
        let object = sealed(&content);
        for place in 0..object.len() {
            let mut changed = object.clone();
            changed[place] ^= 0x10;
            assert!(open(MASTER, &content, &changed, 64).is_err(), "byte {place}");
        }
    }

    #[test]
    fn swapped_repeated_and_missing_chunks_are_found() {
        let content = bytes(3 * CHUNK);
        let object = sealed(&content);
        let chunk = |number: usize| &object[HEADER.len() + number * SEALED_CHUNK..][..SEALED_CHUNK];
        for order in [&[1, 0, 2][..], &[0, 0, 1, 2], &[0, 2], &[0, 1], &[0, 1, 2, 2], &[]] {
            let mut other = HEADER.to_vec();
            order.iter().for_each(|number| other.extend_from_slice(chunk(*number)));
            assert!(matches!(open(MASTER, &content, &other, CHUNK), Err(Damage::Chunk(_))), "{order:?}");
        }
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let content = bytes(100);
        assert_eq!(open([8; 32], &content, &sealed(&content), 64), Err(Damage::Chunk(0)));
    }

    #[test]
    fn a_later_format_and_foreign_bytes_are_told_apart() {
        let mut later = sealed(b"abc");
        later[MAGIC.len()] = 2;
        assert_eq!(open(MASTER, b"abc", &later, 64), Err(Damage::Format(2)));
        assert_eq!(open(MASTER, b"abc", b"<html>not an object</html>", 64), Err(Damage::Foreign));
        assert_eq!(open(MASTER, b"abc", b"", 64), Err(Damage::Foreign));
    }

    #[test]
    fn what_is_not_ours_ends_at_its_first_chunk() {
        let digest = ContentDigest::of(b"");
        let mut opening = Opening::new(&MasterKey::new(MASTER).content_key(&digest), digest);
        opening.take(HEADER).unwrap();
        let endless = std::iter::repeat_n([0; 4096], 1 << 20);
        let taken = endless.map(|piece| opening.take(&piece)).take_while(Result::is_ok).count();
        assert!(taken <= SEALED_CHUNK / 4096 + 1, "{taken} pieces of 4096 bytes");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn any_length_comes_back_in_any_pieces(length in lengths(), piece in 1_usize..100_000) {
            let content = bytes(length);
            // Tiny pieces of large contents only take long.
            let piece = piece.max(length / 500);
            prop_assert_eq!(open(MASTER, &content, &sealed(&content), piece).unwrap(), content);
        }

        #[test]
        fn any_changed_bit_is_found(length in lengths(), place: prop::sample::Index, bit in 0..8_u8) {
            let content = bytes(length);
            let mut object = sealed(&content);
            let place = place.index(object.len());
            object[place] ^= 1 << bit;
            prop_assert!(open(MASTER, &content, &object, CHUNK).is_err());
        }

        #[test]
        fn any_cut_and_any_addition_is_found(length in lengths(), place: prop::sample::Index, more in 1_usize..100) {
            let content = bytes(length);
            let mut object = sealed(&content);
            prop_assert!(open(MASTER, &content, &object[..place.index(object.len())], CHUNK).is_err());
            object.extend(std::iter::repeat_n(0, more));
            prop_assert!(open(MASTER, &content, &object, CHUNK).is_err());
        }

        #[test]
        fn no_bytes_panic(mut object in prop::collection::vec(any::<u8>(), 0..300), ours: bool) {
            if ours {
                object.splice(0..0, *HEADER);
            }
            prop_assert!(open(MASTER, b"x", &object, 50).is_err());
        }
    }
}
