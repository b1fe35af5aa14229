//! `cardea demo`: a private, temporary node with a sample API, and what to try on it. With `--once` it tries everything itself.

use super::client::{Answer, exchange};
use super::scratch::Scratch;
use super::{Client, Failure, Outcome, fail, values};
use crate::config::upstreams::{TargetSource, UpstreamPlan, usual_terms};
use crate::config::{Config, Values};
use crate::node::Node;
use clap::ArgMatches;
use deliver::upstream::balance::Endpoint;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use tokio::net::TcpListener;

/// The sample API, as a definition to import. `BACK_END` stands for the demo's own back end.
const DEFINITION: &str = include_str!("demo.yaml");
/// The stage it is deployed to.
const STAGE: &str = "demo";
/// The sample functions: a name, its runtime, its file, and the program that must be installed.
const FUNCTIONS: [(&str, &str, &str, &str, &str); 2] = [
    ("demo-python", "python3.13", "index.py", include_str!("demo.py"), "python3"),
    ("demo-node", "nodejs22.x", "index.mjs", include_str!("demo.mjs"), "node"),
];
/// What the sample's VPC link leads to: its targets are the demo's own.
const BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/demo/50dc6c495c0c9188";
/// Nobody listens there.
const DEAD_PORT: u16 = 1;
/// Requests a day that the sample key may make.
const QUOTA: u32 = 3;
/// Bytes of a request that the demo's back end repeats.
const ECHO_BYTES_MAX: usize = 1024 * 1024;

/// One thing to try.
struct Try {
    why: &'static str,
    method: &'static str,
    path: &'static str,
    with_key: bool,
    body: &'static str,
    status: u16,
    /// What the answer's body must contain.
    says: &'static str,
    /// The program that must be installed; empty for none.
    needs: &'static str,
}

const fn get(why: &'static str, path: &'static str, status: u16, says: &'static str) -> Try {
    Try { why, method: "GET", path, with_key: false, body: "", status, says, needs: "" }
}

const TRIES: &[Try] = &[
    get("A mock: the gateway itself answers", "/hello", 200, "Hello from Cardea"),
    get("A proxy: path and query go to the back end as they are", "/echo/pets/1?colour=blue", 200, "\"/pets/1?colour=blue\""),
    Try {
        why: "A body on its way through",
        method: "POST",
        path: "/echo/pets",
        with_key: false,
        body: r#"{"name":"Rex"}"#,
        status: 200,
        says: r#"{\"name\":\"Rex\"}"#,
        needs: "",
    },
    get("Three back ends behind a VPC link, one of them dead: nobody notices", "/balanced", 200, "\"backEnd\":\"one\""),
    get("Again: another one's turn", "/balanced", 200, "\"backEnd\":\"two\""),
    Try { needs: "python3", ..get("A function in Python, run beside the gateway", "/python?name=Ada", 200, "Hello from Python, Ada") },
    Try { needs: "node", ..get("A function in Node, whose answer streams", "/node?name=Ada", 200, "Hello from Node, Ada") },
    get("No such route: AWS's most hated answer (try `cardea explain` on its request id)", "/helo", 403, "Missing Authentication Token"),
    get("A method that needs an API key, without one", "/metered", 403, "Forbidden"),
    Try { why: "The same with a key", method: "GET", path: "/metered", with_key: true, body: "", status: 200, says: "metered", needs: "" },
    Try {
        why: "Again: the plan allows three a day",
        method: "GET",
        path: "/metered",
        with_key: true,
        body: "",
        status: 200,
        says: "metered",
        needs: "",
    },
    Try { why: "The third", method: "GET", path: "/metered", with_key: true, body: "", status: 200, says: "metered", needs: "" },
    Try {
        why: "And not one more",
        method: "GET",
        path: "/metered",
        with_key: true,
        body: "",
        status: 429,
        says: "Limit Exceeded",
        needs: "",
    },
];

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let once = args.get_flag("once");
    let scratch = Scratch::new("demo")?;
    let mut config = config(values(args)?, &scratch)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|why| fail(format!("no runtime: {why}")))?;
    runtime.block_on(async move {
        let back_end = start_back_end("one").await?;
        config.upstreams.push(balanced(back_end, start_back_end("two").await?));
        let node = Node::start(&config).await?;
        let (data, control, root) = (node.data(), node.control(), node.root().clone());
        let region = config.region.clone();
        let (code, account) = (scratch.path().join("code"), config.account_id.clone());
        let stage = tokio::task::spawn_blocking(move || {
            let client = Client::at(control, root, &region);
            make_functions(&client, &code, &account)?;
            set_up(&client, back_end, data, &account)
        });
        let sample = stage.await.map_err(|why| fail(why.to_string()))??;
        println!("A sample API is being served from {} until this ends.\n", config.data_dir.display());
        if once {
            let tried = tokio::task::spawn_blocking(move || try_all(&sample)).await.map_err(|why| fail(why.to_string()))?;
            node.drain(&config).await;
            drop(scratch);
            return tried;
        }
        invite(&sample, &config, control);
        node.until_told_to_stop(&config).await?;
        drop(scratch);
        Ok(ExitCode::SUCCESS)
    })
}

