use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::net::IpAddr;

/// IP addresses that lie together, in CIDR notation: `192.0.2.0/24`, `2001:db8::/32`. One address is a range too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpRange(IpNet);

impl IpRange {
    /// The range, if `text` is one. One whose address isn't its first is none: it is more often a slip than meant.
    pub fn parse(text: &str) -> Option<IpRange> {
        // The standard library reads an address more strictly than the crate does.
        let range = match text.split_once('/') {
            None => IpNet::from(text.parse::<IpAddr>().ok()?),
            Some((address, length)) => {
                let is_plain = length.bytes().all(|b| b.is_ascii_digit()) && !length.starts_with("00");
                let length = length.parse().ok().filter(|_| is_plain)?;
                IpNet::new(address.parse().ok()?, length).ok()?
            }
        };
        // Callers are known by their IPv4 address, however it is written: such a range would have none.
        let is_mapped = matches!(range, IpNet::V6(range) if range.addr().to_ipv4_mapped().is_some());
        (range.addr() == range.network() && !is_mapped).then_some(IpRange(range))
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
