//! The language spoken, found out among those that the model is used for.

use protocol::Language;

use super::slots::{Slot, Slots};
use crate::EngineError;

/// The likeliest of the known languages and its probability among them, from the probabilities of all languages in
/// whisper.cpp's order. `None` when none is known.
pub(crate) fn likeliest(probabilities: &[f32], known: &[Language]) -> Option<(Language, f32)> {
    let of = |language: &Language| {
        let number = whisper_rs::get_lang_id(language.code()).and_then(|number| usize::try_from(number).ok());
        number.and_then(|number| probabilities.get(number)).copied().filter(|probability| probability.is_finite())
    };
    let sum: f32 = known.iter().filter_map(of).sum();
    // The first wins among equals: the model's own order says which is likelier.
    let (best, probability) = known
        .iter()
        .map(|language| (*language, of(language).unwrap_or(0.0)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    Some((best, if sum > 0.0 { probability / sum } else { 1.0 / known.len() as f32 }))
}

/// The language that a request named, if it named one that the model is used for.
///
/// # Errors
/// [`EngineError::Request`] for another one.
pub(crate) fn wanted(language: Option<Language>, known: &[Language]) -> Result<Option<Language>, EngineError> {
    match language {
        Some(language) if !known.contains(&language) => Err(EngineError::request(
            "language",
            format!(
                "this model does not know `{}`; it knows {}",
                language.code(),
                known.iter().map(|known| format!("`{}`", known.code())).collect::<Vec<_>>().join(", ")
            ),
        )),
        Some(language) => Ok(Some(language)),
        // With one language there is nothing to find out.
        None => Ok(<[Language; 1]>::try_from(known).ok().map(|[only]| only)),
    }
}

/// Finds out the language spoken at the beginning of `samples`, and how sure that is.
///
/// # Errors
/// Those of [`Slot::languages`].
pub(crate) fn find_out(slot: &mut Slot, slots: &Slots, samples: &[f32]) -> Result<(Language, f32), EngineError> {
    let probabilities = slot.languages(samples)?;
    likeliest(&probabilities, slots.languages())
        .ok_or_else(|| EngineError::Failed("the model is used for no language".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probabilities(of: &[(&str, f32)]) -> Vec<f32> {
        let mut all = vec![0.0; 100];
        for (code, probability) in of {
            all[usize::try_from(whisper_rs::get_lang_id(code).unwrap()).unwrap()] = *probability;
        }
        all
    }

    #[test]
    fn a_language_that_is_not_served_never_wins() {
        let heard = probabilities(&[("it", 0.7), ("ro", 0.2), ("en", 0.05)]);
        let (language, probability) = likeliest(&heard, &Language::ALL).unwrap();
        assert_eq!(language, Language::Ro);
        assert!((probability - 0.8).abs() < 1e-6);
    }

    #[test]
    fn probabilities_that_are_no_numbers_do_not_decide() {
        let heard = probabilities(&[("ro", f32::NAN), ("hu", 0.3)]);
        assert_eq!(likeliest(&heard, &Language::ALL).unwrap().0, Language::Hu);
        assert_eq!(likeliest(&[], &Language::ALL).unwrap().0, Language::Ro);
        assert_eq!(likeliest(&heard, &[]), None);
    }

    #[test]
    fn another_language_than_the_models_is_refused_by_name() {
        let error = wanted(Some(Language::En), &[Language::Ro, Language::Hu]).unwrap_err().to_string();
        assert!(error.contains("`en`") && error.contains("`ro`, `hu`"), "{error}");
        assert_eq!(wanted(None, &[Language::Hu]).unwrap(), Some(Language::Hu));
        assert_eq!(wanted(None, &Language::ALL).unwrap(), None);
    }
}
