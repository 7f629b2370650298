use super::Language;

pub(super) const GERMAN: Language = Language {
    language: "de",
    docs: "Die Dokumentation (englisch)",

    setup_title: "Der erste Zugang",
    setup_intro: "Auf diesem Server hat noch niemand ein Konto. Diese Seite legt Ihres an, und Ihre Organisation. Das \
                  geht genau einmal.",
    you: "Sie",
    name: "Ihr Name",
    email: "E-Mail",
    email_hint: "Damit melden Sie sich an.",
    password: "Passwort",
    password_hint: "Mindestens 15 Zeichen. Einige Wörter hintereinander sind leicht zu merken und schwer zu erraten.",
    organization: "Ihre Organisation",
    organization_name: "Name der Organisation",
    slug: "Kurzname",
    slug_hint: "Steht in Adressen: a-z, 0-9 und Bindestriche. Bleibt er leer, folgt er aus dem Namen.",
    submit: "Konto und Organisation anlegen",

    error: "Fehler",
    errors_title: "Noch wurde nichts angelegt",
    errors_end: "Bitte geben Sie das Passwort noch einmal ein: Es wird nicht behalten.",
    name_wrong: "Geben Sie einen Namen von höchstens 255 Zeichen an.",
    email_wrong: "Geben Sie eine E-Mail-Adresse an, etwa name@example.com.",
    password_short: "Verwenden Sie mindestens 15 Zeichen.",
    password_long: "Verwenden Sie höchstens 1.000 Zeichen.",
    password_common: "Wählen Sie eines, auf das kaum jemand kommt und das nicht aus Ihrem Namen oder Ihrer E-Mail-Adresse besteht.",
    slug_wrong: "Verwenden Sie 2 bis 63 Zeichen aus a-z, 0-9 und einzelnen Bindestrichen dazwischen.",
    slug_taken: "Eine andere Organisation hat diesen Kurznamen.",
    failed: "Der Server kann das gerade nicht. Versuchen Sie es gleich noch einmal.",

    unknown_title: "Dieser Link gilt nicht",
    unknown: "Vielleicht fehlt ein Teil davon. Der Server zeigt den Link beim Start, solange niemand ein Konto hat; \
              neu gestartet, zeigt er einen neuen.",
    expired_title: "Dieser Link ist abgelaufen",
    expired: "Er galt einen Tag lang. Starten Sie den Server neu: Er zeigt einen neuen.",
    used_title: "Das erste Konto gibt es schon",
    used: "Dieser Link hat seinen Dienst getan und gilt kein zweites Mal. Ist das Passwort verloren, setzt ein neues, \
           wer den Server betreibt:",
    foreign_title: "Dieses Formular kam von anderswo",
    foreign: "Es muss von der Seite dieses Servers kommen. Wenn es so war, verdeckt ein Proxy die Adresse des Servers: \
              Tragen Sie sie in FIRMA_PUBLIC_URL ein, starten Sie den Server neu und öffnen Sie den neuen Link.",
    away_title: "Gerade nicht",

    done_title: "Fertig. Wie weiter?",
    done_intro: "Angelegt wurden:",
    sign_in_title: "Anmelden",
    sign_in_password: "Firma wird über seine API benutzt. Geben Sie in einem Terminal (bash oder zsh) dies ein und danach Ihr Passwort, \
                       das nicht angezeigt wird:",
    sign_in: "Dann:",
    sign_in_end: "Die Antwort ist Ihre Organisation. Das Token gilt nicht lange: nach einem 401 von vorn.",
    members_title: "Leute hinzufügen",
    members: "Mit dem Token von oben:",
    members_mail: "Eine Mail lädt sie ein. Wo kein Mailserver angegeben ist, liegt sie im Ordner „outbox“ im Datenordner.",
    import_title: "Daten mitbringen",
    import: "Firmen, Kontakte, Geschäfte und Aktivitäten kommen aus einer CSV-Datei, wie eine Tabellenkalkulation sie \
             sichert. Probieren Sie es auf dem Server, in dem Ordner, in dem er gestartet wurde. Noch wird nichts gespeichert:",
    import_end: "Es sagt, welche Zeilen abgelehnt werden und warum. Ohne --dry-run kommen die guten hinein; beim nächsten \
                 Mal entsteht nichts doppelt. Spalten, die anders heißen, nennt --map SPALTE=FELD.",
    stop_title: "Wo es läuft",
    stop: "Strg-C im Terminal des Servers hält ihn an; nichts, was beantwortet war, geht verloren. Gestartet wird er \
           wie beim ersten Mal.",
    data: "Ihre Daten liegen in",
    data_secret: "Sichern Sie sie, und mit ihnen die Datei „secret“ im Datenordner, aus der alle Schlüssel stammen.",
};
