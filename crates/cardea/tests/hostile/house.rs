//! A node in front of the back end, the client that attacks it, and the verdict.

use crate::backend::{BackEnd, Sight};
use crate::case::{Case, End, Form, Meant};
use crate::strict::{self, Fault, Message, Source};
use cardea::config::{Config, Values};
use cardea::node::Node;
use rustls::{ClientConfig, RootCertStore};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Long enough for anything that is going to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct House {
    runtime: tokio::runtime::Runtime,
    node: Node,
    config: Config,
    data: SocketAddr,
    /// Terms of a client of HTTP/2, where there is a port for TLS.
    terms: Option<Arc<ClientConfig>>,
    pub(crate) back_end: BackEnd,
}

impl House {
    pub(crate) fn new() -> House {
        House::with(|_| (Vec::new(), None))
    }

    /// One with a port for TLS.
    pub(crate) fn secured() -> House {
        House::with(|directory| {
            let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
            let (certificate, key) = (directory.with_extension("pem"), directory.with_extension("key"));
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            let mut roots = RootCertStore::empty();
            roots.add(made.cert.der().clone()).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
            let mut terms = builder.with_root_certificates(roots).with_no_client_auth();
            terms.alpn_protocols = vec![b"h2".to_vec()];
            let flags = vec![
                ("listen-tls", "127.0.0.1:0".into()),
                ("tls-certificate", certificate.display().to_string()),
                ("tls-key", key.display().to_string()),
            ];
            (flags, Some(Arc::new(terms)))
        })
    }

    fn with(tls: impl FnOnce(&Path) -> (Vec<(&'static str, String)>, Option<Arc<ClientConfig>>)) -> House {
        static HOUSES: AtomicUsize = AtomicUsize::new(0);
        let number = HOUSES.fetch_add(1, Ordering::Relaxed);
        let back_end = BackEnd::start();
        let directory: PathBuf = std::env::temp_dir().join(format!("cardea-hostile-{}-{number}", std::process::id()));
        let (more, terms) = tls(&directory);
        let mut flags = vec![
            ("data-dir", directory.display().to_string()),
            ("listen", "127.0.0.1:0".into()),
            ("control", "127.0.0.1:0".into()),
            ("proxy", format!("/=http://{}", back_end.address)),
            ("threads", "1".into()),
            ("drain-seconds", "20".into()),
        ];
        flags.extend(more);
        let config = Config::read(&Values::join(&flags, std::iter::empty(), &[]).unwrap(), |_| None).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let node = runtime.block_on(Node::start(&config)).unwrap();
        House { data: node.data(), terms, runtime, node, config, back_end }
    }

    /// Where HTTP/2 is spoken, and on what terms.
    pub(crate) fn secure(&self) -> (SocketAddr, Arc<ClientConfig>) {
        (self.node.data_tls().unwrap(), self.terms.clone().unwrap())
    }

    pub(crate) fn client(&self) -> Client {
        let socket = TcpStream::connect(self.data).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { socket, held: Vec::new(), ended: false }
    }

    /// Sends an attack, and looks at what the client gets for it.
    pub(crate) fn attack(&self, number: usize, case: &Case, form: Form) -> Result<(), String> {
        let mut client = self.client();
        let bytes = case.numbered(number);
        match form {
            Form::Whole => client.send(&bytes),
            Form::Bytes => bytes.chunks(1).for_each(|byte| client.send(byte)),
            Form::Pipelined => {
                let good = format!("GET /good/{number} HTTP/1.1\r\nHost: a\r\n\r\n");
                client.send(&[good.as_bytes(), &bytes].concat());
                client.expect(&format!("/good/{number}"))?;
            }
        }
        for meant in &case.meant {
            client.expect(&meant.target.replace("{n}", &number.to_string()))?;
        }
        client.end(case.end)
    }

    /// Stops the node, and tells what the back end has seen.
    pub(crate) fn end(self) -> Seen {
        let House { runtime, node, config, back_end, .. } = self;
        runtime.block_on(node.drain(&config));
        let seen = Seen(back_end.end());
        std::fs::remove_dir_all(&config.data_dir).unwrap();
        for extension in ["pem", "key"] {
            let _plain = std::fs::remove_file(config.data_dir.with_extension(extension));
        }
        seen
    }
}

/// A client as rude as it likes.
pub(crate) struct Client {
    socket: TcpStream,
    held: Vec<u8>,
    ended: bool,
}

impl Client {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // A node that has refused takes no more.
        let _refused = self.socket.write_all(bytes);
    }

    /// The next answer; nothing if the connection ends before.
    pub(crate) fn answer(&mut self) -> Result<Option<Message>, String> {
        loop {
            let source = if self.ended { Source::Ended } else { Source::Open };
            match strict::answer(&self.held, source) {
                Ok(answer) => {
                    self.held.drain(..answer.bytes);
                    return Ok(Some(answer));
                }
                Err(Fault::Ambiguous(why)) => return Err(format!("an ambiguous answer: {why}: {:?}", String::from_utf8_lossy(&self.held))),
                Err(Fault::Partial) if self.ended => return Ok(None),
                Err(Fault::Partial) => self.read()?,
            }
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let mut piece = [0; 16 * 1024];
        match self.socket.read(&mut piece) {
            Ok(0) => self.ended = true,
            Ok(got) => self.held.extend_from_slice(&piece[..got]),
            Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => self.ended = true,
            Err(why) => return Err(format!("the client waits in vain: {why}; it has {:?}", String::from_utf8_lossy(&self.held))),
        }
        Ok(())
    }

    /// The back end's own answer to this target.
    pub(crate) fn expect(&mut self, target: &str) -> Result<(), String> {
        match self.answer()? {
            Some(answer) if answer.status() == 200 && answer.body == format!("answer to {target}").as_bytes() => Ok(()),
            Some(answer) => Err(format!("{target} was answered {:?} {:?}", answer.line, String::from_utf8_lossy(&answer.body))),
            None => Err(format!("{target} was not answered; there is {:?}", String::from_utf8_lossy(&self.held))),
        }
    }

    /// Nothing more is asked: how does the connection end?
    fn end(mut self, end: End) -> Result<(), String> {
        if end != End::Refused {
            // A refusal closes the connection without being asked to.
            let _gone = self.socket.shutdown(Shutdown::Write);
        }
        let refusal = self.answer()?;
        if let Some(refusal) = refusal {
            if end == End::Open {
                return Err(format!("one more answer: {:?}", refusal.line));
            }
            if refusal.status() < 400 || !refusal.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                return Err(format!("no refusal, or no close: {refusal:?}"));
            }
        }
        while !self.ended {
            self.read()?;
        }
        if !self.held.is_empty() {
            return Err(format!("one answer too many: {:?}", String::from_utf8_lossy(&self.held)));
        }
        Ok(())
    }
}

/// What the back end saw of a run.
pub(crate) struct Seen(Vec<Sight>);

impl Seen {
    fn requests(&self) -> impl Iterator<Item = &Message> {
        self.0.iter().filter_map(|sight| if let Sight::Request(request) = sight { Some(request) } else { None })
    }

