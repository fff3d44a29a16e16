//! The telephone: calls answered, led by the dialogue, connected to people, recorded, called back.
//!
//! Signalling ([`signalling`]), sound ([`media`]) and the conversation itself ([`dialogue`], pure) are crates of their own; here
//! they meet the desk. A call is one task ([`call`]) that tells the dialogue what happens and does what it wants.

mod arrivals;
mod between;
mod call;
mod call_backs;
mod config;
mod house;
mod live;
mod music;
mod people;
mod phone;
mod places;
mod shelf;
mod texts;
mod waiting;

pub use config::{CallBacksConfig, FullHouse, PeopleConfig, PhoneConfig};
pub use house::PhoneParts;
pub use phone::{Phone, PhoneError};
