//! Forms of Hungarian numbers: *harmadik*, *hármas*, *tizedikén*, *kétszer*, *néggyel*.

use super::cardinals::cardinal;

/// Ends of numbers with their ordinals and their adjectives in -s; longer ends first.
const FORMS: [(&str, &str, &str); 20] = [
    ("milliárd", "milliárdodik", "milliárdos"),
    ("millió", "milliomodik", "milliós"),
    ("billió", "billiomodik", "billiós"),
    ("harminc", "harmincadik", "harmincas"),
    ("kilenc", "kilencedik", "kilences"),
    ("három", "harmadik", "hármas"),
    ("kettő", "kettedik", "kettes"),
    ("nulla", "nulladik", "nullás"),
    ("nyolc", "nyolcadik", "nyolcas"),
    ("húsz", "huszadik", "húszas"),
    ("száz", "századik", "százas"),
    ("ezer", "ezredik", "ezres"),
    ("négy", "negyedik", "négyes"),
    ("egy", "egyedik", "egyes"),
    ("hat", "hatodik", "hatos"),
    ("hét", "hetedik", "hetes"),
    ("tíz", "tizedik", "tízes"),
    ("van", "vanadik", "vanas"),
    ("ven", "venedik", "venes"),
    ("öt", "ötödik", "ötös"),
];

fn number(value: u64) -> String {
    let mut text = String::new();
    cardinal(value, false, &mut text);
    text
}

fn formed(value: u64, choose: impl Fn(&(&str, &'static str, &'static str)) -> &'static str) -> String {
    let mut text = number(value);
    if let Some(form) = FORMS.iter().find(|form| text.ends_with(form.0)) {
        text.truncate(text.len() - form.0.len());
        text.push_str(choose(form));
    }
    text
}

/// *első*, *második*, *huszonegyedik*.
pub(crate) fn ordinal(value: u64) -> String {
    match value {
        1 => "első".to_owned(),
        2 => "második".to_owned(),
        _ => formed(value, |form| form.1),
    }
}

/// *egyes*, *kettes*, *hármas*: also for numbers of houses and acts.
pub(crate) fn adjective(value: u64) -> String {
    formed(value, |form| form.2)
}

/// A part of a whole: *harmad*, *negyed*, *tized*.
pub(crate) fn part(value: u64) -> String {
    match value {
        2 => "fél".to_owned(),
        _ => ordinal(value).trim_end_matches("ik").to_owned(),
    }
}

/// A day of the month with its ending: *elseje*, *tizedikén*, *tizenkettedikéig*. The ending may be empty.
pub(crate) fn day(value: u64, ending: &str) -> String {
    let mut name = if value == 1 { "else".to_owned() } else { ordinal(value) };
    let back = name.ends_with("adik") || name.ends_with("odik");
    name.push_str(match (value, back) {
        (1, _) => "je",
        (_, true) => "a",
        (_, false) => "e",
    });
    let ending = ending.strip_prefix('j').unwrap_or(ending);
    let core = ending.trim_start_matches(['á', 'é', 'a', 'e']);
    match core {
        "" => return name,
        "i" => {}
        _ => {
            let vowel = name.pop();
            name.push(if vowel == Some('a') { 'á' } else { 'é' });
        }
    }
    name.push_str(core);
    name
}

/// Whether an ending is one that days of the month take, even without a month before.
pub(crate) fn is_of_day(ending: &str) -> bool {
    ending.starts_with("án")
        || ending.starts_with("én")
        || ending.starts_with('j')
        || matches!(ending, "e" | "a" | "ai" | "ei" | "áig" | "éig" | "ától" | "étől" | "ára" | "ére" | "áról" | "éről")
}

/// A number with an ending behind a hyphen: `2002-ben`, `3-as`, `2-szer`, `4-gyel`.
pub(crate) fn with_ending(value: u64, ending: &str) -> String {
    if ending == "ik" {
        return ordinal(value);
    }
    if let Some(rest) = adjective_ending(ending) {
        return adjective(value) + rest;
    }
    let multiple = ["szor", "szer", "ször", "féle", "fajta"].iter().any(|start| ending.starts_with(start));
    let mut text = String::new();
    cardinal(value, multiple, &mut text);
    join(&mut text, ending);
    text
}

fn adjective_ending(ending: &str) -> Option<&str> {
    let rest = ["es", "as", "os", "ös"].iter().find_map(|start| ending.strip_prefix(start))?;
    (!rest.starts_with('z')).then_some(rest)
}

/// Puts an ending behind a number, with the changes that writing in figures hides.
fn join(text: &mut String, ending: &str) {
    // `4-gyel` is *néggyel*: of two digraphs the first is written short.
    if (text.ends_with("gy") && ending.starts_with("gy")) || (text.ends_with("sz") && ending.starts_with("szal")) {
        text.pop();
    }
    // The last vowel of some numbers falls or shortens: *hármat*, *ezret*, *hetet*, *tizet*, *ketten*.
    if matches!(ending, "at" | "et" | "ot" | "öt" | "an" | "en" | "on" | "ön") {
        for (whole, short) in [("három", "hárm"), ("ezer", "ezr"), ("hét", "het"), ("tíz", "tiz"), ("kettő", "kett")]
        {
            if text.ends_with(whole) && !(whole == "tíz" && ending == "en") {
                text.truncate(text.len() - whole.len());
                text.push_str(short);
                break;
            }
        }
    }
    text.push_str(ending);
}

/// Whether endings with back vowels follow a number: *háromtól*, but *öttől*.
pub(crate) fn has_back_vowels(value: u64) -> bool {
    match (value % 10, value / 10 % 10) {
        (3 | 6 | 8, _) => true,
        (0, 2 | 3 | 6 | 8) => true,
        (0, 0) => value == 0 || !value.is_multiple_of(1000) || value.is_multiple_of(1_000_000),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_and_adjectives() {
        assert_eq!(ordinal(3), "harmadik");
        assert_eq!(ordinal(12), "tizenkettedik");
        assert_eq!(ordinal(21), "huszonegyedik");
        assert_eq!(ordinal(40), "negyvenedik");
        assert_eq!(ordinal(112), "száztizenkettedik");
        assert_eq!(adjective(2002), "kétezer-kettes");
        assert_eq!(adjective(80), "nyolcvanas");
        assert_eq!(part(3), "harmad");
        assert_eq!(part(10), "tized");
    }

    #[test]
    fn days_take_their_endings() {
        assert_eq!(day(1, "jén"), "elsején");
        assert_eq!(day(3, "án"), "harmadikán");
        assert_eq!(day(12, "ig"), "tizenkettedikéig");
        assert_eq!(day(15, "i"), "tizenötödikei");
        assert_eq!(day(20, ""), "huszadika");
        assert_eq!(day(30, "áig"), "harmincadikáig");
    }

    #[test]
    fn endings_change_the_number_before_them() {
        for (value, ending, said) in [
            (2002, "ben", "kétezer-kettőben"),
            (5, "kor", "ötkor"),
            (3, "as", "hármas"),
            (4, "gyel", "néggyel"),
            (20, "szal", "hússzal"),
            (2, "szer", "kétszer"),
            (3, "mal", "hárommal"),
            (3, "at", "hármat"),
            (112, "es", "száztizenkettes"),
        ] {
            assert_eq!(with_ending(value, ending), said);
        }
    }
}
