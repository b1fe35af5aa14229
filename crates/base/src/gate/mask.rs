//! Secrets in logs: stars, but for the end, by which their owner knows them. As AWS's execution logs have it.

/// Bytes at the end of a secret that are shown.
const SHOWN_BYTES: usize = 6;
/// Secrets that are shorter are looked for by name alone: their letters may stand anywhere.
const FOUND_BYTES_MIN: usize = 12;

/// Stars for a secret, but for its end. One that is not much longer than that is not shown at all.
pub(super) fn mask(secret: &mut [u8]) {
    let shown = if secret.len() > 2 * SHOWN_BYTES { SHOWN_BYTES } else { 0 };
    let hidden = secret.len() - shown;
    secret[..hidden].fill(b'*');
}

/// A secret as it is shown. Stars are bytes of theirs, whatever they hide.
pub(super) fn masked(secret: &str) -> String {
    let mut bytes = secret.as_bytes().to_vec();
    mask(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a header field or a parameter of this name holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 5] = ["Authorization", "Proxy-Authorization", "x-api-key", "X-Amz-Security-Token", "X-Amz-Signature"];
    NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// The secrets of one request, wherever they turn up again: mapped to other fields, put into bodies.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Adds a secret.
    pub(super) fn add(&mut self, secret: &str) {
        // `Bearer x` is known by `x`, too.
        for secret in std::iter::once(secret).chain(secret.split_once(' ').map(|(_, rest)| rest.trim())) {
            if secret.len() >= FOUND_BYTES_MIN && !self.0.iter().any(|known| known == secret) {
                self.0.push(secret.to_owned());
            }
        }
    }

    /// A text without them. Where it `is_cut`, its end may be the beginning of one.
    pub(super) fn hide(&self, text: String, is_cut: bool) -> String {
        self.0.iter().fold(text, |text, secret| {
            let mut text = if text.contains(secret.as_str()) { text.replace(secret.as_str(), &masked(secret)) } else { text };
            if is_cut {
                let first = text.len().saturating_sub(secret.len() - 1);
                let begun = (first..text.len()).find(|at| text.is_char_boundary(*at) && secret.starts_with(&text[*at..]));
                if let Some(at) = begun {
                    let stars = text.len() - at;
                    text.truncate(at);
                    text.push_str(&"*".repeat(stars));
                }
            }
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_it_turns_up_and_where_it_was_cut() {
        let mut secrets = Secrets::default();
        secrets.add("0123456789abcdefghij");
        let hidden = |text: &str, is_cut| secrets.hide(text.to_owned(), is_cut);
        assert_eq!(hidden("a 0123456789abcdefghij b 0123456789abcdefghij", false).matches("**************efghij").count(), 2);
        assert_eq!(hidden("a 0123456789abc", true), "a *************");
        assert_eq!(hidden("a 0123456789abc", false), "a 0123456789abc");
        assert_eq!(hidden("nothing", true), "nothing");
    }

    #[test]
    fn a_token_is_known_without_its_scheme_and_a_short_word_is_left_alone() {
        let mut secrets = Secrets::default();
        secrets.add("Bearer abcdefghijklmnopqrst");
        secrets.add("pet");
        assert_eq!(secrets.hide("t=abcdefghijklmnopqrst&pet".into(), false), "t=**************opqrst&pet");
    }
}
