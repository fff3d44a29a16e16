//! The domain, pure: who asks, who owns a conversation, what becomes a case, by when it is owed, and the ports that the
//! rest implements. No I/O.

pub mod article;
pub mod calendar;
pub mod call;
pub mod call_back;
pub mod case;
pub mod clock;
pub mod contact;
pub mod conversation;
pub mod department;
pub mod guide;
pub mod hours;
pub mod ids;
pub mod journal;
pub mod language;
pub mod operator;
pub mod outcome;
pub mod phone_number;
pub mod ports;
pub mod reception;
pub mod recording;
pub mod reference;
pub mod registry;
pub mod turn;
pub mod watchdog;
