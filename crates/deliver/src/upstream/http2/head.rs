//! Heads: from HTTP/1.1's words to HTTP/2's, and back.

use super::super::failure::Failure;
use super::super::target::{Target, Transport};
use super::Manner;
use base::gate::take_fields;
use h1::{BodyLength, Fields, HeadLimits, Known, ResponseHead};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Uri, Version, response};

/// The request that was written for HTTP/1.1. The writer alone has put fields there, each once checked: what is of that protocol alone is
/// left out, and lengths are told as they are.
pub(super) fn request(target: &Target, head: &[u8], manner: Manner) -> Result<Request<()>, Failure> {
    read(target, head, manner).ok_or(Failure::Broken("the request cannot be told in HTTP/2".into()))
}

fn read(target: &Target, head: &[u8], manner: Manner) -> Option<Request<()>> {
    let mut lines = head.strip_suffix(b"\r\n\r\n")?.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (method, place) = (words.next()?, words.next()?);
    let (mut authority, mut fields) = (None, HeaderMap::new());
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        match Known::of(name) {
            Known::Host => authority = Some(Authority::try_from(value).ok()?),
            Known::Connection | Known::KeepAlive | Known::ProxyConnection | Known::TransferEncoding | Known::Upgrade | Known::Te => {}
            _ => drop(fields.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?)),
        }
    }
    if manner == Manner::Grpc {
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
    let scheme = if target.transport() == Transport::Plain { Scheme::HTTP } else { Scheme::HTTPS };
    let uri = Uri::builder().scheme(scheme).authority(authority?).path_and_query(PathAndQuery::try_from(place).ok()?).build().ok()?;
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut(), *request.version_mut()) = (Method::from_bytes(method).ok()?, uri, Version::HTTP_2);
    *request.headers_mut() = fields;
    Some(request)
}

/// The answer's head. `is_whole`: nothing follows it. Its sizes are held to what they may be over HTTP/1.1.
pub(super) fn answer(parts: &response::Parts, is_whole: bool, limits: &HeadLimits) -> Result<ResponseHead, Failure> {
    let said = match parts.headers.get(CONTENT_LENGTH) {
        None => None,
        Some(length) => Some(length.to_str().ok().and_then(|digits| digits.parse().ok()).ok_or(Failure::Garbage(NO_LENGTH))?),
    };
    let body = match said {
        _ if is_whole => BodyLength::None,
        Some(length) => BodyLength::Exact(length),
        None => BodyLength::UntilClose,
    };
    Ok(ResponseHead::build(parts.status.as_u16(), fields(&parts.headers, limits, take_fields())?, said, body))
}

const NO_LENGTH: &str = "the Content-Length of the answer is no number";

/// Fields as all others are kept, checked as they are; those that are the writer's own are left out.
pub(super) fn fields(map: &HeaderMap, limits: &HeadLimits, mut into: Fields) -> Result<Fields, Failure> {
    let (mut bytes, mut count) = (0, 0);
    for (name, value) in map {
        bytes += name.as_str().len() + value.len() + ": \r\n".len();
        count += 1;
        if bytes > limits.fields_bytes_max as usize || count > limits.fields_max {
            return Err(Failure::Garbage("the fields of the answer are too large, or too many"));
        }
        if !Known::of(name.as_str().as_bytes()).is_framing() {
            into.push(name.as_str(), value.as_bytes()).map_err(|why| Failure::Garbage(why.because))?;
        }
    }
    Ok(into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Trust;

    fn told(scheme: &str, head: &str, manner: Manner) -> Option<String> {
        let target = Target::parse(scheme, "a.test", Trust::Authorities)?;
        let request = read(&target, head.as_bytes(), manner)?;
        let fields: Vec<String> = request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        Some(format!("{} {} {}", request.method(), request.uri(), fields.join(", ")))
    }

    #[test]
    fn a_request_keeps_its_fields_and_loses_what_is_of_http_1() {
        let head = "POST /a?b=c HTTP/1.1\r\nHost: b.test:1\r\nX-Own: d: e\r\nx-own: f\r\nTransfer-Encoding: chunked\r\nTE: gzip\r\n\r\n";
        assert_eq!(told("http", head, Manner::Plain).unwrap(), "POST http://b.test:1/a?b=c x-own: d: e, x-own: f");
        assert_eq!(told("https", head, Manner::Grpc).unwrap(), "POST https://b.test:1/a?b=c x-own: d: e, x-own: f, te: trailers");
        let sized = "PUT / HTTP/1.1\r\nHost: b\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(told("http", sized, Manner::Plain).unwrap(), "PUT http://b/ content-length: 7");
    }

    #[test]
    fn what_http_2_cannot_say_is_not_sent() {
        assert_eq!(told("http", "GET / HTTP/1.1\r\n\r\n", Manner::Plain), None, "no host");
        assert_eq!(told("http", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Manner::Plain), None);
        assert_eq!(told("http", "GET / HTTP/1.1\r\nHost: a\r\n", Manner::Plain), None, "no end");
    }

    fn answered(fields: &[(&str, &str)], is_whole: bool) -> Result<ResponseHead, Failure> {
        let mut answer = http::Response::builder().status(200);
        for (name, value) in fields {
            answer = answer.header(*name, *value);
        }
        super::answer(&answer.body(()).unwrap().into_parts().0, is_whole, &HeadLimits::for_answers())
    }

    #[test]
    fn an_answers_fields_are_those_of_any_answer_and_bounded() {
        let head = answered(&[("x-own", "a"), ("content-length", "5"), ("x-own", "b"), ("host", "c")], false).unwrap();
        assert_eq!(crate::bench::lines(head.fields()), ["content-length: 5", "x-own: a", "x-own: b"]);
        assert_eq!((head.status(), head.body()), (200, BodyLength::Exact(5)));
        assert_eq!(answered(&[], false).unwrap().body(), BodyLength::UntilClose);
        assert_eq!(answered(&[("content-length", "5")], true).unwrap().body(), BodyLength::None);
        assert_eq!(answered(&[("content-length", "+")], false).unwrap_err(), Failure::Garbage(NO_LENGTH));
        let long = "x".repeat(65_536);
        assert!(matches!(answered(&[("x", &long)], false), Err(Failure::Garbage(_))));
        let many: Vec<(String, &str)> = (0..129).map(|n| (format!("x-{n}"), "")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert!(matches!(answered(&many, false), Err(Failure::Garbage(_))));
    }
}
