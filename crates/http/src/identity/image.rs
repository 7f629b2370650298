//! The image of a person.

use super::Answered;
use crate::call::Call;
use crate::example::{Example, Form};
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::reference;
use crate::upload;
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Read, Verb};
use firma_domain::organizations::Member;
use firma_services::identity;

const IMAGE: &str = "/api/v1/me/image";

/// A picture of one pixel, as `printf` writes it.
const PIXEL: Form = Form {
    name: "me.png",
    text: r"\x89PNG\x0d\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9bU\x00\x00\x00\nIDATx\x9cch\x00\x00\x00\x82\x00\x81w\xcdr\xb6\x00\x00\x00\x00IEND\xaeB\x60\x82",
    options: "",
};

async fn image(call: Call) -> Answered {
    let file = call
        .look_alone(|tx, caller, said| {
            said.no_query()?;
            identity::image(tx, caller)
        })
        .await?;
    upload::serve(&call, file).await
}

async fn member_image(call: Call) -> Answered {
    let file = call
        .look(|work, said| {
            let grant = work.grant::<Member, Read>()?;
            said.no_query()?;
            identity::member_image(work, grant, said.id()?)
        })
        .await?;
    upload::serve(&call, file).await
}

async fn remove(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::remove_image(tx, caller, &said.if_match)?;
        Ok(render::empty())
    })
    .await
}

/// An example that has given the caller an image.
fn on_image() -> Example {
    let file = PIXEL.file();
    let call = format!(
        "curl -sS \"$FIRMA_URL{IMAGE}\" \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -F file=@{} >me.json",
        PIXEL.name
    );
    Example::default().after(format!("{file}\n{call}"))
}

pub(super) fn operations(to: &mut Vec<Operation>) {
    let own =
        |method, id: &str, route| Operation::new(method, IMAGE, id, "identity", Access::SignedIn, route);
    to.push(
        own(Method::POST, "set_image", || web::post().to(upload::own_image))
            .text(
                "Gives the caller an image. PNG, JPEG or WebP, as its bytes say, of at most 8192 pixels a side. It takes \
                 the place of the one before, and is stored as it is sent: what a camera wrote into it stays in it. \
                 Its version is that of `/me`.",
            )
            .form(reference("FileUpload"), &[("file", "application/octet-stream")])
            .example(Example::default().form(PIXEL))
            .versioned()
            .refuses(&["file_type"])
            .answers(200, Some(reference("Me"))),
    );
    to.push(
        own(Method::GET, "get_image", || web::get().to(image))
            .text("Answers with the bytes of the caller's image.")
            .example(on_image())
            .refuses(&["not_found"])
            .answers_bytes(),
    );
    to.push(
        Operation::new(
            Method::GET,
            "/api/v1/organizations/{organization}/members/{id}/image",
            "get_member_image",
            "organizations",
            Access::Permission("members", Verb::Read),
            || web::get().to(member_image),
        )
        .text("Answers with the bytes of a member's image.")
        .example(
            on_image()
                .after(
                    "MEMBER_ID=$(curl -sS \"$FIRMA_URL/api/v1/me\" \\\n  -H \"Authorization: Bearer $TOKEN\" | jq -r .user.id)",
                )
                .id("$MEMBER_ID"),
        )
        .answers_bytes(),
    );
    to.push(
        own(Method::DELETE, "delete_image", || web::delete().to(remove))
            .text("Takes the caller's image away. Its version is that of `/me`.")
            .example(on_image())
            .refuses(&["not_found"])
            .answers(204, None),
    );
}
