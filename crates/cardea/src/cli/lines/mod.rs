//! `cardea lines LANGUAGE`: one JSON case per line in, one answer per line out. For comparing our languages with others.

mod jsonpath;
mod schema;
mod sigv4;
mod vtl;

use super::{Outcome, fail};
use clap::{ArgMatches, Command};
use jsonkit::{Object, Value};
use std::io::{BufRead, Read, Write};
use std::process::ExitCode;

/// Bytes of a line. What is longer is passed over, and answered with an error.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What a case comes to: members of the answer, or the error that it has instead.
type Answer = Result<Vec<(&'static str, Value)>, String>;

/// A language that is spoken in lines.
struct Language {
    name: &'static str,
    about: &'static str,
    answer: fn(&Value) -> Answer,
}

const LANGUAGES: &[Language] = &[
    Language { name: "jsonpath", about: "{id, path, document} → {id, json: text}, or missing: true, or error", answer: jsonpath::answer },
    Language { name: "vtl", about: "{id, mode, template, context|event} → {id, output}, or error", answer: self::vtl::answer },
    Language { name: "schema", about: "{id, schema, data} → {id, valid, errors}", answer: schema::answer },
    Language {
        name: "sigv4",
        about: "{id, method, uri, headers, body, …} → {id, canonical_request, string_to_sign, authorization}",
        answer: sigv4::answer,
    },
];

pub(super) fn command() -> Command {
    let command = Command::new("lines").about("Answer JSON cases, one a line, for differential testing");
    LANGUAGES.iter().fold(command.subcommand_required(true).arg_required_else_help(true), |command, language| {
        command.subcommand(Command::new(language.name).about(language.about))
    })
}

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let (name, _) = args.subcommand().expect("clap demands a language");
    let language = LANGUAGES.iter().find(|language| language.name == name).expect("clap knows the languages by this table");
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match speak(language.answer, input, output) {
        // Whoever closed the pipe has read enough.
        Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => Err(fail(format!("lines: {why}"))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Answers each line until there are no more. No line ends it.
fn speak(answer: fn(&Value) -> Answer, mut input: impl BufRead, mut output: impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        let is_whole = line.ends_with(b"\n") || u64::try_from(line.len()).is_ok_and(|bytes| bytes < LINE_BYTES_MAX);
        let text = if is_whole {
            if line.trim_ascii().is_empty() {
                continue;
            }
            answered(answer, &line)
        } else {
            pass_over(&mut input)?;
            reply(Value::Null, Err("a line of more than 16 MiB".to_owned()))
        };
        output.write_all(text.as_bytes())?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
}

fn answered(answer: fn(&Value) -> Answer, line: &[u8]) -> String {
    match jsonkit::parse(line) {
        Ok(case) => reply(case.member("id").cloned().unwrap_or_default(), answer(&case)),
        Err(why) => reply(Value::Null, Err(format!("not JSON: {why}"))),
    }
}

fn reply(id: Value, answer: Answer) -> String {
    let members = answer.unwrap_or_else(|why| vec![("error", why.into())]);
    let object = |members: Vec<(&str, Value)>| -> Value {
        let members = std::iter::once(("id", id.clone())).chain(members);
        members.map(|(name, value)| (name.into(), value)).collect::<Object>().into()
    };
    let too_long = |_| object(vec![("error", "an answer of more than 64 MiB".into())]).to_string();
    object(members).to_json(ANSWER_BYTES_MAX).unwrap_or_else(too_long)
}

/// Drops what is left of a line.
fn pass_over(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

/// A member of a case that must be text.
fn text<'c>(case: &'c Value, name: &str) -> Result<&'c str, String> {
    case.member(name).and_then(Value::as_str).ok_or_else(|| format!("{name} must be text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of a language.
    fn said(name: &str, lines: &str) -> Vec<String> {
        let language = LANGUAGES.iter().find(|language| language.name == name).unwrap();
        let mut out = Vec::new();
        speak(language.answer, lines.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn paths_find_text_nothing_or_an_error() {
        let lines = concat!(
            r#"{"id":1,"path":"$.a","document":{"a":[1,2.0]}}"#,
            "\n",
            r#"{"id":"b","path":"$.b","document":{"a":1}}"#,
            "\n\n",
            r#"{"path":"$[","document":1}"#,
            "\n",
            r#"{"id":2,"path":"$.a","document":{"a":null}}"#,
        );
        let answers = said("jsonpath", lines);
        assert_eq!(answers[..2], [r#"{"id":1,"json":"[1,2.0]"}"#, r#"{"id":"b","missing":true}"#]);
        assert!(answers[2].starts_with(r#"{"id":null,"error":"invalid path"#), "{}", answers[2]);
        assert_eq!(answers[3], r#"{"id":2,"missing":true}"#);
    }

    #[test]
    fn schemas_judge() {
        let lines = concat!(
            r#"{"id":1,"schema":{"type":"string"},"data":"x"}"#,
            "\n",
            r#"{"id":2,"schema":{"required":["a"]},"data":{}}"#,
            "\n",
            r#"{"id":3,"schema":{"$ref":"http://localhost:1234/integer.json"},"data":1}"#,
            "\n",
            r#"{"id":4,"schema":{"$ref":"http://h/m"},"documents":{"http://h/m":{"type":"null"}},"data":null}"#,
            "\n",
            r#"{"id":5,"schema":{"type":5},"data":1}"#,
            "\n",
            r#"{"id":6,"schema":{}}"#,
        );
        let answers = said("schema", lines);
        assert_eq!(answers[0], r#"{"id":1,"valid":true,"errors":[]}"#);
        assert_eq!(answers[1], r#"{"id":2,"valid":false,"errors":["object has missing required properties ([\"a\"])"]}"#);
        assert_eq!(answers[2], r#"{"id":3,"valid":true,"errors":[]}"#);
        assert_eq!(answers[3], r#"{"id":4,"valid":true,"errors":[]}"#);
        assert!(answers[4].starts_with(r#"{"id":5,"error":"#) && answers[5].starts_with(r#"{"id":6,"error":"#));
    }

    #[test]
    fn signatures_are_made() {
        // A vector whose answer botocore has given: see the cases of `sigv4` itself.
        let line = r#"{"id":"v","method":"GET","uri":"/?b=2&a=1","headers":[["Host","h.example"]],"body":"","access_key":"AKID","secret_key":"s","token":null,"region":"us-east-1","service":"service","date":"20150830T123600Z","normalize":true}"#;
        let answer = jsonkit::parse(said("sigv4", line)[0].as_bytes()).unwrap();
        let canonical = answer.member("canonical_request").unwrap().as_str().unwrap();
        assert!(canonical.starts_with("GET\n/\na=1&b=2\nhost:h.example\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"), "{canonical}");
        let string = answer.member("string_to_sign").unwrap().as_str().unwrap();
        assert!(string.starts_with("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"), "{string}");
        let authorization = answer.member("authorization").unwrap().as_str().unwrap();
        assert!(authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="
        ));
        for wrong in [
            r#"{"id":1}"#,
            r#"{"id":1,"method":"GET","uri":"/","headers":[],"body":"","access_key":"a","secret_key":"s","region":"r","service":"s","date":"20151330T000000Z"}"#,
        ] {
            assert!(said("sigv4", wrong)[0].starts_with(r#"{"id":1,"error":"#));
        }
    }

    #[test]
    fn no_line_ends_the_talk() {
        let answers = said("jsonpath", "x\n[]\n\"\u{0}\"\n{\"id\":1,\"path\":\"$\",\"document\":1}\n");
        assert_eq!(answers.len(), 4);
        assert!(answers[..3].iter().all(|answer| answer.starts_with(r#"{"id":null,"error":"#)));
        assert_eq!(answers[3], r#"{"id":1,"json":"1"}"#);
        let long = format!("{}\n1\n", " ".repeat((16 << 20) + 7));
        assert_eq!(said("schema", &long).len(), 2);
    }
}
