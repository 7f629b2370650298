//! The decision against an oracle that was written from the rules in another way: a plain table of what each role may
//! do, and no notion of the widest scope; each assignment is asked by itself.

mod decisions;
mod dice;
mod lists;

use dice::Dice;
use firma_auth::access::{Scope, Verb};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// For each resource a cell a role; in a cell a letter for read, create, update, delete, approve and budget:
/// `o` own, `t` team, `g` the organization, `-` not at all, `.` no such permission.
const TABLE: &str = include_str!("table.txt");

const ROLES: [&str; 9] = [
    "ceo",
    "admin",
    "manager",
    "product_manager",
    "developer",
    "designer",
    "employee",
    "stakeholder",
    "client",
];
const VERBS: [Verb; 6] = [
    Verb::Read,
    Verb::Create,
    Verb::Update,
    Verb::Delete,
    Verb::Approve,
    Verb::Budget,
];

/// Where a row stands for the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Own,
    OfATeamMate,
    OfAnother,
    Nobodys,
}

/// What one assignment gives, as the oracle sees it.
#[derive(Debug, Clone)]
enum Held {
    /// A column of the table
    System(usize),
    /// Names of permissions
    Custom(Vec<String>),
}

/// The cells of each resource.
static LINES: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut cells = line.split_whitespace();
        (cells.next().unwrap(), cells.collect())
    };
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(line)
        .collect()
});

/// Whether a letter reaches a row.
fn letter_reaches(letter: char, row: Row) -> bool {
    match letter {
        'g' => true,
        't' => row == Row::Own || row == Row::OfATeamMate,
        'o' => row == Row::Own,
        '-' | '.' => false,
        other => panic!("{other} is no letter of the table"),
    }
}

impl Held {
    fn reaches(&self, resource: &str, verb: usize, row: Row) -> bool {
        match self {
            Held::System(role) => letter_reaches(LINES[resource][*role].chars().nth(verb).unwrap(), row),
            Held::Custom(names) => names.iter().any(|name| {
                let parts: Vec<_> = name.split(':').collect();
                let letter = match parts[2] {
                    "own" => 'o',
                    "team" => 't',
                    _ => 'g',
                };
                parts[0] == resource && parts[1] == VERBS[verb].as_str() && letter_reaches(letter, row)
            }),
        }
    }
}

/// Some permissions of the catalogue, by name.
fn some_permissions(dice: &mut Dice, of: Option<&str>) -> Vec<String> {
    static NAMES: LazyLock<Vec<String>> =
        LazyLock::new(|| firma_auth::access::permissions().map(|p| p.name()).collect());
    let is_of = |name: &&String| of.is_none_or(|of| name.starts_with(of));
    let all: Vec<_> = NAMES.iter().filter(is_of).collect();
    (0..dice.below(6))
        .map(|_| all[dice.below(all.len())].clone())
        .collect()
}

fn includes(scope: Option<Scope>, row: Row) -> bool {
    match scope {
        None => false,
        Some(Scope::Own) => row == Row::Own,
        Some(Scope::Team) => matches!(row, Row::Own | Row::OfATeamMate),
        Some(Scope::Org) => true,
    }
}
