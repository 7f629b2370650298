/// What is done to a row, as the middle part of a permission's name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Find, list, count, report
    Read,
    /// Make
    Create,
    /// Change
    Update,
    /// Delete and restore
    Delete,
    /// Say yes or no to what others enter: time
    Approve,
    /// See and set what something costs: budgets, rates
    Budget,
}

impl Verb {
    /// What can be done to a plain entity.
    pub const PLAIN: &'static [Verb] = &[Verb::Read, Verb::Create, Verb::Update, Verb::Delete];
    /// All of them.
    pub const ALL: &'static [Verb] = &[
        Verb::Read,
        Verb::Create,
        Verb::Update,
        Verb::Delete,
        Verb::Approve,
        Verb::Budget,
    ];

    /// The verb of that name.
    pub fn parse(name: &str) -> Option<Verb> {
        Verb::ALL.iter().copied().find(|verb| verb.as_str() == name)
    }

    /// As written in a permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verb::Read => "read",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Delete => "delete",
            Verb::Approve => "approve",
            Verb::Budget => "budget",
        }
    }
}

/// A [`Verb`] as a type, so that a repository opened for reading has no way to store.
pub trait Action: Send + Sync + 'static {
    /// The verb.
    const VERB: Verb;
}
/// An action that may store.
pub trait Writes: Action {}

macro_rules! actions { ($($(#[$doc:meta])* $name:ident: $($writes:ident)?),*) => { $(
    $(#[$doc])* #[derive(Debug, Clone, Copy)] pub struct $name;
    impl Action for $name { const VERB: Verb = Verb::$name; }
    $(impl $writes for $name {})?
)* } }
actions!(
    /// Find, list, count, report.
    Read:,
    /// Make.
    Create: Writes,
    /// Change.
    Update: Writes,
    /// Delete and restore.
    Delete: Writes
);
