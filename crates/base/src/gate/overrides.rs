//! What a template sets aside of the message it is for: `$context.requestOverride` and `$context.responseOverride`.

/// Names to values, in the order in which they were set. More than one value makes more than one header or parameter.
pub type Overridden = Vec<(String, Vec<String>)>;

/// Everything that the templates of an exchange have overridden. A template of the request may override the response too, and a template
/// of the response reads what that of the request has set (seen with MOCK).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub request_path: Overridden,
    pub request_query: Overridden,
    pub request_header: Overridden,
    pub response_header: Overridden,
    /// 100 to 599.
    pub response_status: Option<u16>,
    /// Members that mean nothing to the gateway: templates of the response read what templates of the request have put there (seen).
    pub request_other: Overridden,
    pub response_other: Overridden,
}

impl Overrides {
    /// Whether nothing is overridden.
    pub fn is_empty(&self) -> bool {
        *self == Overrides::default()
    }
}
