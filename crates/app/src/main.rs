//! Firma, the binary: configuration, composition, and what is done from the command line.

mod admin;
mod archive;
mod audit;
mod cli;
mod compose;
mod config;
mod database;
mod demo;
mod doctor;
mod draft;
mod erase;
mod exit;
mod import;
mod lines;
mod logging;
mod mail;
mod progress;
mod purge;
mod rotate;
mod secret;
mod serve;
mod settings;
mod setup;

use clap::{CommandFactory, Parser};
use cli::{Admin, Audit, Cli, Command, Mail};
use config::{Config, Fault, Given, LogFormat};
use exit::Ended;
use std::process::ExitCode;
use std::time::Duration;

/// What one thread asks for, another gives back: a call's parts on their way to the database and back. Those of the
/// C library wait for each other over that.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the database's threads may take to close their connections.
const LAST: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let (command, flags) = Cli::parse().split();
    let (config, given) = match config::load(&flags, &|name| std::env::var_os(name)) {
        Ok(loaded) => loaded,
        Err(faults) => return refuse(&faults),
    };
    let filter = filter(&command, &config, &given);
    let stays = matches!(command, Command::Serve | Command::Worker);
    logging::start(&filter, config.log_format == LogFormat::Json, stays);
    // The doctor has a line of its own for them.
    if !matches!(command, Command::Doctor(_)) {
        warnings(&config)
            .iter()
            .for_each(|warning| log::warn!("{warning}"));
    }
    let ended = run(command, &config, &given);
    firma_persistence::wait_for_threads(LAST);
    log::logger().flush();
    match ended.and_then(|()| firma_adapters::unsaid().map_err(Ended::Failed)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Found(code)) => ExitCode::from(code),
        // Who reads lines of JSON reads why it ended, too.
        Err(Ended::Failed(what))
            if stays && config.log_format == LogFormat::Json && log::log_enabled!(log::Level::Error) =>
        {
            log::error!("{what}");
            log::logger().flush();
            ExitCode::from(exit::FAILED)
        }
        Err(Ended::Failed(what)) => ended_with(exit::FAILED, &what),
        Err(Ended::With(code, what)) => ended_with(code, &what),
    }
}

/// A command tells itself what became of its job; the line of a worker is for who asks for it.
fn filter(command: &Command, config: &Config, given: &[Given]) -> String {
    let is_asked_for =
        |given: &Given| given.variable == "FIRMA_LOG" && given.from.as_deref() != Some("default");
    match command {
        Command::Import(_) if !given.iter().any(is_asked_for) => {
            format!("{},firma_services::platform::worker=warn", config.log)
        }
        _ => config.log.clone(),
    }
}

fn run(command: Command, config: &Config, given: &[Given]) -> Result<(), Ended> {
    match command {
        Command::Serve => serve::serve(config)?,
        Command::Import(new) => import::import(config, &new)?,
        Command::Worker => serve::work(config)?,
        Command::Mail(Mail::Test { to, language }) => mail::test(config, &to, language)?,
        Command::Admin(Admin::Create(new)) => admin::create(config, new)?,
        Command::Admin(Admin::Password { email }) => admin::password(config, email)?,
        Command::Admin(Admin::SignOut { email }) => admin::sign_out(config, email)?,
        Command::Audit(Audit::Verify(asked)) => audit::verify(config, &asked)?,
        Command::Audit(Audit::Export(asked)) => audit::export(config, &asked)?,
        Command::Doctor(output) => doctor::run(config, &output, &warnings(config))?,
        Command::Backup(asked) => archive::backup(config, &asked)?,
        Command::Restore(asked) => archive::restore(config, &asked)?,
        Command::Demo(asked) => demo::make(config, &asked)?,
        Command::Config(output) => settings::print(given, &output)?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "firma", &mut script);
            say(String::from_utf8_lossy(&script).into_owned());
        }
        Command::ErasePerson(asked) => erase::erase(config, &asked)?,
        Command::PurgeOrganization(asked) => purge::purge(config, &asked)?,
        Command::RotateSecrets(output) => rotate::rotate(config, &output)?,
        Command::Openapi => say(format!("{:#}", firma_http::document())),
        Command::Permissions => say(firma_http::matrix()),
    }
    Ok(())
}

/// What looks like a setting in the environment and isn't one.
fn warnings(config: &Config) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    config::warnings(names, config.oidc.as_deref().unwrap_or_default())
}

fn ended_with(code: u8, what: &str) -> ExitCode {
    complain(what);
    ExitCode::from(code)
}

fn refuse(faults: &[Fault]) -> ExitCode {
    faults.iter().for_each(|fault| complain(&fault.to_string()));
    ExitCode::from(exit::USAGE)
}

/// To whoever runs the command.
fn say(text: String) {
    firma_adapters::say(text.trim_end());
}

/// The same for a script.
fn say_json(value: &impl serde::Serialize) -> Result<(), String> {
    say(serde_json::to_string_pretty(value).map_err(|e| e.to_string())?);
    Ok(())
}

#[allow(clippy::print_stderr)]
fn complain(text: &str) {
    eprintln!("firma: {text}");
}
