//! The link to the page that makes the first owner, printed while nobody has an account.

use firma_http::State;
use firma_services::Tx;
use firma_services::identity::has_no_user;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Prints the link, if there is nobody yet. It goes to standard output alone: what is logged is kept longer than
/// the link is good for.
pub(crate) async fn announce(state: &State, bound: SocketAddr) {
    let nobody = state.database.read(|tx: &mut Tx<'_>| has_no_user(tx));
    match nobody.await {
        Ok(false) => {}
        Ok(true) => {
            let now = state.database.sources.clock.now();
            let token = firma_auth::setup::issue(&state.signer.keys.setup, now);
            let base = state.site.public_url.clone().unwrap_or_else(|| address(bound));
            log::warn!(
                "nobody has an account yet; the link that makes the first owner is on standard output"
            );
            crate::say(format!(
                "Make the first owner here (works once, within 24 hours): {base}{}/{token}",
                firma_console::SETUP
            ));
        }
        Err(refusal) => log::error!("whether anybody has an account can't be seen: {refusal}"),
    }
}

/// An address that a browser on this machine can open.
fn address(bound: SocketAddr) -> String {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, bound.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_opened_on_this_machine() {
        let shown = |bound: &str| address(bound.parse().unwrap());
        assert_eq!(shown("0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(shown("[::]:80"), "http://[::1]:80");
        assert_eq!(shown("192.0.2.7:8080"), "http://192.0.2.7:8080");
    }
}
