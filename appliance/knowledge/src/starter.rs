//! The starter pack: what a new appliance knows on its first day.

use crate::import::Import;

/// x
pub fn starter() -> &'static Import { todo!() }
