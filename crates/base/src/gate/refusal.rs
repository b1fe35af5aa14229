//! The only way a step says no. Built only when refusing.

use std::borrow::Cow;

/// What sort of no it is. One for each of AWS's gateway response types, and those of the front end that no API can word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    AccessDenied,
    ApiConfigurationError,
    AuthorizerConfigurationError,
    AuthorizerFailure,
    BadRequestBody,
    BadRequestParameters,
    ExpiredToken,
    /// An `Authorization` header that is no signature: 403, worded as `DEFAULT_4XX`.
    IncompleteSignature,
    IntegrationFailure,
    IntegrationTimeout,
    InvalidApiKey,
    InvalidSignature,
    MissingAuthenticationToken,
    QuotaExceeded,
    RequestTooLarge,
    ResourceNotFound,
    Throttled,
    Unauthorized,
    /// A signature by a key that nobody knows: 403, worded as `DEFAULT_4XX`.
    UnrecognizedClient,
    UnsupportedMediaType,
    WafFiltered,
    /// 400 without a type of its own: an API can word it as `DEFAULT_4XX`.
    BadRequest,
    /// 502 without a type of its own (a malformed answer of a back end): an API can word it as `DEFAULT_5XX`.
    BadGateway,
    /// From the front end, before or beside any API: never worded by one. 403 is `Forbidden`.
    Front(u16),
}

