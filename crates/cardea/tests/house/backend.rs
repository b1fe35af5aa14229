//! A back end on loopback that follows a script and remembers what it was asked.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What it does with a request, once it has read it.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends these bytes.
    Answer(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Says nothing, and keeps the connection.
    Silence,
}

/// The back end.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    shared: Rc<Shared>,
}

struct Shared {
    act: RefCell<Act>,
    /// Requests, as they came.
    seen: RefCell<Vec<String>>,
    silent: Notify,
}

impl Backend {
    /// Listens on a port of its own. To be made on a [`super::world::run`].
    pub(crate) async fn start() -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let act = Act::Answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello".to_vec());
        let shared = Rc::new(Shared { act: RefCell::new(act), seen: RefCell::default(), silent: Notify::new() });
        let backend = Backend { address: listener.local_addr().unwrap(), shared: shared.clone() };
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(serve(stream, shared.clone()));
            }
        });
        backend
    }

    /// What it does from now on.
    pub(crate) fn does(&self, act: Act) {
        *self.shared.act.borrow_mut() = act;
    }

    /// The last request.
    pub(crate) fn last(&self) -> Option<String> {
        self.shared.seen.borrow().last().cloned()
    }

    /// Waits until it keeps somebody waiting.
    pub(crate) async fn is_silent(&self) {
        self.shared.silent.notified().await;
    }
}

async fn serve(mut stream: TcpStream, shared: Rc<Shared>) {
    while let Some(request) = read(&mut stream).await {
        shared.seen.borrow_mut().push(request);
        let act = shared.act.borrow().clone();
        match act {
            Act::Answer(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Close => return,
            Act::Silence => shared.silent.notify_one(),
        }
    }
}

/// A head, and a body of the length it tells.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    bytes.extend_from_slice(&body);
    Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}
