//! The header fields that every reply of an API has.

use base::gate::{Exchange, Reply};
use h1::Known;

/// Puts `x-amzn-RequestId` and `x-amz-apigw-id` on a reply, `x-amzn-ErrorType` if it tells of a refusal, and a `Content-Type` where there is
/// none. `Date` is the edge's.
pub fn put_standard_fields(reply: &mut Reply, ex: &Exchange, error_type: Option<&'static str>) {
    let mut put = |name: &str, value: &str| reply.fields.push(name, value.as_bytes()).expect("ids and names of errors are plain words");
    put("x-amzn-RequestId", ex.id.as_str());
    if let Some(error_type) = error_type {
        put("x-amzn-ErrorType", error_type);
    }
    put("x-amz-apigw-id", ex.extended_id.as_str());
    if !reply.fields.has(Known::ContentType) {
        reply.fields.push("Content-Type", b"application/json").expect("a constant field can be written");
    }
}
