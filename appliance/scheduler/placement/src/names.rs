//! What things are called, so that a model's name never stands where a node's is meant; and sizes as people read them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// A model's name in requests.
    ModelId
}

name! {
    /// A node's name in the cluster.
    NodeName
}

/// A GPU of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its machine.
    pub node: NodeName,
    /// Its number on that machine.
    pub gpu: u32,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} GPU {}", self.node, self.gpu)
    }
}

/// Several GPUs in a row: `a GPU 0, a GPU 1`.
pub(crate) struct Slots<'a>(pub(crate) &'a [Slot]);

impl fmt::Display for Slots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, slot) in self.0.iter().enumerate() {
            write!(f, "{}{slot}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Bytes as people read them: `12.3 GiB`, rounded down so that nobody is promised what is not there.
pub(crate) struct Gib(pub(crate) u64);

impl fmt::Display for Gib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = u128::from(self.0) * 10 / (1 << 30);
        write!(f, "{}.{} GiB", tenths / 10, tenths % 10)
    }
}
