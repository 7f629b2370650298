//! Whether a form comes from a page of ours.

use actix_web::HttpRequest;
use actix_web::http::header;
use firma_http::Site;

/// The address of the server as the browser knows it: scheme, host and perhaps a port.
/// None where the request was made by somebody else's page.
pub(crate) fn of(request: &HttpRequest, site: &Site) -> Option<String> {
    let text = |name| Some(request.headers().get(name)?.to_str().ok()?.to_ascii_lowercase());
    let host = text(header::HOST).filter(|host| is_plain(host));
    let Some(origin) = text(header::ORIGIN) else {
        // No browser that posts a form leaves it out.
        return site.public_url.clone().or(Some(format!("http://{}", host?)));
    };
    let known = Some(&origin) == site.public_url.as_ref();
    let same = origin
        .split_once("://")
        .is_some_and(|(scheme, at)| matches!(scheme, "http" | "https") && Some(at) == host.as_deref());
    (known || same).then_some(origin)
}

/// It is shown within a command, so it has nothing in it that a shell reads.
fn is_plain(host: &str) -> bool {
    !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_address_that_was_told_is_ours_whatever_a_proxy_says() {
        let told = Site {
            public_url: Some("https://firma.example".into()),
            ..Site::default()
        };
        let from = |site: &Site, origin: &str| {
            let request = TestRequest::default().insert_header((header::HOST, "127.0.0.1:8080"));
            of(
                &request.insert_header((header::ORIGIN, origin)).to_http_request(),
                site,
            )
        };
        assert_eq!(from(&told, "https://firma.example"), told.public_url);
        assert_eq!(from(&Site::default(), "https://firma.example"), None);
        assert_eq!(from(&told, "http://firma.example"), None);
        assert_eq!(from(&told, "https://firma.example.evil.example"), None);
        let direct = Some("http://127.0.0.1:8080".to_owned());
        assert_eq!(from(&told, "http://127.0.0.1:8080"), direct);
        let silent = TestRequest::default().insert_header((header::HOST, "127.0.0.1:8080"));
        assert_eq!(of(&silent.to_http_request(), &Site::default()), direct);
    }
}
