//! The chat's metrics.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Names and explains the metrics.
pub(crate) fn describe() {
    describe_counter!("sfetnic_chat_conversations_total", "Conversations begun");
    describe_counter!("sfetnic_chat_turns_total", "Citizens' turns made durable");
    describe_counter!("sfetnic_chat_answers_total", "Assistant's answers, by outcome");
    describe_histogram!("sfetnic_chat_answer_seconds", Unit::Seconds, "From a durable turn to its durable answer");
    describe_histogram!("sfetnic_chat_receive_seconds", Unit::Seconds, "From a turn's arrival to its durability");
    describe_gauge!("sfetnic_chat_connections", "Live connections of citizens' pages");
    describe_counter!("sfetnic_chat_refused_total", "Requests refused, by reason");
}
