//! From which address a call comes: that of the socket, or what the proxies in front of the server say.

use crate::state::State;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{HttpRequest, web};
use firma_domain::IpRange;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// The proxies whose word is taken for where a call comes from. Without any, nobody's is.
#[derive(Debug, Clone, Default)]
pub struct Proxies(pub Vec<IpRange>);

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }

    /// The right-most address that isn't a trusted proxy's: what stands left of it may be anybody's invention. The
    /// left-most where all of them are trusted. None where a trusted proxy says that it doesn't know.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return Some(client);
        }
        for said in said(headers).into_iter().rev() {
            client = said?;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }
}

/// The addresses that the headers name, the nearest last; none for one that can't be read. What nearly all proxies
/// write is `X-Forwarded-For`: where it is there, a `Forwarded` beside it is the client's own, and isn't looked at.
fn said(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let parts = |name: &HeaderName| {
        let lines = headers.get_all(name).map(|line| line.to_str().unwrap_or("?"));
        lines
            .flat_map(|line| line.split(',').map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let parts_said = parts(&X_FORWARDED_FOR);
    if !parts_said.is_empty() {
        return parts_said.iter().map(|part| address(part)).collect();
    }
    parts(&FORWARDED)
        .iter()
        .map(|part| address(of_forwarded(part)?))
        .collect()
}

/// What stands behind `for=` in one element of `Forwarded` (RFC 7239).
fn of_forwarded(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

/// An address, perhaps with a port; one of version 6 perhaps in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|at| at.ip()));
    address.map(|address| address.to_canonical())
}

/// The address that a request comes from, as far as it is known.
pub(crate) fn client(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    match request.app_data::<web::Data<State>>() {
        Some(state) => state.site.proxies.client(peer, request.headers()),
        None => Some(peer.to_canonical()),
    }
}

/// The same for what counts calls: the proxy's where it doesn't tell.
pub(crate) fn counted(request: &HttpRequest) -> Option<IpAddr> {
    client(request).or_else(|| Some(request.peer_addr()?.ip().to_canonical()))
}

/// The place of an address: of IPv6 the network, since who has one address of it has all.
pub(crate) fn place(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let proxies = ["10.0.0.0/8", "2001:db8::/64"];
        let proxies = Proxies(proxies.into_iter().filter_map(IpRange::parse).collect());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let found = proxies.client(peer.parse().unwrap(), &map);
        found.map(|address| address.to_string())
    }

    #[test]
    fn nobodys_word_is_taken_but_a_proxys() {
        let forged = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        assert_eq!(client("198.51.100.7", &forged).as_deref(), Some("198.51.100.7"));
        assert_eq!(client("10.0.0.1", &forged).as_deref(), Some("192.0.2.1"));
        assert_eq!(client("::ffff:10.0.0.1", &forged).as_deref(), Some("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn what_stands_left_of_the_first_stranger_is_nobodys() {
        for (said, expected) in [
            ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
            ("203.0.113.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
            ("10.9.9.9, 192.0.2.1, 10.0.0.2,10.0.0.3", "192.0.2.1"),
            ("rubbish, 192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8:1::7]:443, 10.0.0.2", "2001:db8:1::7"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            // All are ours: the first of them is where it began.
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ] {
            assert_eq!(
                client("10.0.0.1", &[("x-forwarded-for", said)]).as_deref(),
                Some(expected),
                "{said}"
            );
        }
        let lines = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(client("10.0.0.1", &lines).as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn the_standard_header_is_read_where_the_other_is_not() {
        for (said, expected) in [
            ("for=192.0.2.1;proto=https;by=10.0.0.1", Some("192.0.2.1")),
            ("for=203.0.113.9, For=\"192.0.2.1:80\"", Some("192.0.2.1")),
            ("proto=https; for=\"[2001:db8:1::7]:4711\"", Some("2001:db8:1::7")),
            ("for=192.0.2.1, for=10.0.0.2", Some("192.0.2.1")),
            // Who stands there isn't told: no address, rather than one that would be taken for it.
            ("for=unknown", None),
            ("for=192.0.2.1, for=_hidden", None),
            ("proto=https", None),
            ("for=\"192.0.2.1", None),
        ] {
            assert_eq!(
                client("10.0.0.1", &[("forwarded", said)]).as_deref(),
                expected,
                "{said}"
            );
        }
        let both = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(client("10.0.0.1", &both).as_deref(), Some("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "unknown")]), None);
    }

    #[test]
    fn one_network_is_one_place() {
        let of = |address: &str| place(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
