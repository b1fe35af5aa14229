//! A back end that reads as strictly as can be, writes down everything, and answers what it is told to.

use crate::strict::{self, Fault, Message};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What it saw.
#[derive(Debug)]
pub(crate) enum Sight {
    Request(Message),
    /// A request that ended before it was whole.
    Cut(Vec<u8>),
    /// Something that could be read in two ways.
    Ambiguous(String, Vec<u8>),
}

/// What it says to a target instead of a plain answer.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) bytes: Vec<u8>,
    /// Then it closes the connection.
    pub(crate) closes: bool,
    /// It says so when it has seen the head, and not the body.
    pub(crate) is_early: bool,
}

#[derive(Default)]
struct Book {
    sights: Vec<Sight>,
    scripts: HashMap<String, Script>,
    readers: Vec<JoinHandle<()>>,
    ended: bool,
}

pub(crate) struct BackEnd {
    pub(crate) address: SocketAddr,
    book: Arc<Mutex<Book>>,
    accepting: JoinHandle<()>,
}

impl BackEnd {
    pub(crate) fn start() -> BackEnd {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let book = Arc::new(Mutex::new(Book::default()));
        let mine = book.clone();
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                if mine.lock().unwrap().ended {
                    return;
                }
                let book = mine.clone();
                let reader = std::thread::spawn(move || converse(stream, &book));
                mine.lock().unwrap().readers.push(reader);
            }
        });
        BackEnd { address, book, accepting }
    }

    /// From now on a target is answered like this.
    pub(crate) fn script(&self, target: String, script: Script) {
        self.book.lock().unwrap().scripts.insert(target, script);
    }

    /// Everything it saw. Its connections must have been closed by the other side.
    pub(crate) fn end(self) -> Vec<Sight> {
        self.book.lock().unwrap().ended = true;
        TcpStream::connect(self.address).unwrap();
        self.accepting.join().unwrap();
        let readers = std::mem::take(&mut self.book.lock().unwrap().readers);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        std::mem::take(&mut self.book.lock().unwrap().sights)
    }
}

fn converse(mut stream: TcpStream, book: &Mutex<Book>) {
    let (mut held, mut piece, mut answered_early) = (Vec::new(), [0; 16 * 1024], false);
    let note = |sight| book.lock().unwrap().sights.push(sight);
    loop {
        let got = stream.read(&mut piece).unwrap_or(0);
        if got == 0 {
            if !held.is_empty() {
                note(Sight::Cut(held));
            }
            return;
        }
        held.extend_from_slice(&piece[..got]);
        loop {
            if let Ok(head) = strict::request_head(&held)
                && !answered_early
            {
                let script = book.lock().unwrap().scripts.get(head.target()).filter(|script| script.is_early).cloned();
                answered_early = script.is_some_and(|script| {
                    say(&mut stream, &script);
                    true
                });
            }
            match strict::request(&held) {
                Ok(request) => {
                    held.drain(..request.bytes);
                    let script = book.lock().unwrap().scripts.get(request.target()).cloned();
                    let target = request.target().to_owned();
                    note(Sight::Request(request));
                    if !std::mem::take(&mut answered_early) {
                        say(&mut stream, &script.unwrap_or_else(|| plain(&target)));
                    }
                }
                Err(Fault::Partial) => break,
                Err(Fault::Ambiguous(why)) => return note(Sight::Ambiguous(why, held)),
            }
        }
    }
}

/// The answer that names what was asked.
fn plain(target: &str) -> Script {
    let body = format!("answer to {target}");
    let bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    Script { bytes, closes: false, is_early: false }
}

fn say(stream: &mut TcpStream, script: &Script) {
    // Whoever asked may have gone.
    let _gone = stream.write_all(&script.bytes);
    if script.closes {
        let _gone = stream.shutdown(Shutdown::Write);
    }
}
