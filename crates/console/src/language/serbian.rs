use super::Language;

pub(super) const SERBIAN: Language = Language {
    language: "sr-Latn",
    docs: "Dokumentacija (na engleskom)",

    setup_title: "Prvi nalog",
    setup_intro: "Na ovom serveru još niko nema nalog. Ova stranica pravi vaš, i vašu organizaciju. Radi samo jednom.",
    you: "Vi",
    name: "Vaše ime",
    email: "E-pošta",
    email_hint: "Njome se prijavljujete.",
    password: "Lozinka",
    password_hint: "Najmanje 15 znakova. Nekoliko reči zaredom lako se pamti, a teško pogađa.",
    organization: "Vaša organizacija",
    organization_name: "Naziv organizacije",
    slug: "Kratko ime",
    slug_hint: "Stoji u adresama: a-z, 0-9 i crtice. Ako ostane prazno, sledi iz naziva.",
    submit: "Napravi nalog i organizaciju",

    error: "Greška",
    errors_title: "Još ništa nije napravljeno",
    errors_end: "Upišite lozinku ponovo: ona se ne čuva.",
    name_wrong: "Upišite ime od najviše 255 znakova.",
    email_wrong: "Upišite adresu e-pošte, na primer ime@example.com.",
    password_short: "Upotrebite najmanje 15 znakova.",
    password_long: "Upotrebite najviše 1.000 znakova.",
    password_common: "Izaberite onu koje se malo ko seti i koja nije sastavljena od vašeg imena ili adrese e-pošte.",
    slug_wrong: "Upotrebite 2 do 63 znaka: a-z, 0-9 i pojedinačne crtice između.",
    slug_taken: "Druga organizacija ima to kratko ime.",
    failed: "Server to trenutno ne može. Pokušajte ponovo za koji tren.",

    unknown_title: "Ova veza ne važi",
    unknown: "Možda joj nedostaje deo. Server ispisuje vezu kad se pokrene, dok god niko nema nalog; ponovo pokrenut, \
              ispisuje novu.",
    expired_title: "Ova veza je istekla",
    expired: "Važila je jedan dan. Pokrenite server ponovo: ispisaće novu.",
    used_title: "Prvi nalog već postoji",
    used: "Ova veza je obavila svoje i ne može se upotrebiti ponovo. Ako je lozinka izgubljena, novu postavlja onaj ko \
           vodi server:",
    foreign_title: "Ovaj obrazac je došao s drugog mesta",
    foreign: "Mora biti poslat sa stranice ovog servera. Ako jeste, posrednik skriva adresu servera: upišite je u \
              FIRMA_PUBLIC_URL, pokrenite server ponovo i otvorite novu vezu.",
    away_title: "Trenutno ne može",

    done_title: "Gotovo. Šta dalje?",
    done_intro: "Napravljeno je:",
    sign_in_title: "Prijavite se",
    sign_in_password: "Firma se koristi preko svog API-ja. U terminalu (bash ili zsh) upišite ovo, a zatim svoju lozinku, koja se ne \
                       prikazuje:",
    sign_in: "Zatim:",
    sign_in_end: "Odgovor je vaša organizacija. Token ne važi dugo: posle odgovora 401 ponovite.",
    members_title: "Dodajte ljude",
    members: "S tokenom odozgo:",
    members_mail: "Poziva ih pošta. Gde server za poštu nije zadat, leži u fascikli „outbox” u fascikli s podacima.",
    import_title: "Unesite ono što imate",
    import: "Firme, kontakti, poslovi i aktivnosti unose se iz CSV datoteke, kakvu čuva program za tabele. Probajte na \
             serveru, u fascikli iz koje je pokrenut. Ovim se još ništa ne čuva:",
    import_end: "Kaže koji su redovi odbijeni i zašto. Bez --dry-run dobri redovi ulaze; ponovo pokrenuto, ništa ne pravi \
                 dvaput. Kolone koje se drukčije zovu navodi --map KOLONA=POLJE.",
    stop_title: "Gde radi",
    stop: "Ctrl-C u terminalu servera zaustavlja ga, a ništa na šta je odgovoreno se ne gubi. Pokreće se kao i prvi \
           put.",
    data: "Vaši podaci su u",
    data_secret: "Čuvajte im kopiju, i uz njih datoteku „secret“ iz fascikle s podacima, iz koje potiču svi ključevi.",
};
