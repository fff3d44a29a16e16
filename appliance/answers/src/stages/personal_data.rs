//! Finds personal data and takes it out of what is searched; the conversation keeps the citizen's words.

use crate::context::{Context, Verdict};
use crate::personal::{PersonalSpan, find_personal_data, replace};
use crate::words::words;

/// Words that only announce what follows: without it they would mislead the search.
const ANNOUNCING: [&str; 40] = [
    "a",
    "am",
    "az",
    "adresa",
    "buletin",
    "card",
    "cheama",
    "cnp",
    "cod",
    "cont",
    "contul",
    "e",
    "email",
    "este",
    "iban",
    "id",
    "is",
    "ma",
    "mail",
    "mea",
    "meu",
    "mobil",
    "my",
    "name",
    "nevem",
    "nr",
    "nume",
    "numar",
    "numarul",
    "numele",
    "numesc",
    "personal",
    "phone",
    "seria",
    "serie",
    "subsemnata",
    "subsemnatul",
    "szam",
    "tel",
    "telefon",
];

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    context.personal = find_personal_data(&context.text);
    if context.personal.is_empty() {
        return Verdict::go_on("none");
    }
    let spans = with_announcements(&context.query, find_personal_data(&context.query));
    let query = replace(&context.query, &spans, |_| " ").into_owned();
    context.set_query(query.trim());
    let mut kinds: Vec<&str> = context.personal.iter().map(|span| span.kind.mark()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Verdict::go_on(format!("kept out of the search: {}", kinds.join(" ")))
}

/// `spans` with the words before each that announce it: `CNP-ul meu este`, `mă numesc`.
fn with_announcements(text: &str, mut spans: Vec<PersonalSpan>) -> Vec<PersonalSpan> {
    let words = words(text);
    let mut free_from = 0;
    for span in &mut spans {
        let before = words.iter().rev().skip_while(|word| word.end > span.start);
        let announcing = before.take_while(|word| {
            word.start >= free_from && (word.folded == "ul" || ANNOUNCING.contains(&word.folded.as_str()))
        });
        span.start = announcing.last().map_or(span.start, |word| word.start);
        free_from = span.end;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_announces_personal_data_is_not_searched_either() {
        let text = "Mă numesc Ion Popescu, CNP-ul meu este 1960229410015, tel 0722 123 456, mi-a expirat buletinul";
        let spans = with_announcements(text, find_personal_data(text));
        assert_eq!(replace(text, &spans, |_| ""), ", , , mi-a expirat buletinul");
    }
}