impl RefusalKind {
    /// AWS's word for the gateway response type; `None` for the front end's.
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            RefusalKind::AccessDenied => "ACCESS_DENIED",
            RefusalKind::ApiConfigurationError => "API_CONFIGURATION_ERROR",
            RefusalKind::AuthorizerConfigurationError => "AUTHORIZER_CONFIGURATION_ERROR",
            RefusalKind::AuthorizerFailure => "AUTHORIZER_FAILURE",
            RefusalKind::BadRequestBody => "BAD_REQUEST_BODY",
            RefusalKind::BadRequestParameters => "BAD_REQUEST_PARAMETERS",
            RefusalKind::ExpiredToken => "EXPIRED_TOKEN",
            RefusalKind::IntegrationFailure => "INTEGRATION_FAILURE",
            RefusalKind::IntegrationTimeout => "INTEGRATION_TIMEOUT",
            RefusalKind::InvalidApiKey => "INVALID_API_KEY",
            RefusalKind::InvalidSignature => "INVALID_SIGNATURE",
            RefusalKind::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            RefusalKind::QuotaExceeded => "QUOTA_EXCEEDED",
            RefusalKind::RequestTooLarge => "REQUEST_TOO_LARGE",
            RefusalKind::ResourceNotFound => "RESOURCE_NOT_FOUND",
            RefusalKind::Throttled => "THROTTLED",
            RefusalKind::Unauthorized => "UNAUTHORIZED",
            RefusalKind::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            RefusalKind::WafFiltered => "WAF_FILTERED",
            RefusalKind::BadRequest | RefusalKind::IncompleteSignature | RefusalKind::UnrecognizedClient => "DEFAULT_4XX",
            RefusalKind::BadGateway => "DEFAULT_5XX",
            RefusalKind::Front(_) => return None,
        })
    }

    /// The status, unless the API says otherwise.
    pub fn status(self) -> u16 {
        match self {
            RefusalKind::BadRequest | RefusalKind::BadRequestBody | RefusalKind::BadRequestParameters => 400,
            RefusalKind::Unauthorized => 401,
            RefusalKind::AccessDenied
            | RefusalKind::ExpiredToken
            | RefusalKind::IncompleteSignature
            | RefusalKind::InvalidApiKey
            | RefusalKind::InvalidSignature
            | RefusalKind::MissingAuthenticationToken
            | RefusalKind::UnrecognizedClient
            | RefusalKind::WafFiltered => 403,
            RefusalKind::ResourceNotFound => 404,
            RefusalKind::RequestTooLarge => 413,
            RefusalKind::UnsupportedMediaType => 415,
            RefusalKind::QuotaExceeded | RefusalKind::Throttled => 429,
            RefusalKind::ApiConfigurationError | RefusalKind::AuthorizerConfigurationError | RefusalKind::AuthorizerFailure => 500,
            RefusalKind::BadGateway => 502,
            RefusalKind::IntegrationFailure | RefusalKind::IntegrationTimeout => 504,
            RefusalKind::Front(status) => status,
        }
    }

    /// What `x-amzn-ErrorType` says.
    pub fn error_type(self) -> &'static str {
        match self {
            RefusalKind::AccessDenied => "AccessDeniedException",
            RefusalKind::AuthorizerConfigurationError => "AuthorizerConfigurationException",
            RefusalKind::AuthorizerFailure => "AuthorizerFailureException",
            RefusalKind::BadRequest
            | RefusalKind::BadRequestBody
            | RefusalKind::BadRequestParameters
            | RefusalKind::UnsupportedMediaType => "BadRequestException",
            RefusalKind::ExpiredToken => "ExpiredTokenException",
            RefusalKind::InvalidApiKey | RefusalKind::WafFiltered | RefusalKind::Front(403) => "ForbiddenException",
            RefusalKind::IncompleteSignature => "IncompleteSignatureException",
            RefusalKind::InvalidSignature => "InvalidSignatureException",
            RefusalKind::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            RefusalKind::QuotaExceeded => "LimitExceededException",
            RefusalKind::RequestTooLarge => "RequestTooLargeException",
            RefusalKind::ResourceNotFound => "ResourceNotFoundException",
            RefusalKind::Throttled => "TooManyRequestsException",
            RefusalKind::Unauthorized => "UnauthorizedException",
            RefusalKind::UnrecognizedClient => "UnrecognizedClientException",
            RefusalKind::ApiConfigurationError
            | RefusalKind::BadGateway
            | RefusalKind::IntegrationFailure
            | RefusalKind::IntegrationTimeout => "InternalServerErrorException",
            RefusalKind::Front(503) => "ServiceUnavailableException",
            RefusalKind::Front(500..) => "InternalServerErrorException",
            RefusalKind::Front(_) => "BadRequestException",
        }
    }

    /// The caller's text, unless the step has a better one.
    pub fn message(self) -> Message {
        Message::Text(Cow::Borrowed(match self {
            RefusalKind::AccessDenied => "User is not authorized to access this resource",
            RefusalKind::AuthorizerConfigurationError | RefusalKind::AuthorizerFailure => return Message::Null,
            RefusalKind::BadRequest | RefusalKind::BadRequestParameters | RefusalKind::Front(400) => "Bad Request",
            RefusalKind::BadRequestBody => "Invalid request body",
            RefusalKind::ExpiredToken => "The security token included in the request is expired",
            RefusalKind::IntegrationFailure => "Network error communicating with endpoint",
            RefusalKind::IntegrationTimeout => "Endpoint request timed out",
            RefusalKind::InvalidApiKey | RefusalKind::WafFiltered | RefusalKind::Front(403) => "Forbidden",
            RefusalKind::InvalidSignature => {
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
            }
            RefusalKind::IncompleteSignature | RefusalKind::MissingAuthenticationToken => "Missing Authentication Token",
            RefusalKind::QuotaExceeded => "Limit Exceeded",
            RefusalKind::RequestTooLarge | RefusalKind::Front(413) => "Request Too Long",
            RefusalKind::ResourceNotFound => "Not Found",
            RefusalKind::Throttled | RefusalKind::Front(429) => "Too Many Requests",
            RefusalKind::Unauthorized => "Unauthorized",
            RefusalKind::UnrecognizedClient => "The security token included in the request is invalid.",
            RefusalKind::UnsupportedMediaType => "Unsupported Media Type",
            RefusalKind::Front(408) => "Request Timeout",
            RefusalKind::Front(414) => "Request URI too long",
            RefusalKind::Front(421) => "Misdirected Request",
            RefusalKind::Front(431) => "Request Header Fields Too Large",
            RefusalKind::Front(503) => "Service Unavailable",
            RefusalKind::ApiConfigurationError | RefusalKind::BadGateway | RefusalKind::Front(500..) => "Internal server error",
            RefusalKind::Front(_) => "Bad Request",
        }))
    }
}

/// What the caller may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(Cow<'static, str>),
    /// The word `null`, which AWS sends where an authorizer failed.
    Null,
}

impl Message {
    /// The text; nothing for null.
    pub fn text(&self) -> Option<&str> {
        match self {
            Message::Text(text) => Some(text),
            Message::Null => None,
        }
    }
}

/// A step's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What sort.
    pub kind: RefusalKind,
    /// The caller's text.
    pub message: Message,
    /// The operator's. Never sent.
    pub because: Cow<'static, str>,
    /// What `$context.error.validationErrorString` says.
    pub validation: Option<String>,
}

impl Refusal {
    /// A refusal in the usual words.
    pub fn of(kind: RefusalKind, because: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { kind, message: kind.message(), because: because.into(), validation: None }
    }

    /// A refusal in words of its own.
    pub fn saying(kind: RefusalKind, message: impl Into<Cow<'static, str>>, because: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { kind, message: Message::Text(message.into()), because: because.into(), validation: None }
    }
}
