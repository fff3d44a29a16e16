//! Hungarian abbreviations.

/// What must follow an abbreviation that could also be a word at the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    /// A number before it.
    AfterNumber,
    /// A name or a number behind it.
    Name,
    /// Anything behind it.
    More,
}

/// An abbreviation that ends in a point, given without it and in small letters.
pub(crate) fn short(word: &str) -> Option<(&'static str, Need)> {
    use Need::{AfterNumber, More, Name, Nothing};
    Some(match word {
        "pl" => ("például", Nothing),
        "stb" => ("satöbbi", Nothing),
        "kb" => ("körülbelül", Nothing),
        "szül" => ("született", Nothing),
        "u" => ("utca", Nothing),
        "krt" => ("körút", Nothing),
        "ker" => ("kerület", Nothing),
        "em" => ("emelet", Nothing),
        "fszt" | "fsz" => ("földszint", Nothing),
        "lh" | "lph" => ("lépcsőház", Nothing),
        "hrsz" => ("helyrajzi szám", Nothing),
        "dr" => ("doktor", More),
        "id" => ("idősebb", Name),
        "ifj" => ("ifjabb", Name),
        "özv" => ("özvegy", Name),
        "prof" => ("professzor", Name),
        "tel" => ("telefon", Nothing),
        "ill" => ("illetve", Nothing),
        "ún" => ("úgynevezett", Nothing),
        "ld" => ("lásd", Nothing),
        "vö" => ("vesd össze", Nothing),
        "old" | "o" => ("oldal", AfterNumber),
        "bek" => ("bekezdés", Nothing),
        "fej" => ("fejezet", AfterNumber),
        "mell" => ("melléklet", AfterNumber),
        "tv" => ("törvény", AfterNumber),
        "r" => ("rendelet", AfterNumber),
        "évf" => ("évfolyam", Nothing),
        "oszt" => ("osztály", Nothing),
        "max" => ("maximum", More),
        "min" => ("minimum", More),
        "ui" => ("ugyanis", More),
        "ua" => ("ugyanaz", More),
        "mb" => ("megbízott", Name),
        "kft" => ("káefté", Nothing),
        "zrt" => ("zéerté", Nothing),
        "nyrt" => ("enyerté", Nothing),
        "bt" => ("bété", Nothing),
        "rt" => ("erté", Nothing),
        "korm" => ("kormány", More),
        "sz" => ("szám", Nothing),
        "db" => ("darab", Nothing),
        "ft" => ("forint", AfterNumber),
        "mrd" => ("milliárd", AfterNumber),
        "de" => ("délelőtt", AfterNumber),
        "du" => ("délután", AfterNumber),
        _ => return None,
    })
}

/// Several letters with points, joined; spaces between them are left out: `i. e.`, `s. k.`
pub(crate) fn dotted(joined: &str) -> Option<&'static str> {
    Some(match joined {
        "ie" => "időszámításunk előtt",
        "isz" => "időszámításunk szerint",
        "Kre" => "Krisztus előtt",
        "Kru" => "Krisztus után",
        "sk" => "saját kezével",
        "am" => "délelőtt",
        "pm" => "délután",
        _ => return None,
    })
}

/// Short forms without a point.
pub(crate) fn unpointed(word: &str) -> Option<&'static str> {
    Some(match word {
        "kb" => "körülbelül",
        "db" => "darab",
        "Kft" => "káefté",
        "Zrt" => "zéerté",
        "Bt" => "bété",
        "stb" => "satöbbi",
        "km" => "kilométer",
        "kg" => "kilogramm",
        "cm" => "centiméter",
        "Ft" => "forint",
        "MB" => "megabájt",
        "kWh" => "kilowattóra",
        _ => return None,
    })
}
