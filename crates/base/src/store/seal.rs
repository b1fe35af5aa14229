//! Secrets at rest. A key value or a private key is sealed before it becomes part of a record, so neither the records, nor the log of
//! changes, nor a copy of either holds it in clear. The sealing key lives in a file of its own beside the store; a backup of the whole
//! installation takes it along, and says so.

use crate::world::Ids;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

/// A secret as it is stored: base64 of nonce and ciphertext. It does not print its content, having none in clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(String);

/// Seals and opens secrets with one key.
pub struct Sealer {
    aead: LessSafeKey,
    mark: hmac::Key,
    ids: Ids,
}

/// Bytes of the sealing key.
pub const SEALING_KEY_BYTES: usize = 32;

impl Sealer {
    /// A sealer with the given key.
    pub fn new(key: &[u8; SEALING_KEY_BYTES], ids: Ids) -> Sealer {
        let aead = UnboundKey::new(&AES_256_GCM, key).expect("the key has AES-256's length");
        // The mark's key is derived, so that a mark tells nothing about the sealing key.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"cardea claim mark");
        Sealer { aead: LessSafeKey::new(aead), mark: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()), ids }
    }

    /// Seals a secret. The same secret sealed twice looks different.
    pub fn seal(&self, secret: &str) -> Sealed {
        let mut nonce = [0u8; NONCE_LEN];
        self.ids.bytes(&mut nonce);
        let mut text = secret.as_bytes().to_vec();
        self.aead
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
            .expect("a secret is far below the cipher's length limit");
        let mut whole = nonce.to_vec();
        whole.extend_from_slice(&text);
        Sealed(STANDARD_NO_PAD.encode(whole))
    }

    /// Opens what was sealed; `None` when it was sealed with another key or has been changed.
    pub fn open(&self, sealed: &Sealed) -> Option<String> {
        let mut whole = STANDARD_NO_PAD.decode(&sealed.0).ok()?;
        if whole.len() < NONCE_LEN {
            return None;
        }
        let mut text = whole.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&whole).ok()?;
        let open = self.aead.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
        String::from_utf8(open.to_vec()).ok()
    }

    /// A name for a secret that is always the same and does not give it away: for claims.
    pub fn mark(&self, secret: &str) -> String {
        STANDARD_NO_PAD.encode(hmac::sign(&self.mark, secret.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_only() {
        let ours = Sealer::new(&[7; SEALING_KEY_BYTES], Ids::system());
        let other = Sealer::new(&[8; SEALING_KEY_BYTES], Ids::system());
        let sealed = ours.seal("a secret");
        assert_ne!(sealed, ours.seal("a secret"));
        assert!(!format!("{sealed:?}").contains("a secret"));
        assert_eq!(ours.open(&sealed).as_deref(), Some("a secret"));
        assert_eq!(other.open(&sealed), None);
        assert_eq!(ours.mark("x"), ours.mark("x"));
        assert_ne!(ours.mark("x"), other.mark("x"));
    }

    #[test]
    fn a_changed_seal_does_not_open() {
        let ours = Sealer::new(&[7; SEALING_KEY_BYTES], Ids::system());
        let Sealed(text) = ours.seal("a secret");
        let swapped: String = text.chars().rev().collect();
        assert_eq!(ours.open(&Sealed(swapped)), None);
        assert_eq!(ours.open(&Sealed(String::new())), None);
    }
}
