//! Firma, the binary: configuration, composition, and what is done from the command line.

mod admin;
mod cli;
mod compose;
mod config;
mod import;
mod logging;
mod mail;
mod secret;
mod serve;

use cli::{Admin, Cli, Command, Mail};
use config::{Config, Fault, LogFormat};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (command, flags) = <Cli as clap::Parser>::parse().split();
    let config = match config::load(&flags, &|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(faults) => return refuse(&faults),
    };
    logging::start(&config.log, config.log_format == LogFormat::Json);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    config::warnings(names)
        .iter()
        .for_each(|warning| log::warn!("{warning}"));
    match run(command, &config) {
        Ok(code) => code,
        Err(what) => {
            complain(&what);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, config: &Config) -> Result<ExitCode, String> {
    let done = match command {
        Command::Import(new) => return import::import(config, &new),
        Command::Serve => serve::serve(config),
        Command::Worker => serve::work(config),
        Command::Mail(Mail::Test { to, language }) => mail::test(config, &to, language),
        Command::Admin(Admin::Create(new)) => admin::create(config, new),
        Command::Admin(Admin::Password { email }) => admin::password(config, &email),
        Command::Openapi => firma_http::document()
            .to_pretty_json()
            .map(say)
            .map_err(|e| e.to_string()),
        Command::Permissions => {
            say(firma_http::matrix());
            Ok(())
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn refuse(faults: &[Fault]) -> ExitCode {
    faults.iter().for_each(|fault| complain(&fault.to_string()));
    ExitCode::from(2)
}

/// To whoever runs the command.
fn say(text: String) {
    // Who reads no further, as `head` does, has what it wants.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

#[allow(clippy::print_stderr)]
fn complain(text: &str) {
    eprintln!("firma: {text}");
}
