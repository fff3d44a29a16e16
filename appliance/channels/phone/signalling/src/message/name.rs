//! Names of headers: the known ones with their compact forms, and any other.

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Known(Known),
    /// Any other, in small letters; written as it came is of no use, for names compare without case.
    Other(Box<str>),
}

macro_rules! names {
    ($($variant:ident = $text:literal $(/ $short:literal)?),* $(,)?) => {
        /// The headers that are read or written here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Known { $($variant),* }

        impl Known {
            /// As it is written.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            fn find(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($text) $(|| name.eq_ignore_ascii_case($short))? {
                    return Some(Self::$variant);
                })*
                None
            }
        }
    };
}

names! {
    Via = "Via" / "v", From = "From" / "f", To = "To" / "t", CallId = "Call-ID" / "i", CSeq = "CSeq",
    MaxForwards = "Max-Forwards", Contact = "Contact" / "m", Route = "Route", RecordRoute = "Record-Route",
    ContentLength = "Content-Length" / "l", ContentType = "Content-Type" / "c",
    ContentEncoding = "Content-Encoding" / "e", ContentDisposition = "Content-Disposition",
    Accept = "Accept", AcceptEncoding = "Accept-Encoding", AcceptLanguage = "Accept-Language", Allow = "Allow",
    AllowEvents = "Allow-Events" / "u", Supported = "Supported" / "k", Require = "Require",
    ProxyRequire = "Proxy-Require", Unsupported = "Unsupported", Expires = "Expires", MinExpires = "Min-Expires",
    SessionExpires = "Session-Expires" / "x", MinSe = "Min-SE", RSeq = "RSeq", RAck = "RAck", Event = "Event" / "o",
    SubscriptionState = "Subscription-State", ReferTo = "Refer-To" / "r", ReferredBy = "Referred-By" / "b",
    ReferSub = "Refer-Sub", Replaces = "Replaces", Reason = "Reason", RetryAfter = "Retry-After", Warning = "Warning",
    Authorization = "Authorization", WwwAuthenticate = "WWW-Authenticate", ProxyAuthorization = "Proxy-Authorization",
    ProxyAuthenticate = "Proxy-Authenticate", AuthenticationInfo = "Authentication-Info",
    PAssertedIdentity = "P-Asserted-Identity", Privacy = "Privacy", Diversion = "Diversion",
    HistoryInfo = "History-Info", Path = "Path", ServiceRoute = "Service-Route", UserAgent = "User-Agent",
    Server = "Server", Timestamp = "Timestamp", RecvInfo = "Recv-Info", InfoPackage = "Info-Package",
}

impl Name {
    /// The name that a text means.
    pub(crate) fn parse(text: &str) -> Self {
        Known::find(text).map_or_else(|| Self::Other(text.to_ascii_lowercase().into()), Self::Known)
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Known(known) => known.text(),
            Self::Other(text) => text,
        }
    }
}

impl From<Known> for Name {
    fn from(known: Known) -> Self {
        Self::Known(known)
    }
}
