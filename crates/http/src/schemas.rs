//! The schemas of the document: those of the domain's types, and around them what every resource has.

use crate::resource::Resource;
use std::collections::BTreeMap;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// By name.
#[derive(Default)]
pub(crate) struct Schemas(pub BTreeMap<String, RefOr<Schema>>);

pub(crate) fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

fn text(format: &str, about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(utoipa::openapi::SchemaFormat::Custom(format.into())))
        .description(Some(about.to_owned()))
        .read_only(true)
}

impl Schemas {
    /// A value that is no entity.
    pub(crate) fn value<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut inner = Vec::new();
        T::schemas(&mut inner);
        self.0.extend(inner);
        self.0.insert(T::name().into_owned(), T::schema());
        reference(&T::name())
    }

    /// A schema of our own.
    pub(crate) fn put(&mut self, name: &str, schema: impl Into<RefOr<Schema>>) {
        self.0.insert(name.into(), schema.into());
    }

    /// An entity: its own schema, its patch and its list. Its name.
    pub(crate) fn add<E: Resource>(&mut self) -> String {
        let name = E::name().into_owned();
        if self.0.contains_key(&name) {
            return name;
        }
        let mut inner = Vec::new();
        E::schemas(&mut inner);
        self.0.extend(inner);
        let own = <E as PartialSchema>::schema();
        let RefOr::T(Schema::Object(mut object)) = own else {
            return name;
        };
        for field in E::READ_ONLY {
            if let Some(RefOr::T(Schema::Object(property))) = object.properties.get_mut(*field) {
                property.read_only = Some(true);
            }
            object.required.retain(|required| required != field);
        }
        let mut patch = object.clone();
        patch.required.clear();
        patch
            .properties
            .retain(|field, _| !E::READ_ONLY.contains(&field.as_str()));
        self.0
            .insert(format!("{name}Patch"), RefOr::T(Schema::Object(patch)));
        for (field, schema) in meta() {
            object.properties.insert(field.into(), schema.into());
        }
        self.0.insert(name.clone(), RefOr::T(Schema::Object(object)));
        self.0.insert(format!("{name}List"), list(&name));
        name
    }
}

fn meta() -> [(&'static str, ObjectBuilder); 5] {
    [
        ("id", text("uuid", "The resource's id")),
        (
            "version",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .description(Some("1 at first, one more with each change; the ETag"))
                .read_only(true),
        ),
        ("created_at", text("date-time", "When it was made")),
        (
            "created_by",
            text("uuid", "Who made it").schema_type(SchemaType::from_iter([Type::String, Type::Null])),
        ),
        ("updated_at", text("date-time", "When it was last changed")),
    ]
}

fn list(name: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .property("data", ArrayBuilder::new().items(reference(name)))
        .property("pagination", reference("Pagination"))
        .required("data")
        .required("pagination")
        .into()
}

/// What isn't of an entity.
pub(crate) fn common(schemas: &mut Schemas) {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    let integer = || ObjectBuilder::new().schema_type(Type::Integer);
    let maybe_text = || ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    schemas.put(
        "Pagination",
        ObjectBuilder::new()
            .property("next_cursor", maybe_text())
            .property("has_more", ObjectBuilder::new().schema_type(Type::Boolean))
            .property("total_count", integer())
            .required("next_cursor")
            .required("has_more"),
    );
    schemas.put(
        "Problem",
        ObjectBuilder::new()
            .property("type", string())
            .property("title", string())
            .property("status", integer())
            .property("detail", string())
            .property("instance", string())
            .property("code", string())
            .property("request_id", string())
            .property("parameter", string())
            .property("permission", string())
            .property(
                "errors",
                ArrayBuilder::new().items(
                    ObjectBuilder::new()
                        .property("pointer", string())
                        .property("code", string())
                        .property("detail", string()),
                ),
            )
            .required("type")
            .required("title")
            .required("status")
            .required("code"),
    );
    let op = string().enum_values(Some(["create", "update", "delete", "upsert"]));
    schemas.put(
        "BulkRequest",
        ObjectBuilder::new()
            .property(
                "operations",
                ArrayBuilder::new().max_items(Some(1_000)).items(
                    ObjectBuilder::new()
                        .property("op", op)
                        .property("id", string())
                        .property("version", integer())
                        .property("value", ObjectBuilder::new())
                        .required("op"),
                ),
            )
            .required("operations"),
    );
    schemas.put(
        "BulkAnswer",
        ObjectBuilder::new()
            .property(
                "results",
                ArrayBuilder::new().items(
                    ObjectBuilder::new()
                        .property("status", integer())
                        .property("id", string())
                        .property("version", integer())
                        .property("problem", reference("Problem"))
                        .required("status"),
                ),
            )
            .required("results"),
    );
}
