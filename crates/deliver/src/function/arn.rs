//! How functions are named: by ARN in integrations, in several shorter ways in the Lambda API.

use crate::Flaw;
use base::gate::Exchange;
use std::fmt;
use std::sync::Arc;

/// Bytes of a function's name at most.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of an alias's name at most.
const QUALIFIER_BYTES_MAX: usize = 128;
/// What `$LATEST` is called.
pub const LATEST: &str = "$LATEST";
const STAGE_VARIABLE: &str = "${stageVariables.";

/// `arn:aws:lambda:us-east-1:111111111111:function:hello:live`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionArn {
    pub partition: Box<str>,
    pub region: Box<str>,
    pub account: Box<str>,
    pub name: Box<str>,
    /// A version, an alias, or `$LATEST`; `None` where nobody says.
    pub qualifier: Option<Box<str>>,
}

/// Whether this can be a function's name.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(fits)
}

/// Whether this can be a version, an alias, or `$LATEST`.
pub fn is_qualifier(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text == LATEST || !text.is_empty() && text.len() <= QUALIFIER_BYTES_MAX && text.bytes().all(fits)
}

impl FunctionArn {
    /// Reads an ARN; `None` if it is none of a function.
    pub fn parse(text: &str) -> Option<FunctionArn> {
        let rest = text.strip_prefix("arn:")?;
        let mut parts = rest.split(':');
        let partition = parts.next().filter(|part| part.starts_with("aws"))?;
        parts.next().filter(|service| *service == "lambda")?;
        let (region, account) = (parts.next()?, parts.next()?);
        parts.next().filter(|kind| *kind == "function")?;
        let name = parts.next().filter(|name| is_name(name))?;
        let qualifier = parts.next();
        let is_region = !region.is_empty() && region.len() <= 40 && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if parts.next().is_some() || !is_region || !is_account || !qualifier.is_none_or(is_qualifier) {
            return None;
        }
        Some(FunctionArn {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
            name: name.into(),
            qualifier: qualifier.map(Into::into),
        })
    }

    /// Reads what the Lambda API takes for a name: `hello`, `hello:live`, `111111111111:function:hello`, an ARN. What is left out is
    /// the caller's own.
    pub fn within(account: &str, region: &str, text: &str) -> Option<FunctionArn> {
        if text.starts_with("arn:") {
            return FunctionArn::parse(text);
        }
        let own = |rest: &str| FunctionArn::parse(&format!("arn:aws:lambda:{region}:{account}:function:{rest}"));
        match text.split_once(":function:") {
            Some((other, rest)) => FunctionArn::parse(&format!("arn:aws:lambda:{region}:{other}:function:{rest}")),
            None => own(text.strip_prefix("function:").unwrap_or(text)),
        }
    }

