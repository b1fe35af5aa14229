//! What went wrong, for people.

/// Why a measurement cannot be made, in words that say what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

pub(crate) type Outcome<T> = Result<T, Failure>;

pub(crate) fn fail(why: impl std::fmt::Display) -> Failure {
    Failure(why.to_string())
}

impl From<std::io::Error> for Failure {
    fn from(why: std::io::Error) -> Failure {
        fail(why)
    }
}

impl From<cardea::cli::Failure> for Failure {
    fn from(why: cardea::cli::Failure) -> Failure {
        fail(why)
    }
}

impl From<base::store::StoreError> for Failure {
    fn from(why: base::store::StoreError) -> Failure {
        fail(why)
    }
}
