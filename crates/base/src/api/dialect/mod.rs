//! The ways in which AWS's services are spoken to beside REST: Query (forms in, XML out), JSON by target, and RPC v2 in CBOR. A call in
//! any of them is turned into members as JSON, and its answer back; operations know nothing of it.

mod cbor;
mod query;

use super::Member;
use super::dispatch::{Answer, Ask, Catalogue, Found};
use serde_json::{Value, json};

/// How a service is spoken to.
#[derive(Clone, Copy, Debug)]
pub enum Dialect {
    /// By verb and path.
    Rest,
    /// `Action` and `Version` in a form; XML comes back, in this namespace.
    Query { version: &'static str, namespace: &'static str },
    /// `X-Amz-Target: {target}.{operation}` with JSON, or `/service/{target}/operation/{operation}` with CBOR. The members of these names
    /// are dates.
    Rpc { target: &'static str, dates: &'static [&'static str] },
}

/// How one call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Query,
    Json,
    Cbor,
}

/// The exception of a call whose members break their constraints, by dialect.
const QUERY_INVALID: &str = "ValidationError";
const RPC_INVALID: &str = "InvalidInput";

/// An operation that was asked for in a dialect.
pub struct Spoken<'a> {
    /// The operation.
    pub found: Found<'a>,
    form: Form,
    dialect: Dialect,
}

impl Dialect {
    /// The operation of a request, if it is one of the catalogue's, spoken so.
    pub fn find<'a>(self, catalogue: &'a Catalogue, ask: &Ask) -> Option<Spoken<'a>> {
        let (name, form) = match self {
            Dialect::Rest => return None,
            Dialect::Query { version, .. } => (query::action(ask, version)?, Form::Query),
            Dialect::Rpc { target, .. } => rpc(ask, target)?,
        };
        Some(Spoken { found: catalogue.named(&name)?, form, dialect: self })
    }
}

/// The operation's name, and how it is asked for.
fn rpc(ask: &Ask, target: &str) -> Option<(String, Form)> {
    if ask.method != "POST" {
        return None;
    }
    if ask.path == "/" {
        let named = ask.header("x-amz-target")?.strip_prefix(target)?.strip_prefix('.')?;
        return Some((named.to_owned(), Form::Json));
    }
    let named = ask.path.strip_prefix("/service/")?.strip_prefix(target)?.strip_prefix("/operation/")?;
    let is_cbor = ask.header("smithy-protocol") == Some("rpc-v2-cbor");
    is_cbor.then(|| (named.to_owned(), Form::Cbor))
}

impl Spoken<'_> {
    /// The call with its members as JSON, as operations take them; what is wrong with it otherwise.
    pub fn read(&self, ask: &Ask) -> Result<Ask, String> {
        let body = match self.form {
            Form::Json => ask.body.clone(),
            Form::Query => query::members(ask, self.found.entry.members)?.to_string().into_bytes(),
            Form::Cbor if ask.body.is_empty() => b"{}".to_vec(),
            Form::Cbor => cbor::read(&ask.body)?.to_string().into_bytes(),
        };
        Ok(Ask { query: String::new(), body, ..ask.clone() })
    }

    /// An answer as it is sent in this dialect. `request` is its id.
    pub fn write(&self, answer: Answer, request: &str) -> Answer {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| json!({}));
        match (self.dialect, self.form) {
            (Dialect::Query { namespace, .. }, _) => {
                let name = self.found.entry.route.name;
                let body = match answer.error_type {
                    None => query::success(name, &body, namespace, request),
                    Some(error) => query::failure(worded(error, QUERY_INVALID), message(&body), answer.status, namespace, request),
                };
                sent(answer, "text/xml", body)
            }
            (Dialect::Rpc { dates, .. }, form) => {
                let body = match answer.error_type {
                    None => body,
                    Some(error) => json!({"__type": worded(error, RPC_INVALID), "message": message(&body)}),
                };
                match form {
                    Form::Cbor => {
                        let mut answer = sent(answer, "application/cbor", cbor::write(&body, dates));
                        answer.headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
                        answer
                    }
                    _ => sent(answer, "application/x-amz-json-1.1", body.to_string().into_bytes()),
                }
            }
            (Dialect::Rest, _) => answer,
        }
    }
}

/// What one catalogue calls by one name, other services call by another.
fn worded(error: &'static str, invalid: &'static str) -> &'static str {
    if matches!(error, "ValidationException" | "SerializationException") { invalid } else { error }
}

fn message(body: &Value) -> &str {
    body["message"].as_str().unwrap_or_default()
}

fn sent(answer: Answer, media: &str, body: Vec<u8>) -> Answer {
    let mut headers = answer.headers;
    headers.push(("content-type", media.to_owned()));
    Answer { headers, body, ..answer }
}

