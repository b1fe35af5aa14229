//! `cardea dev DIR`: folders become functions, a definition becomes an API, and what is saved is served.
//!
//! DIR/NAME is the function NAME if it has one of the files that say how it runs ([`ENTRIES`]); DIR/NAME/function.json may say more, in
//! CreateFunction's own members. DIR/openapi.yaml (or .yml, .json) is the API; without one, each function has a path of its name. Code is
//! read where it is, and looked at by each invocation; the rest is looked at ten times a second, and brought in through the control port,
//! as anybody would.

use super::scratch::Scratch;
use super::{Client, Failure, Outcome, fail, from_environment, values};
use crate::config::{Config, Values};
use crate::log;
use crate::node::Node;
use clap::ArgMatches;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// A file, the runtime it is for, and the handler in it. The first that is there counts.
const ENTRIES: [(&str, &str, &str); 7] = [
    ("lambda_function.py", "python3.13", "lambda_function.lambda_handler"),
    ("index.py", "python3.13", "index.handler"),
    ("app.py", "python3.13", "app.handler"),
    ("index.mjs", "nodejs22.x", "index.handler"),
    ("index.js", "nodejs22.x", "index.handler"),
    ("index.cjs", "nodejs22.x", "index.handler"),
    ("bootstrap", "provided.al2023", "bootstrap"),
];
const DEFINITIONS: [&str; 3] = ["openapi.yaml", "openapi.yml", "openapi.json"];
/// What a function may say of itself.
const SETTINGS_FILE: &str = "function.json";
/// Bytes of either file.
const FILE_BYTES_MAX: u64 = 6 * 1024 * 1024;
/// Functions of one folder.
const FUNCTIONS_MAX: usize = 200;
const STAGE: &str = "dev";
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let folder = args.get_one::<PathBuf>("dir").expect("clap demands a folder");
    let folder = folder.canonicalize().map_err(|why| fail(format!("{}: {why}", folder.display())))?;
    let scratch = Scratch::new("dev")?;
    let config = config(values(args)?, &folder, &scratch)?;
    log::start(&config).map_err(|why| fail(format!("the log cannot be started: {why}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|why| fail(format!("no runtime: {why}")))?;
    runtime.block_on(async move {
        let node = Node::start(&config).await?;
        println!("listening data=http://{} control=http://{}", node.data(), node.control());
        println!("what it keeps is in {} until this ends: for cardea logs, env, explain --data-dir", config.data_dir.display());
        let client = Client::at(node.control(), node.root().clone(), &config.region);
        let url = format!("http://{}/restapis/{{}}/{STAGE}/_user_request_", node.data());
        let mut workshop = Workshop { folder, client, url, account: config.account_id.clone(), made: Made::default() };
        let (stop, stopped) = std::sync::mpsc::sync_channel::<()>(0);
        let watching = tokio::task::spawn_blocking(move || workshop.watch(&stopped));
        node.until_told_to_stop(&config).await?;
        drop(stop);
        // It has nothing to tell any more.
        let _ended = watching.await;
        drop(scratch);
        Ok(ExitCode::SUCCESS)
    })
}

/// As `serve` would have it, but for whoever develops: with a store of its own, and functions that are their folder's
/// owner, since nobody else may be able to read it.
fn config(mut values: Values, folder: &Path, scratch: &Scratch) -> Result<Config, Failure> {
    use std::os::unix::fs::MetadataExt;
    let owner = std::fs::metadata(folder).map_err(|why| fail(format!("{}: {why}", folder.display())))?.uid();
    for (name, value) in
        [("data-dir", scratch.path().display().to_string()), ("log-level", "warn".to_owned()), ("function-user", owner.to_string())]
    {
        if !values.is_given(name) {
            values.insist(name, value);
        }
    }
    values.insist("dev", "true".to_owned());
    Ok(Config::read(&values, from_environment)?)
}

/// What a folder says there should be.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    /// By name: the members of CreateFunction.
    functions: BTreeMap<String, Map<String, Value>>,
    definition: String,
}

/// What there is.
#[derive(Default)]
struct Made {
    wanted: Wanted,
    api: Option<String>,
}

struct Workshop {
    folder: PathBuf,
    client: Client,
    /// With `{}` for the API's id.
    url: String,
    account: String,
    made: Made,
}

impl Workshop {
    /// Looks until there is nobody to look for.
    fn watch(&mut self, stopped: &std::sync::mpsc::Receiver<()>) {
        let mut before = None;
        loop {
            let now = mark(&self.folder);
            if before != Some(now) {
                before = Some(now);
                // What is wrong is told, and what was before goes on being served.
                if let Err(why) = self.renew() {
                    println!("not taken: {why}");
                }
                let _nobody_reads = std::io::stdout().flush();
            }
            match stopped.recv_timeout(LOOK) {
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Brings in what has changed.
    fn renew(&mut self) -> Result<(), Failure> {
        let wanted = self.look()?;
        for (name, members) in &wanted.functions {
            match self.made.wanted.functions.get(name) {
                Some(known) if known == members => continue,
                Some(_) => {
                    let mut changed = members.clone();
                    changed.retain(|member, _| !matches!(member.as_str(), "Code" | "FunctionName"));
                    self.lambda("PUT", &format!("/{name}/configuration"), &Value::Object(changed))?;
                    println!("function {name} is set anew");
                }
                None => {
                    self.lambda("POST", "", &Value::Object(members.clone()))?;
                    println!("function {name} ({})", members["Runtime"].as_str().unwrap_or_default());
                }
            }
            self.made.wanted.functions.insert(name.clone(), members.clone());
        }
        let gone: Vec<String> = self.made.wanted.functions.keys().filter(|name| !wanted.functions.contains_key(*name)).cloned().collect();
        for name in gone {
            self.lambda("DELETE", &format!("/{name}"), &Value::Null)?;
            println!("function {name} is gone");
            self.made.wanted.functions.remove(&name);
        }
        if wanted.definition != self.made.wanted.definition {
            self.import(&wanted.definition)?;
            self.made.wanted.definition = wanted.definition;
        }
        Ok(())
    }

    fn import(&mut self, definition: &str) -> Result<(), Failure> {
        let call = |method: &str, target: &str, body: &[u8]| self.client.call("apigateway", method, target, body);
        let api = match &self.made.api {
            Some(id) => call("PUT", &format!("/restapis/{id}?mode=overwrite"), definition.as_bytes())?,
            None => call("POST", "/restapis?mode=import", definition.as_bytes())?,
        };
        let id = api["id"].as_str().unwrap_or_default().to_owned();
        let stage = json!({"stageName": STAGE}).to_string();
        call("POST", &format!("/restapis/{id}/deployments"), stage.as_bytes())?;
        for warning in api["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("  warning: {warning}");
        }
        match &self.made.api {
            Some(_) => println!("deployed again"),
            None => println!("serving at {}", self.url.replace("{}", &id)),
        }
        self.made.api = Some(id);
        Ok(())
    }

    fn lambda(&self, method: &str, rest: &str, body: &Value) -> Result<Value, Failure> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.client.call("lambda", method, &format!("/2015-03-31/functions{rest}"), &body)
    }

    fn look(&self) -> Result<Wanted, Failure> {
        let mut functions = BTreeMap::new();
        for name in names(&self.folder) {
            let folder = self.folder.join(&name);
            let Some((_, runtime, handler)) = ENTRIES.into_iter().find(|(file, _, _)| folder.join(file).is_file()) else { continue };
            let mut members = Map::new();
            for (member, value) in [("Runtime", json!(runtime)), ("Handler", json!(handler)), ("Timeout", json!(30))] {
                members.insert(member.to_owned(), value);
            }
            members.insert("Role".into(), json!(format!("arn:aws:iam::{}:role/dev", self.account)));
            if let Some(text) = read(&folder.join(SETTINGS_FILE))? {
                let said = serde_json::from_str(&text).map_err(|why| fail(format!("{name}/{SETTINGS_FILE} is no JSON object: {why}")))?;
                members.extend::<Map<String, Value>>(said);
            }
            members.insert("FunctionName".into(), json!(name));
            members.insert("Code".into(), json!({"S3Bucket": "local-folder", "S3Key": folder}));
            functions.insert(name, members);
        }
        let mut definition = None;
        for file in DEFINITIONS {
            definition = definition.or(read(&self.folder.join(file))?);
        }
        let definition = match definition {
            Some(text) => here(&text, &functions, &self.account, self.client.region()),
            None => plain_definition(functions.keys(), &self.account, self.client.region()),
        };
        Ok(Wanted { functions, definition })
    }
}

/// A file's text; `None` if there is none.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    let wrong = |why: String| fail(format!("{}: {why}", path.display()));
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES_MAX => Err(wrong(format!("larger than {FILE_BYTES_MAX} bytes"))),
        Ok(_) => std::fs::read_to_string(path).map(Some).map_err(|why| wrong(why.to_string())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(wrong(why.to_string())),
    }
}

/// Folders whose names can be functions'.
fn names(folder: &Path) -> Vec<String> {
    let fits = |name: &String| name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter(|entry| entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(fits);
    names.sort();
    names.truncate(FUNCTIONS_MAX);
    names
}

/// A number for what there is beside code: another one once something of it was made, saved or removed.
fn mark(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut hasher = DefaultHasher::new();
    let mut look = |path: PathBuf, is_whole: bool| {
        let Ok(about) = std::fs::metadata(&path) else { return };
        path.hash(&mut hasher);
        if is_whole {
            (about.ctime(), about.ctime_nsec(), about.ino(), about.len()).hash(&mut hasher);
        }
    };
    DEFINITIONS.into_iter().for_each(|file| look(folder.join(file), true));
    for name in names(folder) {
        let folder = folder.join(name);
        ENTRIES.into_iter().for_each(|(file, _, _)| look(folder.join(file), false));
        look(folder.join(SETTINGS_FILE), true);
    }
    hasher.finish()
}

/// A definition whose functions of these names are those of this folder, whatever account and region it was written for.
fn here(text: &str, functions: &BTreeMap<String, Map<String, Value>>, account: &str, region: &str) -> String {
    let text = text.replace("${AWS::Partition}", "aws").replace("${AWS::Region}", region).replace("${AWS::AccountId}", account);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(at) = rest.find(":lambda:") {
        let (before, after) = rest.split_at(at + ":lambda:".len());
        out.push_str(before);
        let mut parts = after.splitn(4, ':');
        let arn = (parts.next(), parts.next(), parts.next(), parts.next());
        rest = match arn {
            (Some(its_region), Some(its_account), Some("function"), Some(named)) => {
                let end = named.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(named.len());
                let is_ours = functions.contains_key(&named[..end]) && its_region.len() < 32 && its_account.len() < 32;
                out.push_str(&if is_ours {
                    format!("{region}:{account}:function:")
                } else {
                    format!("{its_region}:{its_account}:function:")
                });
                named
            }
            _ => after,
        };
    }
    out.push_str(rest);
    out
}

/// An API in which each function has a path of its name, and everything below it.
fn plain_definition<'a>(names: impl Iterator<Item = &'a String>, account: &str, region: &str) -> String {
    let mut paths = Map::new();
    for name in names {
        let function = format!("arn:aws:lambda:{region}:{account}:function:{name}");
        let uri = format!("arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations");
        let integration = json!({"type": "aws_proxy", "httpMethod": "POST", "uri": uri});
        let any = json!({"x-amazon-apigateway-any-method": {"responses": {}, "x-amazon-apigateway-integration": integration}});
        paths.insert(format!("/{name}"), any.clone());
        paths.insert(format!("/{name}/{{proxy+}}"), any);
    }
    json!({"openapi": "3.0.1", "info": {"title": "dev", "version": "1"}, "paths": paths}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definitions_functions_are_those_of_the_folder() {
        let functions = BTreeMap::from([("hello".to_owned(), Map::new())]);
        let here = |text: &str| here(text, &functions, "000000000000", "us-east-1");
        let local = "arn:aws:lambda:us-east-1:000000000000:function:hello";
        for text in
            ["arn:aws:lambda:eu-west-1:123456789012:function:hello", "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:hello"]
        {
            assert_eq!(here(text), local);
        }
        let path = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:";
        assert_eq!(
            here(&format!("a: {path}hello/invocations\nb: {path}other/invocations")),
            format!("a: arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{local}/invocations\nb: {path}other/invocations")
        );
        assert_eq!(here(":lambda::lambda:a:function:hello"), ":lambda::lambda:a:function:hello");
    }

    #[test]
    fn without_a_definition_each_function_has_a_path() {
        let made: Value = serde_json::from_str(&plain_definition(["a".to_owned()].iter(), "1", "r")).unwrap();
        let paths: Vec<&String> = made["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/a", "/a/{proxy+}"]);
    }
}
