//! MOCK: the gateway answers by itself.
//!
//! The request template must make JSON with an integer `statusCode`, which then chooses the integration response as a back end's status
//! would. What is odd: the JSON need not be JSON (see [`super::lenient`]), and any integer will do: `0` and `-1000` choose, too.

use super::lenient;
use base::gate::{Ask, AskBody, Refusal, RefusalKind, Reply, ReplyBody};

/// An integration without a back end.
#[derive(Debug)]
pub struct MockIntegration;

impl MockIntegration {
    /// An empty answer of the status that the template told.
    pub fn call(&self, ask: &Ask) -> Result<Reply, Refusal> {
        let text: &[u8] = match &ask.body {
            AskBody::Whole(text) => text,
            AskBody::AsItCame => b"",
        };
        let status = lenient::status_code(text).ok_or_else(|| {
            let because = "Unable to parse statusCode. It should be an integer that is defined in the request template.";
            Refusal::of(RefusalKind::ApiConfigurationError, because)
        })?;
        // A status that a reply has no room for matches as 0.
        Ok(Reply::new(u16::try_from(status).unwrap_or(0), ReplyBody::Empty))
    }
}
