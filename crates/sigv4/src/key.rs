//! The key a signature is made with: the secret, bound to one day, region and service.

use std::fmt;

use aws_lc_rs::{digest, hmac};

use crate::{Payload, encode};

/// A signing key. It opens one day of one service in one region, so it may be kept for that long where the secret should not be.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// `day` as in a credential scope, `20150830`.
    pub fn derive(secret: &str, day: &str, region: &str, service: &str) -> Self {
        let seed = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        let key = [day, region, service, "aws4_request"]
            .iter()
            .fold(seed, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()));
        Self(key)
    }

    pub(crate) fn signature(&self, string_to_sign: &str) -> String {
        encode::hex(hmac::sign(&self.0, string_to_sign.as_bytes()).as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    encode::hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(crate) fn sha256_base64(bytes: &[u8]) -> String {
    encode::base64(digest::digest(&digest::SHA256, bytes).as_ref())
}

impl Payload<'_> {
    /// A body by its hash alone, for who has made that elsewhere.
    pub fn hashed(bytes: &[u8]) -> Payload<'static> {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Payload::Sha256(sha256)
    }

    pub(crate) fn sha256_hex(&self) -> String {
        match self {
            Payload::Bytes(bytes) => sha256_hex(bytes),
            Payload::Sha256(digest) => encode::hex(digest),
        }
    }
}
