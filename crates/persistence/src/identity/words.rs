//! What a user is found by on the platform: the folded words of the name and of the logins.

use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use firma_domain::Id;
use firma_domain::identity::{User, Username};
use firma_domain::value::text;

pub(crate) fn words_of(user: &User) -> Vec<String> {
    let texts = [
        Some(user.name.as_str()),
        user.given_name.as_deref(),
        user.family_name.as_deref(),
        Some(user.email.as_str()),
        user.username.as_ref().map(Username::as_str),
    ];
    text::words(texts.into_iter().flatten())
}

impl Tx<'_> {
    /// Keeps the words of a new user.
    pub(super) fn name_user(&mut self, id: Id, user: &User) -> Result<(), Fault> {
        let words = self.list(words_of(user));
        Sql::<()>::text("INSERT INTO user_words (user_id, word) SELECT ")
            .bind(id)
            .then_either(", unnest(", ", value FROM json_each(")
            .bind(words)
            .then_either("::text[])", ")")
            .run(self)?;
        Ok(())
    }

    /// Brings the words of a user to what they are now.
    pub(super) fn rename_user(&mut self, id: Id, user: &User) -> Result<(), Fault> {
        Sql::<()>::text("DELETE FROM user_words WHERE user_id = ")
            .bind(Value::from(id))
            .run(self)?;
        self.name_user(id, user)
    }
}
