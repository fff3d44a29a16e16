//! Articles and questions, in every setting in which they are asked.

use camino::Utf8Path;
use desk::article::ArticleId;
use desk::language::Language;
use jiff::civil::{Date, date};
use knowledge::{Contents, Import, ImportSettings, import_file};
use serde::Deserialize;

use crate::noise::{Dice, mistyped};

/// The day on which everything is asked.
pub(crate) fn day() -> Date {
    date(2027, 1, 15)
}

/// One question.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) language: Language,
    /// The article that answers, if it is there.
    pub(crate) article: Option<ArticleId>,
    /// What must not be both learned from and judged by.
    pub(crate) group: String,
}

/// Articles and the questions put to them.
pub(crate) struct Setting {
    pub(crate) name: String,
    /// Whether its articles have everyday phrasings.
    pub(crate) curated: bool,
    pub(crate) contents: Contents,
    pub(crate) questions: Vec<Asked>,
}

#[derive(Deserialize)]
struct File {
    data: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    qas: Vec<Qa>,
}

#[derive(Deserialize)]
struct Qa {
    question: String,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    question: String,
    lang: Language,
    article: Option<ArticleId>,
}

/// Every setting that the data at hand allows.
pub(crate) fn settings() -> Vec<Setting> {
    let mut settings = starter();
    for path in std::env::var("DATA").unwrap_or_default().split(':').filter(|path| !path.is_empty()) {
        settings.extend(squad(path));
    }
    settings
}

fn noisy(setting: &Setting) -> Setting {
    let mut dice = Dice::new(0x9E37_79B9_7F4A_7C15);
    let questions =
        setting.questions.iter().map(|asked| Asked { text: mistyped(&asked.text, &mut dice), ..asked.clone() });
    Setting {
        name: format!("{}, mistyped", setting.name),
        curated: setting.curated,
        contents: setting.contents.clone(),
        questions: questions.collect(),
    }
}

fn starter() -> Vec<Setting> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("starter/questions");
    let mut questions = Vec::new();
    for file in ["ro", "hu", "en", "outside", "hostile"] {
        let text = std::fs::read_to_string(folder.join(format!("{file}.jsonl"))).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Line { id, question, lang, article } = serde_json::from_str(line).unwrap();
            let group = article.as_ref().map_or_else(|| format!("{file}-{id}"), |article| article.0.clone());
            questions.push(Asked { text: question, language: lang, article, group });
        }
    }
    let whole = Setting {
        name: "starter".to_owned(),
        curated: true,
        contents: knowledge::starter().contents.clone(),
        questions,
    };
    let mistyped = noisy(&whole);
    let mut settings = vec![whole, mistyped];
    // Half of the subjects taken away: what was asked about them is then outside, and close to what is left.
    for half in 0..2 {
        let kept = |id: &ArticleId| id.0.bytes().map(usize::from).sum::<usize>() % 2 != half;
        let mut contents = knowledge::starter().contents.clone();
        contents.articles.retain(|article| kept(&article.id));
        let questions = settings[0]
            .questions
            .iter()
            .map(|asked| Asked { article: asked.article.clone().filter(|id| kept(id)), ..asked.clone() });
        let questions = questions.collect();
        settings.push(Setting { name: format!("starter, half {half} withheld"), curated: true, contents, questions });
    }
    settings
}

/// Whether the paragraph with this index is withheld.
type Withheld = fn(usize) -> bool;

fn squad(path: &str) -> Vec<Setting> {
    let bytes = std::fs::read(path).unwrap();
    let mut import = Import::default();
    let settings = ImportSettings { language: Some(Language::Ro), ..ImportSettings::default() };
    import_file(Utf8Path::new("corpus.json"), &bytes, &settings, &mut import);
    let file: File = serde_json::from_slice(&bytes).unwrap();
    let mut questions = Vec::new();
    for document in file.data {
        for (index, paragraph) in document.paragraphs.into_iter().enumerate() {
            for qa in paragraph.qas {
                let article = Some(ArticleId(format!("{}/{index}", document.title)));
                questions.push(Asked {
                    text: qa.question,
                    language: Language::Ro,
                    article,
                    group: document.title.clone(),
                });
            }
        }
    }
    let withheld: [(&str, Withheld); 5] = [
        ("none", |_| false),
        ("odd", |index| index % 2 == 1),
        ("even", |index| index % 2 == 0),
        ("first two", |index| index < 2),
        ("all but two", |index| index >= 2),
    ];
    let mut settings = Vec::new();
    for (name, taken) in withheld {
        let kept =
            |id: &ArticleId| !taken(id.0.rsplit_once('/').and_then(|(_, index)| index.parse().ok()).unwrap_or(0));
        let mut contents = import.contents.clone();
        contents.articles.retain(|article| kept(&article.id));
        let questions = questions
            .iter()
            .map(|asked| Asked { article: asked.article.clone().filter(|id| kept(id)), ..asked.clone() });
        let setting = Setting {
            name: format!("squad, {name} withheld"),
            curated: false,
            contents,
            questions: questions.collect(),
        };
        let mistyped = noisy(&setting);
        settings.push(setting);
        settings.push(mistyped);
    }
    settings
}
