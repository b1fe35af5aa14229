//! Clients over TLS, speaking HTTP/1.1 or HTTP/2: as little of each as it takes to ask the same questions again and again, and to count
//! the answers.

use crate::failure::{Outcome, fail};
use crate::load::{Got, Incoming, Protocol};
use mio::net::TcpStream;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

/// What begins a connection of HTTP/2: the preface, empty settings, and room for a gigabyte of answers.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x04\x08\0\0\0\0\0\x3f\xff\x00\x00";
const SETTINGS_TAKEN: &[u8] = b"\0\0\0\x04\x01\0\0\0\0";
const FRAME_HEAD_BYTES: usize = 9;
/// `:status 200`, from the static table.
const STATUS_200: u8 = 0x88;
/// Answers after which more room is given: well before what was given first is used up.
const ROOM_EVERY: u32 = 100_000;

/// A connection under TLS.
pub(crate) struct Secure {
    tls: ClientConnection,
    spoken: Spoken,
    plain: Vec<u8>,
}

enum Spoken {
    Http1(Incoming),
    Http2 { next_stream: u32, answers: u32, good: bool },
}

/// How everybody is asked: whatever certificate they have.
pub(crate) fn config(protocol: Protocol) -> Outcome<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(fail)?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate)).with_no_client_auth();
    config.alpn_protocols = vec![if protocol == Protocol::Http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    Ok(Arc::new(config))
}

impl Secure {
    /// Shakes hands, while nothing else happens here: who is measured has a core of its own.
    pub(crate) fn connect(config: &Arc<ClientConfig>, protocol: Protocol, stream: &mut std::net::TcpStream) -> Outcome<Secure> {
        let name = ServerName::try_from("api.example.test").map_err(fail)?;
        let mut tls = ClientConnection::new(config.clone(), name).map_err(fail)?;
        if protocol == Protocol::Http2 {
            tls.writer().write_all(PREFACE)?;
        }
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(stream)?;
        }
        let spoken = match protocol {
            Protocol::Http2 if tls.alpn_protocol() != Some(b"h2") => return Err(fail("HTTP/2 was not agreed to")),
            Protocol::Http2 => Spoken::Http2 { next_stream: 1, answers: 0, good: true },
            _ => Spoken::Http1(Incoming::default()),
        };
        Ok(Secure { tls, spoken, plain: Vec::new() })
    }

    /// Sends a request that [`prepared`] made.
    pub(crate) fn ask(&mut self, stream: &mut TcpStream, request: &[u8]) -> Outcome<()> {
        match &mut self.spoken {
            Spoken::Http1(_) => self.tls.writer().write_all(request)?,
            Spoken::Http2 { next_stream, .. } => {
                // HEADERS, with END_HEADERS and END_STREAM.
                let mut head = frame_head(request.len(), 1, 5);
                head[5..].copy_from_slice(&next_stream.to_be_bytes());
                *next_stream += 2;
                self.tls.writer().write_all(&head)?;
                self.tls.writer().write_all(request)?;
            }
        }
        self.send(stream)
    }

    fn send(&mut self, stream: &mut TcpStream) -> Outcome<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(stream) {
                Ok(_) => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Err(fail("a request does not fit into a socket's buffer")),
                // Closed between two requests: reading will tell.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Takes what has come.
    pub(crate) fn read(&mut self, stream: &mut TcpStream) -> Got {
        let (mut good, mut bad) = (0, 0);
        loop {
            match self.tls.read_tls(stream) {
                Ok(0) => return Got::Broken,
                Ok(_) => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Got::Broken,
            }
            let Ok(state) = self.tls.process_new_packets() else { return Got::Broken };
            let from = self.plain.len();
            self.plain.resize(from + state.plaintext_bytes_to_read(), 0);
            if self.tls.reader().read_exact(&mut self.plain[from..]).is_err() {
                return Got::Broken;
            }
            let taken = match &mut self.spoken {
                Spoken::Http1(incoming) => {
                    let taken = incoming.take(&self.plain);
                    self.plain.clear();
                    taken
                }
                Spoken::Http2 { .. } => self.frames(),
            };
            match taken {
                Got::Nothing => {}
                Got::Answers { good: more, bad: worse } => (good, bad) = (good + more, bad + worse),
                Got::Broken => return Got::Broken,
            }
        }
        if self.tls.wants_write() && self.send(stream).is_err() {
            return Got::Broken;
        }
        if good + bad > 0 { Got::Answers { good, bad } } else { Got::Nothing }
    }

    /// Takes whole frames.
    fn frames(&mut self) -> Got {
        let Spoken::Http2 { answers, good: is_good, .. } = &mut self.spoken else { return Got::Broken };
        let (mut from, mut good, mut bad) = (0, 0, 0);
        let mut replies: Vec<u8> = Vec::new();
        while let Some(head) = self.plain.get(from..from + FRAME_HEAD_BYTES) {
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let (kind, flags) = (head[3], head[4]);
            let Some(payload) = self.plain.get(from + FRAME_HEAD_BYTES..from + FRAME_HEAD_BYTES + length) else { break };
            let ends = matches!(kind, 0 | 1) && flags & 1 != 0;
            match kind {
                // Some tell first how large their table is.
                1 => *is_good = payload.iter().find(|byte| **byte & 0xe0 != 0x20) == Some(&STATUS_200),
                3 => bad += 1,
                4 if flags & 1 == 0 => replies.extend_from_slice(SETTINGS_TAKEN),
                6 if flags & 1 == 0 => {
                    replies.extend_from_slice(&frame_head(length, 6, 1));
                    replies.extend_from_slice(payload);
                }
                7 => return Got::Broken,
                _ => {}
            }
            if ends {
                *(if *is_good { &mut good } else { &mut bad }) += 1;
                *answers += 1;
                if answers.is_multiple_of(ROOM_EVERY) {
                    replies.extend_from_slice(&PREFACE[PREFACE.len() - FRAME_HEAD_BYTES - 4..]);
                }
            }
            from += FRAME_HEAD_BYTES + length;
        }
        self.plain.drain(..from);
        if !replies.is_empty() && self.tls.writer().write_all(&replies).is_err() {
            return Got::Broken;
        }
        if good + bad > 0 { Got::Answers { good, bad } } else { Got::Nothing }
    }
}

