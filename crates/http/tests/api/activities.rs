//! Activities: when they are done, what they are about, with what they go and come back.

use crate::kit::{data, pointers, texts};
use crate::samples::unique;
use firma_testing::{Answer, Firm, on_each};
use serde_json::{Value, json};

fn made(firm: &Firm<'_>, collection: &str, body: Value) -> String {
    firm.owner.post(&firm.at(collection), body).id()
}

fn post(firm: &Firm<'_>, kind: &str, mut more: Value) -> Answer {
    more["kind"] = json!(kind);
    more["subject"] = json!(unique());
    firm.owner.post(&firm.at("activities"), more)
}

fn ids(firm: &Firm<'_>, query: &str) -> Vec<String> {
    let page = firm
        .owner
        .get(&firm.at(&format!("activities{query}")))
        .expect(200);
    texts(&data(&page), "id")
}

/// A company with a contact and a deal that is won.
struct Scene<'f, 's> {
    firm: &'f Firm<'s>,
    company: String,
    contact: String,
    deal: String,
}

impl<'f, 's> Scene<'f, 's> {
    fn new(firm: &'f Firm<'s>) -> Self {
        let company = made(firm, "companies", json!({"name": unique()}));
        let contact = made(firm, "contacts", json!({"name": unique(), "company_id": company}));
        let won = json!({"title": unique(), "company_id": company, "stage_id": firm.stage("Won")});
        Scene {
            deal: made(firm, "deals", won),
            firm,
            company,
            contact,
        }
    }

    fn at(&self, what: &str) -> String {
        let id = match what {
            "companies" => &self.company,
            "contacts" => &self.contact,
            _ => &self.deal,
        };
        self.firm.at(&format!("{what}/{id}"))
    }

    fn delete(&self, what: &str) {
        self.firm.owner.delete(&self.at(what)).expect(204);
    }

    fn restore(&self, what: &str) {
        let path = format!("{}/restore", self.at(what));
        self.firm.owner.act(&path).expect(200);
    }

    /// A call about these of `company`, `contact` and `deal`.
    fn call(&self, about: &[&str]) -> String {
        let mut body = json!({});
        for what in about {
            let id = match *what {
                "company" => &self.company,
                "contact" => &self.contact,
                _ => &self.deal,
            };
            body[format!("{what}_id")] = json!(id);
        }
        post(self.firm, "CALL", body).id()
    }

    /// Which of these activities are there.
    fn there(&self, activities: &[&String]) -> Vec<bool> {
        let all = ids(self.firm, "?limit=200");
        activities.iter().map(|id| all.contains(id)).collect()
    }

    fn path(&self, activity: &str) -> String {
        self.firm.at(&format!("activities/{activity}"))
    }

    fn returns(&self, activity: &str) -> Answer {
        self.firm.owner.act(&format!("{}/restore", self.path(activity)))
    }
}

#[test]
fn what_is_done_is_found_and_what_is_open_by_when_it_is_due() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = made(&firm, "companies", json!({"name": "A"}));
        let on = |due: Value| json!({"company_id": company, "due_at": due});
        let late = post(&firm, "CALL", on(json!("2030-02-01T09:00:00Z"))).id();
        let soon = post(&firm, "MEETING", on(json!("2030-01-01T09:00:00Z"))).id();
        let some_day = post(&firm, "EMAIL", on(Value::Null)).id();
        let note = post(&firm, "NOTE", json!({"company_id": company}));
        let (noted, note) = (note.id(), note.expect(201));
        assert_eq!(
            (&note["done_at"], &note["is_done"]),
            (&note["created_at"], &json!(true))
        );
        assert_eq!(
            ids(&firm, "?is_done=false&sort=due_at"),
            [&soon[..], &late, &some_day]
        );
        assert_eq!(ids(&firm, "?due_at[lt]=2030-01-15T00:00:00Z"), [&soon[..]]);
        assert_eq!(
            ids(&firm, "?kind=NOTE,EMAIL&sort=created_at"),
            [&some_day[..], &noted]
        );
        let at = firm.at(&format!("activities/{soon}"));
        let done = json!({"done_at": "2026-01-05T10:30:00Z"});
        let done = firm.owner.patch(&at, done).expect(200);
        assert_eq!(done["is_done"], true);
        assert_eq!(ids(&firm, "?is_done=true&sort=-done_at"), [&noted[..], &soon]);
        assert_eq!(ids(&firm, "?done_at[lt]=2026-01-06T00:00:00Z"), [&soon[..]]);
        let again = firm.owner.patch(&at, json!({"done_at": null})).expect(200);
        assert_eq!(again["is_done"], false);
        for (patch, code) in [
            (json!({"done_at": "9000-01-01T00:00:00Z"}), "future"),
            (json!({"is_done": true}), "read_only"),
            (json!({"company_id": null}), "required"),
        ] {
            let problem = firm.owner.patch(&at, patch).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], code);
        }
        let verbs = server.base.lines(
            "SELECT action FROM audit_entries WHERE action LIKE 'activity.%' AND action <> 'activity.created' ORDER BY action",
        );
        assert_eq!(verbs, ["activity.done", "activity.reopened"]);
    });
}

