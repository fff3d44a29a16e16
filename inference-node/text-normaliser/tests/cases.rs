//! What is read aloud, by example: `tests/cases/*.tsv` hold a text and its reading on each line, under headings.

use std::fmt::Write as _;

use text_normaliser::{Language, normalise};

const FILES: [(Language, &str, &str); 3] = [
    (Language::Romanian, "ro", include_str!("cases/ro.tsv")),
    (Language::Hungarian, "hu", include_str!("cases/hu.tsv")),
    (Language::English, "en", include_str!("cases/en.tsv")),
];

/// Number of the line, text (`\n` stands for a line end), reading.
fn cases(file: &str) -> impl Iterator<Item = (usize, String, String)> {
    file.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("# ")).map(|(number, line)| {
        let (text, reading) = line.split_once('\t').unwrap_or((line, "a tabulator is missing"));
        (number + 1, text.replace("\\n", "\n"), reading.replace("\\n", "\n"))
    })
}

#[test]
fn every_case_is_read_as_written_in_its_file() {
    let mut report = String::new();
    let mut failures = 0;
    for (language, name, file) in FILES {
        for (number, text, reading) in cases(file) {
            let said = normalise(&text, language);
            if said != reading {
                failures += 1;
                let _ = writeln!(
                    report,
                    "{name}.tsv:{number}\n  text      {text}\n  expected  {reading}\n  said      {said}"
                );
            }
        }
    }
    assert!(failures == 0, "{failures} readings differ:\n{report}");
}

#[test]
fn what_has_been_read_is_not_changed_by_a_second_reading() {
    let mut report = String::new();
    for (language, name, file) in FILES {
        for (number, _, reading) in cases(file) {
            let again = normalise(&reading, language);
            if again != reading {
                let _ = writeln!(report, "{name}.tsv:{number}\n  once   {reading}\n  twice  {again}");
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn there_are_at_least_150_cases_in_each_language() {
    for (_, name, file) in FILES {
        let count = cases(file).count();
        assert!(count >= 150, "{name}.tsv holds {count} cases");
    }
}
