//! Why a request is not from whom it says it is: one variant per failure AWS tells apart, each printing AWS's text.
//!
//! The texts are those seen from AWS, but for these, which are assumed: an incomplete query, an unsupported algorithm, a malformed
//! expiry, too many signed headers (a bound of ours), and an uncovered header other than `host`.
//!
//! Everything that is echoed came with the request itself, and is no longer than its head. Nothing here depends on the secret.

use std::fmt;

use crate::{ALGORITHM, Stamp};

/// A failed parse or verification. `Display` is what the caller may read, to the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Neither an `Authorization` header nor a presigned query.
    MissingToken,
    /// The header holds something between commas that has no `=`; `authorization_sha256` is the base64 of the header's hash.
    NotKeyValue {
        authorization_sha256: String,
    },
    /// The header lacks these, in the order AWS lists them.
    IncompleteHeader {
        missing: Vec<Part>,
        authorization_sha256: String,
    },
    /// The query is presigned but lacks these parameters.
    IncompleteQuery {
        missing: Vec<&'static str>,
    },
    UnsupportedAlgorithm(String),
    /// Not five elements between slashes.
    MalformedCredential(String),
    MalformedDate(String),
    /// Not a number of seconds from 1 to a week.
    MalformedExpiry(String),
    /// More names than [`crate::SIGNED_HEADERS_MAX`].
    TooManySignedHeaders,
    /// All that is wrong with the credential's scope.
    WrongScope(Vec<ScopeFault>),
    /// A header that must be covered by the signature is not.
    Uncovered(String),
    /// `earliest` is `now` less `allowed_seconds`; `signed` is before it.
    Expired {
        signed: Stamp,
        earliest: Stamp,
        now: Stamp,
        allowed_seconds: u32,
    },
    /// `latest` is `now` plus `allowed_seconds`; `signed` is after it.
    NotYetCurrent {
        signed: Stamp,
        latest: Stamp,
        now: Stamp,
        allowed_seconds: u32,
    },
    Mismatch(Box<Mismatch>),
}

/// What we hashed, for the caller to compare with what it hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub canonical_request: String,
    pub string_to_sign: String,
}

/// What an `Authorization` header must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Credential,
    Signature,
    SignedHeaders,
    /// `X-Amz-Date` or `Date`, headers of their own.
    Date,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeFault {
    Region,
    Service { expected: String },
    Terminator { found: String },
    Day { found: String, signed: Stamp },
}

/// The exception's name on the wire (`x-amzn-ErrorType`, `__type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    MissingAuthenticationToken,
    IncompleteSignature,
    InvalidSignature,
}

impl Exception {
    pub fn name(self) -> &'static str {
        match self {
            Exception::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Exception::IncompleteSignature => "IncompleteSignatureException",
            Exception::InvalidSignature => "InvalidSignatureException",
        }
    }
}

impl Failure {
    pub fn exception(&self) -> Exception {
        match self {
            Failure::MissingToken => Exception::MissingAuthenticationToken,
            Failure::NotKeyValue { .. }
            | Failure::IncompleteHeader { .. }
            | Failure::IncompleteQuery { .. }
            | Failure::UnsupportedAlgorithm(_)
            | Failure::MalformedCredential(_)
            | Failure::MalformedDate(_)
            | Failure::MalformedExpiry(_)
            | Failure::TooManySignedHeaders => Exception::IncompleteSignature,
            Failure::WrongScope(_)
            | Failure::Uncovered(_)
            | Failure::Expired { .. }
            | Failure::NotYetCurrent { .. }
            | Failure::Mismatch(_) => Exception::InvalidSignature,
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::MissingToken => f.write_str("Missing Authentication Token"),
            Failure::NotKeyValue { authorization_sha256 } => write!(
                f,
                "Invalid key=value pair (missing equal-sign) in Authorization header \
                 (hashed with SHA-256 and encoded with Base64): '{authorization_sha256}'."
            ),
            Failure::IncompleteHeader { missing, authorization_sha256 } => {
                for part in missing {
                    write!(f, "{part} ")?;
                }
                write!(f, "(Hashed with SHA-256 and encoded with Base64) Authorization={authorization_sha256}")
            }
            Failure::IncompleteQuery { missing } => {
                for name in missing {
                    write!(f, "AWS query-string parameters must include '{name}'. ")?;
                }
                f.write_str("Re-examine the query-string parameters.")
            }
            Failure::UnsupportedAlgorithm(found) => write!(f, "Unsupported AWS 'algorithm': '{found}' (only {ALGORITHM} for now)."),
            Failure::MalformedCredential(found) => {
                write!(f, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{found}'")
            }
            Failure::MalformedDate(found) => {
                write!(f, "Date must be in ISO-8601 'basic format'. Got '{found}'. See http://en.wikipedia.org/wiki/ISO_8601")
            }
            Failure::MalformedExpiry(found) => {
                write!(f, "X-Amz-Expires must be a number of seconds from 1 to {}, got '{found}'", crate::EXPIRES_SECONDS_MAX)
            }
            Failure::TooManySignedHeaders => write!(f, "SignedHeaders must not name more than {} headers", crate::SIGNED_HEADERS_MAX),
            Failure::WrongScope(faults) => faults.iter().try_for_each(|fault| write!(f, "{fault} ")),
            Failure::Uncovered(name) if name == "host" => {
                f.write_str("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
            }
            Failure::Uncovered(name) => write!(f, "'{name}' must be a 'SignedHeader' in the AWS Authorization."),
            Failure::Expired { signed, earliest, now, allowed_seconds } => {
                write!(f, "Signature expired: {signed} is now earlier than {earliest} ({now} - {} min.)", allowed_seconds / 60)
            }
            Failure::NotYetCurrent { signed, latest, now, allowed_seconds } => {
                write!(f, "Signature not yet current: {signed} is still later than {latest} ({now} + {} min.)", allowed_seconds / 60)
            }
            Failure::Mismatch(mismatch) => write!(
                f,
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n\
                 The Canonical String for this request should have been\n'{}'\n\n\
                 The String-to-Sign should have been\n'{}'\n",
                mismatch.canonical_request, mismatch.string_to_sign
            ),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Credential => "Authorization header requires 'Credential' parameter.",
            Part::Signature => "Authorization header requires 'Signature' parameter.",
            Part::SignedHeaders => "Authorization header requires 'SignedHeaders' parameter.",
            Part::Date => "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        })
    }
}

impl fmt::Display for ScopeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScopeFault::Region => f.write_str("Credential should be scoped to a valid region."),
            ScopeFault::Service { expected } => write!(f, "Credential should be scoped to correct service: '{expected}'."),
            ScopeFault::Terminator { found } => {
                write!(f, "Credential should be scoped with a valid terminator: 'aws4_request', not '{found}'.")
            }
            ScopeFault::Day { found, signed } => write!(
                f,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{found}' != '{}', from '{signed}'.",
                signed.day()
            ),
        }
    }
}
