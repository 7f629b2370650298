/// How far a permission reaches inside an organization; a wider scope includes the narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Rows that the member owns
    Own,
    /// Also rows of those the member shares a live team with
    Team,
    /// All rows of the organization
    Org,
}

impl Scope {
    /// All of them, the narrowest first.
    pub const ALL: &'static [Scope] = &[Scope::Own, Scope::Team, Scope::Org];

    /// As written in a permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Own => "own",
            Scope::Team => "team",
            Scope::Org => "org",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Scope> {
        Scope::ALL.iter().copied().find(|scope| scope.as_str() == name)
    }
}
