use super::Language;

pub(super) const ENGLISH: Language = Language {
    language: "en",
    docs: "The documentation",

    setup_title: "The first owner",
    setup_intro: "Nobody has an account on this server yet. This page makes yours, and your organization. It works \
                  once.",
    you: "You",
    name: "Your name",
    email: "E-mail",
    email_hint: "You sign in with it.",
    password: "Password",
    password_hint: "At least 15 characters. A few words in a row are easy to remember, and hard to guess.",
    organization: "Your organization",
    organization_name: "Name of the organization",
    slug: "Short name",
    slug_hint: "Stands in addresses: a-z, 0-9 and hyphens. Left empty, it follows from the name.",
    submit: "Make account and organization",

    error: "Error",
    errors_title: "Nothing was made yet",
    errors_end: "Please type the password again: it isn't kept.",
    name_wrong: "Give a name of at most 255 characters.",
    email_wrong: "Give an e-mail address, such as name@example.com.",
    password_short: "Use at least 15 characters.",
    password_long: "Use at most 1,000 characters.",
    password_common: "Choose one that few think of, and that isn't made of your name or your e-mail.",
    slug_wrong: "Use 2 to 63 of a-z, 0-9 and single hyphens inside.",
    slug_taken: "Another organization has this short name.",
    failed: "The server can't do it at the moment. Try again shortly.",

    unknown_title: "This link isn't valid",
    unknown: "Perhaps a part of it is missing. The server prints the link when it starts, as long as nobody has an \
              account; started again, it prints a new one.",
    expired_title: "This link has expired",
    expired: "It was valid for a day. Start the server again: it prints a new one.",
    used_title: "The first owner is there",
    used: "This link has done its work, and can't be used again. If the password is lost, who runs the server sets \
           another:",
    foreign_title: "This form came from elsewhere",
    foreign: "It has to be sent from this server's own page. If it was, a proxy hides the server's address: set \
              FIRMA_PUBLIC_URL to it, start the server again, and open the new link.",
    away_title: "Not at the moment",

    done_title: "Done. What next?",
    done_intro: "These were made:",
    sign_in_title: "Sign in",
    sign_in_password: "Firma is used through its API. In a terminal (bash or zsh), enter this, and then your password, which isn't \
                       shown:",
    sign_in: "Then:",
    sign_in_end: "The answer is your organization. The token is soon out of date: after a 401, do this again.",
    members_title: "Add people",
    members: "With the token from above:",
    members_mail: "A mail asks them to join. Where no mail server is set, it lies in the folder “outbox” in the data folder.",
    import_title: "Bring in what you have",
    import: "Companies, contacts, deals and activities come in from a CSV file, such as a spreadsheet saves. Try it \
             on the server, in the folder that it was started in. This stores nothing yet:",
    import_end: "It says which rows are refused, and why. Without --dry-run the good ones go in; run again, nothing is made \
                 twice. Columns called otherwise are named with --map COLUMN=FIELD.",
    stop_title: "Where it runs",
    stop: "Ctrl-C in the server's terminal stops it, and loses nothing that was answered. Start it in the same way as \
           the first time.",
    data: "Your data is in",
    data_secret: "Back it up, and with it the file “secret” in the data folder, which all keys come from.",
};
