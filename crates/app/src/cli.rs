//! The command line.
use crate::config::Flags;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use firma_domain::{Email, Id};
use std::path::PathBuf;

/// The back office of a firm, in one binary.
#[derive(Parser)]
#[command(name = "firma", version, after_help = crate::exit::HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

impl Cli {
    /// What to do, and with which flags; without a command, serve.
    pub(crate) fn split(self) -> (Command, Flags) {
        (self.command.unwrap_or(Command::Serve), self.flags)
    }
}

#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Answer requests; this is what happens without a command
    Serve,
    /// Work jobs off, and answer no requests
    Worker,
    /// Try the way that mail goes
    #[command(subcommand)]
    Mail(Mail),
    /// Work on users without being signed in
    #[command(subcommand)]
    Admin(Admin),
    /// Delete a person's account, and what is known of the person, as far as no law needs it
    ErasePerson(ErasePerson),
    /// Take an organization that was deleted away for good, with everything in it; its audit log is exported first
    PurgeOrganization(PurgeOrganization),
    /// Seal what is stored encrypted with the current root secret, where it was with FIRMA_SECRET_PREVIOUS
    RotateSecrets(Output),
    /// Look into the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Check the installation: each line says ok, or what to do
    Doctor(Output),
    /// Print the settings as they hold, secrets masked, and where each comes from
    Config(Output),
    /// Write all rows and files into one archive, while the server goes on
    Backup(Backup),
    /// Fill an empty database from an archive, of the same kind of database or the other
    Restore(Restore),
    /// Make the organization `demo`, the same for the same seed
    Demo(Demo),
    /// Print the script by which a shell completes these commands
    Completions { shell: Shell },
    /// Bring the rows of a CSV file into an organization
    Import(NewImport),
    /// Print the description of the API
    Openapi,
    /// Print which role may do what
    Permissions,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Output {
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Audit {
    /// Walk the chain of an organization's log, and name the first entry that was changed, removed or moved
    Verify(Verify),
    /// Write an organization's log into a file, in which `verify` walks it, too
    Export(Export),
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Verify {
    /// One organization, by its short name; `system` is the chain of what concerns none
    #[arg(long, value_name = "SLUG", conflicts_with = "all")]
    pub(crate) organization: Option<String>,
    /// All of them, and the system's; what happens unless one is named
    #[arg(long)]
    pub(crate) all: bool,
    /// One that was exported into this file, instead of those in the database
    #[arg(long, value_name = "FILE", conflicts_with_all = ["organization", "all"])]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Export {
    /// The file to write, which must not be there yet
    pub(crate) file: PathBuf,
    /// Short name of the organization; `system` is the chain of what concerns none
    #[arg(long, value_name = "SLUG")]
    pub(crate) organization: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct PurgeOrganization {
    /// Short name of the organization
    #[arg(long, value_name = "SLUG")]
    pub(crate) organization: String,
    /// The file to write its audit log into, which must not be there yet. Needed unless its purge has begun already
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// Don't wait until it has been deleted for as long as deleted rows are kept
    #[arg(long)]
    pub(crate) now: bool,
    /// Go on although its log isn't whole
    #[arg(long)]
    pub(crate) in_doubt: bool,
    /// That it is meant: it can't be undone
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Backup {
    /// The archive to write, which must not be there yet; `-` is standard output
    pub(crate) file: PathBuf,
    /// Restore it into a database of its own for a while, and compare: only then does it count as a good one
    #[arg(long)]
    pub(crate) prove: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Restore {
    /// The archive to read; `-` is standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Demo {
    /// From which ids, names and figures follow
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Mail {
    /// Send a mail as the server would, and say what came of it
    Test {
        #[arg(long)]
        to: Email,
        /// Its language
        #[arg(long, default_value = "en", value_parser = ["en", "tr", "sr", "de"])]
        language: String,
    },
}

#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Admin {
    /// Make a user, and an organization that the user owns
    Create(NewAdmin),
    /// Set the password of a user
    Password {
        #[arg(long)]
        email: Email,
    },
    /// End all sessions of a user
    SignOut {
        #[arg(long)]
        email: Email,
    },
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct NewAdmin {
    #[arg(long)]
    pub(crate) email: Email,
    /// Name of the organization
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: String,
    /// Short name of the organization, as it stands in URLs
    #[arg(long)]
    pub(crate) slug: String,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct ErasePerson {
    #[arg(long)]
    pub(crate) email: Email,
    /// That it is meant: it can't be undone
    #[arg(long)]
    pub(crate) yes: bool,
    /// Language of the mail that tells the person, where the profile names none
    #[arg(long, default_value = "en", value_parser = ["en", "tr", "sr", "de"])]
    pub(crate) language: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct NewImport {
    /// The file
    #[arg(required_unless_present = "go_on")]
    pub(crate) file: Option<PathBuf>,
    /// Short name of the organization
    #[arg(long, value_name = "SLUG")]
    pub(crate) organization: String,
    /// Go on with this import, which was cut off, instead of beginning one
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "entity", "map", "key", "options", "dry_run", "all_or_nothing"])]
    pub(crate) go_on: Option<Id>,
    /// Write the refused rows into this file, with what is wrong before each; mended it can be brought in
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    /// What the rows become
    #[arg(long, value_name = "COLLECTION", value_parser = ["companies", "contacts", "deals", "activities"])]
    pub(crate) entity: Option<String>,
    /// A column and the field that it becomes, again for each
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapped)]
    pub(crate) map: Vec<(String, String)>,
    /// The field by which a row is found again, or none
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// A file of JSON with these and further options
    #[arg(long, value_name = "FILE")]
    pub(crate) options: Option<PathBuf>,
    /// Count, and store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Store all rows or none
    #[arg(long)]
    pub(crate) all_or_nothing: bool,
    /// The member whose rights count; the owner's unless given
    #[arg(long = "as", value_name = "EMAIL")]
    pub(crate) acting_as: Option<Email>,
    /// Print the import and all refusals as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn mapped(text: &str) -> Result<(String, String), String> {
    let parts = text.rsplit_once('=').ok_or("has to be COLUMN=FIELD")?;
    Ok((parts.0.into(), parts.1.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn command(line: &str) -> Option<Command> {
        Cli::try_parse_from(line.split(' ')).ok().map(|cli| cli.split().0)
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_and_after_the_command() {
        assert_eq!(command("firma"), Some(Command::Serve));
        assert_eq!(command("firma --bind x"), Some(Command::Serve));
        assert_eq!(
            command("firma --db-pool-max 3 openapi --log-format json"),
            Some(Command::Openapi)
        );
        assert_eq!(command("firma permissions"), Some(Command::Permissions));
        assert_eq!(command("firma --nonsense"), None);
    }

    #[test]
    fn admin_needs_all_its_names() {
        let new = NewAdmin {
            email: "a@firma.example".parse().unwrap(),
            organization: "Firma".to_owned(),
            slug: "firma".to_owned(),
        };
        assert_eq!(
            command("firma admin create --email a@firma.example --organization Firma --slug firma"),
            Some(Command::Admin(Admin::Create(new)))
        );
        assert_eq!(command("firma admin create --email a@firma.example"), None);
        assert_eq!(
            command("firma admin password --email a@firma.example"),
            Some(Command::Admin(Admin::Password {
                email: "a@firma.example".parse().unwrap()
            }))
        );
        assert_eq!(
            command("firma admin sign-out --email a@firma.example"),
            Some(Command::Admin(Admin::SignOut {
                email: "a@firma.example".parse().unwrap()
            }))
        );
    }

    #[test]
    fn an_operators_commands_have_their_ways() {
        let verify = |line: &str| match command(line) {
            Some(Command::Audit(Audit::Verify(asked))) => Some((asked.organization, asked.output.json)),
            _ => None,
        };
        assert_eq!(verify("firma audit verify"), Some((None, false)));
        assert_eq!(
            verify("firma audit verify --organization acme --json"),
            Some((Some("acme".to_owned()), true))
        );
        assert_eq!(verify("firma audit verify --organization acme --all"), None);
        assert_eq!(command("firma audit verify --file a --all"), None);
        assert_eq!(command("firma audit export a"), None);
        let purge = |line: &str| match command(line) {
            Some(Command::PurgeOrganization(asked)) => Some((asked.organization, asked.audit, asked.yes)),
            _ => None,
        };
        assert_eq!(
            purge("firma purge-organization --organization acme --audit a"),
            Some(("acme".to_owned(), Some(PathBuf::from("a")), false))
        );
        assert_eq!(purge("firma purge-organization --audit a --yes"), None);
        assert_eq!(command("firma backup"), None);
        assert!(matches!(command("firma backup -"), Some(Command::Backup(_))));
        assert!(matches!(
            command("firma restore a --json"),
            Some(Command::Restore(_))
        ));
        assert!(matches!(
            command("firma demo"),
            Some(Command::Demo(Demo { seed: 1, .. }))
        ));
        assert_eq!(command("firma demo --seed x"), None);
    }

    #[test]
    fn a_mail_is_tried_in_a_language_that_there_is() {
        assert!(command("firma mail test --to a@firma.example --language tr").is_some());
        assert_eq!(
            command("firma mail test --to a@firma.example --language fr"),
            None
        );
    }

    #[test]
    fn what_an_import_or_a_mail_can_not_be_told_is_a_fault_of_the_command_line() {
        let import = |more: &str| command(&format!("firma import a.csv --organization acme {more}"));
        let good = import("--entity deals --map No=external_id --map A=B=title");
        let Some(Command::Import(asked)) = good else {
            panic!("{good:?}");
        };
        let pair = |column: &str, field: &str| (column.to_owned(), field.to_owned());
        assert_eq!(asked.map, [pair("No", "external_id"), pair("A=B", "title")]);
        for wrong in ["--map Firma", "--entity bogus", "--go-on nonsense"] {
            assert_eq!(import(wrong), None, "{wrong}");
        }
        assert_eq!(command("firma import --organization acme --go-on nonsense"), None);
        assert_eq!(command("firma mail test --to nonsense"), None);
    }

    #[test]
    fn the_help_names_variables_and_defaults() {
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("--db-role <VALUE>"), "{help}");
        assert!(help.contains("[FIRMA_DB_ROLE] [default: firma_app]"), "{help}");
        assert!(help.contains("[FIRMA_CONFIG]"), "{help}");
    }
}
