use crate::entity::Entity;
use crate::input::Invalid;
use crate::spelled;
use crate::value::{Id, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// What an activity is.
    ActivityKind {
        /// A call
        Call = "CALL",
        /// A meeting
        Meeting = "MEETING",
        /// A note; done when it is made
        Note = "NOTE",
        /// An e-mail
        Email = "EMAIL",
    }
}

/// Something that is done, or is to be done, about a company, a contact or a deal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// Its id where it came from; unique among live activities
    #[serde(default)]
    #[validate(length(min = 1, max = 255))]
    pub external_id: Option<String>,
    /// What it is
    pub kind: ActivityKind,
    /// What it is about, in a line
    #[validate(length(min = 1, max = 255))]
    pub subject: String,
    /// What was said or written
    #[serde(default)]
    #[validate(length(min = 1, max = 20_000))]
    pub body: Option<String>,
    /// The company that it is about; it needs a company, a contact or a deal
    #[serde(default)]
    pub company_id: Option<Id>,
    /// The contact that it is about
    #[serde(default)]
    pub contact_id: Option<Id>,
    /// The deal that it is about
    #[serde(default)]
    pub deal_id: Option<Id>,
    /// When it is to be done, or to begin
    #[serde(default)]
    pub due_at: Option<Instant>,
    /// When it was done; for a note the instant at which it was stored, unless named
    #[serde(default)]
    pub done_at: Option<Instant>,
    /// Whether it is done: it has a `done_at`
    #[serde(default)]
    pub is_done: bool,
    /// How long it takes or took, in minutes; a week at most
    #[serde(default)]
    #[validate(range(min = 1, max = 10_080))]
    pub duration_minutes: Option<i32>,
    /// The member who does it: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
    /// Tags
    #[serde(default)]
    #[validate(custom(function = "super::tags"))]
    pub tags: Vec<String>,
}

impl Activity {
    /// The activity as it is to be stored at `now`; `before` is the activity as it was, none for a new one.
    ///
    /// A note is always done. Whether any other is done follows from `done_at`.
    ///
    /// # Errors
    /// It is said to have been done in the future.
    pub fn settled(mut self, before: Option<&Activity>, now: Instant) -> Result<Activity, Invalid> {
        if before.is_none_or(|was| was.done_at != self.done_at) && self.done_at.is_some_and(|at| at > now) {
            return Err(Invalid::field("done_at", "future", "is in the future"));
        }
        if self.kind == ActivityKind::Note {
            self.done_at = self.done_at.or(Some(now));
        }
        self.is_done = self.done_at.is_some();
        Ok(self)
    }

    /// The refusal of an activity that is about nothing.
    pub fn about_nothing() -> Invalid {
        let what = "is required where neither contact_id nor deal_id names what it is about";
        Invalid::field("company_id", "required", what)
    }
}

impl Entity for Activity {
    const NAME: &'static str = "activity";
    const COLLECTION: &'static str = "activities";
    const OWNED: bool = true;
    const TAGGED: bool = true;
    const READ_ONLY: &'static [&'static str] = &["is_done"];
    const LONG: &'static [&'static str] = &["body"];
    const LEAST: &'static str = r#"{"kind": "NOTE", "subject": "A"}"#;

    fn check(&self) -> Result<(), Invalid> {
        match self.company_id.or(self.contact_id).or(self.deal_id) {
            Some(_) => Ok(()),
            None => Err(Activity::about_nothing()),
        }
    }
    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.is_done, after.is_done) {
            (false, true) => "done",
            (true, false) => "reopened",
            _ => "updated",
        }
    }
    fn tags(&self) -> &[String] {
        &self.tags
    }
    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use serde_json::{Value, json};

    fn at(micros: i64) -> Instant {
        Instant::from_micros(micros).unwrap()
    }
    fn new(kind: &str, more: Value) -> Result<Activity, Invalid> {
        let mut body = json!({"kind": kind, "subject": "S", "deal_id": Id::fixed(9, 1)});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input::read::<Activity>(body)?.settled(None, at(100))
    }
    fn patched(before: &Activity, patch: Value) -> Result<Activity, Invalid> {
        input::merge(before, input::patch::<Activity>(patch)?)?.settled(Some(before), at(200))
    }
    fn fault(refused: Result<Activity, Invalid>) -> (String, String) {
        let Invalid(errors) = refused.unwrap_err();
        (errors[0].pointer.clone(), errors[0].code.to_string())
    }

    #[test]
    fn a_note_is_always_done_and_another_when_it_says_so() {
        let note = new("NOTE", json!({})).unwrap();
        assert_eq!((note.done_at, note.is_done), (Some(at(100)), true));
        let named = new("NOTE", json!({"done_at": at(7)})).unwrap();
        assert_eq!(named.done_at, Some(at(7)));
        assert_eq!(
            patched(&note, json!({"done_at": null})).unwrap().done_at,
            Some(at(200))
        );
        assert_eq!(
            patched(&note, json!({"subject": "T"})).unwrap().done_at,
            Some(at(100))
        );
        for kind in ["CALL", "MEETING", "EMAIL"] {
            let open = new(kind, json!({})).unwrap();
            assert_eq!((open.done_at, open.is_done), (None, false));
            assert!(patched(&open, json!({"kind": "NOTE"})).unwrap().is_done);
            let done = patched(&open, json!({"done_at": at(150)})).unwrap();
            assert!(done.is_done);
            let again = patched(&done, json!({"done_at": null})).unwrap();
            assert!(!again.is_done);
            let verbs = [Activity::verb(&open, &done), Activity::verb(&done, &again)];
            assert_eq!(verbs, ["done", "reopened"]);
            assert_eq!(Activity::verb(&open, &again), "updated");
        }
    }

    #[test]
    fn nothing_is_done_in_the_future() {
        let wrong = ("#/done_at".to_owned(), "future".to_owned());
        assert_eq!(fault(new("CALL", json!({"done_at": at(101)}))), wrong);
        let done = new("CALL", json!({"done_at": at(100)})).unwrap();
        assert_eq!(fault(patched(&done, json!({"done_at": at(201)}))), wrong);
        // What was stored stays, even if the clock has gone back since.
        assert!(done.clone().settled(Some(&done), at(50)).is_ok());
    }

    #[test]
    fn it_is_about_something() {
        let none = ("#/company_id".to_owned(), "required".to_owned());
        assert_eq!(fault(new("CALL", json!({"deal_id": null}))), none);
        for field in ["company_id", "contact_id", "deal_id"] {
            let alone = new("CALL", json!({"deal_id": null, field: Id::fixed(9, 2)})).unwrap();
            assert_eq!(fault(patched(&alone, json!({field: null}))), none);
        }
    }

    #[test]
    fn a_body_may_have_lines_and_a_duration_is_in_minutes() {
        let call = new("CALL", json!({"body": "a\nb", "duration_minutes": 30})).unwrap();
        assert_eq!(
            (call.body.as_deref(), call.duration_minutes),
            (Some("a\nb"), Some(30))
        );
        for minutes in [0, -1, 10_081] {
            let wrong = fault(new("CALL", json!({"duration_minutes": minutes})));
            assert_eq!(wrong, ("#/duration_minutes".into(), "range".into()));
        }
        assert_eq!(fault(new("CALL", json!({"is_done": true}))).1, "read_only");
    }
}
