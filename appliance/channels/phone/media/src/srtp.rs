//! SRTP and SRTCP of one line (RFC 3711, RFC 7714), over `rtc-srtp`.
//!
//! Three things are added to the library: replay protection is always on; control packets that say that they are not
//! encrypted are refused, for the library takes them as they are, without authentication; and a packet of an unknown source
//! is tried in a context of its own first. The library keeps a state for every source it ever saw, authentic or not, so that
//! a stranger could fill the memory by sending packets with ever new SSRCs.

use bytes::BytesMut;
use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use crate::sdp::crypto::{Key, Suite};

/// Packets that may overtake each other and still be told from a replay.
const WINDOW: usize = 128;
/// Authentic sources that are remembered, and strangers that are tried, before a context is made anew.
const SOURCES: usize = 16;

/// The flag beside a control packet's index that says that it is encrypted (RFC 3711 §3.4).
const ENCRYPTED: u32 = 1 << 31;

/// Keys that make no context, or a packet that is not authentic, replayed or broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SrtpError {
    #[error("the SRTP key does not fit its suite")]
    Key,
    #[error("the packet is not authentic, replayed or broken")]
    Refused,
}

/// Encrypts what one line sends.
pub(crate) struct Sealer {
    context: Context,
}

impl Sealer {
    pub(crate) fn new(suite: Suite, key: &Key) -> Result<Self, SrtpError> {
        Ok(Self { context: context(suite, key)? })
    }

    pub(crate) fn rtp(&mut self, plain: &[u8]) -> Result<BytesMut, SrtpError> {
        self.context.encrypt_rtp(plain).map_err(|_| SrtpError::Refused)
    }

    pub(crate) fn rtcp(&mut self, plain: &[u8]) -> Result<BytesMut, SrtpError> {
        self.context.encrypt_rtcp(plain).map_err(|_| SrtpError::Refused)
    }
}

/// Decrypts what one line receives.
pub(crate) struct Opener {
    suite: Suite,
    key: Key,
    known: Context,
    sources: Vec<u32>,
    stranger: Context,
    strangers: usize,
}

impl Opener {
    pub(crate) fn new(suite: Suite, key: Key) -> Result<Self, SrtpError> {
        let (known, stranger) = (context(suite, &key)?, context(suite, &key)?);
        Ok(Self { suite, key, known, sources: Vec::new(), stranger, strangers: 0 })
    }

    pub(crate) fn rtp(&mut self, sealed: &[u8]) -> Result<BytesMut, SrtpError> {
        let ssrc = word(sealed, 8)?;
        if !self.sources.contains(&ssrc) {
            let tried = self.stranger.decrypt_rtp(sealed);
            self.judged(ssrc, tried.is_ok())?;
        }
        self.known.decrypt_rtp(sealed).map_err(|_| SrtpError::Refused)
    }

    pub(crate) fn rtcp(&mut self, sealed: &[u8]) -> Result<BytesMut, SrtpError> {
        let ssrc = word(sealed, 4)?;
        let index = sealed.len().checked_sub(self.suite.control_tag_bytes() + 4).ok_or(SrtpError::Refused)?;
        if word(sealed, index)? & ENCRYPTED == 0 {
            return Err(SrtpError::Refused);
        }
        if !self.sources.contains(&ssrc) {
            let tried = self.stranger.decrypt_rtcp(sealed);
            self.judged(ssrc, tried.is_ok())?;
        }
        self.known.decrypt_rtcp(sealed).map_err(|_| SrtpError::Refused)
    }

