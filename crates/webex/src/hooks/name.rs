//! The names of the bot's webhooks: which of the two it is, and who registered it.

use std::fmt;

/// Tells the processes that use one bot's token apart: eight lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance(String);

impl Instance {
    /// The instance with this number.
    pub fn of(number: u32) -> Self {
        Self(format!("{number:08x}"))
    }

    /// The instance with these digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 8 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the bot's webhooks, recognised by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// New messages that the bot may read.
    Messages,
    /// Card actions on the bot's cards: no other webhook delivers them.
    Cards,
}

impl Hook {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Messages, Self::Cards];

    /// The name without the instance: earlier versions registered it so.
    pub const fn bare_name(self) -> &'static str {
        match self {
            Self::Messages => "readback messages",
            Self::Cards => "readback cards",
        }
    }

    /// The name by which an instance of the bot recognises its own webhook.
    pub fn name(self, instance: &Instance) -> String {
        format!("{} {instance}", self.bare_name())
    }

    /// Who registered a webhook under a name of this one; `None` if it is of another program.
    pub(super) fn registrant(self, name: &str) -> Option<Registrant> {
        match name.strip_prefix(self.bare_name())?.strip_prefix(' ') {
            Some(instance) => Instance::parse(instance).map(Registrant::Instance),
            None => (name == self.bare_name()).then_some(Registrant::Unnamed),
        }
    }

    /// The resource it watches.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Cards => "attachmentActions",
        }
    }
}

/// The readback that registered a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Registrant {
    /// An earlier version, whose names hold no instance.
    Unnamed,
    /// This instance.
    Instance(Instance),
}
