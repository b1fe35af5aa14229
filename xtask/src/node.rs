//! A node of Cardea: built, started, and set up through its own control port, as anybody would.

use crate::catalogue::{KEYS, ROUTES, key, route};
use crate::failure::{Outcome, fail};
use crate::place::{LOAD_CORE, MEASURED_CORE, Output, Running};
use cardea::cli::Client;
use cardea::credentials::{RootKey, RunFile};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The stage everything is deployed to.
pub(crate) const STAGE: &str = "prod";
const REGION: &str = "us-east-1";

/// What each request writes down, in the form of the other programs' logs.
const LOG_FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime","#,
    r#""httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":"$context.status","#,
    r#""protocol":"$context.protocol","responseLength":"$context.responseLength","key":"$context.identity.apiKeyId","#,
    r#""latency":"$context.responseLatency","integrationLatency":"$context.integrationLatency"}"#
);

/// Builds the program with a profile, and says where it is. `CARDEA_BIN` names one that is built already.
pub(crate) fn build(profile: &str) -> Outcome<PathBuf> {
    if let Some(built) = std::env::var_os("CARDEA_BIN") {
        return Ok(built.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--profile", profile, "--package", "cardea"]);
    if profile == "release" {
        // Together with us its library is the one that we were built with, and nothing is built twice.
        build.args(["--package", "xtask"]);
    }
    let status = build.status()?;
    if !status.success() {
        return Err(fail("the program does not build"));
    }
    // We were built into a folder of the same kind.
    let here = std::env::current_exe()?;
    let target = here.parent().and_then(Path::parent).ok_or_else(|| fail("the build's folder cannot be told"))?;
    Ok(target.join(profile).join("cardea"))
}

/// A running node.
pub(crate) struct Node {
    pub(crate) process: Running,
    pub(crate) run: RunFile,
    pub(crate) client: Client,
}

impl Node {
    /// Starts a node over a data directory with some `name=value` settings, and waits until it serves.
    pub(crate) fn start(program: &Path, folder: &Path, name: &str, threads: usize, settings: &[String]) -> Outcome<Node> {
        let cores: &[usize] = if threads > 1 { &[MEASURED_CORE, LOAD_CORE] } else { &[MEASURED_CORE] };
        Launch { program, folder, name, threads, cores, limits: None, settings }.start()
    }
}

/// How to start a node.
pub(crate) struct Launch<'a> {
    pub(crate) program: &'a Path,
    /// Where its data directory and its output are, both under its name.
    pub(crate) folder: &'a Path,
    pub(crate) name: &'a str,
    pub(crate) threads: usize,
    pub(crate) cores: &'a [usize],
    /// What a shell says before it becomes the node, as `ulimit -n 100`.
    pub(crate) limits: Option<&'a str>,
    /// As `name=value`.
    pub(crate) settings: &'a [String],
}

impl Launch<'_> {
    pub(crate) fn start(&self) -> Outcome<Node> {
        let Launch { program, folder, name, threads, cores, limits, settings } = *self;
        let data = folder.join(name);
        let mut command = match limits {
            None => Command::new(program),
            Some(limits) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("{limits} && exec \"$0\" \"$@\"")).arg(program);
                shell
            }
        };
        command.arg("serve").arg("--data-dir").arg(&data);
        command.args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--log-level", "warn"]);
        command.args(["--account-rate-limit", "0", "--threads", &threads.to_string()]);
        command.args(settings.iter().map(|setting| format!("--{setting}")));
        // What is set for the developer's own node is not meant for this one.
        for (variable, _) in std::env::vars_os().filter(|(variable, _)| variable.to_string_lossy().starts_with("CARDEA_")) {
            command.env_remove(variable);
        }
        let mut process = Running::start(&mut command, cores, folder, name, Output::Piped)?;
        let output = process.output().ok_or_else(|| fail("the node's output is not piped"))?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let run = RunFile::read(&data).filter(|_| line.starts_with("listening"));
        let run = run.ok_or_else(|| {
            let said = std::fs::read_to_string(folder.join(format!("{name}.err"))).unwrap_or_default();
            fail(format!("{} did not start: {said}", program.display()))
        })?;
        let client = Client::at(run.control, RootKey::read(&data)?, REGION);
        Ok(Node { process, run, client })
    }
}