    /// A stranger's first authentic packet makes it known.
    fn judged(&mut self, ssrc: u32, authentic: bool) -> Result<(), SrtpError> {
        self.strangers += 1;
        if self.strangers > SOURCES {
            self.stranger = context(self.suite, &self.key)?;
            self.strangers = 0;
        }
        if !authentic {
            return Err(SrtpError::Refused);
        }
        if self.sources.len() == SOURCES {
            self.sources.clear();
            self.known = context(self.suite, &self.key)?;
        }
        self.sources.push(ssrc);
        Ok(())
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u32, SrtpError> {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).ok_or(SrtpError::Refused)?;
    Ok(u32::from_be_bytes(word))
}

fn context(suite: Suite, key: &Key) -> Result<Context, SrtpError> {
    let profile = match suite {
        Suite::AesCm128HmacSha1With80 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::AesCm128HmacSha1With32 => ProtectionProfile::Aes128CmHmacSha1_32,
        Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        Suite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
    };
    let (master, salt) = key.bytes().split_at_checked(suite.key_bytes()).ok_or(SrtpError::Key)?;
    let provider = default_provider().map_err(|_| SrtpError::Key)?;
    Context::new(
        master,
        salt,
        profile,
        Some(srtp_replay_protection(WINDOW)),
        Some(srtcp_replay_protection(WINDOW)),
        provider.crypto(),
    )
    .map_err(|_| SrtpError::Key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 8];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(u32::from(sequence).wrapping_mul(160).to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend([0xd5; 160]);
        bytes
    }

    fn pair(suite: Suite) -> (Sealer, Opener) {
        let key = Key::generate(suite);
        (Sealer::new(suite, &key).unwrap(), Opener::new(suite, key).unwrap())
    }

    #[test]
    fn every_suite_opens_what_it_sealed_across_the_roll_over() {
        for suite in Suite::ALL {
            let (mut sealer, mut opener) = pair(suite);
            for index in 65_500_u32..65_700 {
                let plain = packet(index as u16, 7);
                let sealed = sealer.rtp(&plain).unwrap();
                assert_ne!(sealed[12..172], plain[12..172]);
                assert_eq!(opener.rtp(&sealed).unwrap(), plain, "{suite:?} {index}");
            }
        }
    }

    #[test]
    fn a_replayed_packet_is_refused() {
        for suite in Suite::ALL {
            let (mut sealer, mut opener) = pair(suite);
            let sealed = sealer.rtp(&packet(1, 7)).unwrap();
            opener.rtp(&sealed).unwrap();
            assert_eq!(opener.rtp(&sealed), Err(SrtpError::Refused), "{suite:?}");
        }
    }

    #[test]
    fn control_packets_are_opened_once_and_never_taken_in_the_clear() {
        for suite in Suite::ALL {
            let (mut sealer, mut opener) = pair(suite);
            let plain = [0x80, 201, 0, 1, 0, 0, 0, 7];
            let sealed = sealer.rtcp(&plain).unwrap();
            assert_eq!(opener.rtcp(&sealed).unwrap(), plain.as_slice(), "{suite:?}");
            assert_eq!(opener.rtcp(&sealed), Err(SrtpError::Refused), "{suite:?}");
            let mut clear = plain.to_vec();
            clear.extend([0; 40]);
            assert_eq!(opener.rtcp(&clear), Err(SrtpError::Refused), "{suite:?}");
        }
    }

    #[test]
    fn a_changed_byte_or_another_key_is_refused() {
        for suite in Suite::ALL {
            let (mut sealer, mut opener) = pair(suite);
            let mut sealed = sealer.rtp(&packet(1, 7)).unwrap();
            assert_eq!(pair(suite).1.rtp(&sealed), Err(SrtpError::Refused));
            sealed[20] ^= 1;
            assert_eq!(opener.rtp(&sealed), Err(SrtpError::Refused), "{suite:?}");
        }
    }

    #[test]
    fn strangers_leave_no_trace_and_do_not_disturb_the_one_that_is_known() {
        let (mut sealer, mut opener) = pair(Suite::AesCm128HmacSha1With80);
        let mut other = pair(Suite::AesCm128HmacSha1With80).0;
        for index in 0..200_u16 {
            assert!(opener.rtp(&other.rtp(&packet(index, 1_000 + u32::from(index))).unwrap()).is_err());
            assert!(opener.rtp(&sealer.rtp(&packet(index, 7)).unwrap()).is_ok());
        }
        assert_eq!(opener.sources, [7]);
    }

    #[test]
    fn a_change_of_source_is_followed() {
        let (mut sealer, mut opener) = pair(Suite::AeadAes128Gcm);
        for ssrc in 0..100 {
            assert!(opener.rtp(&sealer.rtp(&packet(5, ssrc)).unwrap()).is_ok());
            assert!(opener.sources.len() <= SOURCES);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), which in 0..4_usize) {
            let mut opener = pair(Suite::ALL[which]).1;
            prop_assert!(opener.rtp(&bytes).is_err());
            prop_assert!(opener.rtcp(&bytes).is_err());
        }
    }
}
