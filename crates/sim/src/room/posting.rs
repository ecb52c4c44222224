//! A webhook delivery: its body and its signature.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::objects::{RoomEvent, Webhook};

/// One event to be delivered to one webhook.
#[derive(Debug)]
pub(super) struct Posting {
    pub(super) target: String,
    pub(super) body: Vec<u8>,
    pub(super) signature: Option<String>,
}

impl Posting {
    /// The event as `hook` should receive it, signed over exactly these bytes.
    pub(super) fn new(hook: &Webhook, event: &RoomEvent) -> Self {
        let body = hook.body(event).to_string().into_bytes();
        let signature = hook.secret.as_deref().map(|secret| sign(secret.as_bytes(), &body));
        Self { target: hook.target_url.clone(), body, signature }
    }
}

/// The lower-case hex of the HMAC-SHA1.
fn sign(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_matches_the_published_test_vector() {
        // RFC 2202, test case 2.
        let signature = sign(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signature, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}
