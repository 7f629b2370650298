use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{BigInt, Nullable, Text};
use firma_domain::{Id, Instant};

/// A user's second factor.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Sealed
    pub secret: String,
    /// None until a code of it was shown
    pub confirmed_at: Option<Instant>,
    /// The step of the last code that was used
    pub last_step: Option<i64>,
}

impl Tx<'_> {
    /// The user's second factor, confirmed or not; held until a call that writes ends.
    pub fn factor(&mut self, user: Id) -> Result<Option<Factor>, Fault> {
        self.identify(user)?;
        let hold = self.hold();
        let found = Sql::<(Text, Nullable<AtType>, Nullable<BigInt>)>::text(
            "SELECT secret, confirmed_at, last_step FROM second_factors WHERE user_id = ",
        )
        .bind(user)
        .then_either(hold, "")
        .maybe::<(String, Option<At>, Option<i64>)>(self)?;
        Ok(found.map(|(secret, confirmed, last_step)| Factor {
            secret,
            confirmed_at: confirmed.map(|at| at.0),
            last_step,
        }))
    }

    /// Puts in a second factor that isn't confirmed yet, in the place of another such one.
    pub fn add_factor(&mut self, user: Id, sealed: &str) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("INSERT INTO second_factors (user_id, secret, created_at) VALUES (")
            .binds(vec![user.into(), sealed.into(), now.into()])
            .then(
                ") ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, \
                 last_step = NULL WHERE second_factors.confirmed_at IS NULL",
            )
            .run(self)?;
        Ok(())
    }

    /// The code of a step was used; from the first one on the factor is confirmed.
    pub fn use_step(&mut self, user: Id, step: i64) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE second_factors SET last_step = ")
            .bind(Value::Big(step))
            .then(", confirmed_at = COALESCE(confirmed_at, ")
            .bind(now)
            .then(") WHERE user_id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Takes the second factor and its recovery codes away; whether there was one.
    pub fn remove_factor(&mut self, user: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        Sql::<()>::text("DELETE FROM recovery_codes WHERE user_id = ")
            .bind(user)
            .run(self)?;
        let gone = Sql::<()>::text("DELETE FROM second_factors WHERE user_id = ")
            .bind(user)
            .run(self)?;
        Ok(gone > 0)
    }

    /// Puts new recovery codes in the place of the old ones.
    pub fn set_recovery_codes(&mut self, user: Id, hashes: &[[u8; 32]]) -> Result<(), Fault> {
        self.identify(user)?;
        Sql::<()>::text("DELETE FROM recovery_codes WHERE user_id = ")
            .bind(user)
            .run(self)?;
        for hash in hashes {
            Sql::<()>::text("INSERT INTO recovery_codes (user_id, hash) VALUES (")
                .binds(vec![user.into(), Value::Bytes(hash.to_vec())])
                .then(")")
                .run(self)?;
        }
        Ok(())
    }

    /// Uses a recovery code up; whether it was one.
    pub fn use_recovery_code(&mut self, user: Id, hash: [u8; 32]) -> Result<bool, Fault> {
        self.identify(user)?;
        let now = self.now();
        let used = Sql::<()>::text("UPDATE recovery_codes SET used_at = ")
            .bind(now)
            .then(" WHERE used_at IS NULL AND user_id = ")
            .bind(user)
            .then(" AND hash = ")
            .bind(Value::Bytes(hash.to_vec()))
            .run(self)?;
        Ok(used > 0)
    }

    /// How many recovery codes are left.
    pub fn recovery_codes_left(&mut self, user: Id) -> Result<i64, Fault> {
        self.identify(user)?;
        Sql::<BigInt>::text("SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL AND user_id = ")
            .bind(user)
            .one::<i64>(self)
    }
}
