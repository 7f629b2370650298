use crate::spelled;

spelled! {
    /// Who may get an account, and make an organization.
    Signup {
        /// Whoever proves an e-mail
        Open = "open",
        /// Who was added or invited to an organization; nobody makes organizations of their own
        Invite = "invite",
        /// Nobody by themselves
        Off = "off",
    }
}

spelled! {
    /// What the link of a mail is for.
    TokenKind {
        /// A new account, whose e-mail it proves
        VerifyEmail = "verify_email",
        /// A new password for who has lost it
        ResetPassword = "reset_password",
        /// A new e-mail, which it proves
        ChangeEmail = "change_email",
        /// Joining an organization
        Invitation = "invitation",
    }
}

impl TokenKind {
    /// How long the link is good for, in seconds.
    pub const fn life(self) -> i64 {
        match self {
            TokenKind::VerifyEmail => 24 * 3_600,
            TokenKind::ResetPassword | TokenKind::ChangeEmail => 3_600,
            TokenKind::Invitation => 7 * 24 * 3_600,
        }
    }
}
