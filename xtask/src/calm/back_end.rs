//! A back end that misbehaves as it is asked to, in a process of its own, so that it can be killed.
//!
//! The last but one segment of a target says how: `/hang/n1` is never answered, `/close/n1` is answered well, and then the connection ends
//! without a word. What is answered well repeats its target.

use super::herd::number_of;
use crate::failure::Outcome;
use memchr::memmem;
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// What can be asked for.
pub(super) const FAULTS: [&str; 10] = ["hang", "early", "garbage", "nothing", "close", "half", "reset", "short", "trickle", "late"];

const READ_BYTES: usize = 16 * 1024;
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Between two bytes that trickle.
const TRICKLE: Duration = Duration::from_millis(1);
/// A slow answer, within the time that it has.
const LATE: Duration = Duration::from_millis(50);

/// Where to listen.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// What becomes of the connection.
enum After {
    Next,
    End,
}

/// Serves until it is killed.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", options.port))?;
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming().flatten() {
        // A client more than there are threads for is not served, as anywhere.
        let _unserved = std::thread::Builder::new().stack_size(256 * 1024).spawn(move || {
            // A connection that breaks is the other side's doing here.
            let _broken = serve(stream);
        });
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut held, mut piece) = (Vec::new(), vec![0; READ_BYTES]);
    loop {
        let end = loop {
            if let Some(end) = memmem::find(&held, b"\r\n\r\n") {
                break end;
            }
            match stream.read(&mut piece)? {
                bytes if bytes > 0 && held.len() < REQUEST_BYTES_MAX => held.extend_from_slice(&piece[..bytes]),
                _ => return Ok(()),
            }
        };
        let target = String::from_utf8_lossy(held[..end].split(|byte| *byte == b' ').nth(1).unwrap_or(b"")).into_owned();
        let fault = target.rsplit('/').nth(1).unwrap_or("").to_owned();
        if fault == "early" {
            stream.write_all(&good(&target))?;
        }
        let whole = end + 4 + number_of(&held[..end], b"content-length").unwrap_or(0);
        while held.len() < whole {
            match stream.read(&mut piece)? {
                bytes if bytes > 0 && held.len() < REQUEST_BYTES_MAX => held.extend_from_slice(&piece[..bytes]),
                _ => return Ok(()),
            }
        }
        held.drain(..whole);
        match answer(&mut stream, &fault, &target)? {
            After::Next => {}
            After::End => return Ok(()),
        }
    }
}

fn good(target: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{target}", target.len()).into_bytes()
}

fn answer(stream: &mut TcpStream, fault: &str, target: &str) -> std::io::Result<After> {
    match fault {
        "early" => return Ok(After::Next),
        "hang" => {
            // Until the other side has had enough.
            while stream.read(&mut [0; 64])? > 0 {}
            return Ok(After::End);
        }
        "garbage" => stream.write_all(b"\x16\x03\x01 what is this\r\n\r\n")?,
        "nothing" => {}
        "close" => stream.write_all(&good(target))?,
        "half" => {
            stream.write_all(&good(target))?;
            stream.shutdown(Shutdown::Write)?;
            while stream.read(&mut [0; 64])? > 0 {}
        }
        "reset" => {
            let whole = good(target);
            stream.write_all(&whole[..whole.len() - 3])?;
            std::thread::sleep(TRICKLE);
            SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?;
        }
        "short" => {
            let whole = good(target);
            stream.write_all(&whole[..whole.len() - 3])?;
        }
        "trickle" => {
            for byte in good(target) {
                stream.write_all(&[byte])?;
                std::thread::sleep(TRICKLE);
            }
            return Ok(After::Next);
        }
        fault => {
            if fault == "late" {
                std::thread::sleep(LATE);
            }
            stream.write_all(&good(target))?;
            return Ok(After::Next);
        }
    }
    Ok(After::End)
}
