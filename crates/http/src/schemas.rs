//! The schemas of the document: those of the domain's types, and around them what every resource has.

use firma_domain::Entity;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema, SchemaFormat};

/// By name.
#[derive(Default)]
pub(crate) struct Schemas(pub BTreeMap<String, RefOr<Schema>>);

pub(crate) fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

fn text(format: &str, about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom(format.into())))
        .description(Some(about.to_owned()))
        .read_only(true)
}

impl Schemas {
    /// A value that only answers have: all its fields are there. Its name.
    pub(crate) fn named<T: ToSchema>(&mut self) -> String {
        let mut object = self.fields_of::<T>();
        object.required = object.properties.keys().cloned().collect();
        self.put(&T::name(), Schema::Object(object));
        T::name().into_owned()
    }

    /// A value that is one of some words. Its reference.
    pub(crate) fn word<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.0.insert(T::name().into_owned(), T::schema());
        reference(&T::name())
    }

    /// A schema of our own.
    pub(crate) fn put(&mut self, name: &str, schema: impl Into<RefOr<Schema>>) {
        self.0.insert(name.into(), schema.into());
    }

    /// An entity as it is answered: all its fields, and what every row has. Its name.
    pub(crate) fn record<E: Entity + ToSchema>(&mut self) -> String {
        let name = E::name().into_owned();
        if self.0.contains_key(&name) {
            return name;
        }
        let mut object = self.fields_of::<E>();
        // expand adds to it.
        object.additional_properties = None;
        object.required = object.properties.keys().cloned().collect();
        for field in E::READ_ONLY {
            if let Some(RefOr::T(Schema::Object(property))) = object.properties.get_mut(*field) {
                property.read_only = Some(true);
            }
        }
        for (field, schema) in meta() {
            object.properties.insert(field.into(), schema.into());
            object.required.push(field.into());
        }
        let deleted = text(
            "date-time",
            "When it was deleted; only where deleted ones are asked for",
        );
        object.properties.insert("deleted_at".into(), deleted.into());
        self.put(&name, Schema::Object(object));
        name
    }

    /// What makes an entity: the fields that may be given. Its reference.
    pub(crate) fn new_one<E: Entity + ToSchema>(&mut self) -> RefOr<Schema> {
        let name = format!("New{}", E::name());
        let object = self.given::<E>();
        self.put(&name, Schema::Object(object));
        reference(&name)
    }

    /// What changes an entity: the same, all of it optional. Its reference.
    pub(crate) fn patch<E: Entity + ToSchema>(&mut self) -> RefOr<Schema> {
        let name = format!("{}Patch", E::name());
        let mut object = self.given::<E>();
        object.required.clear();
        for field in E::FREE {
            if let Some(RefOr::T(Schema::Object(property))) = object.properties.get_mut(*field) {
                property.schema_type = or_null(Type::Object);
            }
        }
        self.put(&name, Schema::Object(object));
        reference(&name)
    }

    /// A page of what is called so. Its reference.
    pub(crate) fn list(&mut self, name: &str) -> RefOr<Schema> {
        let page = ObjectBuilder::new()
            .property("data", ArrayBuilder::new().items(reference(name)))
            .property("pagination", reference("Pagination"))
            .required("data")
            .required("pagination");
        let list = format!("{name}List");
        self.put(&list, page);
        reference(&list)
    }

    /// The same of what comes in the order of ids. Its reference.
    pub(crate) fn page(&mut self, name: &str) -> RefOr<Schema> {
        let rows = ArrayBuilder::new().items(reference(name));
        let page = format!("{name}Page");
        let pagination = reference("Pagination");
        self.put(
            &page,
            object([("data", rows.into()), ("pagination", pagination)], &[]),
        );
        reference(&page)
    }

    /// The fields that may be given.
    pub(crate) fn given<E: Entity + ToSchema>(&mut self) -> Object {
        let mut object = self.fields_of::<E>();
        let is_given = |field: &str| !E::READ_ONLY.contains(&field);
        object.properties.retain(|field, _| is_given(field));
        object.required.retain(|field| is_given(field));
        object
    }

    /// The fields of a type, and whatever they refer to.
    pub(crate) fn fields_of<E: ToSchema>(&mut self) -> Object {
        let mut inner = Vec::new();
        E::schemas(&mut inner);
        self.0.extend(inner);
        let mut object = match E::schema() {
            RefOr::T(Schema::Object(object)) => object,
            _ => Object::new(),
        };
        object.properties.values_mut().for_each(described);
        object
    }
}

/// What is said of a reference that may be empty belongs to the field, not to the reference.
fn described(field: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(either)) = field else {
        return;
    };
    for item in &mut either.items {
        if let RefOr::Ref(reference) = item
            && !reference.description.is_empty()
        {
            either.description = Some(std::mem::take(&mut reference.description));
        }
    }
}

