use super::stage::{Stage, StageKind};
use crate::entity::Entity;
use crate::input::Invalid;
use crate::spelled;
use crate::value::{Day, Id, Money, Rate};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// Follows the stage.
    DealStatus {
        /// In an open stage
        Open = "OPEN",
        /// In the won stage
        Won = "WON",
        /// In the lost stage
        Lost = "LOST",
    }
}

/// A chance to sell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Deal {
    /// Its id where it came from; unique among live deals
    #[serde(default)]
    #[validate(length(min = 1, max = 255))]
    pub external_id: Option<String>,
    /// What is sold
    #[validate(length(min = 1, max = 255))]
    pub title: String,
    /// Whom it is sold to
    #[serde(default)]
    pub company_id: Option<Id>,
    /// The pipeline; the stage's own, or the default one
    #[serde(default)]
    pub pipeline_id: Option<Id>,
    /// Where it stands; the first stage of its pipeline unless named
    #[serde(default)]
    pub stage_id: Option<Id>,
    /// OPEN, WON or LOST: what its stage means
    #[serde(default = "open")]
    pub status: DealStatus,
    /// What it is worth
    #[serde(default)]
    pub value: Option<Money>,
    /// How likely it is to be won, if it is not as likely as its stage says
    #[serde(default)]
    pub probability: Option<Rate>,
    /// When it was engaged; none while prospecting
    #[serde(default)]
    pub opened_on: Option<Day>,
    /// When it is hoped to close
    #[serde(default)]
    pub expected_close: Option<Day>,
    /// When it was won or lost; today unless named
    #[serde(default)]
    pub actual_close: Option<Day>,
    /// Why it was lost; needed when a deal moves to lost, and kept as long as it is
    #[serde(default)]
    #[validate(length(min = 1, max = 1_000))]
    pub lost_reason: Option<String>,
    /// The member who sells: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
    /// Tags
    #[serde(default)]
    #[validate(custom(function = "super::tags"))]
    pub tags: Vec<String>,
}

fn open() -> DealStatus {
    DealStatus::Open
}

impl Deal {
    /// The deal as it stands in `stage`: status, closing day and reason follow from it.
    ///
    /// `before` is the deal as it was, none for a new one; `today` is the organization's day.
    ///
    /// # Errors
    /// A move to lost without a reason, a lost deal that loses its own, a reason on one that isn't lost, a closing day
    /// on an open deal, a closing before the opening.
    pub fn standing_in(mut self, stage: &Stage, before: Option<&Deal>, today: Day) -> Result<Deal, Invalid> {
        self.pipeline_id = Some(stage.pipeline_id);
        self.status = match stage.kind {
            StageKind::Open => DealStatus::Open,
            StageKind::Won => DealStatus::Won,
            StageKind::Lost => DealStatus::Lost,
        };
        // What the deal had goes with the state that it leaves; what is said anew is not passed over.
        if self.status != DealStatus::Lost
            && let Some(reason) = self.lost_reason.take()
            && before.is_none_or(|was| was.lost_reason.as_ref() != Some(&reason))
        {
            return Err(Invalid::field(
                "lost_reason",
                "deal_not_lost",
                "a deal that isn't lost has no reason for it",
            ));
        }
        if self.status == DealStatus::Open {
            if let Some(day) = self.actual_close.take()
                && before.is_none_or(|was| was.actual_close != Some(day))
            {
                return Err(Invalid::field(
                    "actual_close",
                    "deal_open",
                    "an open deal has no closing date",
                ));
            }
            return Ok(self);
        }
        if self.status == DealStatus::Lost
            && self.lost_reason.is_none()
            && before.is_some_and(Deal::needs_reason)
        {
            return Err(Invalid::field(
                "lost_reason",
                "required",
                "is required when a deal is lost",
            ));
        }
        let closed = self.actual_close.or(before.and_then(|was| was.actual_close));
        self.actual_close = closed.or(Some(today));
        match (self.opened_on, self.actual_close) {
            (Some(opened), Some(closed)) if closed < opened => Err(Invalid::field(
                "actual_close",
                "date_order",
                "is before opened_on",
            )),
            _ => Ok(self),
        }
    }

    /// Whether it can't be lost without a reason from now on: only one that came in so can.
    fn needs_reason(&self) -> bool {
        self.status != DealStatus::Lost || self.lost_reason.is_some()
    }
}