impl Node {
    /// A call to the control port, signed; its reply.
    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> Outcome<Value> {
        Ok(self.client.call("apigateway", method, target, body.to_string().as_bytes())?)
    }

    /// Imports an API of so many routes with a parameter each, in front of a back end, and deploys it. Says its id.
    pub(crate) fn import(&self, routes: usize, integration: impl Fn(&str) -> Value) -> Outcome<String> {
        let paths = (0..routes).map(|number| {
            let path = format!("/{}/items/{{id}}", route(number));
            let get = json!({
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "security": [{"key": []}],
                "responses": {"200": {"description": "so"}},
                "x-amazon-apigateway-integration": integration(&path),
            });
            (path, json!({"get": get}))
        });
        let definition = json!({
            "openapi": "3.0.1",
            "info": {"title": "bench", "version": "1"},
            "paths": paths.collect::<serde_json::Map<_, _>>(),
            "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
        });
        id(&self.call("POST", "/restapis?mode=import", &definition)?)
    }

    /// Deploys an API to the stage.
    pub(crate) fn deploy(&self, api: &str) -> Outcome<()> {
        self.call("POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": STAGE}))?;
        Ok(())
    }

    /// A plan that covers the API's stage. Says its id.
    pub(crate) fn plan(&self, api: &str) -> Outcome<String> {
        let plan = json!({
            "name": "bench",
            "apiStages": [{"apiId": api, "stage": STAGE}],
            "throttle": {"rateLimit": 100_000.0, "burstLimit": 10_000},
        });
        id(&self.call("POST", "/usageplans", &plan)?)
    }

    /// One back end behind every path, and nothing else. Says the API's id.
    pub(crate) fn set_up_plain(&self, back_end: u16) -> Outcome<String> {
        let forward = json!({
            "type": "http_proxy", "httpMethod": "ANY", "uri": format!("http://127.0.0.1:{back_end}/{{proxy}}"),
            "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
        });
        let any = json!({
            "parameters": [{"name": "proxy", "in": "path", "required": true, "schema": {"type": "string"}}],
            "x-amazon-apigateway-integration": forward,
        });
        let definition = json!({
            "openapi": "3.0.1",
            "info": {"title": "plain", "version": "1"},
            "paths": {"/{proxy+}": {"x-amazon-apigateway-any-method": any}},
        });
        let api = id(&self.call("POST", "/restapis?mode=import", &definition)?)?;
        self.deploy(&api)?;
        Ok(api)
    }

    /// The whole work: routes, keys, a plan with a throttle, a throttle of the stage, the access log. Says the API's id.
    pub(crate) fn set_up(&self, back_end: u16) -> Outcome<String> {
        let api = self.import(ROUTES, |path| {
            json!({
                "type": "http_proxy", "httpMethod": "GET", "uri": format!("http://127.0.0.1:{back_end}{path}"),
                "requestParameters": {"integration.request.path.id": "method.request.path.id"},
                "responses": {"default": {"statusCode": "200"}},
            })
        })?;
        self.deploy(&api)?;
        let replace = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
        let patches = [
            replace("/*/*/throttling/rateLimit", "1000000"),
            replace("/*/*/throttling/burstLimit", "100000"),
            replace("/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:000000000000:log-group:bench"),
            replace("/accessLogSettings/format", LOG_FORMAT),
        ];
        self.call("PATCH", &format!("/restapis/{api}/stages/{STAGE}"), &json!({"patchOperations": patches}))?;
        let plan = self.plan(&api)?;
        let rows = (0..KEYS).map(|number| format!("id{number},{},{plan}\n", key(number)));
        let file: String = std::iter::once("Name,Key,UsagePlanIds\n".to_owned()).chain(rows).collect();
        let imported = self.client.call("apigateway", "POST", "/apikeys?mode=import&format=csv&failonwarnings=true", file.as_bytes())?;
        let taken = imported["ids"].as_array().map_or(0, Vec::len);
        if taken == KEYS { Ok(api) } else { Err(fail(format!("of {KEYS} keys {taken} were taken: {}", imported["warnings"]))) }
    }
}

/// The host of an API.
pub(crate) fn host(api: &str) -> String {
    format!("{api}.execute-api.localhost")
}

/// The id in a reply.
pub(crate) fn id(reply: &Value) -> Outcome<String> {
    reply["id"].as_str().map(str::to_owned).ok_or_else(|| fail(format!("the control port answered without an id: {reply}")))
}
