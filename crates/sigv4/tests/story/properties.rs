//! Nothing that is covered can be changed, whatever it is and whatever it becomes.

use proptest::prelude::*;
use sigv4::{Rules, Signing, TokenPlace};

use crate::bench::{HOST, NOW, Sent, signing};

/// Where a byte of a request is.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Method,
    Path,
    Query,
    Header(usize),
    Body,
}

/// Bytes that mean themselves and nothing else in every part: no blank, escape or separator, no `+`.
fn plain() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_~!*()$-]{1,12}"
}

fn any_request() -> impl Strategy<Value = Sent> {
    let query = proptest::collection::vec((plain(), plain()), 1..4);
    let headers = proptest::collection::vec(plain(), 3..4);
    (proptest::collection::vec(plain(), 1..4), query, headers, proptest::collection::vec(any::<u8>(), 1..40)).prop_map(
        |(segments, query, values, body)| {
            let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            let target = format!("/{}?{}", segments.join("/"), query.join("&"));
            let headers: Vec<(&str, &str)> = ["Host", "X-Amz-One", "Two"].into_iter().zip(values.iter().map(String::as_str)).collect();
            Sent::new("POST", &target, &headers, &body)
        },
    )
}

/// Puts another byte in the place of one; the byte it was and the byte it is both mean themselves.
fn changed(sent: &Sent, spot: Spot, index: prop::sample::Index, byte: u8) -> Option<Sent> {
    let mut sent = sent.clone();
    let mut method = sent.method.clone().into_bytes();
    let bytes = match spot {
        Spot::Method => &mut method,
        Spot::Path => &mut sent.path,
        Spot::Query => &mut sent.query,
        Spot::Header(at) => &mut sent.headers[at].1,
        Spot::Body => &mut sent.body,
    };
    let at = index.index(bytes.len());
    // A parameter's `=` may become part of the name, a `&` of the value: that is another request, but only if bytes are left to move.
    let separates = |byte: u8| b"/=&%+. \t\r\n\x0c".contains(&byte);
    let in_body = matches!(spot, Spot::Body);
    if bytes[at] == byte || (!in_body && (separates(bytes[at]) || separates(byte))) {
        return None;
    }
    bytes[at] = byte;
    sent.method = String::from_utf8(method).ok()?;
    Some(sent)
}

fn any_spot() -> impl Strategy<Value = Spot> {
    prop_oneof![Just(Spot::Method), Just(Spot::Path), Just(Spot::Query), (0..3usize).prop_map(Spot::Header), Just(Spot::Body)]
}

proptest! {
    #[test]
    fn no_byte_of_a_signed_request_can_be_changed(
        mut sent in any_request(), spot in any_spot(), index in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        // `Sent::set` puts the signature's headers behind the three that may be changed.
        sent.sign(&signing("execute-api"));
        prop_assert!(sent.verify().is_ok());
        if let Some(changed) = changed(&sent, spot, index, byte) {
            prop_assert!(changed.verify().is_err(), "{spot:?}: {changed:?}");
        }
    }

    #[test]
    fn no_byte_of_a_presigned_request_can_be_changed(
        mut sent in any_request(), spot in any_spot(), index in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        sent.presign(&signing("execute-api"), 60);
        prop_assert!(sent.verify().is_ok());
        if let Some(changed) = changed(&sent, spot, index, byte) {
            prop_assert!(changed.verify().is_err(), "{spot:?}: {changed:?}");
        }
    }

    #[test]
    fn what_we_sign_we_verify_however_odd_it_is(
        path in proptest::collection::vec(any::<u8>(), 0..30),
        query in proptest::collection::vec(any::<u8>(), 0..30),
        value in proptest::collection::vec(any::<u8>(), 0..30),
        body in proptest::collection::vec(any::<u8>(), 0..30),
        added_after in any::<bool>(),
    ) {
        let mut sent = Sent::new("GET", "/", &[("Host", HOST), ("X-Odd", "")], &body);
        sent.path = path;
        sent.query = query;
        sent.headers[1].1 = value;
        let token_place = if added_after { TokenPlace::AddedAfter } else { TokenPlace::Signed };
        sent.sign(&Signing { session_token: Some("token"), token_place, ..signing("execute-api") });
        prop_assert!(sent.verify().is_ok());
        prop_assert!(sent.verify_at(NOW + 301, &Rules::default()).is_err());
    }

    #[test]
    fn hostile_bytes_are_an_answer_and_never_a_panic(
        authorization in "(AWS4-HMAC-SHA256 )?(Credential=[a-z/]{0,12}|SignedHeaders=[a-z;]{0,9}|Signature=.{0,9}|[ ,=/é]){0,6}",
        date in "[0-9TZ:, é-]{0,20}|20260228T235958Z",
        query in "((X-Amz-(Algorithm|Credential|Date|Expires|Signature|SignedHeaders)|[a-z%+]{0,3})(=[a-zA-Z0-9%/+;-]{0,20})?&?){0,9}",
    ) {
        let sent = Sent::new("GET", &format!("/?{query}"), &[("Host", HOST), ("Authorization", &authorization), ("X-Amz-Date", &date)], b"");
        let failure = sent.verify().expect_err("nobody signed this");
        prop_assert!(!failure.to_string().is_empty());
        let unsigned = Sent::new("GET", &format!("/?{query}"), &[("Host", HOST)], b"");
        prop_assert!(unsigned.verify().is_err());
    }
}