#[test]
fn it_is_about_a_company_a_contact_or_a_deal() {
    on_each(|server| {
        let firm = Firm::new(server);
        let scene = Scene::new(&firm);
        let problem = post(&firm, "CALL", json!({})).problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/company_id"]);
        assert_eq!(problem["errors"][0]["code"], "required");
        for (of, field) in [
            ("company", &scene.company),
            ("contact", &scene.contact),
            ("deal", &scene.deal),
        ] {
            let call = scene.call(&[of]);
            assert_eq!(ids(&firm, &format!("?{of}_id={field}")), [&call[..]]);
            let path = scene.path(&call);
            let row = firm.owner.get(&format!("{path}?expand={of}")).expect(200);
            assert_eq!(row[of]["id"], json!(field));
        }
        // What is left may not be what is deleted.
        let both = scene.call(&["company", "contact"]);
        scene.delete("contacts");
        let kept = firm
            .owner
            .patch(&scene.path(&both), json!({"subject": "B"}))
            .expect(200);
        assert_eq!(kept["contact_id"], json!(scene.contact));
        let problem = firm.owner.patch(&scene.path(&both), json!({"company_id": null}));
        assert_eq!(pointers(&problem.problem(422, "invalid")), ["#/company_id"]);
    });
}

#[test]
fn activities_go_with_their_company_and_come_back_with_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (scene, other) = (Scene::new(&firm), Scene::new(&firm));
        let of_it = scene.call(&["company"]);
        let of_all = scene.call(&["company", "contact", "deal"]);
        let of_its_contact = scene.call(&["contact"]);
        let of_its_deal = scene.call(&["contact", "deal"]);
        let elsewhere = other.call(&["company"]);
        let with_another = post(
            &firm,
            "MEETING",
            json!({"company_id": other.company, "contact_id": scene.contact}),
        )
        .id();
        let before = scene.call(&["company"]);
        firm.owner.delete(&scene.path(&before)).expect(204);
        let all = [
            &of_it,
            &of_all,
            &of_its_contact,
            &of_its_deal,
            &elsewhere,
            &with_another,
            &before,
        ];
        assert_eq!(scene.there(&all), [true, true, true, true, true, true, false]);
        scene.delete("companies");
        // The deal is won, and stays; so does what was said about it.
        assert_eq!(scene.there(&all), [false, false, false, true, true, true, false]);
        let seen = firm
            .owner
            .get(&format!("{}?expand=contact", scene.path(&with_another)));
        assert_eq!(seen.expect(200)["omitted"], json!(["contact"]));
        for gone in [&of_it, &of_all, &of_its_contact, &before] {
            scene.returns(gone).problem(409, "referred_to");
        }
        scene.restore("companies");
        assert_eq!(scene.there(&all), [true, true, true, true, true, true, false]);
        scene.returns(&before).expect(200);
    });
}

#[test]
fn a_contact_takes_what_is_about_nothing_else_and_so_does_a_deal() {
    on_each(|server| {
        let firm = Firm::new(server);
        for (one, its, other) in [("contacts", "contact", "deals"), ("deals", "deal", "contacts")] {
            eprintln!("{one}");
            let scene = Scene::new(&firm);
            let alone = scene.call(&[its]);
            let with_company = scene.call(&[its, "company"]);
            let with_both = scene.call(&["contact", "deal"]);
            let all = [&alone, &with_company, &with_both];
            scene.delete(one);
            assert_eq!(scene.there(&all), [false, true, true]);
            scene.returns(&alone).problem(409, "referred_to");
            // The last that it was about takes it.
            scene.delete(other);
            assert_eq!(scene.there(&all), [false, true, false]);
            scene.returns(&with_both).problem(409, "referred_to");
            scene.restore(one);
            assert_eq!(scene.there(&all), [true, true, false]);
            scene.restore(other);
            assert_eq!(scene.there(&all), [true, true, true]);
            // By itself it comes back where one of them is there.
            scene.delete(other);
            scene.delete(one);
            assert_eq!(scene.there(&all), [false, true, false]);
            scene.restore(other);
            assert_eq!(scene.there(&all), [false, true, false]);
            scene.returns(&with_both).expect(200);
            assert_eq!(scene.there(&all), [false, true, true]);
        }
    });
}

#[test]
fn a_delete_at_once_leaves_no_activity_about_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        for _ in 0..8 {
            let scene = Scene::new(&firm);
            let with_both = scene.call(&["contact", "deal"]);
            std::thread::scope(|scope| {
                let scene = &scene;
                scope.spawn(|| scene.delete("contacts"));
                scope.spawn(|| scene.delete("deals"));
                for _ in 0..4 {
                    scope.spawn(|| {
                        let answer = post(scene.firm, "CALL", json!({"contact_id": scene.contact}));
                        assert!([201, 422].contains(&answer.status), "{}", answer.text);
                    });
                }
            });
            assert_eq!(scene.there(&[&with_both]), [false]);
            assert_eq!(ids(&firm, &format!("?contact_id={}", scene.contact)), [""; 0]);
            let lost = scene.returns(&with_both);
            lost.problem(409, "referred_to");
        }
    });
}

#[test]
fn a_company_that_is_deleted_at_once_takes_what_is_added() {
    on_each(|server| {
        let firm = Firm::new(server);
        for _ in 0..8 {
            let scene = Scene::new(&firm);
            let moves = scene.call(&["deal"]);
            std::thread::scope(|scope| {
                let scene = &scene;
                scope.spawn(|| scene.delete("companies"));
                for _ in 0..4 {
                    scope.spawn(|| {
                        let answer = post(scene.firm, "CALL", json!({"company_id": scene.company}));
                        assert!([201, 422].contains(&answer.status), "{}", answer.text);
                    });
                }
                scope.spawn(|| {
                    let patch = json!({"company_id": scene.company});
                    let answer = scene.firm.owner.patch(&scene.path(&moves), patch);
                    assert!([200, 422].contains(&answer.status), "{}", answer.text);
                });
            });
            assert_eq!(ids(&firm, &format!("?company_id={}", scene.company)), [""; 0]);
        }
    });
}
