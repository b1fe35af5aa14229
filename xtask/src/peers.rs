//! Who is measured: Cardea, nginx and HAProxy, each doing the whole work and each proxying plainly.
//!
//! The whole work: one route of 100, an API key of 10,000, a rate limit for each key, a request id made, passed on and returned, and a
//! record of each request as JSON in a file. Where the programs differ, each is given its own cheapest way: nginx buffers its log and
//! finds keys in a hash; HAProxy finds keys in a tree and routes by prefix, and writes its log line by line, since it cannot buffer.
//! Cardea does more than either (a parameter in each route, a throttle of the stage, what `explain` remembers) and is not spared it.

use crate::catalogue::{KEYS, ROUTES, key, keyless, requests, route};
use crate::failure::{Outcome, fail};
use crate::load::{Load, Questions};
use crate::node::{Node, STAGE, host};
use crate::place::{MEASURED_CORE, Output, Running, free_port, wait_for_port};
use crate::secure::certificate;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One that is measured, with what it is asked.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Which of the processes it is.
    pub(crate) process: usize,
    pub(crate) questions: Questions,
    /// A request that it must refuse, when it does the whole work.
    refused: Option<Vec<u8>>,
    /// Records of requests, to be emptied between runs.
    log: Option<PathBuf>,
}

/// All that runs.
pub(crate) struct Field {
    pub(crate) processes: Vec<Running>,
    pub(crate) peers: Vec<Peer>,
}

/// The names that can be chosen.
pub(crate) const NAMES: &[&str] = &["cardea", "cardea-plain", "nginx", "nginx-plain", "haproxy", "haproxy-plain"];

const PLAIN_HOST: &str = "api.example.test";

impl Field {
    /// Starts everybody who is wanted, and sees that each does its work.
    pub(crate) fn start(program: &Path, folder: &Path, load: &mut Load, wanted: &[String], settings: &[String]) -> Outcome<Field> {
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
        if let Some(strange) = wanted.iter().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(fail(format!("nobody is called {strange}; there are {}", NAMES.join(", "))));
        }
        let mut field = Field { processes: Vec::new(), peers: Vec::new() };
        for name in NAMES.iter().copied().filter(|name| is_wanted(name)) {
            let whole = !name.ends_with("-plain");
            match name.split('-').next().unwrap_or_default() {
                "cardea" => {
                    let [certificate, key, _] = certificate(folder)?;
                    let tls = [
                        "listen-tls=127.0.0.1:0".to_owned(),
                        format!("tls-certificate={}", certificate.display()),
                        format!("tls-key={}", key.display()),
                    ];
                    let settings: Vec<String> = settings.iter().cloned().chain(tls).collect();
                    field.add_cardea(name, Node::start(program, folder, name, 1, &settings)?, folder, load, whole)?;
                }
                "nginx" => field.add_nginx(name, folder, load.port(), whole)?,
                _ => field.add_haproxy(name, folder, load.port(), whole)?,
            }
        }
        for peer in &field.peers {
            peer.check(load)?;
        }
        Ok(field)
    }

    fn add_cardea(&mut self, name: &'static str, node: Node, folder: &Path, load: &Load, whole: bool) -> Outcome<()> {
        let back_end = load.port();
        let port = node.run.data.port();
        let (api, log) = if whole {
            (node.set_up(back_end)?, Some(folder.join(name).join("logs/bench.log")))
        } else {
            (node.set_up_plain(back_end)?, None)
        };
        let before = format!("/{STAGE}");
        let tls_port = node.run.data_tls.map_or(0, |address| address.port());
        let questions = Questions { port, tls_port, requests: requests(&host(&api), &before) };
        let refused = whole.then(|| keyless(&host(&api), &before));
        self.peers.push(Peer { name, process: self.processes.len(), questions, refused, log });
        self.processes.push(node.process);
        Ok(())
    }

    fn add_nginx(&mut self, name: &'static str, folder: &Path, back_end: u16, whole: bool) -> Outcome<()> {
        let ports = [free_port()?, free_port()?];
        let conf = folder.join(format!("{name}.conf"));
        fs::write(&conf, nginx(folder, name, ports, back_end, whole)?)?;
        let mut command = Command::new(find("nginx")?);
        command.arg("-c").arg(&conf).arg("-p").arg(folder).arg("-e").arg(folder.join(format!("{name}.err")));
        self.add(name, &mut command, folder, ports, whole, whole.then(|| folder.join(format!("{name}.access"))))
    }

    fn add_haproxy(&mut self, name: &'static str, folder: &Path, back_end: u16, whole: bool) -> Outcome<()> {
        let ports = [free_port()?, free_port()?];
        let conf = folder.join(format!("{name}.cfg"));
        fs::write(&conf, haproxy(folder, ports, back_end, whole)?)?;
        let mut command = Command::new(find("haproxy")?);
        command.arg("-db").arg("-f").arg(&conf);
        self.add(name, &mut command, folder, ports, whole, whole.then(|| folder.join(format!("{name}.out"))))
    }

    fn add(
        &mut self,
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        [port, tls_port]: [u16; 2],
        whole: bool,
        log: Option<PathBuf>,
    ) -> Outcome<()> {
        let mut process = Running::start(command, &[MEASURED_CORE], folder, name, Output::Kept)?;
        if !wait_for_port(port, &mut process) {
            let said = fs::read_to_string(folder.join(format!("{name}.err"))).unwrap_or_default();
            return Err(fail(format!("{name} did not start: {said}")));
        }
        let questions = Questions { port, tls_port, requests: requests(PLAIN_HOST, "") };
        let refused = whole.then(|| keyless(PLAIN_HOST, ""));
        self.peers.push(Peer { name, process: self.processes.len(), questions, refused, log });
        self.processes.push(process);
        Ok(())
    }
}

