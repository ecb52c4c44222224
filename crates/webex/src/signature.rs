//! Verifies that Webex sent a delivery: HMAC-SHA1 over the bytes as received, in hex, with any of the secrets in use.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;

/// The header that carries the signature.
pub const HEADER: &str = "x-spark-signature";

/// The secrets that may have signed a delivery: several during a rotation, always at least one.
#[derive(Clone, Debug)]
pub struct Secrets(Arc<[SecretString]>);

/// No secret was given: anybody could forge a delivery from Webex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is needed: without one anybody could speak as Webex")]
pub struct NoSecret;

impl Secrets {
    /// The secrets to accept; the first one is given to Webex.
    ///
    /// # Errors
    /// There is none, or one is empty.
    pub fn new(secrets: Vec<SecretString>) -> Result<Self, NoSecret> {
        if secrets.is_empty() || secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(NoSecret);
        }
        Ok(Self(secrets.into()))
    }

    /// The secret that new webhooks should sign with.
    pub fn first(&self) -> &SecretString {
        &self.0[0]
    }

    /// Whether one of the secrets signed exactly this body. The hex may be in either case; more than one signature
    /// header counts as none. Every secret is tried, each compared in constant time.
    pub fn signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let mut given = headers.get_all(HEADER).iter();
        let (Some(claimed), None) = (given.next(), given.next()) else { return false };
        let mut digest = [0_u8; 20];
        if hex::decode_to_slice(claimed.as_bytes(), &mut digest).is_err() {
            return false;
        }
        self.0.iter().fold(false, |found, secret| verifies(secret, body, &digest) | found)
    }
}

fn verifies(secret: &SecretString, body: &[u8], digest: &[u8]) -> bool {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.verify_slice(digest).is_ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn sign(secret: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (HEADER.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn secrets(all: &[&str]) -> Secrets {
        Secrets::new(all.iter().map(|&secret| secret.into()).collect()).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_2202_verify() {
        let long = "a".repeat(80);
        for (key, data, digest) in [
            ("Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (&"\u{b}".repeat(20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            (&long, "", &sign(&long, b"")),
        ] {
            assert!(secrets(&[key]).signed(&headers(&[digest]), data.as_bytes()), "{data}");
        }
    }

    /// The cases of the Standard Webhooks test suite, in Webex's format.
    #[test]
    fn valid_wrong_key_changed_body_missing_malformed_and_cut_signatures() {
        let body = br#"{"resource":"messages"}"#;
        let good = sign("secret", body);
        let (own, other) = (secrets(&["secret"]), secrets(&["Secret"]));
        assert!(own.signed(&headers(&[&good]), body), "valid");
        assert!(!other.signed(&headers(&[&good]), body), "wrong key");
        assert!(!own.signed(&headers(&[&good]), br#"{"resource":"messagez"}"#), "changed body");
        assert!(!own.signed(&headers(&[]), body), "missing");
        for malformed in ["", "zz", &format!("sha1={good}"), &format!(" {good}"), &format!("{good}00")] {
            assert!(!own.signed(&headers(&[malformed]), body), "malformed: {malformed}");
        }
        assert!(!own.signed(&headers(&[&good[..38]]), body), "cut short");
    }

    #[test]
    fn the_signature_covers_the_bytes_and_not_their_meaning() {
        let pretty = "{\n  \"resource\" : \"messages\"\n}";
        let compact = r#"{"resource":"messages"}"#;
        let signature = headers(&[&sign("secret", pretty.as_bytes())]);
        assert!(secrets(&["secret"]).signed(&signature, pretty.as_bytes()));
        assert!(!secrets(&["secret"]).signed(&signature, compact.as_bytes()), "re-serialised");
    }

    #[test]
    fn either_case_of_hex_is_the_same_signature() {
        let upper = sign("secret", b"x").to_uppercase();
        assert!(secrets(&["secret"]).signed(&headers(&[&upper]), b"x"));
    }

    #[test]
    fn any_of_the_secrets_is_accepted_and_two_signatures_are_not() {
        let rotating = secrets(&["new", "old"]);
        let (new, old) = (sign("new", b"x"), sign("old", b"x"));
        assert!(rotating.signed(&headers(&[&new]), b"x") && rotating.signed(&headers(&[&old]), b"x"));
        assert!(!rotating.signed(&headers(&[&new, &old]), b"x"));
        assert_eq!(rotating.first().expose_secret(), "new");
    }

    #[test]
    fn an_empty_list_or_an_empty_secret_is_refused() {
        assert_eq!(Secrets::new(vec![]).unwrap_err(), NoSecret);
        assert_eq!(Secrets::new(vec!["good".into(), "".into()]).unwrap_err(), NoSecret);
        assert!(!format!("{:?}", secrets(&["hunter2"])).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn a_random_signature_never_verifies(guess in "[0-9a-f]{40}", body in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assume!(guess != sign("secret", &body));
            prop_assert!(!secrets(&["secret"]).signed(&headers(&[&guess]), &body));
        }
    }
}
