//! Which problems an operation may answer with: those of its shape, and those that it names.

use crate::operation::{Access, Operation};
use crate::problem::CODES;
use actix_web::http::Method;
use firma_auth::access::resource_named;
use firma_domain::organizations::Feature;

impl Operation {
    /// The codes, in the order of the table.
    pub fn problems(&self) -> Vec<&'static str> {
        let mut all = vec![
            "malformed_query",
            "unknown_parameter",
            "repeated_parameter",
            "body_too_large",
            "internal",
        ];
        // What only says what it knows asks no database.
        if self.access != Access::Public || self.method != Method::GET {
            all.extend(["busy", "database_away", "timeout"]);
        }
        self.of_query(&mut all);
        self.of_caller(&mut all);
        self.of_body(&mut all);
        self.of_rows(&mut all);
        all.extend(&self.refusals);
        CODES
            .iter()
            .map(|(code, ..)| *code)
            .filter(|code| all.contains(code))
            .collect()
    }

    fn of_query(&self, all: &mut Vec<&'static str>) {
        if !self.parameters.is_empty() {
            all.push("invalid_value");
        }
        for parameter in &self.parameters {
            match parameter.name.as_str() {
                "fields" => all.push("unknown_field"),
                "expand" => all.push("unknown_expansion"),
                "sort" => all.push("unknown_sort"),
                "cursor" => all.push("invalid_cursor"),
                _ if parameter.required => all.push("required"),
                _ => {}
            }
        }
    }

    fn of_caller(&self, all: &mut Vec<&'static str>) {
        if self.access == Access::SignedIn {
            all.push("key_not_allowed");
        }
        if self.access != Access::Public {
            all.push("unauthenticated");
            if self.method != Method::GET {
                all.push("csrf");
            }
        }
        if let Access::Platform(..) = self.access {
            all.extend(["permission_required", "no_route", "second_factor_missing"]);
        }
        if self.access.is_inside() {
            // What is read of a suspended organization is refused to keys alone.
            all.extend([
                "organization_not_found",
                "organization_renamed",
                "organization_suspended",
                "second_factor_missing",
            ]);
        }
        if let Access::Permission(name, _) = self.access {
            all.push("permission_required");
            let resource = resource_named(name);
            if resource.is_some_and(|resource| !resource.is_for_keys()) {
                all.push("key_not_allowed");
            }
            let module = resource.map(|resource| resource.module);
            if Feature::ALL
                .iter()
                .any(|feature| Some(feature.as_str()) == module)
            {
                all.push("module_off");
            }
        }
    }

    fn of_body(&self, all: &mut Vec<&'static str>) {
        if self.body.is_some() {
            all.push("body_timeout");
        }
        if self.body.is_some() || self.takes_no_body() {
            all.extend(["malformed_body", "media_type", "invalid"]);
        }
        if self.is_limited {
            all.push("too_many_requests");
        }
        if !self.parts.is_empty() {
            all.extend(["file_too_large", "purged"]);
        }
        if self.takes_key() {
            all.extend(["invalid_header", "idempotency_key_reused"]);
        }
        if self.needs_key {
            all.push("idempotency_key_required");
        }
    }

    fn of_rows(&self, all: &mut Vec<&'static str>) {
        let is_bulk = self.needs_key;
        if self.path.contains("{id}") || is_bulk {
            all.push("not_found");
        }
        if self.takes_range() {
            all.push("range");
        }
        if self.takes_if_match() || is_bulk {
            all.push("changed");
        }
        let Access::Permission(name, _) = self.access else {
            return;
        };
        if self.method == Method::GET {
            return;
        }
        if resource_named(name).is_some_and(|resource| resource.owned) {
            all.push("out_of_reach");
        }
        all.push("referred_to");
        if self.method != Method::DELETE {
            all.push("not_unique");
        }
        if self.method == Method::DELETE || is_bulk {
            all.push("in_use");
        }
        if self.path.ends_with("/restore") {
            all.push("transition");
        }
    }
}