impl Peer {
    /// Sees that it lets through what it must, gives answers their request id, and refuses who has no key.
    fn check(&self, load: &mut Load) -> Outcome<()> {
        let let_through = load.once(self.questions.port, &self.questions.requests[0])?;
        let wrong = |what: &str, answer: &str| fail(format!("{} {what}; it answered\n{answer}", self.name));
        if !let_through.starts_with("HTTP/1.1 200") {
            return Err(wrong("refuses a good request", &let_through));
        }
        let Some(refused) = &self.refused else { return Ok(()) };
        if !let_through.to_ascii_lowercase().contains("\nx-amzn-requestid:") {
            return Err(wrong("returns no request id", &let_through));
        }
        let answer = load.once(self.questions.port, refused)?;
        if answer.starts_with("HTTP/1.1 403") { Ok(()) } else { Err(wrong("takes a request without a key", &answer)) }
    }

    /// Empties its records, so that a long run does not fill the disk.
    pub(crate) fn empty_log(&self) {
        if let Some(log) = &self.log
            && let Ok(file) = fs::File::options().write(true).open(log)
        {
            // It is written to by appending; what cannot be emptied goes with the folder.
            let _full = file.set_len(0);
        }
    }

    /// Bytes that its records have.
    pub(crate) fn log_bytes(&self) -> Option<u64> {
        self.log.as_ref().map(|log| fs::metadata(log).map_or(0, |log| log.len()))
    }
}

/// Finds a program of the system's, or says how to get it.
fn find(name: &str) -> Outcome<PathBuf> {
    let named = std::env::var_os(name.to_ascii_uppercase()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    let found = named.or_else(|| folders.map(|folder| folder.join(name)).find(|program| program.is_file()));
    found.ok_or_else(|| {
        fail(format!(
            "{name} is missing. On Debian: apt-get install nginx-light haproxy. Or name it: {}=/path/to/{name}",
            name.to_ascii_uppercase()
        ))
    })
}

const STRING: &str = "a string takes what is written to it";

fn nginx(folder: &Path, name: &str, [port, tls_port]: [u16; 2], back_end: u16, whole: bool) -> Outcome<String> {
    let [site, site_key, _] = certificate(folder)?;
    let folder = folder.display();
    let mut text = String::new();
    let mut say = |line: String| writeln!(text, "{line}").expect(STRING);
    say(format!("worker_processes 1; daemon off; master_process off; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;"));
    say("worker_rlimit_nofile 20000;\nevents { worker_connections 20000; multi_accept on; }\nhttp {".into());
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        say(format!("{kind}_temp_path {folder}/{name}.{kind};"));
    }
    say("keepalive_requests 1000000000; keepalive_timeout 600s; proxy_max_temp_file_size 0; server_tokens off;".into());
    say(format!("upstream back {{ server 127.0.0.1:{back_end}; keepalive 512; keepalive_requests 1000000000; }}"));
    say(format!("ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.3;", site.display(), site_key.display()));
    let listen = format!("listen 127.0.0.1:{port} backlog=4096; listen 127.0.0.1:{tls_port} ssl http2 backlog=4096;");
    let forward = "proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;";
    if !whole {
        say(format!("access_log off;\nserver {{ {listen} location / {{ {forward} }} }}\n}}"));
        return Ok(text);
    }
    let keys: String = (0..KEYS).map(|number| format!("\"{}\" id{number};\n", key(number))).collect();
    say(format!("map_hash_max_size 65536; map_hash_bucket_size 128;\nmap $http_x_api_key $key {{ default \"\"; {keys} }}"));
    say("limit_req_zone $key zone=keys:20m rate=100000r/s;".into());
    let members = [
        ("requestId", "$request_id"),
        ("ip", "$remote_addr"),
        ("requestTime", "$time_local"),
        ("httpMethod", "$request_method"),
        ("resourcePath", "$uri"),
        ("status", "$status"),
        ("protocol", "$server_protocol"),
        ("responseLength", "$body_bytes_sent"),
        ("key", "$key"),
        ("latency", "$request_time"),
        ("integrationLatency", "$upstream_response_time"),
    ];
    say(format!("log_format record escape=json '{}';", record(&members)));
    say(format!("access_log {folder}/{name}.access record buffer=64k flush=1s;"));
    say(format!("server {{ {listen}\nif ($key = \"\") {{ return 403; }}"));
    say("limit_req zone=keys burst=10000 nodelay; limit_req_status 429;".into());
    for number in 0..ROUTES {
        let id = "proxy_set_header X-Amzn-RequestId $request_id; add_header x-amzn-RequestId $request_id;";
        say(format!("location /{}/items/ {{ {forward} {id} }}", route(number)));
    }
    say("location / { return 403; }\n}\n}".into());
    Ok(text)
}