fn frame_head(length: usize, kind: u8, flags: u8) -> [u8; FRAME_HEAD_BYTES] {
    let [.., a, b, c] = length.to_be_bytes();
    [a, b, c, kind, flags, 0, 0, 0, 0]
}

/// A request of HTTP/1.1, as it is sent by this protocol. For HTTP/2: its fields, each spelled out, so that no table has to be kept.
pub(crate) fn prepared(protocol: Protocol, request: &[u8]) -> Outcome<Vec<u8>> {
    if protocol != Protocol::Http2 {
        return Ok(request.to_vec());
    }
    let text = std::str::from_utf8(request).map_err(fail)?;
    let mut lines = text.lines();
    let target = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or_else(|| fail("a request without a target"))?;
    // GET and https, from the static table.
    let mut block = vec![0x82, 0x87];
    let put = |block: &mut Vec<u8>, text: &str| {
        block.push(text.len() as u8);
        block.extend_from_slice(text.as_bytes());
    };
    block.push(0x04);
    put(&mut block, target);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.len() > 126 || value.len() > 126 {
            return Err(fail("a field is too long for this client"));
        }
        if name.eq_ignore_ascii_case("host") {
            block.push(0x01);
        } else {
            block.push(0);
            put(&mut block, &name.to_ascii_lowercase());
        }
        put(&mut block, value);
    }
    Ok(block)
}

/// A certificate and its key, as everybody under test is given them: certificate, key, both in one file.
pub(crate) fn certificate(folder: &std::path::Path) -> Outcome<[std::path::PathBuf; 3]> {
    let files = ["site.pem", "site.key", "both.pem"].map(|name| folder.join(name));
    if !files[2].exists() {
        let made = rcgen::generate_simple_self_signed(vec!["api.example.test".into(), "localhost".into()]).map_err(fail)?;
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        std::fs::write(&files[0], &certificate)?;
        std::fs::write(&files[1], &key)?;
        std::fs::write(&files[2], certificate + &key)?;
    }
    Ok(files)
}

/// Nothing is secret here.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
