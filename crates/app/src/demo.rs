//! The organization `demo`: the same ids, names and figures for the same seed, and passwords made anew.

use crate::cli::Demo;
use crate::compose::compose_with;
use crate::config::Config;
use crate::database::{sources, wait};
use crate::progress::Progress;
use firma_domain::source::{Clock, Entropy, IdSource};
use firma_domain::{Id, Instant};
use firma_persistence::Sources;
use firma_services::demo::{self, Person};
use firma_services::{Origin, Refusal, Tx};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How someone signs in.
#[derive(Serialize)]
struct Login {
    role: &'static str,
    email: String,
    name: String,
    password: String,
}

pub(crate) fn make(config: &Config, asked: &Demo) -> Result<(), String> {
    let clock = Arc::new(Told(AtomicI64::new(demo::begins().micros())));
    let entropy = sources().entropy;
    let parts = compose_with(
        config,
        Sources {
            clock: clock.clone(),
            ids: Arc::new(Seeded {
                seed: asked.seed,
                made: AtomicU64::new(0),
            }),
            entropy: entropy.clone(),
        },
    )?;
    let people = demo::people(asked.seed);
    let passwords: Vec<_> = people.iter().map(|_| password(entropy.as_ref())).collect();
    let seed = asked.seed;
    let play = async {
        let mut cast: Vec<(Person, String)> = Vec::new();
        for (person, password) in people.iter().zip(&passwords) {
            cast.push((person.clone(), parts.hasher.hash(password.clone()).await?));
        }
        let write = move |tx: &mut Tx<'_>| demo::found(tx, &cast);
        parts.database.write(Origin::default(), write).await?;
        let mut progress = Progress::of("demo", "steps");
        for step in demo::steps(seed) {
            clock.0.store(step.at.micros(), Ordering::Relaxed);
            let take = move |tx: &mut Tx<'_>| demo::play(tx, &step);
            parts.database.write(Origin::default(), take).await?;
            progress.step(1);
        }
        Ok::<_, Refusal>(())
    };
    wait(play)?.map_err(|refusal| refusal.to_string())?;
    let login = |(person, password): (Person, String)| Login {
        role: person.role,
        email: person.email,
        name: person.name,
        password,
    };
    print(people.into_iter().zip(passwords).map(login).collect(), asked)
}

fn print(logins: Vec<Login>, asked: &Demo) -> Result<(), String> {
    if asked.output.json {
        return crate::say_json(&serde_json::json!({"organization": demo::SLUG, "logins": logins}));
    }
    let mut lines = vec![format!(
        "organization {}; these passwords are shown once:",
        demo::SLUG
    )];
    lines.extend(
        logins
            .iter()
            .map(|login| format!("{:30} {}  {}", login.email, login.password, login.name)),
    );
    crate::say(lines.join("\n"));
    Ok(())
}

/// 120 bits, in letters that nobody takes for others.
fn password(entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 24];
    entropy.fill(&mut bytes);
    let letter = |byte: &u8| {
        LETTERS
            .get(usize::from(byte % 32))
            .copied()
            .map_or('x', char::from)
    };
    let groups = bytes
        .chunks(6)
        .map(|six| six.iter().map(letter).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// A clock that stands where it is put.
struct Told(AtomicI64);

impl Clock for Told {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Relaxed)).unwrap_or_else(demo::begins)
    }
}

/// Ids that follow from a seed and from how many were made before.
struct Seeded {
    seed: u64,
    made: AtomicU64,
}

impl IdSource for Seeded {
    fn next(&self, now: Instant) -> Id {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(made.to_be_bytes())
            .finalize();
        let mut random = [0; 10];
        random.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        // Where version 7 has its first random bits, so that ids of one instant sort as they were made.
        let [.., high, low] = (made & 0xfff).to_be_bytes();
        let [first, second, ..] = &mut random;
        (*first, *second) = (high, low);
        Id::from_parts(
            u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0),
            &random,
        )
    }
}
