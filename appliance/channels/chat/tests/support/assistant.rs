//! A small assistant: knows one article, greets, and gives the rest to a person.

use std::time::Duration;

use async_trait::async_trait;
use desk::article::{ArticleId, Facts};
use desk::case::{CaseKind, Priority};
use desk::ids::DepartmentId;
use desk::language::{Language, Localized};
use desk::outcome::{Answer, Choice, ChoiceTarget, HandOff, HandOffReason, Outcome, Quote, Reply};
use desk::ports::assistant::{Assistant, Listener, Question};
use jiff::civil::date;

/// Answers one question, sentence by sentence.
pub struct Clerk {
    /// How long each sentence takes.
    pub pace: Duration,
}

pub fn facts() -> Facts {
    Facts {
        bring: vec!["actul de identitate expirat".to_owned(), "certificatul de naștere, în original".to_owned()],
        cost: Some("Carte de identitate simplă: 40 lei (40 de RON).".to_owned()),
        time: None,
        r#where: Some("La orice serviciu public de evidență a persoanelor.".to_owned()),
    }
}

fn local(ro: &'static str, hu: &'static str, en: &'static str) -> Localized<&'static str> {
    Localized { ro, hu, en }
}

impl Clerk {
    fn outcome(text: &str, language: Language) -> Outcome {
        let said = |localized: Localized<&'static str>| (*localized.get(language)).to_owned();
        let choice = |label: Localized<&'static str>| Choice {
            label: said(label),
            target: ChoiceTarget::Article { id: ArticleId("carte-de-identitate-expirata".to_owned()) },
        };
        let choices = vec![
            choice(local("Carte electronică", "Elektronikus igazolvány", "Electronic card")),
            choice(local("Carte simplă", "Egyszerű igazolvány", "Simple card")),
        ];
        if ["expirat", "lejárt", "expired", "electronic", "simpl", "egyszerű", "elektronikus"]
            .iter()
            .any(|word| text.contains(word))
        {
            return Outcome::Answer(Answer {
                text: said(local(
                    "Dacă v-a expirat buletinul, cereți cât mai repede un act nou la serviciul public de evidență a persoanelor. \
                     Puteți alege **cartea electronică** de identitate, cu programare online, sau cartea simplă.",
                    "Ha lejárt a személyi igazolványa, kérjen mielőbb újat a személynyilvántartó szolgálatnál. Választhatja az \
                     **elektronikus** vagy az egyszerű igazolványt.",
                    "If your identity card has expired, ask for a new one at the public service for identity records as soon as \
                     you can. You can choose the **electronic** or the simple card.",
                )),
                facts: facts(),
                quotes: vec![Quote {
                    article: ArticleId("carte-de-identitate-expirata".to_owned()),
                    language,
                    version: 1,
                    title: said(local(
                        "Carte de identitate expirată",
                        "Lejárt személyi igazolvány",
                        "Expired identity card",
                    )),
                    institution: "Direcția Generală pentru Evidența Persoanelor".to_owned(),
                    url: Some("https://carteadeidentitate.gov.ro/?p=139".to_owned()),
                    valid_from: Some(date(2026, 1, 1)),
                    checked_on: Some(date(2026, 11, 21)),
                    unconfirmed: true,
                    excerpt: "cereți cât mai repede un act nou".to_owned(),
                }],
                choices,
                guide: None,
                confidence: 0.97,
                generated: false,
            });
        }
        if ["bună", "szia", "hello"].iter().any(|word| text.starts_with(word)) {
            return Outcome::Remark {
                text: said(local(
                    "Bună ziua. Sunt asistentul automat al instituției. Ce doriți să aflați?",
                    "Jó napot. Az intézmény gépi asszisztense vagyok. Mit szeretne megtudni?",
                    "Hello. I am the institution's automatic assistant. What do you want to know?",
                )),
                choices,
            };
        }
        let petition = text.contains("petiție");
        Outcome::HandOff(HandOff {
            reason: HandOffReason::NotInKnowledge,
            department: DepartmentId::from("evidenta-persoanelor"),
            case_kind: if petition { CaseKind::Petition } else { CaseKind::Question },
            priority: Priority::Normal,
            notice: said(local(
                "Nu am găsit răspunsul în informațiile verificate. Am trimis întrebarea unui coleg.",
                "Az ellenőrzött információk között nem találtam választ. A kérdést továbbítottam egy kollégának.",
                "I did not find the answer in the verified information. I passed your question to a colleague.",
            )),
        })
    }
}

#[async_trait]
impl Assistant for Clerk {
    async fn reply(&self, question: Question<'_>, listener: &dyn Listener) -> Reply {
        let language = question.conversation.language;
        let outcome = Self::outcome(&question.turn.content.text.to_lowercase(), language);
        if !self.pace.is_zero() {
            for sentence in outcome.text().split_inclusive(". ") {
                tokio::time::sleep(self.pace).await;
                listener.hear(sentence.trim());
            }
            tokio::time::sleep(self.pace).await;
        }
        Reply { outcome, language, trace: Vec::new() }
    }
}
