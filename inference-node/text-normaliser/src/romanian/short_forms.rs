//! Romanian abbreviations.

/// What must follow an abbreviation that could also be a word at the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    /// A number or a short word in capitals.
    Number,
    /// A name or a number.
    Name,
    /// Anything.
    More,
}

/// An abbreviation that ends in a point, given without it and in small letters.
pub(crate) fn short(word: &str) -> Option<(&'static str, Need)> {
    use Need::{More, Name, Nothing, Number};
    Some(match word {
        "nr" => ("numărul", Nothing),
        "art" => ("articolul", Nothing),
        "alin" => ("alineatul", Nothing),
        "lit" => ("litera", Nothing),
        "pct" => ("punctul", Nothing),
        "subpct" => ("subpunctul", Nothing),
        "par" => ("paragraful", Number),
        "cap" => ("capitolul", Number),
        "secț" | "sect" => ("secțiunea", Number),
        "pag" => ("pagina", Nothing),
        "p" => ("pagina", Number),
        "vol" => ("volumul", Number),
        "fig" => ("figura", Number),
        "str" => ("strada", Nothing),
        "bd" | "bdul" | "bld" | "blvd" => ("bulevardul", Nothing),
        "șos" | "sos" => ("șoseaua", Name),
        "cal" => ("calea", Name),
        "spl" => ("splaiul", Name),
        "intr" => ("intrarea", Name),
        "bl" => ("blocul", Nothing),
        "sc" => ("scara", Name),
        "et" => ("etajul", Name),
        "ap" => ("apartamentul", Nothing),
        "jud" => ("județul", Nothing),
        "mun" => ("municipiul", Nothing),
        "or" => ("orașul", Name),
        "com" => ("comuna", Name),
        "loc" => ("localitatea", Name),
        "cart" => ("cartierul", Name),
        "dl" => ("domnul", Nothing),
        "dlui" => ("domnului", Nothing),
        "dna" => ("doamna", Nothing),
        "dnei" => ("doamnei", Nothing),
        "dra" => ("domnișoara", Nothing),
        "dv" | "dvs" | "dvoastră" => ("dumneavoastră", Nothing),
        "dr" => ("doctor", More),
        "ing" => ("inginer", Nothing),
        "prof" => ("profesor", Nothing),
        "av" => ("avocat", Name),
        "conf" => ("conform", More),
        "cf" => ("conform", More),
        "gen" => ("general", Name),
        "cad" => ("cadastral", Nothing),
        "col" => ("colonel", Name),
        "sf" => ("sfântul", Name),
        "etc" => ("et cetera", Nothing),
        "ex" => ("exemplu", Nothing),
        "max" => ("maximum", More),
        "min" => ("minimum", More),
        "aprox" => ("aproximativ", Nothing),
        "cca" => ("circa", Nothing),
        "incl" => ("inclusiv", Nothing),
        "resp" => ("respectiv", Nothing),
        "ref" => ("referitor", More),
        "tel" => ("telefon", Nothing),
        "mob" => ("mobil", More),
        "int" => ("interior", Number),
        "sec" => ("secolul", Number),
        "trim" => ("trimestrul", Number),
        "sem" => ("semestrul", Number),
        "mil" => ("milioane", Nothing),
        "mld" => ("miliarde", Nothing),
        "crt" => ("curent", Nothing),
        "înreg" => ("înregistrare", Nothing),
        "reg" => ("registrul", More),
        "urm" => ("următoarele", Nothing),
        "compl" => ("completările", Nothing),
        "modif" => ("modificările", Nothing),
        "republ" => ("republicată", Nothing),
        "ult" => ("ulterioare", More),
        "adm" => ("administrativ", More),
        "obs" => ("observație", Nothing),
        "jr" => ("junior", Nothing),
        "ord" => ("ordinul", More),
        "hot" => ("hotărârea", Number),
        "lg" => ("legea", Number),
        "insp" => ("inspector", More),
        "dir" => ("director", Name),
        "sg" => ("sergent", Name),
        _ => return None,
    })
}

/// Several letters with points, joined: `ș.a.m.d.`.
pub(crate) fn dotted(joined: &str) -> Option<&'static str> {
    Some(match joined {
        "șa" | "sa" => "și altele",
        "șamd" | "samd" => "și așa mai departe",
        "șcl" => "și celelalte",
        "ac" => "anul curent",
        "lc" => "luna curentă",
        "înhr" | "îHr" | "îeHr" => "înainte de Hristos",
        "dHr" => "după Hristos",
        "îen" => "înaintea erei noastre",
        "en" => "era noastră",
        "dpdv" => "din punct de vedere",
        "deex" => "de exemplu",
        "MOf" => "Monitorul Oficial",
        "CFR" => "C F R",
        "nn" => "nota noastră",
        "pm" => "post-meridian",
        "am" => "ante-meridian",
        _ => return None,
    })
}

/// `d-na`, `b-dul`: the parts before and after the hyphen.
pub(crate) fn hyphenated(head: &str, tail: &str) -> Option<&'static str> {
    Some(match (head, tail) {
        ("d", "l") => "domnul",
        ("d", "lui") => "domnului",
        ("d", "lor") => "domnilor",
        ("d", "na") => "doamna",
        ("d", "nei") => "doamnei",
        ("d", "nă") => "doamnă",
        ("d", "ra") => "domnișoara",
        ("d", "rei") => "domnișoarei",
        ("d", "voastră" | "vs") => "dumneavoastră",
        ("d", "ta") => "dumneata",
        ("b", "dul" | "d") => "bulevardul",
        ("b", "dului") => "bulevardului",
        _ => return None,
    })
}

/// Short forms without a point; some only before a number.
pub(crate) fn unpointed(word: &str, before_number: bool) -> Option<&'static str> {
    Some(match word {
        "dl" => "domnul",
        "dna" => "doamna",
        "dvs" | "Dvs" => "dumneavoastră",
        "cca" => "circa",
        "etc" => "et cetera",
        "nr" | "Nr" | "NR" if before_number => "numărul",
        "str" | "bl" | "ap" | "et" | "sc" | "tel" | "Tel" | "pag" | "pct" | "bd" if before_number => {
            super::short_forms::short(&word.to_ascii_lowercase()).map(|(words, _)| words)?
        }
        "km" => "kilometri",
        "kg" => "kilograme",
        "mp" => "metri pătrați",
        "mc" => "metri cubi",
        "cm" => "centimetri",
        "mm" => "milimetri",
        "kWh" => "kilowați-oră",
        "MB" => "megabaiți",
        "GB" => "gigabaiți",
        _ => return None,
    })
}
