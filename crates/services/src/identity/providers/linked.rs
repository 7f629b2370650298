//! The accounts at providers that sign somebody in.

use super::super::letters;
use super::super::sessions::about;
use super::Providers;
use crate::crud::{Expected, Listed};
use crate::listing::Parameters;
use crate::pages::{self, by_id, listed};
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::keys::Key;
use firma_domain::identity::SecurityKind;
use firma_domain::{Id, Instant};
use firma_persistence::identity::Account;
use firma_persistence::{Origin, Tx};
use serde::Serialize;
use serde_json::json;

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub struct LinkedAccount {
    pub id: Id,
    pub provider: String,
    /// None where the provider is no longer one that signs in here
    pub label: Option<String>,
    /// What the provider says
    pub email: Option<String>,
    pub linked_at: Instant,
    pub last_used_at: Option<Instant>,
}

listed! {
    LinkedAccount { "id", "provider", "label", "email", "linked_at", "last_used_at" }
}

/// The caller's.
pub fn accounts(
    tx: &mut Tx<'_>,
    caller: Caller,
    providers: &Providers,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let page = pages::page::<LinkedAccount>(parameters, caller.user, "accounts", key)?;
    let total = page.total(|| tx.count_accounts_of(caller.user))?;
    let found = tx.accounts_of(caller.user, page.before(), page.rows())?;
    let all = found
        .into_iter()
        .map(|account| shown(account, providers))
        .collect();
    page.of(all, total, |account| by_id(account.id))
}

/// One of the caller's.
pub fn account(
    tx: &mut Tx<'_>,
    caller: Caller,
    providers: &Providers,
    account: Id,
) -> Result<LinkedAccount, Refusal> {
    let found = tx.account_of(caller.user, account)?.ok_or(Refusal::NotFound)?;
    Ok(shown(found, providers))
}

fn shown(account: Account, providers: &Providers) -> LinkedAccount {
    LinkedAccount {
        id: account.id,
        label: providers.label(&account.provider).map(str::to_owned),
        provider: account.provider,
        email: account.email,
        linked_at: account.created_at,
        last_used_at: account.last_used_at,
    }
}

/// Whether an account is left that signs the user in: at a provider that is configured, and the one that it was.
fn has_way_in(tx: &mut Tx<'_>, user: Id, providers: &Providers) -> Result<bool, Refusal> {
    let left = tx.accounts_of(user, None, i64::from(i32::MAX))?;
    let is_way = |account: &Account| {
        let provider = providers.named(&account.provider);
        provider.is_ok_and(|provider| provider.port.issuer() == account.issuer)
    };
    Ok(left.iter().any(is_way))
}

/// Takes one away, if there is another way to sign in.
pub fn unlink(
    tx: &mut Tx<'_>,
    caller: Caller,
    providers: &Providers,
    account: Id,
    expected: &Expected,
    (origin, language): (&Origin, &str),
) -> Result<(), Refusal> {
    caller.step_up(tx)?;
    let person = tx.user_for_change(caller.user)?.value;
    let provider = tx
        .remove_account(caller.user, account)?
        .ok_or(Refusal::NotFound)?;
    expected.check_unversioned()?;
    if tx.credential(caller.user)?.is_none() && !has_way_in(tx, caller.user, providers)? {
        return Err(Refusal::conflict(
            "last_sign_in",
            "there is no other way to sign in: set a password first, or link another account",
        ));
    }
    about(
        tx,
        Some(caller.user),
        SecurityKind::AccountUnlinked,
        Some(provider.clone()),
    )?;
    let label = providers.label(&provider).unwrap_or(&provider);
    let what = json!({"provider": label});
    letters::tell_of(
        tx,
        (caller.user, &person),
        "account_unlinked",
        origin,
        language,
        what,
    )
}
