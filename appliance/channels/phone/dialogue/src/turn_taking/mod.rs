//! Who speaks when.

/// What the line sounds like, where it is not simply a person who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surroundings {
    /// Nothing in the way.
    Clear,
    /// Steady noise.
    Noise,
    /// Music: the caller has put us on hold.
    Music,
    /// An answering machine or an announcement.
    Machine,
    /// Shouting, or a mouth too near.
    Shouting,
}
