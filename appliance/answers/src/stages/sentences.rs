//! Which sentences of a longer message are its question: a greeting, a name and a story around it say nothing of the subject
//! and would only lower the confidence.

use crate::lexicon::Lexicon;
use crate::words::words;

/// Parts looked at, at most.
const MOST: usize = 4;

/// The parts of `query` that may be what is asked; none for a message of one sentence.
pub(crate) fn parts(query: &str) -> Vec<String> {
    let lexicon = Lexicon::get();
    let sentences: Vec<(&str, bool, bool)> = knowledge::split_sentences(query)
        .into_iter()
        .map(|sentence| {
            let words = words(sentence);
            let asks = sentence.contains('?') || lexicon.procedure.at(&words, 0).is_some();
            (sentence, asks, lexicon.content(&words).next().is_some())
        })
        .collect();
    if sentences.len() < 2 {
        return Vec::new();
    }
    let mut parts = Vec::new();
    for (at, &(sentence, _, tells)) in sentences.iter().enumerate().filter(|(_, (_, asks, _))| *asks) {
        // "What do I do?" asks about the sentence before it.
        let before = at.checked_sub(1).map(|before| sentences[before]).filter(|&(_, _, tells)| tells);
        if tells {
            parts.push(sentence.to_owned());
        }
        if let Some((before, ..)) = before {
            parts.push(if tells { format!("{before} {sentence}") } else { before.to_owned() });
        }
    }
    if parts.is_empty() {
        parts.extend(sentences.iter().filter(|(_, _, tells)| *tells).map(|(sentence, ..)| (*sentence).to_owned()));
    }
    let mut seen = std::collections::HashSet::new();
    parts.retain(|part| seen.insert(part.clone()));
    parts.truncate(MOST);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_found_among_greetings_and_stories() {
        assert_eq!(parts("mi-a expirat buletinul ce fac"), Vec::<String>::new());
        assert_eq!(
            parts("Bună ziua, sunt Ana. Buletinul meu e expirat. Ce trebuie să fac? Mulțumesc."),
            ["Buletinul meu e expirat."]
        );
        assert_eq!(
            parts("Elveszett az útlevelem. Mennyibe kerül az új útlevél?"),
            ["Mennyibe kerül az új útlevél?", "Elveszett az útlevelem. Mennyibe kerül az új útlevél?"]
        );
    }
}
