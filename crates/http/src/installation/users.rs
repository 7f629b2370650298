use super::{Answered, at, by_age, example, first, made};
use crate::call::Call;
use crate::operation::{Operation, Parameter};
use crate::render;
use crate::resource::page_parameters;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Read, Update, Verb};
use firma_domain::identity::User;
use firma_services::installation;

async fn list(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<User, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::users(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn find(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<User, Read>()?;
        said.no_query()?;
        let user = installation::user(desk, grant, said.id()?)?;
        render::unless_known(&user, said.if_none_match.as_deref())
    })
    .await
}

async fn deactivate(call: Call) -> Answered {
    set_active(call, false).await
}
async fn reactivate(call: Call) -> Answered {
    set_active(call, true).await
}

async fn set_active(call: Call, is_active: bool) -> Answered {
    call.write_platform::<User, Update, _>(move |desk, grant, said| {
        said.no_query()?;
        let changed = installation::set_active(desk, grant, said.id()?, is_active, &said.if_match)?;
        render::record(&changed)
    })
    .await
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.record::<User>();
    let read = ("users", Verb::Read);
    to.push(
        at(Method::GET, "users", "list_users", read, || web::get().to(list))
            .text(
                "Lists people with an account. The newest first, unless asked otherwise. What they say of themselves isn't shown, but they are \
                 found by it: by tags, and by `metadata.KEY=a,b`, one of these values under a key, or \
                 `metadata.KEY[gte]=5` (`gt`, `gte`, `lt`, `lte`), a number on that side. At most eight of these, and \
                 none beside `q` or `login`.",
            )
            .parameters(page_parameters(vec![
                Parameter::new(
                    "q",
                    "Words, up to 8: each begins a word of name, e-mail or username",
                ),
                Parameter::new("login", "An e-mail or a username, as a whole"),
                Parameter::new("is_active", "Whether the user may sign in").flag(),
                Parameter::new("tag", "Tags between commas: one of them is in the profile; \\, is a comma"),
                Parameter::new(
                    "metadata_key",
                    "Keys between commas: one of them is in the profile's metadata",
                ),
                by_age(),
            ]))
            .example(example().query("?limit=1"))
            .answers(200, Some(schemas.page(&name))),
    );
    to.push(
        at(Method::GET, "users/{id}", "get_user", read, || {
            web::get().to(find)
        })
        .text("Finds one user.")
        .example(example().after(first("USER_ID", "users?limit=1")).id("$USER_ID"))
        .answers(200, Some(reference(&name))),
    );
    let update = ("users", Verb::Update);
    to.push(
        at(
            Method::POST,
            "users/{id}/deactivate",
            "deactivate_user",
            update,
            || web::post().to(deactivate),
        )
        .text("Locks an account. All its sessions end at once.")
        .versioned()
        .example(example().after(made("USER_ID", "owner_id")).id("$USER_ID"))
        .refuses(&["last_owner", "role_not_held"])
        .answers(200, Some(reference(&name))),
    );
    to.push(
        at(
            Method::POST,
            "users/{id}/reactivate",
            "reactivate_user",
            update,
            || web::post().to(reactivate),
        )
        .text("Opens an account again.")
        .versioned()
        .example(example().after(made("USER_ID", "owner_id")).id("$USER_ID"))
        .refuses(&["role_not_held"])
        .answers(200, Some(reference(&name))),
    );
}
