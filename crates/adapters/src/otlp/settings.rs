use percent_encoding::percent_decode_str;

/// Where traces go, and whose they are: the variables of OpenTelemetry's specification.
#[derive(Clone)]
pub struct OtlpSettings {
    /// The collector: traces go to `/v1/traces` below it
    pub endpoint: String,
    /// Headers of each request, such as a key
    pub headers: Vec<(String, String)>,
    /// `firma`, unless it is said here or among the attributes
    pub service_name: Option<String>,
    /// What else is told of this server
    pub attributes: Vec<(String, String)>,
}

impl OtlpSettings {
    /// Reads `name=value,name=value`, the values percent-encoded (W3C Baggage); none where it isn't that.
    pub fn pairs(text: &str) -> Option<Vec<(String, String)>> {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=')?;
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let is_plain = value.chars().all(|c| !c.is_control());
            (is_plain && !name.trim().is_empty()).then(|| (name.trim().to_owned(), value.into_owned()))
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(pair).collect()
    }

    /// The same for headers.
    pub fn headers(text: &str) -> Option<Vec<(String, String)>> {
        let pairs = OtlpSettings::pairs(text)?;
        let is_header = |(name, value): &(String, String)| {
            ureq::http::HeaderName::try_from(name.as_str()).is_ok()
                && ureq::http::HeaderValue::try_from(value.as_str()).is_ok()
        };
        pairs.iter().all(is_header).then_some(pairs)
    }

    /// Whether an address may be a collector's: no user, no query.
    pub fn is_endpoint(text: &str) -> bool {
        text.parse::<ureq::http::Uri>().is_ok_and(|uri| {
            let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
            let has_user = uri
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@'));
            is_http && !has_user && uri.query().is_none() && !text.contains('#')
        })
    }

    pub(super) fn traces(&self) -> String {
        format!("{}/v1/traces", self.endpoint.trim_end_matches('/'))
    }

    pub(super) fn service_name(&self) -> &str {
        let named = self.attributes.iter().find(|(name, _)| name == "service.name");
        let named = named.map(|(_, value)| value.as_str());
        self.service_name.as_deref().or(named).unwrap_or("firma")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_the_specification_says() {
        let read = OtlpSettings::pairs(" a=1, b = x%20y%3D ,c=,").unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read, [pair("a", "1"), pair("b", "x y="), pair("c", "")]);
        for wrong in ["a", "=1", "a=1,b", "a=%0a", "a=%ff"] {
            assert_eq!(OtlpSettings::pairs(wrong), None, "{wrong}");
        }
        assert!(OtlpSettings::headers("authorization=Bearer%20x").is_some());
        assert!(OtlpSettings::headers("not a header=x").is_none());
    }

    #[test]
    fn a_collector_has_an_address() {
        for fine in [
            "http://localhost:4318",
            "https://otlp.example/base/",
            "http://[::1]:1",
        ] {
            assert!(OtlpSettings::is_endpoint(fine), "{fine}");
        }
        for wrong in [
            "",
            "localhost:4318",
            "/v1",
            "grpc://x",
            "http://u:p@x",
            "http://x?y=1",
            "http://x#y",
        ] {
            assert!(!OtlpSettings::is_endpoint(wrong), "{wrong}");
        }
    }
}
