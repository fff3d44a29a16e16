//! Where a call stands, for those who watch it.

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It rings; nothing was said.
    Ringing,
    /// The greeting is being said.
    Greeting,
    /// We wait for the caller.
    Listening,
    /// The caller speaks.
    CallerSpeaks,
    /// The answer is being made.
    Thinking,
    /// We speak.
    Speaking,
    /// A menu, or a value by keys.
    Keypad,
    /// The caller waits for a person.
    Waiting {
        /// His place, once known.
        position: Option<u32>,
    },
    /// A person is being reached.
    Transferring,
    /// A person has the call.
    WithPerson,
    /// It is over.
    Over,
}