/// The demo's settings: everything in a folder of its own, on ports that are free, unless the caller says otherwise.
fn config(values: Values, scratch: &Scratch) -> Result<Config, Failure> {
    let mut flags: Vec<(&str, String)> = vec![("data-dir", scratch.path().display().to_string())];
    for name in ["listen", "control"] {
        let given = values.with_origin(name).filter(|(_, origin)| **origin != crate::config::Origin::Default);
        flags.push((name, given.map_or("127.0.0.1:0", |(value, _)| value).to_owned()));
    }
    flags.push(("log-level", "warn".to_owned()));
    // The sample functions are nobody else's; and where we are root, nobody else may get to the interpreters.
    flags.push(("function-user", rustix::process::geteuid().as_raw().to_string()));
    let joined = Values::join(&flags, std::iter::empty(), &[])?;
    Ok(Config::read(&joined, |_| None)?)
}

/// The sample, as it is served.
struct Sample {
    api: String,
    key: String,
    data: SocketAddr,
}

impl Sample {
    fn url(&self, path: &str) -> String {
        format!("http://{}/restapis/{}/{STAGE}/_user_request_{path}", self.data, self.api)
    }

    fn send(&self, attempt: &Try) -> Result<Answer, Failure> {
        let target = format!("/{STAGE}{}", attempt.path);
        let host = format!("{}.execute-api.localhost", self.api);
        let mut headers = vec![("Accept", "*/*")];
        if attempt.with_key {
            headers.push(("x-api-key", &self.key));
        }
        if !attempt.body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        exchange(self.data, &host, attempt.method, &target, &headers, attempt.body.as_bytes())
    }

    fn curl(&self, attempt: &Try) -> String {
        let mut words = vec!["curl -i".to_owned()];
        if attempt.with_key {
            words.push(format!("-H 'x-api-key: {}'", self.key));
        }
        if !attempt.body.is_empty() {
            words.push(format!("-H 'Content-Type: application/json' -d '{}'", attempt.body));
        }
        words.push(format!("'{}'", self.url(attempt.path)));
        words.join(" ")
    }
}

/// Makes the sample API, a key and a plan, through the control port, as anybody would.
fn set_up(client: &Client, back_end: SocketAddr, data: SocketAddr, account: &str) -> Result<Sample, Failure> {
    let call = |method: &str, target: &str, body: Value| client.call("apigateway", method, target, body.to_string().as_bytes());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let definition = DEFINITION.replace("BACK_END", &back_end.to_string()).replace("REGION", client.region()).replace("ACCOUNT", account);
    let link = text(&call("POST", "/vpclinks", json!({"name": "demo", "targetArns": [BALANCER]}))?["id"]);
    let definition = definition.replace("THE_LINK", &link);
    let api = text(&client.call("apigateway", "POST", "/restapis?mode=import", definition.as_bytes())?["id"]);
    for (name, ..) in FUNCTIONS.iter().filter(|(.., needs)| is_installed(needs)) {
        // Without it an API may not invoke a function.
        let source = format!("arn:aws:execute-api:{}:{account}:{api}/*/*/*", client.region());
        let allowed =
            json!({"StatementId": "demo", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source});
        client.call("lambda", "POST", &format!("/2015-03-31/functions/{name}/policy"), allowed.to_string().as_bytes())?;
    }
    call("POST", &format!("/restapis/{api}/deployments"), json!({"stageName": STAGE}))?;
    let key = call("POST", "/apikeys", json!({"name": "demo", "enabled": true}))?;
    let plan = json!({
        "name": "demo",
        "apiStages": [{"apiId": api, "stage": STAGE}],
        "quota": {"limit": QUOTA, "period": "DAY"},
        "throttle": {"rateLimit": 100.0, "burstLimit": 50},
    });
    let plan = text(&call("POST", "/usageplans", plan)?["id"]);
    call("POST", &format!("/usageplans/{plan}/keys"), json!({"keyId": key["id"], "keyType": "API_KEY"}))?;
    Ok(Sample { api, key: text(&key["value"]), data })
}