    /// The ARN without a qualifier.
    pub fn bare(&self) -> String {
        format!("arn:{}:lambda:{}:{}:function:{}", self.partition, self.region, self.account, self.name)
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bare())?;
        match &self.qualifier {
            Some(qualifier) => write!(f, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

/// Which function an integration's URI names. Stage variables in it are filled for each request.
#[derive(Debug)]
pub(crate) enum FunctionUri {
    /// With its text, for the notes.
    Fixed(Box<FunctionArn>, Arc<str>),
    /// Text, and the names of stage variables, in turns: the first and the last are text.
    Pieces(Vec<Box<str>>),
}

/// The function's part of `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations`, or of
/// `…path/2021-11-15/functions/{function}/response-streaming-invocations`, which asks for a stream.
fn function_in(uri: &str) -> Option<(&str, Transfer)> {
    let (service, path) = uri.strip_prefix("arn:")?.split_once(":path/")?;
    let mut parts = service.split(':');
    let is_lambda = parts.next()?.starts_with("aws") && parts.next()? == "apigateway" && parts.nth(1)? == "lambda";
    // Seen: a path that begins with a second slash is taken (observed/lambda.json).
    let path = path.trim_start_matches('/');
    let whole = || path.strip_prefix("2015-03-31/functions/")?.strip_suffix("/invocations");
    let streamed = || path.strip_prefix("2021-11-15/functions/")?.strip_suffix("/response-streaming-invocations");
    let found = whole().map(|function| (function, Transfer::Buffered)).or_else(|| Some((streamed()?, Transfer::Stream)));
    found.filter(|_| is_lambda)
}

/// How an answer comes: `responseTransferMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transfer {
    #[default]
    Buffered,
    Stream,
}

impl Transfer {
    /// As an integration's record has it.
    pub(crate) fn named(mode: Option<&str>) -> Transfer {
        if mode == Some("STREAM") { Transfer::Stream } else { Transfer::Buffered }
    }
}

/// Whether an integration's URI invokes a function. Whatever else it asks of the Lambda service is asked as of any service.
pub(crate) fn is_function_uri(uri: &str) -> bool {
    let what = uri.strip_prefix("arn:").and_then(|rest| rest.split_once(":lambda:path/"));
    what.is_some_and(|(before, path)| before.split(':').count() == 3 && path.ends_with("invocations"))
}

impl FunctionUri {
    /// The function that a URI names, to be asked in this way.
    pub(crate) fn compile(uri: &str, transfer: Transfer) -> Result<FunctionUri, Flaw> {
        let flaw = || Flaw::new(format!("{uri} names no function"));
        let (function, by_uri) = function_in(uri).ok_or_else(flaw)?;
        if by_uri != transfer {
            let why = "responseTransferMode STREAM and a URI of response-streaming-invocations go together, and neither without the other";
            return Err(Flaw::new(why));
        }
        let mut pieces: Vec<Box<str>> = Vec::new();
        let mut rest = function;
        while let Some((before, after)) = rest.split_once(STAGE_VARIABLE) {
            let (name, after) = after.split_once('}').ok_or_else(flaw)?;
            pieces.extend([before.into(), name.into()]);
            rest = after;
        }
        pieces.push(rest.into());
        match pieces.as_slice() {
            [whole] => Ok(FunctionUri::Fixed(Box::new(FunctionArn::parse(whole).ok_or_else(flaw)?), (&**whole).into())),
            _ => Ok(FunctionUri::Pieces(pieces)),
        }
    }

    /// The function for a request, and its text; the text alone where it is no ARN.
    pub(crate) fn of(&self, ex: &Exchange) -> Result<(FunctionArn, Arc<str>), String> {
        match self {
            FunctionUri::Fixed(arn, text) => Ok(((**arn).clone(), text.clone())),
            FunctionUri::Pieces(pieces) => {
                let variables = &ex.stage().variables;
                let filled = pieces.iter().enumerate().map(|(n, piece)| match n % 2 {
                    0 => &**piece,
                    _ => variables.get(&**piece).map_or("", String::as_str),
                });
                let text: String = filled.collect();
                FunctionArn::parse(&text).map(|arn| (arn, text.as_str().into())).ok_or(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:111111111111:function:hello";

    #[test]
    fn an_arn_is_read_and_written_alike() {
        for text in [ARN, &format!("{ARN}:live"), &format!("{ARN}:7"), &format!("{ARN}:$LATEST")] {
            assert_eq!(FunctionArn::parse(text).map(|arn| arn.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_functions_arn_is_none() {
        let bad = ["", "arn:aws:lambda", "hello", "arn:aws:sqs:us-east-1:111111111111:function:hello"];
        for text in bad.into_iter().map(str::to_owned).chain([
            format!("{ARN}:a:b"),
            format!("{ARN}/../x"),
            format!("{ARN}:a b"),
            ARN.replace("111111111111", "1"),
            ARN.replace("us-east-1", "evil.example/"),
            ARN.replace("hello", &"h".repeat(65)),
        ]) {
            assert_eq!(FunctionArn::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn the_lambda_api_takes_shorter_names() {
        let read = |text: &str| FunctionArn::within("111111111111", "us-east-1", text).map(|arn| arn.to_string());
        for text in ["hello", "function:hello", "111111111111:function:hello", ARN] {
            assert_eq!(read(text).as_deref(), Some(ARN), "{text}");
        }
        assert_eq!(read("hello:live").as_deref(), Some(&*format!("{ARN}:live")));
        assert_eq!(read("he llo"), None);
    }

    #[test]
    fn a_uri_names_a_function_or_is_a_flaw() {
        let uri = |function: &str| format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations");
        assert!(matches!(FunctionUri::compile(&uri(ARN), Transfer::Buffered), Ok(FunctionUri::Fixed(arn, _)) if arn.to_string() == ARN));
        assert!(FunctionUri::compile(&uri(ARN).replace("path/", "path//"), Transfer::Buffered).is_ok());
        assert!(FunctionUri::compile(&uri("${stageVariables.f}"), Transfer::Buffered).is_ok());
        for bad in [uri("hello"), uri("${stageVariables.f"), uri(ARN).replace("lambda:path", "sqs:path"), ARN.to_owned()] {
            assert!(FunctionUri::compile(&bad, Transfer::Buffered).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_stream_has_a_uri_of_its_own() {
        let whole = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations");
        let streamed = format!("arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/{ARN}/response-streaming-invocations");
        let compile = |uri: &str, transfer| FunctionUri::compile(uri, transfer).is_ok();
        assert!(compile(&whole, Transfer::Buffered) && compile(&streamed, Transfer::Stream));
        assert!(!compile(&whole, Transfer::Stream) && !compile(&streamed, Transfer::Buffered));
        assert!(!compile(&streamed.replace("2021-11-15", "2015-03-31"), Transfer::Stream));
    }
}
