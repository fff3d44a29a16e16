//! Messages.
pub(crate) mod params;
