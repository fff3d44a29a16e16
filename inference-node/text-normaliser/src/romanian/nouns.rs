//! Nouns that are counted in offices, with their gender, so that *unu*, *doi* and `de` come out right.

use super::cardinals::Gender::{self, Feminine, Masculine, Neuter};

/// The gender of a noun that we know, singular or plural.
pub(crate) fn known(word: &str) -> Option<Gender> {
    Some(match word {
        "zile" | "zi" | "ore" | "oră" | "săptămâni" | "săptămână" | "secunde" | "secundă" | "persoane" | "persoană"
        | "pagini" | "pagină" | "cereri" | "cerere" | "fotografii" | "fotografie" | "poze" | "poză" | "fotocopii"
        | "fotocopie" | "anexe" | "anexă" | "chitanțe" | "chitanță" | "taxe" | "taxă" | "amenzi" | "amendă"
        | "camere" | "cameră" | "case" | "casă" | "file" | "filă" | "mii" | "mie" | "sute" | "sută" | "localități"
        | "localitate" | "comune" | "comună" | "familii" | "familie" | "femei" | "femeie" | "fete" | "fată"
        | "firme" | "firmă" | "societăți" | "societate" | "instituții" | "instituție" | "autorizații"
        | "autorizație" | "adeverințe" | "adeverință" | "declarații" | "declarație" | "petiții" | "petiție"
        | "plăți" | "plată" | "rate" | "rată" | "tranșe" | "tranșă" | "semnături" | "semnătură" | "ședințe"
        | "ședință" | "străzi" | "stradă" | "școli" | "școală" | "unități" | "unitate" | "variante" | "variantă"
        | "zone" | "zonă" | "luni" | "lună" | "părți" | "parte" | "copie" | "legi" | "lege" | "hotărâri"
        | "hotărâre" | "tone" | "tonă" | "mașini" | "mașină" | "victime" | "victimă" | "etape" | "etapă" | "linii"
        | "linie" | "condiții" | "condiție" | "sesizări" | "sesizare" | "reclamații" | "reclamație" | "scrisori"
        | "scrisoare" | "gospodării" | "gospodărie" | "primării" | "primărie" | "intervenții" | "intervenție"
        | "căi" | "cale" | "clase" | "clasă" | "înregistrări" | "înregistrare" | "solicitări" | "solicitare"
        | "programări" | "programare" | "parcele" | "parcelă" | "clădiri" | "clădire" | "încăperi" | "încăpere"
        | "ferestre" | "fereastră" | "chei" | "cheie" | "cărți" | "carte" | "dimineți" | "nopți" | "noapte"
        | "seri" | "seară" | "lire" | "liră" | "coroane" | "pungi" | "mame" | "mamă" | "cifre" | "cifră" | "litere"
        | "literă" | "dată" | "tentative" | "întrebări" | "întrebare" => Feminine,
        "ani" | "an" | "lei" | "leu" | "bani" | "ban" | "copii" | "copil" | "cetățeni" | "cetățean" | "bărbați"
        | "bărbat" | "băieți" | "băiat" | "elevi" | "elev" | "studenți" | "student" | "angajați" | "angajat"
        | "funcționari" | "funcționar" | "polițiști" | "polițist" | "pompieri" | "pompier" | "martori" | "martor"
        | "părinți" | "părinte" | "metri" | "metru" | "kilometri" | "kilometru" | "centimetri" | "centimetru"
        | "litri" | "litru" | "euro" | "dolari" | "dolar" | "cenți" | "cent" | "forinți" | "forint" | "membri"
        | "membru" | "consilieri" | "consilier" | "locuitori" | "locuitor" | "participanți" | "participant"
        | "pași" | "pas" | "arbori" | "arbore" | "pomi" | "pom" | "solicitanți" | "solicitant" | "beneficiari"
        | "beneficiar" | "pensionari" | "pensionar" | "jandarmi" | "jandarm" | "medici" | "medic" | "experți"
        | "expert" | "judecători" | "judecător" | "operatori" | "operator" | "factori" | "factor" | "candidați"
        | "candidat" | "alegători" | "alegător" | "proprietari" | "proprietar" | "chiriași" | "chiriaș" | "frați"
        | "frate" | "oameni" | "om" | "câini" | "câine" | "kilowați" | "megabaiți" | "gigabaiți" | "moștenitori"
        | "moștenitor" | "soți" | "soț" | "contribuabili" | "contribuabil" | "saci" | "sac" | "turiști" | "turist"
        | "răniți" | "rănit" | "voluntari" | "voluntar" | "prieteni" | "prieten" | "vecini" | "vecin" => Masculine,
        "exemplare" | "exemplar" | "documente" | "document" | "minute" | "minut" | "acte" | "act" | "formulare"
        | "formular" | "dosare" | "dosar" | "certificate" | "certificat" | "pașapoarte" | "pașaport" | "buletine"
        | "buletin" | "permise" | "permis" | "ghișee" | "ghișeu" | "birouri" | "birou" | "etaje" | "etaj"
        | "apartamente" | "apartament" | "imobile" | "imobil" | "terenuri" | "teren" | "hectare" | "hectar"
        | "kilograme" | "kilogram" | "grame" | "gram" | "grade" | "grad" | "procente" | "procent" | "puncte"
        | "punct" | "milioane" | "milion" | "miliarde" | "miliard" | "locuri" | "loc" | "voturi" | "vot" | "județe"
        | "județ" | "municipii" | "municipiu" | "orașe" | "oraș" | "sate" | "sat" | "sectoare" | "sector"
        | "ministere" | "minister" | "servicii" | "serviciu" | "proiecte" | "proiect" | "contracte" | "contract"
        | "ordine" | "ordin" | "articole" | "articol" | "alineate" | "alineat" | "capitole" | "capitol"
        | "semestre" | "semestru" | "trimestre" | "trimestru" | "cazuri" | "caz" | "răspunsuri" | "răspuns"
        | "apeluri" | "apel" | "mesaje" | "mesaj" | "fișiere" | "fișier" | "tipuri" | "tip" | "feluri" | "fel"
        | "rânduri" | "rând" | "autoturisme" | "autoturism" | "vehicule" | "vehicul" | "scaune" | "scaun"
        | "drumuri" | "drum" | "numere" | "număr" | "timbre" | "timbru" | "secole" | "secol" | "decenii"
        | "deceniu" | "state" | "stat" | "termene" | "termen" | "colete" | "colet" | "plicuri" | "plic"
        | "incendii" | "incendiu" | "accidente" | "accident" | "examene" | "examen" | "credite" | "credit"
        | "extrase" | "extras" | "duplicate" | "duplicat" | "modele" | "model" | "bilete" | "bilet" | "animale"
        | "animal" | "posturi" | "post" | "seturi" | "set" | "sensuri" | "ghiduri" | "ghid" | "centre" | "centru" => {
            Neuter
        }
        _ => return None,
    })
}

