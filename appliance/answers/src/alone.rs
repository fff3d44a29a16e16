//! Questions that belong to no conversation: of an evaluation, or asked at start so that no citizen waits for what is read
//! only once.

use desk::contact::Channel;
use desk::conversation::{Conversation, ConversationState, Owner};
use desk::ids::{ContactId, ConversationId, TurnId};
use desk::language::Language;
use desk::ports::assistant::{Deaf, Question};
use desk::turn::{Author, Content, Turn};
use jiff::Timestamp;

use crate::pipeline::{Answers, Examined};

impl Answers {
    /// One question, as the first turn of a conversation of its own that is kept nowhere.
    pub async fn examine_alone(&self, text: &str, language: Language) -> Examined {
        let now = Timestamp::now();
        let conversation = Conversation {
            id: ConversationId::new(),
            contact: ContactId::new(),
            channel: Channel::Chat,
            language,
            state: ConversationState::Open,
            owner: Owner::Assistant,
            version: 1,
            case: None,
            turns: 1,
            waiting_since: None,
            created_at: now,
            updated_at: now,
        };
        let turn = Turn {
            id: TurnId::new(),
            conversation: conversation.id,
            number: 1,
            author: Author::Citizen,
            language,
            content: Content::text(text),
            heard: None,
            at: now,
        };
        let question = Question { conversation: &conversation, earlier: &[], turn: &turn, now };
        self.examine(question, &Deaf).await
    }

    /// Reads the word lists, the language models and the index's first pages, for which the first question would wait.
    pub async fn warm_up(&self) {
        for (text, language) in
            [("unde mă adresez", Language::Ro), ("hova forduljak", Language::Hu), ("where do I go", Language::En)]
        {
            self.examine_alone(text, language).await;
        }
    }
}
