//! Values that must be exact.

/// What kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The personal number of Romanian citizens.
    Cnp,
    /// A case reference.
    Reference,
    /// A telephone number.
    Phone,
    /// A date.
    Date,
    /// Digits of any meaning.
    Digits,
}
