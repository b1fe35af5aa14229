//! Our own: the log of a function, for `cardea logs`.

use super::{NAME, named, no_function};
use base::api::{self, ApiError, Control, LogPage, Member, Operation, Route};
use serde::{Deserialize, Serialize};

/// What a function printed.
#[derive(Deserialize)]
pub(super) struct GetFunctionLog {
    #[serde(rename = "FunctionName")]
    name: String,
    /// The number of the last line that is known.
    after: Option<u64>,
}

/// Some lines, and the number of the last there is.
#[derive(Serialize)]
pub(super) struct LogReply {
    lines: Vec<LogLine>,
    last: u64,
}

#[derive(Serialize)]
struct LogLine {
    time: String,
    text: String,
}

impl Operation for GetFunctionLog {
    const ROUTE: Route = api::get("GetFunctionLog", "/_cardea/functions/{FunctionName}/log");
    const MEMBERS: &'static [Member] = &[NAME, api::text("after").in_query()];
    type Reply = LogReply;

    async fn run(self, cx: &Control) -> Result<LogReply, ApiError> {
        let arn = named(cx, &self.name, None)?;
        let LogPage { lines, last } =
            cx.running.function_log(cx.realm(), &arn.name, self.after.unwrap_or(0)).ok_or_else(|| no_function(&arn))?;
        let lines = lines.into_iter().map(|(at, text)| LogLine { time: super::wire::moment(at), text }).collect();
        Ok(LogReply { lines, last })
    }
}