/// Whether photocopies are meant by `copii`, and not children: told from the word behind it.
pub(crate) fn are_photocopies(following: &str) -> bool {
    matches!(
        following,
        "ale" | "după" | "xerox" | "legalizate" | "conforme" | "certificate" | "simple" | "color" | "lizibile"
    )
}

/// The gender that the ending of an unknown noun in the plural suggests. More than one neuter counts as a feminine.
pub(crate) fn guess(plural: &str) -> Gender {
    const FEMININE: [&str; 12] = ["e", "uri", "ții", "sii", "uni", "ări", "eri", "iri", "ăți", "tăți", "gii", "ele"];
    if FEMININE.iter().any(|ending| plural.ends_with(ending)) { Feminine } else { Masculine }
}

/// The gender of an unknown noun in the singular, where the ending leaves little doubt.
pub(crate) fn guess_one(singular: &str) -> Option<Gender> {
    let ends = |endings: &[&str]| singular.len() > 4 && endings.iter().any(|ending| singular.ends_with(ending));
    if ends(&["ție", "are", "ere", "ire", "tate", "iune", "oare", "tură", "iță"]) {
        Some(Feminine)
    } else if ends(&["tor", "ment", "ant", "ist", "ism", "ier", "ist", "aj", "al", "ar", "at", "el", "or"]) {
        Some(Neuter)
    } else {
        None
    }
}
