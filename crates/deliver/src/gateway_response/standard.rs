//! The header fields that every reply of an API has.

use base::gate::{Exchange, Reply};
use h1::{Known, OwnField};

const REQUEST_ID: OwnField = OwnField::new("x-amzn-RequestId");
const ERROR_TYPE: OwnField = OwnField::new("x-amzn-ErrorType");
const EXTENDED_ID: OwnField = OwnField::new("x-amz-apigw-id");
const CONTENT_TYPE: OwnField = OwnField::new("Content-Type");

/// Puts `x-amzn-RequestId` and `x-amz-apigw-id` on a reply, `x-amzn-ErrorType` if it tells of a refusal, and a `Content-Type` where there is
/// none. `Date` is the edge's.
pub fn put_standard_fields(reply: &mut Reply, ex: &Exchange, error_type: Option<&'static str>) {
    let has_type = reply.fields.has(Known::ContentType);
    let mut put = |name, value: &[u8]| reply.fields.push_own(name, value).expect("ids and names of errors are plain words");
    put(REQUEST_ID, ex.id.as_bytes());
    if let Some(error_type) = error_type {
        put(ERROR_TYPE, error_type.as_bytes());
    }
    put(EXTENDED_ID, ex.extended_id.as_bytes());
    if !has_type {
        put(CONTENT_TYPE, b"application/json");
    }
}
