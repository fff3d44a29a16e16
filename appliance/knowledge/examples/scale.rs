//! How fast a large index answers: `ARTICLES=100000 cargo run --release -p knowledge --example scale`.
//!
//! The articles are made of the starter pack's own words, drawn so that frequent ones stay frequent, with some words of
//! their own, and the questions are its everyday phrasings.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers, stopped by its first error")]

use std::time::{Duration, Instant};

use desk::article::{Article, ArticleId};
use desk::language::Language;
use jiff::civil::date;
use knowledge::{Change, Contents, KnowledgeIndex, Query};

fn main() {
    let count: usize = std::env::var("ARTICLES").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let pack: Vec<&Article> =
        knowledge::starter().contents.articles.iter().filter(|article| article.language == Language::Ro).collect();
    let words: Vec<&str> = pack.iter().flat_map(|article| article.body.split_whitespace()).collect();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut below = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % most
    };
    let mut articles: Vec<Article> = pack.iter().map(|article| (*article).clone()).collect();
    while articles.len() < count {
        let number = articles.len();
        let mut body = String::new();
        for place in 0..120 {
            let word =
                if place % 12 == 5 { format!("cuvant{}", below(count)) } else { words[below(words.len())].to_owned() };
            body.push_str(&word);
            body.push_str(if place % 15 == 14 { ". " } else { " " });
        }
        articles.push(Article {
            id: ArticleId(format!("sintetic-{number}")),
            title: format!("Subiect {number}"),
            asked_as: Vec::new(),
            body,
            ..pack[0].clone()
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = camino::Utf8Path::from_path(folder.path()).unwrap();
    let index = KnowledgeIndex::open(folder).unwrap();
    let started = Instant::now();
    index.fill(&Contents { articles, ..Contents::default() }, 1).unwrap();
    println!("{count} articles indexed in {:?}", started.elapsed());
    let questions: Vec<&String> = pack.iter().flat_map(|article| &article.asked_as).collect();
    let mut times: Vec<Duration> = Vec::new();
    for round in 0..2 {
        times.clear();
        for question in &questions {
            let started = Instant::now();
            index.search(&Query::citizen(question.as_str(), Language::Ro, date(2027, 1, 15))).unwrap();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!("round {round}: {} questions, p50 {:?}, p99 {:?}, most {:?}", times.len(), at(50), at(99), at(100));
    }
    let started = Instant::now();
    index.apply(&[Change::Article(Box::new(pack[0].clone()))], 2).unwrap();
    println!("one article published in {:?}", started.elapsed());
    drop(index);
    let started = Instant::now();
    KnowledgeIndex::open(folder).unwrap();
    println!("opened again in {:?}", started.elapsed());
}
