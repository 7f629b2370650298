use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::net::IpAddr;

/// IP addresses that lie together, in CIDR notation: `192.0.2.0/24`, `2001:db8::/32`. One address is a range too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpRange {
    first: IpAddr,
    /// Leading bits that all of them share
    length: u32,
}

/// An address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl IpRange {
    /// The range, if `text` is one. One whose address isn't its first is none: it is more often a slip than meant.
    pub fn parse(text: &str) -> Option<IpRange> {
        let (address, length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => (address, Some(length)),
        };
        let first: IpAddr = address.parse().ok()?;
        let (number, width) = bits(first);
        let length = match length {
            None => width,
            Some(text) => {
                let is_plain =
                    text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
                text.parse().ok().filter(|length| is_plain && *length <= width)?
            }
        };
        // Callers are known by their IPv4 address, however it is written: such a range would have none.
        let is_mapped = matches!(first, IpAddr::V6(address) if address.to_ipv4_mapped().is_some());
        let behind = number.checked_shl(128 - width + length).unwrap_or(0);
        (behind == 0 && !is_mapped).then_some(IpRange { first, length })
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((own, width), (other, of)) = (bits(self.first), bits(address.to_canonical()));
        let differs = (own ^ other).checked_shr(width - self.length).unwrap_or(0);
        width == of && differs == 0
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

impl Serialize for IpRange {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        IpRange::parse(&String::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("not a range of addresses such as 192.0.2.0/24"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(
    IpRange,
    string,
    "cidr",
    "Addresses in CIDR notation: `192.0.2.0/24`"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_and_one_address() {
        for (text, written) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            let range = IpRange::parse(text).unwrap();
            assert_eq!(range.to_string(), written);
            assert_eq!(IpRange::parse(written), Some(range));
        }
    }

    #[test]
    fn what_is_no_range_is_none() {
        for wrong in [
            "",
            "/24",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "192.0.2.0/024",
            "192.0.2.0/24 ",
            "192.0.2.7/24",
            "192.0.2/24",
            "0192.0.2.0/24",
            "2001:db8::1/64",
            "2001:db8::/129",
            "::ffff:192.0.2.0/120",
            "firma.example",
            "192.0.2.0-192.0.2.9",
        ] {
            assert_eq!(IpRange::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn has_its_addresses_and_no_others() {
        let has =
            |range: &str, address: &str| IpRange::parse(range).unwrap().contains(address.parse().unwrap());
        assert!(has("192.0.2.0/24", "192.0.2.255") && !has("192.0.2.0/24", "192.0.3.0"));
        // An IPv4 address that came over IPv6 is the same address.
        assert!(has("192.0.2.0/24", "::ffff:192.0.2.1") && !has("::/0", "192.0.2.1"));
        assert!(has("2001:db8::/32", "2001:db8:ffff::1") && !has("2001:db8::/32", "2001:db9::"));
    }
}
