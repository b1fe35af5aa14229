//! Heads of HTTP/2 under the rules of HTTP/1.1: what this lets pass could have come on any connection.

use h1::{BodyLength, Known, Limits, Rejection, RequestHead, Version};
use hyper::header::{COOKIE, HOST};
use hyper::http::request::Parts;
use hyper::http::uri::Scheme;

/// The head, or why it is refused. `is_whole`: no body follows. Public for its fuzz target.
pub fn read(parts: &Parts, is_whole: bool, limits: &Limits) -> Result<RequestHead, Rejection> {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > limits.head.target_bytes_max as usize {
        return Err(Rejection { status: 414, because: "the target is too long" });
    }
    // Hyper keeps the scheme only where there is an authority.
    if parts.uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS) {
        return Err(Rejection { status: 400, because: "a scheme that is neither http nor https" });
    }
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let mut head = RequestHead::build(parts.method.as_str(), target, Version::Http11);
    let (mut bytes, mut count) = (0, 0);
    let mut add = |head: h1::Builder, name: &str, value: &[u8]| {
        bytes += name.len() + value.len() + ": \r\n".len();
        count += 1;
        if bytes > limits.head.fields_bytes_max as usize || count > limits.head.fields_max {
            return Err(Rejection { status: 431, because: "the fields are too large, or too many" });
        }
        Ok(head.push(name, value))
    };
    if let Some(authority) = authority {
        head = add(head, "host", authority.as_bytes())?;
    }
    if parts.headers.get_all(HOST).iter().count() > 1 {
        return Err(Rejection { status: 400, because: "Host is repeated" });
    }
    for (name, value) in &parts.headers {
        // Blanks around a value are HTTP/1.1's alone (RFC 9113, 8.2.1).
        if value.as_bytes().trim_ascii().len() != value.len() {
            return Err(Rejection { status: 400, because: "a blank at the beginning or the end of a value in HTTP/2" });
        }
        let known = Known::of(name.as_str().as_bytes());
        if matches!(known, Known::Connection | Known::KeepAlive | Known::ProxyConnection | Known::TransferEncoding | Known::Upgrade) {
            return Err(Rejection { status: 400, because: "a field of the connection in HTTP/2" });
        }
        // A second host is refused, unless it is the same: two would be a choice for whoever comes next.
        let is_said = name == HOST && authority.is_some_and(|authority| value.as_bytes() == authority.as_bytes());
        if !is_said && name != COOKIE {
            head = add(head, name.as_str(), value.as_bytes())?;
        }
    }
    // HTTP/2 may send cookies one by one; beyond it they are one field (RFC 9113, 8.2.3).
    let cookies: Vec<&[u8]> = parts.headers.get_all(COOKIE).iter().map(|value| value.as_bytes()).collect();
    if !cookies.is_empty() {
        head = add(head, "cookie", &cookies.join(&b"; "[..]))?;
    }
    if !parts.headers.contains_key(hyper::header::CONTENT_LENGTH) {
        head = head.body(if is_whole { BodyLength::None } else { BodyLength::Chunked });
    }
    let head = head.finish()?;
    match head.body() {
        BodyLength::Exact(length) if length > limits.body_bytes_max => {
            Err(Rejection { status: 413, because: "the body is announced to be too large" })
        }
        _ => Ok(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn parts(method: &str, uri: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn refused(method: &str, uri: &str, fields: &[(&str, &str)]) -> u16 {
        read(&parts(method, uri, fields), true, &Limits::default()).unwrap_err().status
    }

    #[test]
    fn a_head_comes_out_as_if_it_had_come_on_http_1() {
        let fields = [("cookie", "a=1"), ("x-own", "b"), ("cookie", "c=2"), ("host", "a.test:8443")];
        let head = read(&parts("GET", "https://a.test:8443/p?q=%20", &fields), true, &Limits::default()).unwrap();
        assert_eq!((head.method_text(), head.target(), head.host(), head.host_name()), ("GET", "/p?q=%20", "a.test:8443", "a.test"));
        assert_eq!((head.version(), head.body()), (Version::Http11, BodyLength::None));
        let said: Vec<_> = head.fields().iter().map(|field| (field.name, field.value)).collect();
        assert_eq!(said, [("host", &b"a.test:8443"[..]), ("x-own", b"b"), ("cookie", b"a=1; c=2")]);
    }

    #[test]
    fn the_length_is_what_was_said_else_what_the_frames_tell() {
        let length = |is_whole, fields: &[_]| read(&parts("POST", "http://a/", fields), is_whole, &Limits::default()).unwrap().body();
        assert_eq!(length(false, &[("content-length", "7")]), BodyLength::Exact(7));
        assert_eq!(length(false, &[]), BodyLength::Chunked);
        assert_eq!(length(true, &[]), BodyLength::None);
        assert_eq!(refused("POST", "http://a/", &[("content-length", "10485761")]), 413);
        assert_eq!(refused("POST", "http://a/", &[("content-length", "7"), ("content-length", "8")]), 400);
        assert_eq!(refused("POST", "http://a/", &[("content-length", "+7")]), 400);
    }

    #[test]
    fn what_http_1_refuses_is_refused_here() {
        assert_eq!(refused("GET", "http://a/", &[("host", "b")]), 400);
        assert_eq!(refused("GET", "http://a/", &[("host", "a"), ("host", "a")]), 400, "two, though both are right");
        assert_eq!(refused("GET", "ftp://a/", &[]), 400);
        assert_eq!(refused("GET", "http://a/", &[("x", " b")]), 400);
        assert_eq!(refused("GET", "http://a/", &[("x", "b\t")]), 400);
        assert_eq!(refused("GET", "/", &[]), 400, "no host at all");
        assert_eq!(refused("GET", "http://u:p@a/", &[]), 400);
        assert_eq!(refused("CONNECT", "a.test:443", &[]), 400);
        assert_eq!(refused("OPTIONS", "*", &[("host", "a")]), 400);
        assert_eq!(refused("GET", "http://a/{x}", &[]), 400);
        for name in ["connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection"] {
            assert_eq!(refused("GET", "http://a/", &[(name, "chunked")]), 400, "{name}");
        }
    }

    #[test]
    fn sizes_are_those_of_http_1() {
        let long = "x".repeat(10_241);
        assert_eq!(refused("GET", &format!("http://a/{long}"), &[]), 414);
        assert_eq!(refused("GET", "http://a/", &[("x", &long)]), 431);
        let many: Vec<(String, &str)> = (0..100).map(|n| (format!("x-{n}"), "")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(refused("GET", "http://a/", &many), 431, "with the host they are 101");
        assert!(read(&parts("GET", "http://a/", &many[1..]), true, &Limits::default()).is_ok());
    }
}
