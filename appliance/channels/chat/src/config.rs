//! How the chat is set up.

use std::net::IpAddr;

use desk::language::Localized;
use serde::{Deserialize, Serialize};

/// How the chat is set up. Every key has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatConfig {
    /// The institution's name, shown on every page.
    pub institution: Localized<String>,
    /// Said first on every page: whom to call in danger.
    pub emergency: Localized<String>,
    /// What becomes of what the citizen writes.
    pub privacy_note: Localized<String>,
    /// Questions offered on an empty page.
    pub suggestions: Localized<Vec<String>>,
    /// Origins (`https://www.primaria.ro`) whose pages may embed the chat.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Host` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether citizens reach the pages over HTTPS: cookies are then sent over it only.
    pub secure_cookies: bool,
    /// Whether `/demo` shows how another site embeds the chat.
    pub demo: bool,
    /// How many questions are answered at the same time; more wait.
    pub answers_at_once: usize,
    /// How much one address or one conversation may ask for.
    pub limits: Limits,
}

/// How much one address or one conversation may ask for. Rates are refilled evenly; bursts may be used at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Conversations that one address may begin.
    pub conversations: Rate,
    /// Turns that one address may send.
    pub turns_per_address: Rate,
    /// Turns that one conversation may hold.
    pub turns_per_conversation: Rate,
    /// Files that one address may upload.
    pub uploads: Rate,
    /// Everything else that one address may ask for.
    pub requests: Rate,
    /// Live connections that one address may hold.
    pub connections_per_address: u32,
    /// The largest file, in bytes.
    pub attachment_bytes: usize,
    /// The most files that a turn may bring.
    pub attachments_per_turn: usize,
    /// Addresses and conversations that are remembered; the longest idle are forgotten first.
    pub remembered: usize,
}

/// So many a minute, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many a minute, on average.
    pub per_minute: u32,
    /// How many at once.
    pub burst: u32,
}

impl Default for Limits {
    /// Generous to a town hall or a library behind one address, tight for one person.
    fn default() -> Self {
        Self {
            conversations: Rate { per_minute: 30, burst: 60 },
            turns_per_address: Rate { per_minute: 240, burst: 120 },
            turns_per_conversation: Rate { per_minute: 20, burst: 10 },
            uploads: Rate { per_minute: 20, burst: 20 },
            requests: Rate { per_minute: 1_200, burst: 600 },
            connections_per_address: 200,
            attachment_bytes: 10 * 1024 * 1024,
            attachments_per_turn: 5,
            remembered: 100_000,
        }
    }
}

fn localized(ro: &str, hu: &str, en: &str) -> Localized<String> {
    Localized { ro: ro.to_owned(), hu: hu.to_owned(), en: en.to_owned() }
}

fn questions(texts: [&str; 3]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

impl Default for ChatConfig {
    fn default() -> Self {
        Self {
            institution: localized(
                "Ministerul Afacerilor Interne",
                "Belügyminisztérium",
                "Ministry of Internal Affairs",
            ),
            emergency: localized(
                "Dacă cineva este în pericol, sunați acum la 112.",
                "Ha valaki veszélyben van, hívja most a 112-t.",
                "If someone is in danger, call 112 now.",
            ),
            privacy_note: localized(
                "Ce scrieți aici este păstrat pentru a vă răspunde și este citit numai de angajații instituției. Nu scrieți date \
                 personale dacă nu vi se cer.",
                "Amit ide ír, azért őrizzük meg, hogy válaszolhassunk Önnek, és csak az intézmény munkatársai olvassák. Ne írjon \
                 személyes adatot, ha nem kérik.",
                "What you write here is kept so that we can answer you, and is read only by the institution's staff. Do not write \
                 personal data unless asked.",
            ),
            suggestions: Localized {
                ro: questions([
                    "Mi-a expirat buletinul. Ce fac?",
                    "Cum fac un pașaport?",
                    "Nu pot intra în contul hub.mai.gov.ro",
                ]),
                hu: questions([
                    "Lejárt a személyi igazolványom. Mit tegyek?",
                    "Hogyan igényelhetek útlevelet?",
                    "Nem tudok belépni a hub.mai.gov.ro fiókomba",
                ]),
                en: questions([
                    "My identity card has expired. What should I do?",
                    "How do I get a passport?",
                    "I cannot sign in to hub.mai.gov.ro",
                ]),
            },
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            secure_cookies: false,
            demo: false,
            answers_at_once: 64,
            limits: Limits::default(),
        }
    }
}
