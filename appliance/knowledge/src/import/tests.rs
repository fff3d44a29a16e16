//! What holds for every format: nothing that comes in makes the importer fail.

use proptest::prelude::*;

use super::*;

fn settings() -> ImportSettings {
    ImportSettings { language: Some(Language::Ro), state: None }
}

/// One small real file of every kind.
fn real_files() -> Vec<(&'static str, Vec<u8>)> {
    let starter = |path: &str| std::fs::read(format!("{}/starter/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let page = "BT /F1 12 Tf 72 720 Td (Text of the page.) Tj ET";
    vec![
        ("a.md", starter("articles/hu/hub-creare-cont.md")),
        ("a.html", b"<html lang=ro><main><h1>T</h1><ul><li>a<table><tr><th>b<td>c</table></ul><p>d</main>".to_vec()),
        ("a.pdf", pdf::tests::with_pages(&[page])),
        ("a.docx", docx::tests::with_body("<w:p><w:r><w:t>Text &amp; text</w:t></w:r></w:p>")),
        ("a.json", br#"{"data": [{"title": "T", "paragraphs": [{"context": "Text."}]}]}"#.to_vec()),
        ("a.toml", starter("guides/nu-pot-intra-in-cont.toml")),
        ("synonyms.toml", starter("synonyms.toml")),
    ]
}

fn import(name: &str, bytes: &[u8]) -> Import {
    let mut import = Import::default();
    import_file(Utf8Path::new(name), bytes, &settings(), &mut import);
    import
}

#[test]
fn every_kind_of_file_is_taken() {
    for (name, bytes) in real_files() {
        let import = import(name, &bytes);
        assert!(import.report[0].result.is_ok(), "{name}: {:?}", import.report);
    }
}

#[test]
fn what_is_too_large_or_unknown_is_refused() {
    let refused = |name: &str, bytes: &[u8]| import(name, bytes).report.remove(0).result.unwrap_err();
    assert!(matches!(refused("a.md", &vec![b' '; MAX_FILE_BYTES + 1]), Refusal::TooLarge { limit_mib: 20 }));
    assert!(matches!(refused("a.doc", b"x"), Refusal::UnknownKind));
    assert!(matches!(refused("ro.jsonl", b"{}"), Refusal::UnknownKind));
    assert!(matches!(refused("a.md", &[0xfe]), Refusal::NotUtf8));
    assert!(matches!(
        refused("synonyms.toml", "ro = [[\"a\"]]\nhu = []\nen = []".as_bytes()),
        Refusal::SynonymGroup { .. }
    ));
    assert!(matches!(refused("synonyms.toml", b"ro = 1"), Refusal::Toml { line: 1, .. }));
}

#[test]
fn a_list_of_synonyms_is_counted_and_taken_once() {
    let text = "ro = [[\"buletin\", \"carte de identitate\"]]\nhu = []\nen = [[\"car\", \"vehicle\"]]";
    let mut import = import("synonyms.toml", text.as_bytes());
    import_file(Utf8Path::new("b/synonyms.toml"), text.as_bytes(), &settings(), &mut import);
    assert!(matches!(import.report[0].result, Ok(Taken { synonyms: 2, .. })));
    assert!(matches!(import.report[1].result, Err(Refusal::Twice { .. })));
}

#[test]
fn without_settings_the_language_is_guessed_and_reported() {
    let mut import = Import::default();
    let text = "# Szemétszállítás\n\nA háztartási hulladékot minden kedden viszik el a házak elől.";
    import_file(Utf8Path::new("a.md"), text.as_bytes(), &ImportSettings::default(), &mut import);
    assert_eq!(import.contents.articles[0].language, Language::Hu);
    assert!(matches!(import.report[0].notes[..], [Note::LanguageGuessed { language: Language::Hu, .. }]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_make_an_importer_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..7_usize) {
        let name = real_files()[kind].0;
        prop_assert_eq!(import(name, &bytes).report.len(), 1);
    }

    #[test]
    fn no_damage_to_a_real_file_makes_an_importer_fail(
        kind in 0..7_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..12),
    ) {
        let (name, mut bytes) = real_files().remove(kind);
        for (place, byte, how) in damage {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
        }
        prop_assert_eq!(import(name, &bytes).report.len(), 1);
    }

    #[test]
    fn no_text_between_the_fences_makes_the_reader_fail(head in "[a-z=\"\\[\\]0-9\\-{}. \n]{0,80}", body in "\\PC{0,80}") {
        let _ = article_from_markdown("a.md", &format!("+++\n{head}\n+++\n{body}"), &settings());
    }
}
