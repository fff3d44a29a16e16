//! A folder and everything below it, in the order of paths, so that two imports of the same files report the same.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Import, ImportSettings, MAX_CORPUS_BYTES, Refusal, import_file};

/// More files than this are a folder chosen by mistake.
const MAX_FILES: usize = 50_000;
/// Deeper than this nobody keeps his articles.
const MAX_DEPTH: usize = 32;

/// The folder itself cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be listed.
    #[error("failed to list `{path}`")]
    List {
        /// The folder.
        path: Utf8PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// It holds too much.
    #[error("`{path}` holds more than {limit} files; name the folder of the articles")]
    TooManyFiles {
        /// The folder.
        path: Utf8PathBuf,
        /// The limit.
        limit: usize,
    },
}

/// One entry of the walk: a file to read, or what cannot be read.
struct Entry {
    path: Utf8PathBuf,
    refusal: Option<Refusal>,
}

/// Reads every file below `folder`, or the one file that it is; hidden files and folders are left out.
///
/// # Errors
/// [`ImportError`] when the folder cannot be listed; a file that cannot be read is only refused.
pub fn import_folder(folder: &Utf8Path, settings: &ImportSettings) -> Result<Import, ImportError> {
    let list = |source| ImportError::List { path: folder.to_owned(), source };
    let mut import = Import::default();
    if fs::metadata(folder).map_err(list)?.is_file() {
        let name = folder.file_name().unwrap_or(folder.as_str());
        take(folder, Utf8Path::new(name), settings, &mut import);
        return Ok(import);
    }
    let root = fs::canonicalize(folder).map_err(list)?;
    let mut entries = Vec::new();
    walk(folder, Utf8Path::new(""), &root, 0, &mut entries).map_err(list)?;
    if entries.len() > MAX_FILES {
        return Err(ImportError::TooManyFiles { path: folder.to_owned(), limit: MAX_FILES });
    }
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    for Entry { path, refusal } in entries {
        match refusal {
            Some(refusal) => import.refuse(&path, refusal),
            None => take(&folder.join(&path), &path, settings, &mut import),
        }
    }
    Ok(import)
}

/// Reads one file, whose size is checked before its bytes are.
fn take(file: &Utf8Path, path: &Utf8Path, settings: &ImportSettings, import: &mut Import) {
    let bytes = fs::metadata(file)
        .and_then(|found| if found.len() > MAX_CORPUS_BYTES as u64 { Ok(None) } else { fs::read(file).map(Some) });
    match bytes {
        Ok(Some(bytes)) => import_file(path, &bytes, settings, import),
        Ok(None) => import.refuse(path, Refusal::TooLarge { limit_mib: MAX_CORPUS_BYTES >> 20 }),
        Err(error) => import.refuse(path, Refusal::Read(Arc::new(error))),
    }
}

fn walk(folder: &Utf8Path, below: &Utf8Path, root: &Path, depth: usize, found: &mut Vec<Entry>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || found.len() > MAX_FILES {
            continue;
        }
        let path = below.join(name.to_string_lossy().as_ref());
        let kind = entry.file_type()?;
        let refusal = if name.to_str().is_none() {
            Some(Refusal::FileName)
        } else if kind.is_dir() && depth < MAX_DEPTH {
            match walk(folder, &path, root, depth + 1, found) {
                Ok(()) => continue,
                Err(error) => Some(Refusal::Read(Arc::new(error))),
            }
        } else if kind.is_file() || kind.is_symlink() && leads_to_file_in(root, &entry.path()) {
            None
        } else {
            Some(if kind.is_symlink() { Refusal::Link } else { Refusal::UnknownKind })
        };
        found.push(Entry { path, refusal });
    }
    Ok(())
}

fn leads_to_file_in(root: &Path, link: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|target| target.starts_with(root) && target.is_file())
}

#[cfg(test)]
mod tests {
    use desk::language::Language;

    use super::*;

    fn settings() -> ImportSettings {
        ImportSettings { language: Some(Language::Ro), state: None }
    }

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        (folder, path)
    }

    #[test]
    fn every_file_is_reported_taken_or_refused_and_hidden_ones_are_left_out() {
        let (_guard, path) = folder();
        fs::create_dir_all(path.join("taxe/.git")).unwrap();
        for (name, text) in [
            ("taxe/clădiri.md", "# Impozit pe clădiri\n\nSe plătește până la 31 martie."),
            ("taxe/.clădiri.md.swp", "x"),
            ("taxe/.git/config.md", "x"),
            ("gol.md", "   "),
            ("poză.png", "x"),
            ("README.md", "# Dosar\n\nCe este aici."),
        ] {
            fs::write(path.join(name), text).unwrap();
        }
        let import = import_folder(&path, &settings()).unwrap();
        let report: Vec<_> = import.report.iter().map(|file| (file.path.as_str(), file.result.is_ok())).collect();
        assert_eq!(report, [("README.md", false), ("gol.md", false), ("poză.png", false), ("taxe/clădiri.md", true)]);
        assert_eq!(import.contents.articles[0].id.0, "cladiri");
        assert_eq!(import.refused().count(), 3);
    }

    #[test]
    fn one_file_can_be_imported_by_its_path() {
        let (_guard, path) = folder();
        fs::write(path.join("taxă.md"), "Se plătește.").unwrap();
        let import = import_folder(&path.join("taxă.md"), &settings()).unwrap();
        assert_eq!(import.report[0].path, "taxă.md");
        assert_eq!(import.contents.articles[0].title, "Taxă");
        assert!(matches!(import_folder(&path.join("lipsă"), &settings()), Err(ImportError::List { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        use std::os::unix::fs::symlink;

        let (_outside, outside) = folder();
        fs::write(outside.join("secret.md"), "Nu e pentru dumneavoastră.").unwrap();
        let (_guard, path) = folder();
        symlink(outside.join("secret.md"), path.join("a.md")).unwrap();
        symlink(&outside, path.join("b")).unwrap();
        symlink(&path, path.join("c")).unwrap();
        let import = import_folder(&path, &settings()).unwrap();
        assert!(import.contents.articles.is_empty());
        assert!(import.report.iter().all(|file| matches!(file.result, Err(Refusal::Link))), "{:?}", import.report);
        assert_eq!(import.report.len(), 3);
    }

    #[test]
    fn the_same_article_in_two_files_is_refused_with_both_names() {
        let (_guard, path) = folder();
        fs::create_dir_all(path.join("b")).unwrap();
        fs::write(path.join("a.md"), "+++\nid = \"taxa\"\nlanguage = \"ro\"\ntitle = \"Taxa\"\n+++\nUnu.").unwrap();
        fs::write(path.join("b/taxa.md"), "Doi.").unwrap();
        let import = import_folder(&path, &settings()).unwrap();
        assert_eq!(import.contents.articles.len(), 1);
        let (_, refusal) = import.refused().next().unwrap();
        assert!(matches!(refusal, Refusal::Twice { first, second, .. } if first == "a.md" && second == "b/taxa.md"));
    }
}