    pub(crate) fn count(&self) -> usize {
        self.requests().count()
    }

    pub(crate) fn count_of(&self, target: &str) -> usize {
        self.requests().filter(|request| request.target() == target).count()
    }

    /// Does it hold what was meant by this attack, and nothing else of it?
    pub(crate) fn holds(&self, number: usize, case: &Case) -> Result<(), String> {
        let own = format!("/case/{number}");
        let mine = |target: &str| target.strip_prefix(&own).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        let mut seen: Vec<&Message> = self.requests().filter(|request| mine(request.target())).collect();
        for meant in &case.meant {
            let at = seen.iter().position(|request| is_meant(request, meant, number));
            match at {
                Some(at) => drop(seen.remove(at)),
                None => return Err(format!("{meant:?} did not arrive; there is {seen:?}")),
            }
        }
        if !seen.is_empty() {
            return Err(format!("the back end saw what nobody meant: {seen:?}"));
        }
        let cut = self
            .0
            .iter()
            .any(|sight| matches!(sight, Sight::Cut(bytes) if strict::request_head(bytes).is_ok_and(|head| mine(head.target()))));
        if cut && case.end != End::Cut { Err("a piece of it reached the back end".into()) } else { Ok(()) }
    }

    /// What must never be there, whatever was sent.
    pub(crate) fn strange(&self) -> Vec<String> {
        let strange = |sight: &Sight| match sight {
            Sight::Request(request) if request.target().contains("smuggled") => Some(format!("a smuggled request: {request:?}")),
            Sight::Ambiguous(why, bytes) => {
                Some(format!("the back end could read it otherwise: {why}: {:?}", String::from_utf8_lossy(bytes)))
            }
            _ => None,
        };
        self.0.iter().filter_map(strange).collect()
    }
}

fn is_meant(request: &Message, meant: &Meant, number: usize) -> bool {
    request.line == format!("{} {} HTTP/1.1", meant.verb, meant.target.replace("{n}", &number.to_string()))
        && request.body == meant.body
        && meant.without.iter().all(|name| request.field(name).is_none())
}