fn meta() -> [(&'static str, ObjectBuilder); 5] {
    [
        ("id", text("uuid", "The resource's id")),
        (
            "version",
            integer("1 at first, one more with each change; the ETag").read_only(true),
        ),
        ("created_at", text("date-time", "When it was made")),
        (
            "created_by",
            text("uuid", "Who made it: a user's id; none for the system").schema_type(or_null(Type::String)),
        ),
        ("updated_at", text("date-time", "When it was last changed")),
    ]
}

/// A text of our own schemas.
pub(crate) fn string(about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(about.to_owned()))
}

pub(crate) fn maybe_text(about: &str) -> ObjectBuilder {
    string(about).schema_type(or_null(Type::String))
}

pub(crate) fn instant(about: &str) -> ObjectBuilder {
    string(about).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

pub(crate) fn maybe_instant(about: &str) -> ObjectBuilder {
    instant(about).schema_type(or_null(Type::String))
}

/// The type of what may be null.
pub(crate) fn or_null(of: Type) -> SchemaType {
    SchemaType::from_iter([of, Type::Null])
}

pub(crate) fn integer(about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .description(Some(about.to_owned()))
}

/// Bytes as they are, of a media type; an empty one is said elsewhere.
pub(crate) fn bytes(media_type: &str) -> ObjectBuilder {
    let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
    string("The bytes of a file")
        .format(Some(binary))
        .content_media_type(media_type)
}

/// An object of these fields, all of which are there unless they are named in `optional`.
pub(crate) fn object<const N: usize>(fields: [(&str, RefOr<Schema>); N], optional: &[&str]) -> ObjectBuilder {
    let mut object = ObjectBuilder::new();
    for (name, schema) in fields {
        object = object.property(name, schema);
        if !optional.contains(&name) {
            object = object.required(name);
        }
    }
    object
}

/// What isn't of an entity.
pub(crate) fn common(schemas: &mut Schemas) {
    let flag = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether another page follows"));
    schemas.put(
        "Pagination",
        object(
            [
                (
                    "next_cursor",
                    maybe_text("Where the next page begins; none on the last").into(),
                ),
                ("has_more", flag.into()),
                (
                    "total_count",
                    integer("How many rows there are, where include=total_count asked for it").into(),
                ),
            ],
            &["total_count"],
        ),
    );
    let include =
        string("What a list adds where it is asked for: a count").enum_values(Some(["total_count"]));
    schemas.put("Include", include);
    problems(schemas);
    bulk(schemas);
}

fn problems(schemas: &mut Schemas) {
    schemas.put(
        "FieldError",
        object(
            [
                ("pointer", string("Where in the body: `#/title`").into()),
                ("code", string("What is wrong with the value").into()),
                ("detail", string("The same in words").into()),
            ],
            &[],
        ),
    );
    schemas.put(
        "Problem",
        object(
            [
                ("type", string("`urn:firma:problem:` and the code").into()),
                ("title", string("What the code means").into()),
                ("status", integer("The status of the answer").into()),
                ("detail", string("What it is in this case").into()),
                ("instance", string("The path that was called").into()),
                ("code", string("Which problem it is: stable, go by it").into()),
                ("request_id", string("Under which it stands in the log").into()),
                (
                    "parameter",
                    string("The parameter or header that is wrong").into(),
                ),
                ("permission", string("The permission that is missing").into()),
                (
                    "challenge",
                    string("For the second step of a sign-in that needs a second factor").into(),
                ),
                (
                    "expires_in",
                    integer("Seconds that the challenge is good for").into(),
                ),
                (
                    "errors",
                    ArrayBuilder::new()
                        .items(reference("FieldError"))
                        .description(Some("Every value that is wrong"))
                        .into(),
                ),
            ],
            &[
                "instance",
                "request_id",
                "parameter",
                "permission",
                "challenge",
                "expires_in",
                "errors",
            ],
        ),
    );
}

fn bulk(schemas: &mut Schemas) {
    let op = string("What to do").enum_values(Some(["create", "update", "delete", "upsert"]));
    let value = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .description(Some("The body that the same call by itself has"));
    schemas.put(
        "BulkOperation",
        object(
            [
                ("op", op.into()),
                ("id", id("Which one, for update and delete").into()),
                ("version", integer("What If-Match is elsewhere").into()),
                ("value", value.into()),
            ],
            &["id", "version", "value"],
        ),
    );
    schemas.put(
        "BulkRequest",
        object(
            [(
                "operations",
                ArrayBuilder::new()
                    .max_items(Some(1_000))
                    .items(reference("BulkOperation"))
                    .into(),
            )],
            &[],
        ),
    );
    schemas.put(
        "BulkResult",
        object(
            [
                ("status", integer("The status of this operation").into()),
                ("id", id("The resource").into()),
                ("version", integer("Its version now").into()),
                ("problem", reference("Problem")),
            ],
            &["id", "version", "problem"],
        ),
    );
    schemas.put(
        "BulkAnswer",
        object(
            [(
                "results",
                ArrayBuilder::new().items(reference("BulkResult")).into(),
            )],
            &[],
        ),
    );
}

/// An id in our own schemas.
pub(crate) fn id(about: &str) -> ObjectBuilder {
    text("uuid", about).read_only(false)
}
