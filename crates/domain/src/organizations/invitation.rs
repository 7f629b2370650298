use crate::entity::Entity;
use crate::input::Invalid;
use crate::spelled;
use crate::value::{Email, Id, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// What became of an invitation. An `open` one whose `expires_at` is past is over, too.
    InvitationStatus {
        /// Sent, and not answered
        Open = "open",
        /// The person joined by it
        Accepted = "accepted",
        /// The person doesn't want to join
        Declined = "declined",
        /// Taken back
        Revoked = "revoked",
    }
}

/// Somebody who is asked by mail to join an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Where the mail goes to; kept in lower case
    pub email: Email,
    /// The name that the mail greets, and that the organization shows; the person's own unless given
    #[serde(default)]
    #[validate(length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Roles to give; `stakeholder` unless given
    #[serde(default)]
    #[validate(length(max = 20))]
    pub role_ids: Vec<Id>,
    /// From this instant on the roles give nothing; they are given for good unless it is said
    #[serde(default)]
    pub roles_expire_at: Option<Instant>,
    /// Teams to join
    #[serde(default)]
    #[validate(length(max = 20))]
    pub team_ids: Vec<Id>,
    /// What the mail says beside; plain text
    #[serde(default)]
    #[validate(length(max = 1_000))]
    pub message: Option<String>,
    /// From this instant on it is over; 7 days after it is sent unless given, 30 at most
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// What became of it
    #[serde(default = "open")]
    pub status: InvitationStatus,
    /// The member who sent it last: gives the roles, as far as they may when it is accepted
    #[serde(default)]
    pub invited_by: Option<Id>,
    /// When it was sent last
    #[serde(default)]
    pub sent_at: Option<Instant>,
    /// How often it was sent; only the newest mail is good
    #[serde(default)]
    pub sent_count: i32,
    /// Whether it takes one of the organization's places while it is open; one for a client, or for a member who has
    /// not joined yet, takes none
    #[serde(default)]
    pub takes_place: bool,
    /// When it was accepted
    #[serde(default)]
    pub accepted_at: Option<Instant>,
    /// Who accepted it: a member
    #[serde(default)]
    pub accepted_by: Option<Id>,
    /// When it was declined
    #[serde(default)]
    pub declined_at: Option<Instant>,
    /// When it was taken back
    #[serde(default)]
    pub revoked_at: Option<Instant>,
    /// Roles that were not given at the end, because who invited could no longer give them
    #[serde(default)]
    pub withheld_role_ids: Vec<Id>,
    /// Teams that were not joined at the end, because they were deleted or who invited could no longer add to them
    #[serde(default)]
    pub withheld_team_ids: Vec<Id>,
}

fn open() -> InvitationStatus {
    InvitationStatus::Open
}

impl Invitation {
    /// Days that it is good for unless it is said otherwise, and at most.
    const DAYS: i64 = 7;
    const MOST_DAYS: i64 = 30;

    /// Whether the roles would give nothing any more at `now`.
    pub fn roles_are_over(&self, now: Instant) -> bool {
        self.roles_expire_at.is_some_and(|end| end <= now)
    }

    /// Whether it can be accepted at `now`.
    pub fn is_open(&self, now: Instant) -> bool {
        self.status == InvitationStatus::Open && self.expires_at.is_some_and(|end| now < end)
    }

    /// The invitation as `by` sends it at `now`, once more if it was sent before; it expires then, or in seven days.
    ///
    /// # Errors
    /// An end that is past or too far away.
    pub fn sent(self, now: Instant, by: Id, expires_at: Option<Instant>) -> Result<Invitation, Invalid> {
        let day = 24 * 3_600;
        let end = expires_at.unwrap_or_else(|| now.plus_seconds(Self::DAYS * day));
        if end <= now {
            return Err(Invalid::field("expires_at", "past", "is in the past"));
        }
        if self.roles_are_over(now) {
            return Err(Invalid::field("roles_expire_at", "past", "is in the past"));
        }
        if end > now.plus_seconds(Self::MOST_DAYS * day) {
            return Err(Invalid::field("expires_at", "range", "is more than 30 days away"));
        }
        Ok(Invitation {
            expires_at: Some(end),
            invited_by: Some(by),
            sent_at: Some(now),
            sent_count: self.sent_count.saturating_add(1),
            ..self
        })
    }

    /// The invitation once `member` accepted it.
    pub fn accepted(self, now: Instant, member: Id, roles: Vec<Id>, teams: Vec<Id>) -> Invitation {
        Invitation {
            status: InvitationStatus::Accepted,
            accepted_at: Some(now),
            accepted_by: Some(member),
            withheld_role_ids: roles,
            withheld_team_ids: teams,
            ..self
        }
    }

    /// The invitation once it was declined.
    pub fn declined(self, now: Instant) -> Invitation {
        Invitation {
            status: InvitationStatus::Declined,
            declined_at: Some(now),
            ..self
        }
    }

    /// The invitation once it was taken back.
    pub fn revoked(self, now: Instant) -> Invitation {
        Invitation {
            status: InvitationStatus::Revoked,
            revoked_at: Some(now),
            ..self
        }
    }
}

impl Entity for Invitation {
    const NAME: &'static str = "invitation";
    const COLLECTION: &'static str = "invitations";
    const READ_ONLY: &'static [&'static str] = &[
        "status",
        "invited_by",
        "sent_at",
        "sent_count",
        "takes_place",
        "accepted_at",
        "accepted_by",
        "declined_at",
        "revoked_at",
        "withheld_role_ids",
        "withheld_team_ids",
    ];
    const LONG: &'static [&'static str] = &["message"];

    fn verb(before: &Self, after: &Self) -> &'static str {
        match after.status {
            InvitationStatus::Open if after.sent_count > before.sent_count => "resent",
            InvitationStatus::Open => "updated",
            other => other.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(0).unwrap().plus_seconds(seconds)
    }

    fn new() -> Invitation {
        crate::input::read(json!({"email": "kim@new.example"})).unwrap()
    }

    #[test]
    fn is_good_for_a_week_unless_said_otherwise_and_a_month_at_most() {
        let (me, week, month) = (Id::fixed(1, 1), 7 * 86_400, 30 * 86_400);
        let sent = new().sent(at(0), me, None).unwrap();
        assert!(sent.is_open(at(week - 1)) && !sent.is_open(at(week)));
        let again = sent.clone().sent(at(week), me, Some(at(week + month))).unwrap();
        assert!(again.is_open(at(week)) && again.sent_count == 2);
        assert_eq!(Invitation::verb(&sent, &again), "resent");
        for end in [at(-1), at(0), at(month + 1)] {
            assert!(new().sent(at(0), me, Some(end)).is_err(), "{end:?}");
        }
    }

    #[test]
    fn is_answered_once() {
        let me = Id::fixed(1, 1);
        let sent = new().sent(at(0), me, None).unwrap();
        assert!(!new().is_open(at(0)));
        for (verb, over) in [
            ("accepted", sent.clone().accepted(at(1), me, vec![], vec![])),
            ("declined", sent.clone().declined(at(1))),
            ("revoked", sent.clone().revoked(at(1))),
        ] {
            assert!(!over.is_open(at(1)));
            assert_eq!(Invitation::verb(&sent, &over), verb);
        }
    }
}
