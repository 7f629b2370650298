//! Access tokens (JWT, HS256) and refresh tokens.

use crate::kept::Kept;
use crate::keys::{Bytes, Key, sha256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::{Id, Instant};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "firma";
const AUDIENCE: &str = "firma-api";
/// The most letters of a token that is looked at; ours have about 400.
const LONGEST: usize = 1_024;
/// So many seconds the clocks of two servers may differ.
const SKEW: i64 = 60;

/// What an access token says: who, and in which session. No roles: those are looked up at each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// The user
    pub user: Id,
    /// The session
    pub session: Id,
    /// When it was made, in seconds since 1970
    pub issued: i64,
}

/// All of it: a token that says more is none of ours.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    iss: String,
    aud: String,
    sub: Id,
    sid: Id,
    iat: i64,
    exp: i64,
}

/// The header of our tokens. All of it, too: nothing in a token chooses how it is verified.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    typ: String,
    alg: String,
    kid: String,
}

/// Signs and reads access tokens.
pub struct AccessTokens {
    encoding: EncodingKey,
    kid: String,
    decoding: Vec<(String, DecodingKey)>,
    validation: Validation,
    /// By its digest, what a token of ours says: to verify one costs as much as to read a row
    read: Kept<[u8; 32], Said>,
}

/// What a token of ours says, and until when it holds.
#[derive(Debug, Clone, Copy)]
struct Said {
    claims: Claims,
    expires: i64,
}

impl Said {
    fn at(self, now: Instant) -> Option<Claims> {
        let now = now.seconds();
        (self.claims.issued <= now.saturating_add(SKEW) && now < self.expires).then_some(self.claims)
    }
}

impl AccessTokens {
    /// With the installation's key.
    pub fn new(key: &Key) -> AccessTokens {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is compared with the clock that is given, not with the library's own.
        validation.validate_exp = false;
        let decoding = |key: &Bytes| (key.id.clone(), DecodingKey::from_secret(&key.bytes));
        AccessTokens {
            encoding: EncodingKey::from_secret(&key.current.bytes),
            kid: key.current.id.clone(),
            decoding: key.all().map(decoding).collect(),
            validation,
            read: Kept::default(),
        }
    }

    /// A token for `seconds` from `now`; `None` only if signing itself fails.
    pub fn issue(&self, user: Id, session: Id, now: Instant, seconds: i64) -> Option<String> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let written = Written {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user,
            sid: session,
            iat: now.seconds(),
            exp: now.seconds().saturating_add(seconds),
        };
        jsonwebtoken::encode(&header, &written, &self.encoding).ok()
    }

    /// What a token says; `None` if it isn't ours, or no longer.
    pub fn read(&self, token: &str, now: Instant) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let digest = sha256(token.as_bytes());
        if let Some(said) = self.read.get(&digest) {
            return said.at(now);
        }
        let said = self.verified(token)?;
        let claims = said.at(now)?;
        self.read.keep(digest, said);
        Some(claims)
    }

    /// What a token says that one of our keys signed.
    fn verified(&self, token: &str) -> Option<Said> {
        let (head, _) = token.split_once('.')?;
        let head: Head = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
        let known = |(id, _): &&(String, DecodingKey)| *id == head.kid;
        let (_, key) = self.decoding.iter().find(known)?;
        if (head.typ.as_str(), head.alg.as_str()) != ("JWT", "HS256") {
            return None;
        }
        let written = jsonwebtoken::decode::<Written>(token, key, &self.validation).ok()?;
        let Written {
            sub, sid, iat, exp, ..
        } = written.claims;
        let claims = Claims {
            user: sub,
            session: sid,
            issued: iat,
        };
        Some(Said { claims, expires: exp })
    }
}

/// The token by which a page of ours proves itself beside the cookies of a session: a mark of the session.
pub fn csrf_token(session: Id, key: &Key) -> String {
    URL_SAFE_NO_PAD.encode(key.mark(session.as_bytes()))
}

/// Whether `token` is the one of the session.
pub fn csrf_matches(token: &str, session: Id, key: &Key) -> bool {
    URL_SAFE_NO_PAD
        .decode(token)
        .is_ok_and(|mark| key.verify(session.as_bytes(), &mark))
}

/// A refresh token: user, session, 32 random bytes, and a mark that tells an old one of ours from an invented one.
pub struct RefreshToken {
    /// The user
    pub user: Id,
    /// The session
    pub session: Id,
    /// SHA-256 of the whole token: what the session keeps
    pub hash: [u8; 32],
}

impl RefreshToken {
    /// A new one, as the client gets it.
    pub fn issue(user: Id, session: Id, random: &[u8; 32], key: &Key) -> (String, RefreshToken) {
        let mut bytes = Vec::with_capacity(80);
        bytes.extend_from_slice(user.as_bytes());
        bytes.extend_from_slice(session.as_bytes());
        bytes.extend_from_slice(random);
        let mark = key.mark(&bytes);
        bytes.extend_from_slice(&mark);
        let text = URL_SAFE_NO_PAD.encode(&bytes);
        let hash = sha256(text.as_bytes());
        (text, RefreshToken { user, session, hash })
    }

    /// Reads one that a client sent; `None` if we never made it.
    pub fn read(text: &str, key: &Key) -> Option<RefreshToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, mark) = bytes.split_at_checked(64)?;
        if mark.len() != 16 || !key.verify(said, mark) {
            return None;
        }
        let id = |part: Option<&[u8]>| -> Option<Id> { Some(Id::from_bytes(part?.try_into().ok()?)) };
        Some(RefreshToken {
            user: id(said.get(0..16))?,
            session: id(said.get(16..32))?,
            hash: sha256(text.as_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[test]
    fn reads_its_own_tokens_and_no_others() {
        let (ours, other) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let now = Instant::from_micros(1_700_000_000_000_000).unwrap();
        let claims = Claims {
            user: Id::fixed(2, 1),
            session: Id::fixed(2, 2),
            issued: now.seconds(),
        };
        let tokens = AccessTokens::new(&ours.access);
        let token = tokens.issue(claims.user, claims.session, now, 900).unwrap();
        // Verified, and as it was kept then.
        assert_eq!(tokens.read(&token, now), Some(claims));
        assert_eq!(tokens.read(&token, now), Some(claims));
        assert_eq!(tokens.read(&token, now.plus_seconds(899)), Some(claims));
        assert_eq!(tokens.read(&token, now.plus_seconds(900)), None);
        assert_eq!(AccessTokens::new(&other.access).read(&token, now), None);
        let both = Keys::rotated(&[2; 32], Some(&[1; 32]));
        assert_eq!(AccessTokens::new(&both.access).read(&token, now), Some(claims));
        let early = now.plus_seconds(-SKEW - 1);
        assert_eq!(
            (tokens.read(&token, early), token.len() < LONGEST / 2),
            (None, true)
        );
        let unsigned = token.rsplit_once('.').unwrap().0;
        assert_eq!(tokens.read(&format!("{unsigned}."), now), None);

        let (text, _) = RefreshToken::issue(claims.user, claims.session, &[3; 32], &ours.refresh);
        assert_eq!(
            RefreshToken::read(&text, &ours.refresh).unwrap().session,
            claims.session
        );
        assert!(RefreshToken::read(&text, &other.refresh).is_none());
        assert!(RefreshToken::read(&text, &both.refresh).is_some());
        assert!(RefreshToken::read("AAAA", &ours.refresh).is_none());
    }
}
