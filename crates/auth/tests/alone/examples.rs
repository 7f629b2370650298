//! The examples, run, with what they print.

use crate::cargo;

#[test]
fn a_deal_moves_through_its_stages() {
    let printed = cargo(&["run", "--quiet", "-p", "firma-domain", "--example", "move_a_deal"]);
    assert_eq!(
        printed,
        "made: OPEN\n\
         deal.lost: LOST, closed on 2026-03-01\n\
         deal.reopened: OPEN, open\n\
         deal.won: WON, closed on 2026-03-01\n\
         refused: #/lost_reason: is required when a deal is lost\n"
    );
}

#[test]
fn a_pipeline_is_summed() {
    let printed = cargo(&[
        "run",
        "--quiet",
        "-p",
        "firma-domain",
        "--example",
        "sum_a_pipeline",
    ]);
    let expected = r#"{
  "deals": 4,
  "won": 3,
  "lost": 1,
  "open": 0,
  "won_value": {
    "amount": "1999.95",
    "currency": "EUR"
  },
  "win_rate": "0.7500",
  "mean_days_to_won": "10.00",
  "other_currencies": 1
}
"#;
    assert_eq!(printed, expected);
}

#[test]
fn an_access_is_decided_without_cryptography() {
    let decide = [
        "run",
        "--quiet",
        "-p",
        "firma-auth",
        "--no-default-features",
        "--example",
    ];
    let printed = cargo(&[&decide[..], &["decide_an_access"]].concat());
    assert_eq!(
        printed,
        "deals:read: sees team, acts on team\n\
         deals:update: sees team, acts on own\n\
         deals:delete: deals:delete is missing\n\
         stages:create: stages:create is missing\n\
         deals:read: sees team, acts on team\n\
         deals:update: the organization is suspended\n"
    );
}
