//! The control API's no. One variant for each exception on the wire; one place says how each looks.

use crate::store::StoreError;

/// Why an operation was not done. The text of each is the caller's, to the letter; only [`ApiError::Internal`] has a cause of its own,
/// which is logged and never sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 400: what was asked for makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// 400: members break their constraints. Told all at once.
    #[error("{0}")]
    Validation(String),
    /// 400: a member has the wrong JSON type.
    #[error("{0}")]
    Serialization(String),
    /// 404: no such thing.
    #[error("{0}")]
    NotFound(String),
    /// 409: it clashes with what is there.
    #[error("{0}")]
    Conflict(String),
    /// 429: a quota of the account is used up.
    #[error("{0}")]
    LimitExceeded(String),
    /// 429: too many calls.
    #[error("Too Many Requests")]
    TooManyRequests,
    /// 403: the caller may not.
    #[error("{0}")]
    AccessDenied(String),
    /// 403: nothing says who is calling.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// 400: the signature is there in part.
    #[error("{0}")]
    IncompleteSignature(String),
    /// 403: the signature is wrong or too old.
    #[error("{0}")]
    InvalidSignature(String),
    /// 403: no such access key.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// 404: no such operation.
    #[error("{0}")]
    UnknownOperation(String),
    /// 413: the body is larger than is allowed.
    #[error("Request body is larger than {0} bytes")]
    RequestEntityTooLarge(usize),
    /// 503: come back later.
    #[error("{0}")]
    ServiceUnavailable(String),
    /// Another service's own: its status, its exception, the caller's text.
    #[error("{message}")]
    Exception { status: u16, name: &'static str, message: String },
    /// 500. The cause is for the log.
    #[error("Internal failure")]
    Internal(String),
}

impl ApiError {
    /// A 400 `BadRequestException`.
    pub fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::BadRequest(message.into())
    }

    /// A 404 `NotFoundException`.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::NotFound(message.into())
    }

    /// A 409 `ConflictException`.
    pub fn conflict(message: impl Into<String>) -> ApiError {
        ApiError::Conflict(message.into())
    }

    /// An exception of a service that words its own.
    pub fn exception(status: u16, name: &'static str, message: impl Into<String>) -> ApiError {
        ApiError::Exception { status, name, message: message.into() }
    }

    /// The HTTP status and the name in `x-amzn-ErrorType`.
    pub fn wire(&self) -> (u16, &'static str) {
        match self {
            ApiError::BadRequest(_) => (400, "BadRequestException"),
            ApiError::Validation(_) => (400, "ValidationException"),
            ApiError::Serialization(_) => (400, "SerializationException"),
            ApiError::NotFound(_) => (404, "NotFoundException"),
            ApiError::Conflict(_) => (409, "ConflictException"),
            ApiError::LimitExceeded(_) => (429, "LimitExceededException"),
            ApiError::TooManyRequests => (429, "TooManyRequestsException"),
            ApiError::AccessDenied(_) => (403, "AccessDeniedException"),
            ApiError::MissingAuthenticationToken => (403, "MissingAuthenticationTokenException"),
            ApiError::IncompleteSignature(_) => (400, "IncompleteSignatureException"),
            ApiError::InvalidSignature(_) => (403, "InvalidSignatureException"),
            ApiError::UnrecognizedClient => (403, "UnrecognizedClientException"),
            ApiError::UnknownOperation(_) => (404, "UnknownOperationException"),
            ApiError::RequestEntityTooLarge(_) => (413, "RequestEntityTooLargeException"),
            ApiError::ServiceUnavailable(_) => (503, "ServiceUnavailableException"),
            ApiError::Exception { status, name, .. } => (*status, name),
            ApiError::Internal(_) => (500, "InternalFailure"),
        }
    }

    /// Seconds to wait before trying again, where AWS says so.
    pub fn retry_after(&self) -> Option<u32> {
        matches!(self, ApiError::LimitExceeded(_) | ApiError::TooManyRequests | ApiError::ServiceUnavailable(_)).then_some(1)
    }
}

impl From<StoreError> for ApiError {
    fn from(why: StoreError) -> Self {
        match why {
            StoreError::Busy => ApiError::ServiceUnavailable("Service Unavailable. Please try again later.".into()),
            other => ApiError::Internal(other.to_string()),
        }
    }
}
