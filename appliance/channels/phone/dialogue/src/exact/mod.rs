//! Values that must be exact: said or keyed, checked by their own rule, read back and confirmed.

mod dates;
mod entry;
mod numerals;
mod value;
mod yes_no;

pub use entry::{Entry, Next};
pub(crate) use numerals::digits;
pub use value::{Kind, Problem, Value, value};
pub use yes_no::yes_or_no;
