//! The citizen as operators see them: a name if given, addresses with how far each is assured.

use desk::contact::{Address, Channel, Contact};

use crate::texts::Texts;

/// The citizen's panel.
pub(crate) struct ContactView {
    pub(crate) name: String,
    pub(crate) named: bool,
    pub(crate) addresses: Vec<AddressView>,
}

/// One address.
pub(crate) struct AddressView {
    pub(crate) channel: String,
    pub(crate) value: String,
    pub(crate) assurance: String,
}

impl ContactView {
    pub(crate) fn new(contact: &Contact, t: &Texts) -> Self {
        let name = contact.name.clone().filter(|name| !name.trim().is_empty());
        Self {
            named: name.is_some(),
            name: name.unwrap_or_else(|| t.conversation.unnamed.clone()),
            addresses: contact.addresses.iter().map(|address| address_view(address, t)).collect(),
        }
    }
}

fn address_view(address: &Address, t: &Texts) -> AddressView {
    AddressView {
        channel: t.channel(address.channel).to_owned(),
        // A browser's token is a key, not something to read.
        value: match address.channel {
            Channel::Chat => t.conversation.browser.clone(),
            Channel::Email | Channel::Phone => address.value.clone(),
        },
        assurance: t.assurance(address.assurance).to_owned(),
    }
}