impl Entity for Deal {
    const NAME: &'static str = "deal";
    const COLLECTION: &'static str = "deals";
    const OWNED: bool = true;
    const TAGGED: bool = true;
    const READ_ONLY: &'static [&'static str] = &["status"];
    const LONG: &'static [&'static str] = &["lost_reason"];
    const LEAST: &'static str = r#"{"title": "A"}"#;

    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.status, after.status) {
            (was, is) if was == is && before.stage_id == after.stage_id => "updated",
            (was, is) if was == is => "moved",
            (_, DealStatus::Won) => "won",
            (_, DealStatus::Lost) => "lost",
            (_, DealStatus::Open) => "reopened",
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
    use serde_json::json;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }
    fn stage(kind: StageKind) -> Stage {
        Stage {
            pipeline_id: Id::NIL,
            name: "s".into(),
            kind,
            position: 0,
            probability: Rate::ZERO,
        }
    }
    fn deal(body: serde_json::Value) -> Deal {
        input::read(body).unwrap()
    }

    #[test]
    fn follows_its_stage() {
        let today = day("2026-03-01");
        let open = deal(json!({"title": "x"}))
            .standing_in(&stage(StageKind::Open), None, today)
            .unwrap();
        let won = open
            .clone()
            .standing_in(&stage(StageKind::Won), Some(&open), today)
            .unwrap();
        assert_eq!((won.status, won.actual_close), (DealStatus::Won, Some(today)));
        let again = won
            .clone()
            .standing_in(&stage(StageKind::Open), Some(&won), today)
            .unwrap();
        assert_eq!((again.status, again.actual_close), (DealStatus::Open, None));
    }

    #[test]
    fn what_a_state_has_no_place_for_goes_with_the_one_before_and_is_refused_anew() {
        let today = day("2026-03-01");
        let lost = deal(json!({"title": "x", "lost_reason": "price", "actual_close": "2026-02-01"}))
            .standing_in(&stage(StageKind::Lost), None, today)
            .unwrap();
        let moved = |kind, change| {
            let change = input::patch::<Deal>(change).unwrap();
            input::merge(&lost, change)
                .unwrap()
                .standing_in(&stage(kind), Some(&lost), today)
        };
        let won = moved(StageKind::Won, json!({})).unwrap();
        assert_eq!((won.lost_reason, won.actual_close), (None, lost.actual_close));
        let open = moved(StageKind::Open, json!({})).unwrap();
        assert_eq!((open.lost_reason, open.actual_close), (None, None));
        for (kind, change, code) in [
            (StageKind::Won, json!({"lost_reason": "time"}), "deal_not_lost"),
            (StageKind::Open, json!({"lost_reason": "time"}), "deal_not_lost"),
            (
                StageKind::Open,
                json!({"actual_close": "2026-02-02"}),
                "deal_open",
            ),
        ] {
            let Invalid(errors) = moved(kind, change).unwrap_err();
            assert_eq!(errors[0].code, code);
        }
        // A closed deal has a closing day: taking it away leaves it.
        let again = moved(StageKind::Lost, json!({"actual_close": null})).unwrap();
        assert_eq!(again, lost);
    }

    #[test]
    fn a_move_to_lost_needs_a_reason_and_a_deal_made_lost_does_not() {
        let today = day("2026-03-01");
        let lost = stage(StageKind::Lost);
        let open = deal(json!({"title": "x"}));
        assert!(open.clone().standing_in(&lost, Some(&open), today).is_err());
        assert!(open.clone().standing_in(&lost, None, today).is_ok());
        let told = deal(json!({"title": "x", "lost_reason": "price"}));
        assert!(told.clone().standing_in(&lost, Some(&open), today).is_ok());
        for kind in [StageKind::Open, StageKind::Won] {
            for before in [None, Some(&open)] {
                let Invalid(errors) = told.clone().standing_in(&stage(kind), before, today).unwrap_err();
                assert_eq!(
                    (errors[0].pointer.as_str(), errors[0].code.as_ref()),
                    ("#/lost_reason", "deal_not_lost")
                );
            }
        }
    }

    #[test]
    fn a_reason_is_not_taken_from_a_deal_that_stays_lost() {
        let today = day("2026-03-01");
        let lost = stage(StageKind::Lost);
        let patched = |before: &Deal, change: serde_json::Value| {
            let change = input::patch::<Deal>(change).unwrap();
            input::merge(before, change)
                .unwrap()
                .standing_in(&lost, Some(before), today)
        };
        let open = deal(json!({"title": "x"}));
        let told = patched(&open, json!({"lost_reason": "price"})).unwrap();
        let Invalid(errors) = patched(&told, json!({"lost_reason": null})).unwrap_err();
        assert_eq!(
            (errors[0].pointer.as_str(), errors[0].code.as_ref()),
            ("#/lost_reason", "required")
        );
        assert_eq!(
            patched(&told, json!({"lost_reason": "time"}))
                .unwrap()
                .lost_reason
                .as_deref(),
            Some("time")
        );
        // It goes with the loss, and one that came in without goes on without.
        let reopened = input::merge(&told, input::patch::<Deal>(json!({"lost_reason": null})).unwrap())
            .unwrap()
            .standing_in(&stage(StageKind::Open), Some(&told), today)
            .unwrap();
        assert_eq!((reopened.status, reopened.lost_reason), (DealStatus::Open, None));
        let bare = deal(json!({"title": "x"}))
            .standing_in(&lost, None, today)
            .unwrap();
        assert!(patched(&bare, json!({"title": "y"})).is_ok());
        let late = patched(&bare, json!({"lost_reason": "price"})).unwrap();
        assert!(patched(&late, json!({"lost_reason": null})).is_err());
    }

    #[test]
    fn dates_are_in_order() {
        let today = day("2026-03-01");
        let wrong = deal(json!({"title": "x", "opened_on": "2026-04-01", "actual_close": "2026-03-01"}));
        assert!(wrong.standing_in(&stage(StageKind::Won), None, today).is_err());
        let wrong = deal(json!({"title": "x", "actual_close": "2026-03-01"}));
        assert!(wrong.standing_in(&stage(StageKind::Open), None, today).is_err());
    }
}
