//! The accounts at providers that sign the caller in.

use super::Answered;
use crate::call::Call;
use crate::render;
use firma_services::identity;

pub(super) async fn list(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        let key = &said.state.signer.keys.cursor;
        render::page(identity::accounts(
            tx,
            caller,
            &said.state.providers,
            said.query()?,
            key,
        )?)
    })
    .await
}

pub(super) async fn get(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        render::plain(
            200,
            &identity::account(tx, caller, &said.state.providers, said.id()?)?,
        )
    })
    .await
}

pub(super) async fn unlink(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        let told = (&said.origin, said.language.as_str());
        let providers = &said.state.providers;
        identity::unlink(tx, caller, providers, said.id()?, &said.if_match, told)?;
        Ok(render::empty())
    })
    .await
}
