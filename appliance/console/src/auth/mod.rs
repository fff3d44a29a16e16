//! Who is at the console: passwords, sessions, the limits on guessing, and the guard on what other sites send.

pub(crate) mod one_time;
pub(crate) mod origin;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod signed_in;
pub(crate) mod throttle;
