//! Firma, the binary: configuration, composition, and what is done from the command line.

mod admin;
mod cli;
mod compose;
mod config;
mod logging;
mod secret;
mod serve;
mod setup;

use cli::{Admin, Cli, Command};
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
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            complain(&what);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, config: &Config) -> Result<(), String> {
    match command {
        Command::Serve => serve::serve(config),
        Command::Admin(Admin::Create(new)) => admin::create(config, new),
        Command::Admin(Admin::Password { email }) => admin::password(config, &email),
        Command::Openapi => {
            say(format!("{:#}", firma_http::document()));
            Ok(())
        }
        Command::Permissions => {
            say(firma_http::matrix());
            Ok(())
        }
    }
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
