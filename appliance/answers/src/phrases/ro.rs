//! Romanian.

use super::Phrases;

pub(super) const PHRASES: Phrases = Phrases {
    machine_notice: "Vă răspunde un asistent automat. Puteți cere oricând să vorbiți cu un om.",
    greeting: &[
        "Bună ziua. Cu ce vă pot ajuta?",
        "Bine ați revenit. Scrieți întrebarea dumneavoastră.",
        "Vă ascult. Despre ce doriți să aflați?",
    ],
    thanks: &[
        "Cu plăcere. Dacă mai aveți o întrebare, scrieți-o aici.",
        "Mă bucur că v-am fost de folos.",
        "Cu drag. Sunt aici dacă mai aveți nevoie de ceva.",
    ],
    goodbye: &[
        "La revedere. Puteți reveni oricând cu o întrebare.",
        "Vă doresc o zi bună.",
        "Numai bine. Conversația rămâne aici dacă reveniți.",
    ],
    acknowledge: &[
        "Bine. Mai doriți să aflați ceva?",
        "În regulă. Scrieți-mi dacă mai aveți o întrebare.",
        "Am înțeles. Sunt aici dacă mai e nevoie.",
    ],
    listening: &[
        "Vă ascult. Scrieți întrebarea, în cuvintele dumneavoastră.",
        "Sigur. Despre ce este vorba?",
        "Spuneți. Câteva cuvinte sunt de ajuns.",
    ],
    small_talk: &[
        "Sunt un program, așa că mie îmi merge mereu la fel. Cu ce vă pot ajuta?",
        "Vă mulțumesc de întrebare. Mă pricep însă doar la serviciile instituției. Ce doriți să aflați?",
    ],
    robot: &[
        "Da, sunt un asistent automat, nu un om. Răspund din informațiile verificate ale instituției și vă arăt sursa. Dacă \
         doriți, vă preia un coleg.",
        "Vorbiți cu un program. Puteți cere un om în orice moment.",
        "Sunt o mașină. Ce nu știu trimit unui coleg, care vă răspunde personal.",
    ],
    who: &[
        "Sunt asistentul automat al instituției. Vă spun ce pași aveți de făcut, ce acte aduceți și unde mergeți, iar ce nu \
         știu trimit unui coleg.",
        "Sunt un program care răspunde la întrebări despre serviciile instituției. Nu sunt un om, dar vă pot da legătura cu \
         unul.",
    ],
    capabilities: &[
        "Vă pot spune cum obțineți un act, ce documente aduceți, cât costă, cât durează și unde mergeți. La fiecare răspuns \
         vedeți sursa. Ce nu știu trimit unui coleg, cu număr de înregistrare.",
        "Întrebați-mă, de exemplu, ce faceți dacă v-a expirat buletinul, cum cereți un pașaport sau cum intrați în contul de \
         pe portal.",
    ],
    help: &[
        "Vă ajut cu informații despre acte, cereri și portal. Spuneți în câteva cuvinte ce aveți nevoie. Dacă sunteți în \
         pericol, sunați la 112.",
        "Spuneți-mi ce s-a întâmplat sau ce act vă trebuie. Pentru un pericol, sunați la 112.",
    ],
    language_switched: &["Vă răspund în română. Ce doriți să aflați?", "Sigur, continuăm în română. Cu ce vă ajut?"],
    empty: &[
        "Nu am primit niciun cuvânt. Scrieți întrebarea dumneavoastră.",
        "Mesajul a ajuns gol. Spuneți în câteva cuvinte ce doriți să aflați.",
    ],
    attachment_only: &[
        "Am primit fișierul. Scrieți în câteva cuvinte ce s-a întâmplat sau ce doriți să aflați.",
        "Fișierul a ajuns și rămâne în conversație. Ce doriți să aflați despre el?",
    ],
    cancelled: &[
        "Bine, ne oprim aici. Puteți pune oricând altă întrebare.",
        "Am renunțat la acest subiect. Cu ce altceva vă ajut?",
    ],
    corrected: &[
        "Am înțeles, nu la asta vă refereați. Spuneți-mi ce ați vrut să aflați.",
        "Bine, o luăm de la capăt. Care este întrebarea?",
    ],
    rephrase: &[
        "Spuneți, vă rog, în alte cuvinte ce doriți să aflați. De exemplu actul de care aveți nevoie și ce s-a întâmplat.",
        "Nu am prins despre ce este vorba. Scrieți pe scurt ce act sau ce serviciu vă interesează.",
        "Încercați, vă rog, cu o propoziție scurtă: ce doriți să obțineți?",
    ],
    choose_one: &[
        "La care dintre ele vă referiți? Alegeți o variantă.",
        "Alegeți, vă rog, una dintre variantele de mai jos.",
    ],
    again: &["Încă o dată, pe scurt:", "Altfel spus:", "Ce contează este aceasta:", "Reiau esențialul:"],
    nothing_to_repeat: &[
        "Încă nu v-am spus nimic de repetat. Ce doriți să aflați?",
        "Nu am un răspuns anterior de reluat. Scrieți întrebarea dumneavoastră.",
    ],
    dissatisfied: &[
        "Îmi pare rău că nu v-a fost de folos. Spuneți-mi în alte cuvinte ce căutați sau alegeți să vorbiți cu un om.",
        "Am înțeles că nu acesta este răspunsul căutat. Îl puteți afla de la un coleg.",
    ],
    choice_gone: &[
        "Nu mai găsesc acea variantă. Scrieți, vă rog, ce doriți să aflați.",
        "Varianta aleasă nu mai este valabilă. Spuneți în câteva cuvinte ce vă interesează.",
    ],
    emergency: &[
        "Sunați acum la 112. Apelul este gratuit, de pe orice telefon. Spuneți unde sunteți și ce se întâmplă. Eu nu pot \
         trimite ajutor de aici.",
        "Dacă pericolul continuă, sunați la 112 fără să mai așteptați. Rămâneți la telefon cu operatorul și spuneți adresa \
         exactă.",
    ],
    distress: &[
        "Îmi pare rău că treceți prin asta. Nu sunteți singur și contează ce vi se întâmplă. Dacă viața vă este în pericol, \
         sunați acum la 112. Un coleg preia imediat conversația.",
        "Vă mulțumesc că ați scris. Merită să vorbiți chiar acum cu cineva. Dacă sunteți în pericol, sunați la 112. Am chemat \
         un coleg.",
    ],
    helpline: "Puteți suna și la {helpline}.",
    threat: &[
        "Amenințările sunt luate în serios și ajung la un om. Dacă dumneavoastră sau altcineva este în pericol, sunați la 112.",
        "Am transmis mesajul unui coleg. Dacă este cineva în pericol, sunați la 112.",
    ],
    abuse: &[
        "Înțeleg că sunteți supărat. Vă ajut cu plăcere dacă îmi spuneți ce s-a întâmplat. Dacă preferați, vă preia un om.",
        "Continui când discuția rămâne respectuoasă. Scrieți-mi ce aveți nevoie sau cereți un om.",
        "Sunt aici pentru întrebarea dumneavoastră. Spuneți-mi despre ce este vorba.",
    ],
    injection: &[
        "Răspund numai la întrebări despre serviciile instituției. Ce doriți să aflați?",
        "Cu aceasta nu vă pot ajuta. Scrieți o întrebare despre acte, cereri sau portal.",
    ],
    others_data: &[
        "Nu pot spune cui aparține un număr, un act sau o mașină. Despre datele dumneavoastră vă răspunde un coleg.",
        "Datele altor persoane nu se dau aici. Dacă este vorba de datele dumneavoastră, cereți un om.",
    ],
    clarify: &[
        "Ca să vă răspund exact, la ce vă referiți?",
        "Am găsit mai multe subiecte apropiate. Care este al dumneavoastră?",
        "Despre care dintre acestea este vorba?",
    ],
    something_else: "Altceva",
    person: "Vorbiți cu un om",
    hand_off_requested: &[
        "Vă dau legătura cu un coleg. Puteți scrie în continuare aici.",
        "Am chemat un coleg. Dacă doriți, scrieți între timp despre ce este vorba.",
    ],
    hand_off_unknown: &[
        "Nu am găsit răspunsul în informațiile verificate, așa că întrebarea ajunge la un coleg.",
        "Nu știu răspunsul și nu vreau să presupun. Întrebarea merge la un coleg.",
    ],
    hand_off_unsure: &[
        "Nu sunt destul de sigur de răspuns, așa că întrebarea merge la un coleg.",
        "Ca să primiți răspunsul corect, întrebarea ajunge la un coleg.",
    ],
    hand_off_petition: &[
        "Sesizarea dumneavoastră ajunge la un coleg, care o primește. Scrieți aici ce s-a întâmplat, unde și când.",
        "Un coleg preia petiția dumneavoastră. Adăugați aici tot ce trebuie știut: fapte, loc, dată.",
    ],
    hand_off_information: &[
        "Cererea de informații publice ajunge la colegul care se ocupă de ele. Scrieți aici ce informații solicitați.",
        "Un coleg preia cererea de informații publice. Adăugați aici ce documente sau date cereți.",
    ],
    hand_off_own_file: &[
        "Nu am acces la dosarele personale. Un coleg verifică și vă răspunde.",
        "Situația unui dosar o poate vedea numai un coleg. I-am transmis întrebarea.",
    ],
    hand_off_incident: &[
        "Am transmis problema colegilor care se ocupă de portal. Dacă aveți o captură a erorii, atașați-o aici.",
        "Colegii care se ocupă de portal au primit problema. Scrieți aici ce apare pe ecran și la ce pas.",
    ],
    hand_off_still: &[
        "Pentru că nu a mers, problema ajunge la un coleg. Scrieți aici ce ați încercat și ce apare.",
        "Un coleg preia de aici, fiindcă pașii nu au ajutat. Spuneți, dacă puteți, ce s-a întâmplat.",
    ],
    hand_off_guide: &["De aici vă ajută un coleg.", "Pasul următor îl face un coleg, împreună cu dumneavoastră."],
    hand_off_failure: &[
        "Nu am reușit să caut răspunsul acum. Întrebarea dumneavoastră nu se pierde: ajunge la un coleg.",
        "A apărut o problemă la mine. Un coleg preia întrebarea.",
    ],
    cost: "Cost",
    time: "Termen",
    place: "Unde",
    papers: "Ce aduceți",
    unknown_cost: "Pentru „{title}” nu am un cost verificat și nu vreau să vă dau o sumă greșită. Un coleg vă poate răspunde.",
    unknown_time: "Pentru „{title}” nu am un termen verificat. Un coleg vă poate răspunde.",
    unknown_place: "Pentru „{title}” nu am o adresă verificată. Un coleg vă poate răspunde.",
    unknown_papers: "Pentru „{title}” nu am o listă verificată de acte. Un coleg vă poate răspunde.",
    other_language: "Informația există deocamdată numai în limba {language}:",
    languages: ["română", "maghiară", "engleză"],
};
