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
    /// Ten wrong guesses at an account or from an address, without a quiet hour
    ManySignInFailures = "many_sign_in_failures", Warning;
    /// The password was right, the code of the second factor wasn't
    SecondFactorFailed = "second_factor_failed", Warning;
    /// A code of the second factor was sent a second time: somebody may have seen it
    CodeReused = "code_reused", Error;
    /// A recovery code was used up
    RecoveryCodeUsed = "recovery_code_used", Warning;
    /// The password that was given again in a session was wrong
    StepUpFailed = "step_up_failed", Warning;
    /// A sign-in from a device that wasn't seen before
    NewDevice = "new_device", Warning;
    /// A second factor was set up
    SecondFactorOn = "second_factor_on", Info;
    /// The second factor was given up
    SecondFactorOff = "second_factor_off", Warning;
    /// There are new recovery codes, the old ones are void
    RecoveryCodesRenewed = "recovery_codes_renewed", Info;
    /// An account was registered and its e-mail verified
    Registered = "registered", Info;
    /// Somebody wanted to register, or to change to, an e-mail that has an account
    AddressTaken = "address_taken", Info;
    /// A link to set a new password was asked for
    PasswordResetAsked = "password_reset_asked", Info;
    /// A change of the e-mail was asked for
    EmailChangeAsked = "email_change_asked", Info;
    /// The e-mail was changed
    EmailChanged = "email_changed", Warning;
    /// A link of a mail that was used, is over, or never was one
    LinkRefused = "link_refused", Warning;
    /// An archive of everything about the user was asked for
    ArchiveAsked = "archive_asked", Warning;
    /// The account was deleted
    AccountDeleted = "account_deleted", Warning;
    /// A refresh token that was used up was sent again: somebody else may have it. Its session ends
    RefreshTokenReused = "refresh_token_reused", Error;
    /// A session was ended from another one
    SessionRevoked = "session_revoked", Info;
    /// All sessions were ended, by the user or by who runs the server
    SignedOutEverywhere = "signed_out_everywhere", Info;
    /// The password was set or changed
    PasswordChanged = "password_changed", Info;
    /// The username was set, changed or given up
    UsernameChanged = "username_changed", Info;
    /// A role was made
    RoleCreated = "role_created", Info;
    /// A role was changed: its name, or what it gives
    RoleChanged = "role_changed", Info;
    /// A role was deleted
    RoleDeleted = "role_deleted", Info;
    /// A deleted role was brought back
    RoleRestored = "role_restored", Info;
    /// An account of a provider signs in from now on
    AccountLinked = "account_linked", Warning;
    /// An account of a provider signs in no more
    AccountUnlinked = "account_unlinked", Warning;
    /// A provider vouched for a sign-in
    SignedInByProvider = "signed_in_by_provider", Info;
    /// A sign-in by a provider that was refused: what came back doesn't hold, or nobody may sign in by it
    ProviderRefused = "provider_refused", Warning;
    /// A role was given
    RoleAssigned = "role_assigned", Info;
    /// A role was taken
    RoleRevoked = "role_revoked", Info;
    /// Somebody was invited to an organization
    InvitationSent = "invitation_sent", Info;
    /// An invitation was accepted
    InvitationAccepted = "invitation_accepted", Info;
    /// An invitation was declined
    InvitationDeclined = "invitation_declined", Info;
    /// An invitation was taken back
    InvitationRevoked = "invitation_revoked", Info;
    /// A role wasn't given by an invitation: who invited could no longer give it
    RoleWithheld = "role_withheld", Warning;
    /// An API key was made
    ApiKeyCreated = "api_key_created", Info;
    /// What an API key may do, until when or from where was changed, or its name
    ApiKeyChanged = "api_key_changed", Info;
    /// An API key was revoked
    ApiKeyRevoked = "api_key_revoked", Info;
    /// A call by an API key was refused, for the reason that it tells
    ApiKeyRefused = "api_key_refused", Warning;
    /// An API key was used from an address for the first time in 90 days
    ApiKeyNewAddress = "api_key_new_address", Warning;
    /// The platform made an organization read-only
    OrganizationSuspended = "organization_suspended", Warning;
    /// The platform let an organization be written to again
    OrganizationReactivated = "organization_reactivated", Info;
    /// The owner closed an organization
    OrganizationArchived = "organization_archived", Warning;
    /// An organization that was closed or deleted was opened again
    OrganizationRestored = "organization_restored", Info;
    /// An organization has another owner
    OrganizationTransferred = "organization_transferred", Warning;
    /// An organization was deleted
    OrganizationDeleted = "organization_deleted", Warning;
    /// A DNS record proved an organization's domain
    DomainVerified = "domain_verified", Info;
    /// Another organization proved the domain: it is no longer this one's
    DomainLost = "domain_lost", Warning;
    /// Only who has a second factor enters an organization from now on
    SecondFactorDemanded = "second_factor_demanded", Info;
    /// Who has no second factor enters an organization again
    SecondFactorWaived = "second_factor_waived", Warning;
    /// Somebody named an organization, or a row of one, where they have no business
    ForeignAttempt = "foreign_attempt", Warning;
    /// Somebody wanted to give what they don't hold, or without the right to give at all
    EscalationAttempt = "escalation_attempt", Warning;
    /// More than a hundred writes of one person in an organization within an hour, bulk and imports aside
    ManyWrites = "many_writes", Warning;
    /// How long an organization keeps its audit log was changed
    AuditRetentionChanged = "audit_retention_changed", Warning;
    /// An audit log isn't as it was written: the first entry in doubt, and in which way
    AuditLogBroken = "audit_log_broken", Critical;
    /// An account was locked by the platform, and its sessions ended
    UserDeactivated = "user_deactivated", Warning;
    /// An account was opened again by the platform
    UserReactivated = "user_reactivated", Info;
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
