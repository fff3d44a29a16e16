//! Samples as bytes: a minute of sound crosses a socket in a millisecond instead of one number at a time.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

/// A number with a fixed width in bytes, the lowest first.
pub(crate) trait Sample: Copy {
    /// Bytes of one.
    const WIDTH: usize;
    /// Appends its bytes.
    fn put(self, bytes: &mut Vec<u8>);
    /// From exactly [`Self::WIDTH`] bytes.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! sample {
    ($kind:ty) => {
        impl Sample for $kind {
            const WIDTH: usize = size_of::<$kind>();
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$kind>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }
        }
    };
}
sample!(f32);
sample!(i16);

pub(crate) fn serialize<T: Sample, S: Serializer>(samples: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::with_capacity(samples.len() * T::WIDTH);
    for sample in samples {
        sample.put(&mut bytes);
    }
    serializer.serialize_bytes(&bytes)
}

pub(crate) fn deserialize<'de, T: Sample, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct Bytes<T>(PhantomData<T>);
    impl<T: Sample> Visitor<'_> for Bytes<T> {
        type Value = Vec<T>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(to, "samples of {} bytes", T::WIDTH)
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<T>, E> {
            if !bytes.len().is_multiple_of(T::WIDTH) {
                return Err(E::invalid_length(bytes.len(), &self));
            }
            Ok(bytes.chunks_exact(T::WIDTH).map(T::get).collect())
        }
    }
    deserializer.deserialize_bytes(Bytes(PhantomData))
}
