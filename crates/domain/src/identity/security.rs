use crate::spelled;

spelled! {
    /// How grave it is.
    Severity {
        /// As it should be
        Info = "info",
        /// Worth a look
        Warning = "warning",
        /// Something is wrong
        Error = "error",
        /// Somebody has to act
        Critical = "critical",
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $severity:ident;)*) => {
        spelled! {
            /// What concerns safety: the one catalogue of it.
            SecurityKind { $($(#[$doc])* $name = $text,)* }
        }
        impl SecurityKind {
            /// How grave it is.
            pub const fn severity(self) -> Severity {
                match self { $(SecurityKind::$name => Severity::$severity),* }
            }
        }
    };
}
kinds! {
    /// A sign-in with a wrong password, or to no account
    SignInFailed = "sign_in_failed", Warning;
    /// A refresh token that was used up was sent again: somebody else may have it. Its session ends
    RefreshTokenReused = "refresh_token_reused", Error;
    /// A session was ended from another one
    SessionRevoked = "session_revoked", Info;
    /// All sessions were ended
    SignedOutEverywhere = "signed_out_everywhere", Info;
    /// The password was set or changed
    PasswordChanged = "password_changed", Info;
    /// The username was set, changed or given up
    UsernameChanged = "username_changed", Info;
    /// A role was given
    RoleAssigned = "role_assigned", Info;
    /// A role was taken
    RoleRevoked = "role_revoked", Info;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_may_have_done_is_no_mere_information() {
        assert_eq!(SecurityKind::RefreshTokenReused.severity(), Severity::Error);
        assert_eq!("sign_in_failed".parse(), Ok(SecurityKind::SignInFailed));
        assert!(SecurityKind::ALL.iter().all(|kind| kind.as_str().len() <= 50));
    }
}
