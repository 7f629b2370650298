//! Brings a file of rows in, by whoever runs the server. The database does what it does for a call of the API.

use crate::cli::NewImport;
use crate::compose::compose;
use crate::config::Config;
use crate::exit::{Ended, SOME_REFUSED};
use firma_domain::platform::{Import, ImportRefusal, ImportState};
use firma_domain::{Email, Record};
use firma_services::Asker;
use firma_services::organizations::acting_in;
use firma_services::platform::imports::{self, Direct, Importing, Options, Run, Source};
use firma_services::{Database, Origin, Refusal, Tx, Work};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

/// The most refusals that are printed for a person.
const SHOWN: usize = 50;

pub(crate) fn import(config: &Config, new: &NewImport) -> Result<(), Ended> {
    let options = options(new)?;
    let (path, name) = (new.file.clone(), new.file.file_name());
    let name = name
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let source: Source = Arc::new(move || Ok(Box::new(File::open(&path)?)));
    let parts = compose(config)?;
    let direct = Direct {
        database: parts.database.clone(),
        origin: Origin::default(),
    };
    let said = |refusal: Refusal| refusal.to_string();
    let of = begin(&parts.database, new, options, name)?;
    let mut run = Run::begin(&direct, of, &source).map_err(said)?;
    while !run.is_over() {
        run.step().map_err(said)?;
        show_progress(&run.import().value);
    }
    let import = run.import();
    if let Some(failure) = &import.value.failure {
        return Err(failure.clone().into());
    }
    let refusals = refusals(&parts.database, of).map_err(said)?;
    match new.json {
        true => crate::say(json!({"import": import, "refusals": refusals}).to_string()),
        false => tell(import, &refusals),
    }
    match import.value.refused {
        0 => Ok(()),
        _ => Err(Ended::Found(SOME_REFUSED)),
    }
}

/// What the file of options says, and over it what the command line does.
fn options(new: &NewImport) -> Result<Options, String> {
    let mut given = match &new.options {
        None => Map::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    for (name, value) in [("entity", &new.entity), ("key", &new.key)] {
        if let Some(value) = value {
            given.insert(name.into(), value.as_str().into());
        }
    }
    for (name, asked) in [("dry_run", new.dry_run), ("all_or_nothing", new.all_or_nothing)] {
        if asked {
            given.insert(name.into(), true.into());
        }
    }
    if !given.contains_key("entity") {
        return Err("say what the rows are to become, with --entity".into());
    }
    let columns = given
        .entry("columns")
        .or_insert_with(|| Value::Object(Map::new()));
    for pair in &new.map {
        let (column, field) = pair
            .rsplit_once('=')
            .ok_or_else(|| format!("--map {pair}: has to be COLUMN=FIELD"))?;
        if let Value::Object(columns) = columns {
            columns.insert(column.into(), field.into());
        }
    }
    Options::read(Value::Object(given)).map_err(|refusal| refusal.to_string())
}

fn begin(database: &Database, new: &NewImport, options: Options, name: String) -> Result<Importing, String> {
    let email = match &new.acting_as {
        Some(text) => Some(Email::parse(text).ok_or_else(|| format!("{text} is not an e-mail address"))?),
        None => None,
    };
    let slug = new.organization.clone();
    let ask = move |tx: &mut Tx<'_>| {
        let (organization, user) = acting_in(tx, &slug, email.as_ref())?;
        let asker = Asker::member(organization, user);
        let mut work = Work::go_on(tx, asker)?;
        let grant = work.grant()?;
        let import = imports::ask(&mut work, grant, &options, &name)?;
        Ok::<_, Refusal>(Importing {
            asker,
            import: import.id,
        })
    };
    let begun = database.write_waiting(Origin::default(), ask);
    begun.map_err(|refusal| match refusal {
        Refusal::OrganizationNotFound => {
            format!("there is no organization {} that they act in", new.organization)
        }
        Refusal::NotFound => "there is no user with this e-mail".into(),
        other => other.to_string(),
    })
}

fn refusals(database: &Database, of: Importing) -> Result<Vec<ImportRefusal>, Refusal> {
    let mut all: Vec<ImportRefusal> = Vec::new();
    loop {
        let after = all.last().map_or(0, |refusal| refusal.line);
        let page = move |tx: &mut Tx<'_>| {
            let mut work = Work::go_on(tx, of.asker)?;
            let grant = work.grant()?;
            imports::refusals(&mut work, grant, of.import, after, 1_000)
        };
        let (some, more) = database.read_waiting(page)?;
        all.extend(some);
        if !more {
            return Ok(all);
        }
    }
}

/// On a terminal, over and over on one line.
fn show_progress(import: &Import) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let _ = write!(out, "\r{} rows, {} refused", import.rows_read, import.refused);
        if import.state != ImportState::Running {
            let _ = writeln!(out);
        }
    }
}

fn tell(import: &Record<Import>, refusals: &[ImportRefusal]) {
    let Import {
        created,
        updated,
        unchanged,
        refused,
        ..
    } = import.value;
    let mut lines: Vec<_> = refusals
        .iter()
        .take(SHOWN)
        .map(|refusal| {
            let column = refusal
                .column
                .as_deref()
                .or(refusal.field.as_deref())
                .unwrap_or("-");
            format!(
                "line {}, {column}: {} ({})",
                refusal.line, refusal.detail, refusal.code
            )
        })
        .collect();
    if refusals.len() > SHOWN {
        lines.push(format!("and {} more", refusals.len() - SHOWN));
    }
    let how = match (import.value.state, import.value.dry_run) {
        (ImportState::Refused, _) => "nothing went in",
        (_, true) => "tried, nothing is stored",
        _ => "done",
    };
    lines.push(format!(
        "{how}: {created} created, {updated} updated, {unchanged} unchanged, {refused} refused; import {}",
        import.id
    ));
    crate::say(lines.join("\n"));
}
