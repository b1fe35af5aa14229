//! `cardea lines sigv4`. A case is a request and what it is signed with: `method`, `uri`, `headers` as pairs, `body`, `access_key`,
//! `secret_key`, `region`, `service`, `date`; perhaps `token` (else one among the headers), `omit_token` (added after signing),
//! `normalize` (the path is folded) and `sign_body` (its hash travels in a header).

use super::{Answer, text};
use jsonkit::Value;
use sigv4::{Dialect, Payload, PayloadHeader, Request, Signing, Stamp, TokenPlace};

const TOKEN: &str = "x-amz-security-token";

pub(super) fn answer(case: &Value) -> Answer {
    let flag = |name: &str| case.member(name).and_then(Value::as_bool);
    let headers = headers(case).ok_or("headers must be pairs of text")?;
    let among_headers = || headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(TOKEN)).map(|(_, value)| *value);
    let date = Stamp::parse_basic(text(case, "date")?).ok_or("date must be like 20150830T123600Z")?;
    let (path, query) = text(case, "uri")?.split_once('?').unwrap_or((text(case, "uri")?, ""));
    let signing = Signing {
        access_key: text(case, "access_key")?,
        secret: text(case, "secret_key")?,
        session_token: case.member("token").and_then(Value::as_str).or_else(among_headers),
        token_place: if flag("omit_token") == Some(true) { TokenPlace::AddedAfter } else { TokenPlace::Signed },
        region: text(case, "region")?,
        service: text(case, "service")?,
        now: date.seconds(),
        dialect: if flag("normalize") == Some(false) { Dialect::Unfolded } else { Dialect::Standard },
        payload_header: if flag("sign_body") == Some(true) { PayloadHeader::Hash } else { PayloadHeader::Absent },
    };
    let request = Request {
        method: text(case, "method")?,
        path: path.as_bytes(),
        query: query.as_bytes(),
        headers: headers.iter().map(|(name, value)| (*name, value.as_bytes())),
        payload: Payload::Bytes(text(case, "body")?.as_bytes()),
    };
    let signed = sigv4::sign(&signing, &request);
    let (_, authorization) = signed.headers.last().expect("the authorization is the last header that is set");
    Ok(vec![
        ("canonical_request", signed.canonical_request.into()),
        ("string_to_sign", signed.string_to_sign.into()),
        ("authorization", authorization.as_str().into()),
    ])
}

fn headers(case: &Value) -> Option<Vec<(&str, &str)>> {
    let pairs = case.member("headers")?.as_array()?;
    pairs.iter().map(|pair| Some((pair.item(0)?.as_str()?, pair.item(1)?.as_str()?))).collect()
}