/// Two back ends that answer, and one that does not.
fn balanced(one: SocketAddr, two: SocketAddr) -> UpstreamPlan {
    let endpoint = |port| Endpoint::new("127.0.0.1", port);
    let endpoints = vec![endpoint(one.port()), endpoint(two.port()), endpoint(DEAD_PORT)];
    let source = TargetSource::Listed(endpoints);
    UpstreamPlan { name: "demo".to_owned(), arns: vec![BALANCER.to_owned()], source, dns_server: None, terms: usual_terms(false) }
}

/// Makes the sample functions, as far as what runs them is installed. Their code is read where it is.
fn make_functions(client: &Client, code: &Path, account: &str) -> Result<(), Failure> {
    for (name, runtime, file, text, needs) in FUNCTIONS {
        if !is_installed(needs) {
            println!("{needs} is not installed: {name} is left out.");
            continue;
        }
        let folder = code.join(name);
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(file), text));
        written.map_err(|why| fail(format!("{}: {why}", folder.display())))?;
        let function = json!({
            "FunctionName": name, "Runtime": runtime, "Handler": "index.handler", "Role": format!("arn:aws:iam::{account}:role/demo"),
            "Code": {"S3Bucket": "local-folder", "S3Key": folder},
        });
        client.call("lambda", "POST", "/2015-03-31/functions", function.to_string().as_bytes())?;
    }
    Ok(())
}

/// Whether a program is on `PATH`; what needs none has it.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.is_empty() || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// What can be tried here.
fn tries() -> impl Iterator<Item = &'static Try> {
    TRIES.iter().filter(|attempt| is_installed(attempt.needs))
}

fn invite(sample: &Sample, config: &Config, control: SocketAddr) {
    println!("Try, in another terminal:\n");
    for attempt in tries() {
        println!("  # {} ({})\n  {}\n", attempt.why, attempt.status, sample.curl(attempt));
    }
    println!("  # The control port is AWS's own: any AWS client works");
    println!("  eval \"$(cardea env --data-dir {})\"", config.data_dir.display());
    println!("  aws apigateway get-resources --rest-api-id {}\n", sample.api);
    println!("  # What functions print");
    println!("  cardea logs --data-dir {} demo-python\n", config.data_dir.display());
    println!("  # Why did it answer that? The id is in the answer's x-amzn-RequestId");
    println!("  cardea explain --data-dir {} REQUEST-ID\n", config.data_dir.display());
    println!("Control port: http://{control}   data port: http://{}   Ctrl-C ends the demo.", sample.data);
}

/// Tries everything, prints what came, and succeeds only if all of it is right.
fn try_all(sample: &Sample) -> Outcome {
    let mut wrong = 0;
    for attempt in tries() {
        println!("# {}\n{}", attempt.why, sample.curl(attempt));
        let answer = sample.send(attempt)?;
        let body = String::from_utf8_lossy(&answer.body);
        let right = answer.status == attempt.status && body.contains(attempt.says);
        println!("{} {}\n{}\n", answer.status, body.trim_end(), if right { "ok" } else { "WRONG" });
        if !right {
            println!("expected {} and {:?}\n", attempt.status, attempt.says);
            wrong += 1;
        }
    }
    println!("{} right, {wrong} wrong", tries().count() - wrong);
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A back end that repeats what it is asked and says who it is, on a free port.
async fn start_back_end(name: &'static str) -> Result<SocketAddr, Failure> {
    let no_port = |why: std::io::Error| fail(format!("no port for the demo's back end: {why}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(no_port)?;
    let address = listener.local_addr().map_err(no_port)?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(move |request| async move { Ok::<_, Infallible>(echo(request, name).await) });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(address)
}

async fn echo(request: Request<Incoming>, name: &str) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = http_body_util::Limited::new(body, ECHO_BYTES_MAX).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let told = json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path_and_query().map_or("", |path| path.as_str()),
        "body": String::from_utf8_lossy(&body),
        "backEnd": name,
    });
    let mut response = Response::new(Full::new(Bytes::from(format!("{told}\n"))));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
}
