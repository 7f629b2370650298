//! Seals what is stored encrypted with the current root secret.

use crate::cli::Output;
use crate::compose::{Parts, compose_existing};
use crate::config::Config;
use crate::database::wait;
use crate::exit::Ended;
use firma_services::identity::{Rotated, SEALED, rotate_secrets};

pub(crate) fn rotate(config: &Config, output: &Output) -> Result<(), Ended> {
    let Parts { database, signer, .. } = compose_existing(config)?;
    let rotating = rotate_secrets(&database, signer.keys, signer.entropy, SEALED);
    let rotated = wait(rotating)?.map_err(|refusal| refusal.to_string())?;
    match output.json {
        true => crate::say_json(&rotated)?,
        false => crate::say(told(&rotated)),
    }
    match rotated.lost.len() {
        0 => Ok(()),
        lost => Err(Ended::Failed(format!(
            "{lost} of them don't open with this secret and the one before"
        ))),
    }
}

fn told(rotated: &Rotated) -> String {
    let Rotated {
        renewed,
        current,
        lost,
    } = rotated;
    let mut lines = vec![format!(
        "sealed anew: {renewed}, with the current secret already: {current}"
    )];
    lines.extend(lost.iter().map(|lost| format!("lost: {lost}")));
    lines.join("\n")
}