/// Whether any of these members is a structure or list: those are told by their parts in forms.
fn member<'m>(members: &'m [Member], name: &str) -> Option<&'m Member> {
    members.iter().find(|member| member.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ApiError, Control, Operation, Route, Shape, dispatch, list, map, op, post, structure, text, whole};
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Echo;

    impl Operation for Echo {
        const ROUTE: Route = post("Echo", "/Echo").status(200);
        const MEMBERS: &'static [Member] =
            &[text("Name"), whole("Port"), list("Tags", &structure("", &[text("Key"), text("Value")])), map("Attributes", &Shape::Text)];
        type Reply = ();
        async fn run(self, _cx: &Control) -> Result<(), ApiError> {
            Ok(())
        }
    }

    fn ask(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Ask {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Ask { method: "POST".into(), path: path.into(), query: String::new(), headers, body: body.to_vec() }
    }

    fn catalogue() -> Catalogue {
        Catalogue::new(&[&[op::<Echo>()]])
    }

    const QUERY: Dialect = Dialect::Query { version: "2015-12-01", namespace: "http://ns/" };
    const RPC: Dialect = Dialect::Rpc { target: "Naming", dates: &["CreateDate"] };

    #[test]
    fn a_form_becomes_members_and_an_answer_becomes_xml() {
        let catalogue = catalogue();
        let form =
            b"Action=Echo&Version=2015-12-01&Name=a%26b+c&Port=80&Tags.member.1.Key=k&Tags.member.1.Value=&Tags.member.2.Key=l&Other=x";
        let call = ask("/", &[], form);
        let spoken = QUERY.find(&catalogue, &call).unwrap();
        let read: Value = serde_json::from_slice(&spoken.read(&call).unwrap().body).unwrap();
        assert_eq!(read, json!({"Name": "a&b c", "Port": 80, "Tags": [{"Key": "k", "Value": ""}, {"Key": "l"}]}));
        let answer = |error_type, body: Value| {
            let answer = Answer {
                status: 400,
                error_type,
                retry_after: None,
                file_name: None,
                headers: Vec::new(),
                body: body.to_string().into(),
                flow: None,
            };
            String::from_utf8(spoken.write(answer, "id").body).unwrap()
        };
        assert_eq!(
            answer(None, json!({"Things": [{"Name": "<a>"}, {"Port": 1}], "None": null})),
            "<EchoResponse xmlns=\"http://ns/\"><EchoResult><Things><member><Name>&lt;a&gt;</Name></member><member><Port>1</Port></member>\
             </Things></EchoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></EchoResponse>"
        );
        assert_eq!(
            answer(Some("ValidationException"), json!({"message": "no & no"})),
            "<ErrorResponse xmlns=\"http://ns/\"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no &amp; no</Message>\
             </Error><RequestId>id</RequestId></ErrorResponse>"
        );
        assert!(QUERY.find(&catalogue, &ask("/", &[], b"Action=Echo&Version=2010-01-01")).is_none());
        assert!(QUERY.find(&catalogue, &ask("/", &[], b"Action=Other&Version=2015-12-01")).is_none());
        assert!(QUERY.find(&catalogue, &ask("/x", &[], form)).is_none());
    }

    #[test]
    fn a_target_is_spoken_to_in_json_and_in_cbor() {
        let catalogue = catalogue();
        let call = ask("/", &[("X-Amz-Target", "Naming.Echo")], br#"{"Name":"a"}"#);
        let spoken = RPC.find(&catalogue, &call).unwrap();
        assert_eq!(spoken.read(&call).unwrap().body, br#"{"Name":"a"}"#);
        let no = spoken.write(dispatch::refuse(&ApiError::Validation("bad".into()), "Echo"), "id");
        assert_eq!(serde_json::from_slice::<Value>(&no.body).unwrap(), json!({"__type": "InvalidInput", "message": "bad"}));
        // {"Name": "a", "Port": 80}
        let cbor = b"\xbf\x64Name\x61a\x64Port\x18\x50\xff";
        let call = ask("/service/Naming/operation/Echo", &[("smithy-protocol", "rpc-v2-cbor")], cbor);
        let spoken = RPC.find(&catalogue, &call).unwrap();
        let read: Value = serde_json::from_slice(&spoken.read(&call).unwrap().body).unwrap();
        assert_eq!(read, json!({"Name": "a", "Port": 80}));
        let yes = Answer {
            status: 200,
            error_type: None,
            retry_after: None,
            file_name: None,
            headers: Vec::new(),
            body: json!({"CreateDate": 1.5, "Name": "x"}).to_string().into(),
            flow: None,
        };
        let sent = spoken.write(yes, "id");
        assert_eq!(sent.body, b"\xa2\x6aCreateDate\xc1\xfb\x3f\xf8\0\0\0\0\0\0\x64Name\x61x");
        assert!(sent.headers.contains(&("smithy-protocol", "rpc-v2-cbor".to_owned())));
        assert!(RPC.find(&catalogue, &ask("/service/Naming/operation/Echo", &[], b"")).is_none());
        assert!(RPC.find(&catalogue, &ask("/", &[("x-amz-target", "Other.Echo")], b"")).is_none());
    }
}
