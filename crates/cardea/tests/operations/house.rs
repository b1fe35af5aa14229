//! A whole node in a directory of its own, and what an operator says to it.

use cardea::cli::Client;
use cardea::config::{Config, Values};
use cardea::node::Node;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A directory that goes when the test does.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Scratch {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("cardea-operations-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn config(data_dir: &Path, more: &[(&str, &str)]) -> Config {
    let usual = [
        ("data-dir", data_dir.display().to_string()),
        ("listen", "127.0.0.1:0".into()),
        ("control", "127.0.0.1:0".into()),
        ("threads", "2".into()),
    ];
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let flags: Vec<(&str, String)> = usual.into_iter().chain(more).collect();
    Config::read(&Values::join(&flags, std::iter::empty(), &[]).unwrap(), |_| None).unwrap()
}

pub(crate) struct House {
    runtime: tokio::runtime::Runtime,
    node: Node,
    config: Config,
}

impl House {
    pub(crate) fn open(data_dir: &Path) -> House {
        House::with(data_dir, &[])
    }

    pub(crate) fn with(data_dir: &Path, more: &[(&str, &str)]) -> House {
        let config = config(data_dir, more);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let node = runtime.block_on(Node::start(&config)).unwrap();
        House { runtime, node, config }
    }

    pub(crate) fn data(&self) -> SocketAddr {
        self.node.data()
    }

    pub(crate) fn control(&self) -> SocketAddr {
        self.node.control()
    }

    pub(crate) fn operator(&self) -> Client {
        Client::at(self.node.control(), self.node.root().clone(), "us-east-1")
    }

    /// An operation of API Gateway.
    pub(crate) fn aws(&self, method: &str, target: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.operator().call("apigateway", method, target, body.as_bytes()).unwrap()
    }

    /// An API with a mock at `GET /`, deployed to `prod`.
    pub(crate) fn api(&self, name: &str) -> String {
        let id = self.aws("POST", "/restapis", &json!({"name": name}))["id"].as_str().unwrap().to_owned();
        let resources = self.aws("GET", &format!("/restapis/{id}/resources"), &Value::Null);
        let root = resources["item"][0]["id"].as_str().unwrap().to_owned();
        let method = format!("/restapis/{id}/resources/{root}/methods/GET");
        self.aws("PUT", &method, &json!({"authorizationType": "NONE"}));
        self.aws("PUT", &format!("{method}/responses/200"), &json!({}));
        let mock = json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}});
        self.aws("PUT", &format!("{method}/integration"), &mock);
        self.aws("PUT", &format!("{method}/integration/responses/200"), &json!({}));
        self.aws("POST", &format!("/restapis/{id}/deployments"), &json!({"stageName": "prod"}));
        id
    }

    /// The status of a request to the data port, on a connection of its own.
    pub(crate) fn get(&self, target: &str) -> u16 {
        exchange(self.node.data(), target).0
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.node.drain(&self.config));
    }
}

/// The program itself, as an operator runs it.
pub(crate) fn cardea(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cardea")).args(arguments).env_clear().output().unwrap()
}

/// A plain GET: its status, its whole answer.
pub(crate) fn exchange(to: SocketAddr, target: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}
