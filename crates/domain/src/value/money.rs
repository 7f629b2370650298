use super::decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::borrow::Cow;
use std::fmt;

/// The largest amount in minor units, in either direction: 10^15.
pub const MAX_MINOR: i64 = 1_000_000_000_000_000;

/// A currency of ISO 4217, such as `EUR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The currency of a code in capitals; `None` for a code that ISO 4217 doesn't have.
    pub fn from_code(code: &str) -> Option<Currency> {
        iso_currency::Currency::from_code(code).map(Currency)
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals its amounts have: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl Default for Currency {
    /// The euro, which a new organization starts with.
    fn default() -> Self {
        Currency(iso_currency::Currency::EUR)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = String::deserialize(from)?;
        Currency::from_code(&code).ok_or_else(|| D::Error::custom("not a currency code of ISO 4217"))
    }
}

/// An amount of one currency, exact: an integer of the currency's minor units.
///
/// As JSON `{"amount": "1234.50", "currency": "EUR"}`, with exactly the currency's decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount in minor units; `None` beyond [`MAX_MINOR`].
    pub fn new(minor: i64, currency: Currency) -> Option<Money> {
        (minor.unsigned_abs() <= MAX_MINOR.unsigned_abs()).then_some(Money { minor, currency })
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Reads a decimal string with at most the currency's decimals.
    pub fn parse(amount: &str, currency: Currency) -> Option<Money> {
        Money::new(decimal::parse(amount, currency.decimals())?, currency)
    }

    /// The amount as a decimal string with the currency's decimals.
    pub fn amount(self) -> String {
        decimal::print(self.minor, self.currency.decimals())
    }

    /// The sum, where both are of one currency and the sum is in range.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        (self.currency == other.currency)
            .then(|| Money::new(self.minor + other.minor, self.currency))
            .flatten()
    }
}

/// A sum of amounts of one currency: exact, and beyond [`MAX_MINOR`] where the amounts are many.
///
/// As JSON like [`Money`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Total {
    /// In minor units of the currency
    pub minor: i128,
    /// Of all amounts in it
    pub currency: Currency,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, expecting = "an object with amount and currency")]
struct Written {
    /// In the currency's unit, with at most its decimals: `1234.50`
    amount: String,
    /// Code of ISO 4217
    currency: Cow<'static, str>,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Total {
            minor: self.minor.into(),
            currency: self.currency,
        }
        .serialize(to)
    }
}

impl Serialize for Total {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written {
            amount: decimal::print(self.minor, self.currency.decimals()),
            currency: self.currency.code().into(),
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(from)?;
        let currency = Currency::from_code(&written.currency)
            .ok_or_else(|| D::Error::custom("not a currency code of ISO 4217"))?;
        Money::parse(&written.amount, currency).ok_or_else(|| {
            D::Error::custom(format!(
                "not an amount with at most {} decimals and within 10^15 minor units",
                currency.decimals()
            ))
        })
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Currency, string, "iso-4217", "Currency code of ISO 4217");

/// Both are written alike.
#[cfg(feature = "openapi")]
macro_rules! written {
    ($($type:ty),+) => {$(
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                <Written as utoipa::PartialSchema>::schema()
            }
        }
        impl utoipa::ToSchema for $type {
            fn name() -> Cow<'static, str> {
                "Money".into()
            }
        }
    )+};
}
#[cfg(feature = "openapi")]
written!(Money, Total);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_amount_survives_json(minor in -MAX_MINOR..=MAX_MINOR, at in 0usize..3) {
            let currency = ["EUR", "JPY", "KWD"].map(|c| Currency::from_code(c).unwrap())[at];
            let money = Money::new(minor, currency).unwrap();
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }
    }

    #[test]
    fn has_the_decimals_of_its_currency() {
        let print = |minor, code| {
            Money::new(minor, Currency::from_code(code).unwrap())
                .unwrap()
                .amount()
        };
        assert_eq!(
            (print(123450, "EUR"), print(5, "JPY"), print(-5, "KWD")),
            ("1234.50".into(), "5".into(), "-0.005".into())
        );
        let total = Total {
            minor: -20_000 * i128::from(MAX_MINOR) - 1,
            currency: Currency::default(),
        };
        assert_eq!(
            serde_json::to_string(&total).unwrap(),
            r#"{"amount":"-200000000000000000.01","currency":"EUR"}"#
        );
        for wrong in [
            r#"{"amount":"1.005","currency":"EUR"}"#,
            r#"{"amount":1,"currency":"EUR"}"#,
            r#"{"amount":"1","currency":"XYZ"}"#,
            r#"{"amount":"10000000000000.01","currency":"EUR"}"#,
            r#"{"amount":"1","currency":"EUR","x":1}"#,
        ] {
            assert!(serde_json::from_str::<Money>(wrong).is_err(), "{wrong}");
        }
    }
}
