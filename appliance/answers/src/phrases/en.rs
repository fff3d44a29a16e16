//! English.

use super::Phrases;

pub(super) const PHRASES: Phrases = Phrases {
    machine_notice: "An automated assistant is answering you. You can ask for a person at any time.",
    greeting: &[
        "Hello. How can I help you?",
        "Welcome back. Please type your question.",
        "I am listening. What would you like to know?",
    ],
    thanks: &[
        "You are welcome. If you have another question, type it here.",
        "I am glad that it helped.",
        "With pleasure. I am here if you need anything else.",
    ],
    goodbye: &[
        "Goodbye. You can come back with a question at any time.",
        "Have a good day.",
        "All the best. The conversation stays here if you return.",
    ],
    acknowledge: &[
        "All right. Would you like to know anything else?",
        "Good. Write to me if you have another question.",
        "Understood. I am here if you need more.",
    ],
    listening: &[
        "Go ahead. Ask in your own words.",
        "Of course. What is it about?",
        "Please tell me. A few words are enough.",
    ],
    small_talk: &[
        "I am a program, so I am always the same. How can I help you?",
        "Thank you for asking. I only know about the institution's services, though. What would you like to know?",
    ],
    robot: &[
        "Yes, I am an automated assistant, not a person. I answer from the institution's checked information and show you \
         the source. If you like, a colleague takes over.",
        "You are talking to a program. You can ask for a person at any moment.",
        "I am a machine. What I do not know goes to a colleague, who answers you in person.",
    ],
    who: &[
        "I am the institution's automated assistant. I tell you what to do, which papers to bring and where to go, and pass \
         on to a colleague what I do not know.",
        "I am a program that answers questions about the institution's services. I am not a person, but I can connect you \
         to one.",
    ],
    capabilities: &[
        "I can tell you how to get a document, what to bring, what it costs, how long it takes and where to go. Each answer \
         shows its source. What I do not know goes to a colleague, with a reference number.",
        "Ask me, for example, what to do when your identity card has expired, how to apply for a passport or how to sign in \
         to the portal.",
    ],
    help: &[
        "I give information about documents, requests and the portal. Say in a few words what you need. If you are in \
         danger, call 112.",
        "Tell me what happened or which document you need. In danger, call 112.",
    ],
    language_switched: &[
        "I will answer in English. What would you like to know?",
        "Certainly, we go on in English. How can I help?",
    ],
    empty: &[
        "I did not receive any words. Please type your question.",
        "The message arrived empty. Say in a few words what you would like to know.",
    ],
    attachment_only: &[
        "I received the file. Please write in a few words what happened or what you would like to know.",
        "The file has arrived and stays with the conversation. What would you like to know about it?",
    ],
    cancelled: &[
        "All right, we stop here. You can ask another question at any time.",
        "We leave that subject. What else can I help you with?",
    ],
    corrected: &[
        "I see, that is not what you meant. Tell me what you would like to know.",
        "All right, let us start again. What is your question?",
    ],
    rephrase: &[
        "Please say in other words what you would like to know. For example, which document you need and what happened.",
        "I did not catch what it is about. Write briefly which document or service you mean.",
        "Try one short sentence, please: what would you like to get done?",
    ],
    choose_one: &["Which of them do you mean? Please choose one.", "Please choose one of the options below."],
    again: &["Once more, in short:", "In other words:", "What matters is this:", "To sum it up:"],
    nothing_to_repeat: &[
        "I have not told you anything yet that I could repeat. What would you like to know?",
        "There is no earlier answer to repeat. Please type your question.",
    ],
    dissatisfied: &[
        "I am sorry that this was of no use. Tell me in other words what you are looking for, or choose to talk to a person.",
        "I see that this is not the answer you need. A colleague can give it to you.",
    ],
    choice_gone: &[
        "I cannot find that option any more. Please write what you would like to know.",
        "The option you chose no longer applies. Say in a few words what you need.",
    ],
    emergency: &[
        "Call 112 now. The call is free from any phone. Say where you are and what is happening. I cannot send help from \
         here.",
        "If the danger goes on, call 112 without waiting any longer. Stay on the line with the operator and give the exact \
         address.",
    ],
    distress: &[
        "I am sorry that you are going through this. You are not alone, and what happens to you matters. If your life is in \
         danger, call 112 now. A colleague takes over this conversation at once.",
        "Thank you for writing. It is worth talking to somebody right now. If you are in danger, call 112. I have called a \
         colleague.",
    ],
    helpline: "You can also call {helpline}.",
    threat: &[
        "Threats are taken seriously and reach a person. If you or somebody else is in danger, call 112.",
        "I have passed the message on to a colleague. If anybody is in danger, call 112.",
    ],
    abuse: &[
        "I understand that you are upset. I will gladly help if you tell me what happened. If you prefer, a person takes \
         over.",
        "I go on when we stay respectful. Tell me what you need, or ask for a person.",
        "I am here for your question. Please tell me what it is about.",
    ],
    injection: &[
        "I only answer questions about the institution's services. What would you like to know?",
        "I cannot help with that. Please ask about documents, requests or the portal.",
    ],
    others_data: &[
        "I cannot say to whom a number, a document or a car belongs. About your own data a colleague can answer.",
        "Other people's data is not given here. If it is about your own data, ask for a person.",
    ],
    clarify: &[
        "To answer you exactly: which of these do you mean?",
        "I found several subjects that are close. Which one is yours?",
        "Which of these is it about?",
    ],
    something_else: "Something else",
    person: "Talk to a person",
    hand_off_requested: &[
        "I am passing you on to a colleague. You can go on writing here.",
        "I have called a colleague. If you like, write meanwhile what it is about.",
    ],
    hand_off_unknown: &[
        "I did not find the answer in the checked information, so your question goes to a colleague.",
        "I do not know the answer and do not want to guess. Your question goes to a colleague.",
    ],
    hand_off_unsure: &[
        "I am not sure enough of the answer, so your question goes to a colleague.",
        "So that you get the right answer, your question goes to a colleague.",
    ],
    hand_off_petition: &[
        "Your complaint goes to a colleague, who receives it. Write here what happened, where and when.",
        "A colleague takes over your petition. Add here all that should be known: facts, place, date.",
    ],
    hand_off_information: &[
        "Your request for public information goes to the colleague in charge. Write here which information you ask for.",
        "A colleague takes over your request for public information. Add here which documents or data you ask for.",
    ],
    hand_off_own_file: &[
        "I have no access to personal files. A colleague checks and answers you.",
        "Only a colleague can see how a file stands. I have passed the question on.",
    ],
    hand_off_incident: &[
        "I have passed the problem on to the colleagues who run the portal. If you have a screenshot of the error, attach \
         it here.",
        "The colleagues who run the portal have received the problem. Write here what the screen shows and at which step.",
    ],
    hand_off_still: &[
        "As it did not work, your question goes to a colleague. Write here what you tried and what you see.",
        "A colleague takes over from here, because the steps did not help. If you can, say what happened.",
    ],
    hand_off_guide: &["A colleague helps you from here.", "A colleague takes the next step together with you."],
    hand_off_failure: &[
        "I could not look for the answer just now. Your question is not lost: it goes to a colleague.",
        "Something went wrong on my side. A colleague takes over your question.",
    ],
    cost: "Cost",
    time: "Time",
    place: "Where",
    papers: "What to bring",
    unknown_cost: "I have no checked cost for “{title}” and do not want to give you a wrong amount. A colleague can answer.",
    unknown_time: "I have no checked term for “{title}”. A colleague can answer.",
    unknown_place: "I have no checked address for “{title}”. A colleague can answer.",
    unknown_papers: "I have no checked list of papers for “{title}”. A colleague can answer.",
    other_language: "This information exists only in {language} so far:",
    languages: ["Romanian", "Hungarian", "English"],
};
