//! Hungarian.

use super::Phrases;

pub(super) const PHRASES: Phrases = Phrases {
    machine_notice: "Önnek automatikus asszisztens válaszol. Bármikor kérheti, hogy emberrel beszéljen.",
    greeting: &[
        "Jó napot kívánok. Miben segíthetek?",
        "Üdvözlöm újra. Írja le a kérdését.",
        "Hallgatom Önt. Miről szeretne többet tudni?",
    ],
    thanks: &[
        "Szívesen. Ha van még kérdése, írja ide.",
        "Örülök, hogy segíthettem.",
        "Nagyon szívesen. Itt vagyok, ha még szüksége van valamire.",
    ],
    goodbye: &[
        "Viszontlátásra. Bármikor visszatérhet a kérdésével.",
        "Szép napot kívánok.",
        "Minden jót. A beszélgetés itt marad, ha visszatér.",
    ],
    acknowledge: &[
        "Rendben. Szeretne még valamit megtudni?",
        "Jó. Írjon, ha van még kérdése.",
        "Értem. Itt vagyok, ha még kell valami.",
    ],
    listening: &[
        "Hallgatom. Írja le a kérdést a saját szavaival.",
        "Természetesen. Miről van szó?",
        "Mondja. Néhány szó is elég.",
    ],
    small_talk: &[
        "Program vagyok, nekem mindig egyformán megy. Miben segíthetek?",
        "Köszönöm a kérdést. Én azonban csak az intézmény szolgáltatásaihoz értek. Mit szeretne megtudni?",
    ],
    robot: &[
        "Igen, automatikus asszisztens vagyok, nem ember. Az intézmény ellenőrzött adataiból válaszolok, és megmutatom a \
         forrást. Ha szeretné, egy munkatárs átveszi.",
        "Ön egy programmal beszél. Bármikor kérhet embert.",
        "Gép vagyok. Amit nem tudok, azt továbbítom egy munkatársnak, aki személyesen válaszol.",
    ],
    who: &[
        "Az intézmény automatikus asszisztense vagyok. Elmondom, mit kell tennie, milyen iratokat vigyen és hová menjen. Amit \
         nem tudok, azt továbbítom egy munkatársnak.",
        "Program vagyok, amely az intézmény szolgáltatásairól szóló kérdésekre válaszol. Nem vagyok ember, de össze tudom \
         kötni eggyel.",
    ],
    capabilities: &[
        "Elmondom, hogyan szerezhet be egy okmányt, milyen iratok kellenek, mennyibe kerül, meddig tart és hová menjen. \
         Minden válasznál látja a forrást. Amit nem tudok, azt továbbítom egy munkatársnak.",
        "Kérdezze meg például, mit tegyen, ha lejárt a személyije, hogyan kérhet útlevelet, vagy hogyan lépjen be a \
         portálra.",
    ],
    help: &[
        "Okmányokról, kérelmekről és a portálról adok tájékoztatást. Írja le néhány szóban, mire van szüksége. Ha veszélyben \
         van, hívja a 112-t.",
        "Mondja el, mi történt, vagy milyen okmányra van szüksége. Veszély esetén hívja a 112-t.",
    ],
    language_switched: &[
        "Magyarul válaszolok. Mit szeretne megtudni?",
        "Rendben, magyarul folytatjuk. Miben segíthetek?",
    ],
    empty: &[
        "Nem kaptam szöveget. Írja le a kérdését.",
        "Az üzenet üresen érkezett. Írja le néhány szóban, mit szeretne megtudni.",
    ],
    attachment_only: &[
        "A fájl megérkezett. Írja le néhány szóban, mi történt, vagy mit szeretne megtudni.",
        "A fájlt megkaptam, a beszélgetésben marad. Mit szeretne megtudni róla?",
    ],
    cancelled: &[
        "Rendben, itt megállunk. Bármikor feltehet másik kérdést.",
        "Ezt a témát elengedtük. Miben segíthetek még?",
    ],
    corrected: &[
        "Értem, nem erre gondolt. Írja le, mit szeretett volna megtudni.",
        "Rendben, kezdjük újra. Mi a kérdése?",
    ],
    rephrase: &[
        "Kérem, írja le más szavakkal, mit szeretne megtudni. Például melyik okmányra van szüksége, és mi történt.",
        "Nem értettem, miről van szó. Írja le röviden, melyik okmány vagy szolgáltatás érdekli.",
        "Próbálja meg egy rövid mondattal: mit szeretne elintézni?",
    ],
    choose_one: &["Melyikre gondol? Válasszon egyet.", "Kérem, válasszon az alábbiak közül."],
    again: &["Még egyszer, röviden:", "Másképp mondva:", "A lényeg ez:", "Összefoglalom a lényeget:"],
    nothing_to_repeat: &[
        "Még nem mondtam semmit, amit megismételhetnék. Mit szeretne megtudni?",
        "Nincs korábbi válasz. Írja le a kérdését.",
    ],
    dissatisfied: &[
        "Sajnálom, hogy ez nem segített. Írja le más szavakkal, mit keres, vagy kérje, hogy emberrel beszélhessen.",
        "Értem, nem ez a keresett válasz. Egy munkatárstól megtudhatja.",
    ],
    choice_gone: &[
        "Ezt a lehetőséget már nem találom. Kérem, írja le, mit szeretne megtudni.",
        "A választott lehetőség már nem érvényes. Írja le néhány szóban, mi érdekli.",
    ],
    emergency: &[
        "Hívja most a 112-t. A hívás ingyenes, bármely telefonról. Mondja el, hol van és mi történik. Én innen nem tudok \
         segítséget küldeni.",
        "Ha a veszély tart, azonnal hívja a 112-t. Maradjon vonalban a kezelővel, és mondja meg a pontos címet.",
    ],
    distress: &[
        "Sajnálom, hogy ezen megy keresztül. Nincs egyedül, és fontos, ami Önnel történik. Ha az élete veszélyben van, hívja \
         most a 112-t. Egy munkatárs azonnal átveszi a beszélgetést.",
        "Köszönöm, hogy írt. Érdemes most rögtön beszélni valakivel. Ha veszélyben van, hívja a 112-t. Szóltam egy \
         munkatársnak.",
    ],
    helpline: "Ezt a számot is hívhatja: {helpline}.",
    threat: &[
        "A fenyegetéseket komolyan vesszük, és emberhez kerülnek. Ha Ön vagy más veszélyben van, hívja a 112-t.",
        "Az üzenetet továbbítottam egy munkatársnak. Ha valaki veszélyben van, hívja a 112-t.",
    ],
    abuse: &[
        "Megértem, hogy bosszús. Szívesen segítek, ha elmondja, mi történt. Ha inkább azt szeretné, egy munkatárs átveszi.",
        "Akkor folytatom, ha tisztelettel beszélünk egymással. Írja le, mire van szüksége, vagy kérjen embert.",
        "A kérdése miatt vagyok itt. Mondja el, miről van szó.",
    ],
    injection: &[
        "Csak az intézmény szolgáltatásairól szóló kérdésekre válaszolok. Mit szeretne megtudni?",
        "Ebben nem tudok segíteni. Kérdezzen okmányokról, kérelmekről vagy a portálról.",
    ],
    others_data: &[
        "Nem mondhatom meg, kié egy szám, okmány vagy autó. A saját adatairól egy munkatárs tájékoztatja.",
        "Mások adatait itt nem adjuk ki. Ha a saját adatairól van szó, kérjen munkatársat.",
    ],
    clarify: &[
        "Hogy pontosan válaszolhassak: mire gondol?",
        "Több hasonló témát találtam. Melyik az Öné?",
        "Ezek közül melyikről van szó?",
    ],
    something_else: "Más téma",
    person: "Beszéljen emberrel",
    hand_off_requested: &[
        "Átadom egy munkatársnak. Addig is írhat ide.",
        "Szóltam egy munkatársnak. Ha szeretné, közben írja le, miről van szó.",
    ],
    hand_off_unknown: &[
        "Az ellenőrzött adatok között nem találtam választ, ezért a kérdés egy munkatárshoz kerül.",
        "Nem tudom a választ, és nem szeretnék találgatni. A kérdést egy munkatárs kapja meg.",
    ],
    hand_off_unsure: &[
        "Nem vagyok elég biztos a válaszban, ezért a kérdés egy munkatárshoz kerül.",
        "Hogy helyes választ kapjon, a kérdést egy munkatárs kapja meg.",
    ],
    hand_off_petition: &[
        "A beadványa egy munkatárshoz kerül, aki átveszi. Írja le ide, mi történt, hol és mikor.",
        "Egy munkatárs átveszi a panaszát. Írjon ide mindent, amit tudni kell: tények, hely, időpont.",
    ],
    hand_off_information: &[
        "A közérdekű adatok iránti kérelem az illetékes munkatárshoz kerül. Írja le, milyen adatokat kér.",
        "Egy munkatárs átveszi a közérdekű adatok iránti kérelmét. Írja ide, milyen iratokat vagy adatokat kér.",
    ],
    hand_off_own_file: &[
        "A személyes ügyiratokhoz nincs hozzáférésem. Egy munkatárs megnézi, és válaszol.",
        "Egy ügy állását csak munkatárs láthatja. Továbbítottam neki a kérdést.",
    ],
    hand_off_incident: &[
        "A hibát továbbítottam a portálért felelős munkatársaknak. Ha van képernyőképe, csatolja ide.",
        "A portálért felelős munkatársak megkapták a hibát. Írja le, mi látszik a képernyőn, és melyik lépésnél.",
    ],
    hand_off_still: &[
        "Mivel nem sikerült, a kérdés egy munkatárshoz kerül. Írja le, mit próbált, és mi látszik.",
        "Innen egy munkatárs folytatja, mert a lépések nem segítettek. Ha tudja, írja le, mi történt.",
    ],
    hand_off_guide: &["Innen egy munkatárs segít.", "A következő lépést egy munkatárs teszi meg Önnel együtt."],
    hand_off_failure: &[
        "Most nem sikerült megkeresnem a választ. A kérdése nem vész el: egy munkatárshoz kerül.",
        "Nálam hiba történt. A kérdést egy munkatárs veszi át.",
    ],
    cost: "Költség",
    time: "Határidő",
    place: "Hol",
    papers: "Mit hozzon",
    unknown_cost: "A(z) „{title}” témához nincs ellenőrzött összegem, és nem szeretnék téves árat mondani. Egy munkatárs \
                   válaszolhat.",
    unknown_time: "A(z) „{title}” témához nincs ellenőrzött határidőm. Egy munkatárs válaszolhat.",
    unknown_place: "A(z) „{title}” témához nincs ellenőrzött címem. Egy munkatárs válaszolhat.",
    unknown_papers: "A(z) „{title}” témához nincs ellenőrzött iratlistám. Egy munkatárs válaszolhat.",
    other_language: "Ez a tájékoztatás egyelőre csak {language} nyelven érhető el:",
    languages: ["román", "magyar", "angol"],
};