fn haproxy(folder: &Path, [port, tls_port]: [u16; 2], back_end: u16, whole: bool) -> Outcome<String> {
    let [_, _, both] = certificate(folder)?;
    let mut text = String::new();
    let mut say = |line: &str| writeln!(text, "{line}").expect(STRING);
    say("global\n nbthread 1\n maxconn 9900\n ulimit-n 20000");
    if whole {
        say(" log stdout format raw local0");
    }
    say("defaults\n mode http\n http-reuse safe\n timeout connect 5s\n timeout client 600s\n timeout server 60s");
    say(" timeout http-keep-alive 600s\n timeout http-request 600s");
    say(&format!("frontend front\n bind 127.0.0.1:{port} backlog 4096"));
    let alpn = "alpn h2,http/1.1 ssl-min-ver TLSv1.3 no-tls-tickets";
    say(&format!(" bind 127.0.0.1:{tls_port} ssl crt {} {alpn} backlog 4096", both.display()));
    if whole {
        let keys: String = (0..KEYS).map(|number| format!("{} id{number}\n", key(number))).collect();
        let routes: String = (0..ROUTES).map(|number| format!("/{}/items/ r{number}\n", route(number))).collect();
        let (keys_file, routes_file) = (folder.join("haproxy.keys"), folder.join("haproxy.routes"));
        fs::write(&keys_file, keys)?;
        fs::write(&routes_file, routes)?;
        let members = [
            ("requestId", "%ID"),
            ("ip", "%ci"),
            ("requestTime", "%tr"),
            ("httpMethod", "%HM"),
            ("resourcePath", "%HP"),
            ("status", "%ST"),
            ("protocol", "%HV"),
            ("responseLength", "%B"),
            ("key", "%[var(txn.key)]"),
            ("latency", "%Ta"),
            ("integrationLatency", "%Tr"),
        ];
        say(" log global\n unique-id-format %[uuid()]\n unique-id-header X-Amzn-RequestId");
        say(&format!(" http-request set-var(txn.key) req.hdr(x-api-key),map_str({})", keys_file.display()));
        say(&format!(" http-request set-var(txn.route) path,map_beg({})", routes_file.display()));
        say(" http-request deny deny_status 403 unless { var(txn.key) -m found }");
        say(" http-request deny deny_status 403 unless { var(txn.route) -m found }");
        say(" http-request track-sc0 var(txn.key) table rates");
        say(" http-request deny deny_status 429 if { sc0_http_req_rate(rates) gt 1000000 }");
        say(" http-response set-header x-amzn-RequestId %[unique-id]");
        say(&format!(" log-format '{}'", record(&members)));
    }
    say(&format!(" default_backend back\nbackend back\n server one 127.0.0.1:{back_end} pool-max-conn 2000"));
    if whole {
        say("backend rates\n stick-table type string len 32 size 20k expire 60s store http_req_rate(10s)");
    }
    Ok(text)
}

fn record(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    format!("{{{}}}", members.join(","))
}
