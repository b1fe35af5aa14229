//! The SDK for JavaScript: one file without dependencies, and a page that says how to use it.
//!
//! A function is named by its path and verb, as AWS names them: `petsPetIdGet`, `rootPost`. Methods for any verb have no function: nobody
//! could say which verb it sends.

use super::zip::Member;
use define::import_export::export::Server;
use define::method::record::Method;
use define::tree::ApiTree;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What does the work; [`PLACE`] in it becomes what is said of the API.
const CLIENT: &str = include_str!("client.js");
const PLACE: &str = "__API__";
/// The folder of the archive's files, as AWS has it.
const CLIENT_NAME: &str = "apiGateway-js-sdk/apigClient.js";
const README_NAME: &str = "apiGateway-js-sdk/README.md";

/// The files of the SDK.
pub(super) fn files(tree: &ApiTree, server: &Server, region: &str) -> Vec<Member> {
    let methods = methods(tree);
    let Server { scheme, host, path, stage } = server;
    let api = json!({"endpoint": format!("{scheme}://{host}{path}/{stage}"), "region": region, "methods": methods});
    let client = CLIENT.replacen(PLACE, &script(&api), 1);
    vec![
        Member { name: CLIENT_NAME, content: client.into_bytes() },
        Member { name: README_NAME, content: readme(tree, &methods).into_bytes() },
    ]
}

/// JSON as it may stand in a script, also within a page.
fn script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn methods(tree: &ApiTree) -> Vec<Value> {
    let paths: BTreeMap<&str, &str> = tree.resources.iter().map(|resource| (resource.id.as_str(), resource.path.as_str())).collect();
    let placed = tree.methods.iter().filter_map(|method| Some((*paths.get(method.resource.as_str())?, method)));
    let mut placed: Vec<(&str, &Method)> = placed.filter(|(_, method)| method.verb != "ANY").collect();
    placed.sort_by_key(|(path, method)| (path.to_owned(), method.verb.as_str()));
    let mut used = BTreeSet::new();
    let written = placed.into_iter().map(|(path, method)| {
        let plain = function_name(path, &method.verb);
        let numbered = (2..).map(|n| format!("{plain}{n}"));
        let name = std::iter::once(plain.clone()).chain(numbered).find(|name| used.insert(name.clone())).unwrap_or_default();
        let of = |place: &str| -> Vec<&str> {
            let names = method.request_parameters.iter().flat_map(BTreeMap::keys);
            names.filter_map(|name| name.strip_prefix("method.request.")?.strip_prefix(place)).collect()
        };
        json!({
            "name": name, "verb": method.verb, "path": path, "query": of("querystring."), "headers": of("header."),
            "signs": method.authorization_type.eq_ignore_ascii_case("AWS_IAM"),
        })
    });
    written.collect()
}

/// `/pets/{petId}` and `GET` are `petsPetIdGet`.
fn function_name(path: &str, verb: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let verb = verb.to_ascii_lowercase();
    let mut words: Vec<&str> = words.collect();
    if words.is_empty() {
        words.push("root");
    }
    words.push(&verb);
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let lower = |word: &str| word[..1].to_ascii_lowercase() + &word[1..];
    words.iter().enumerate().map(|(n, word)| if n == 0 { lower(word) } else { capital(word) }).collect()
}

fn readme(tree: &ApiTree, methods: &[Value]) -> String {
    let text = |method: &Value, name: &str| method[name].as_str().unwrap_or_default().to_owned();
    let lines =
        methods.iter().map(|method| format!("| `{}` | {} | `{}` |\n", text(method, "name"), text(method, "verb"), text(method, "path")));
    format!(
        "# A client for {}\n\n```js\nvar client = apigClientFactory.newClient({{ apiKey: '…' }});\nclient.{}(params, body, additionalParams)\
         .then(function (result) {{ console.log(result.data); }});\n```\n\n`params` has what the path, the query and the header fields need, by \
         name; `additionalParams` may have `headers` and `queryParams`. With `accessKey` and `secretKey` (and `sessionToken`), requests to \
         methods that ask for it are signed. A status of 400 and more rejects with an error that has the `response`.\n\n| function | verb | \
         path |\n|---|---|---|\n{}",
        tree.api.name.replace(['\n', '\r'], " "),
        methods.first().map_or_else(|| "rootGet".to_owned(), |method| text(method, "name")),
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_path_and_verb() {
        assert_eq!(function_name("/", "GET"), "rootGet");
        assert_eq!(function_name("/pets/{petId}", "DELETE"), "petsPetIdDelete");
        assert_eq!(function_name("/Files/{proxy+}", "PUT"), "filesProxyPut");
        assert_eq!(function_name("/a-b/c.d", "POST"), "aBCDPost");
        assert_eq!(function_name("/é", "POST"), "rootPost");
    }

    #[test]
    fn what_is_said_of_an_api_stays_within_its_script() {
        assert_eq!(script(&json!({"a": "</script>\u{2028}\"\n"})), "{\"a\":\"\\u003c/script>\\u2028\\\"\\n\"}");
    }
}
