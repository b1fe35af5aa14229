//! One question over HTTP on a connection of its own, off the data threads: for keys, which are asked for rarely.

use crate::upstream::{Target, Tls, Transport};
use h1::{BodyLength, Client, ClientNext, Limits, Method, RequestWriter, ResponseHead};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What is asked.
pub(super) struct Question<'q> {
    pub(super) method: &'q str,
    pub(super) path: &'q str,
    pub(super) fields: &'q [(&'q str, &'q str)],
    pub(super) body: Option<&'q [u8]>,
}

/// Asks. Answers the status and the text. `tls` is for targets that are spoken to so.
pub(super) async fn ask(target: &Target, question: &Question<'_>, tls: Option<&Tls>, within: Duration) -> Result<(u16, String), String> {
    match tokio::time::timeout(within, connected(target, question, tls)).await {
        Ok(answered) => answered,
        Err(_) => Err(format!("{} did not answer in time", target.origin())),
    }
}

async fn connected(target: &Target, question: &Question<'_>, tls: Option<&Tls>) -> Result<(u16, String), String> {
    let told = |why: String| format!("{}: {why}", target.authority());
    let stream = TcpStream::connect((target.host(), target.port())).await.map_err(|why| told(why.to_string()))?;
    let (Transport::Tls(_), Some(tls)) = (target.transport(), tls) else {
        return exchange(stream, target, question).await.map_err(told);
    };
    let config = tls.by_authorities().await.map_err(told)?;
    let name = target.server_name().ok_or_else(|| told("no certificate can be for this name".to_owned()))?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|why| told(format!("TLS: {why}")))?;
    exchange(stream, target, question).await.map_err(told)
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    target: &Target,
    question: &Question<'_>,
) -> Result<(u16, String), String> {
    let length = question.body.map_or(BodyLength::None, |body| BodyLength::Exact(body.len() as u64));
    let mut out = Vec::new();
    let mut writer =
        RequestWriter::start(&mut out, question.method, question.path, target.authority()).map_err(|why| why.because.to_owned())?;
    for (name, value) in question.fields {
        writer.field(name, value.as_bytes()).map_err(|why| why.because.to_owned())?;
    }
    writer.finish(length, h1::Connection::Close);
    let mut client = Client::new();
    if !client.begin(Method::of(question.method.as_bytes()), false, length) {
        return Err("a new connection is not free".to_owned());
    }
    if let Some(body) = question.body.filter(|body| !body.is_empty()) {
        let frame = client.frame(body.len(), &mut out).map_err(|_| "the request cannot be framed")?;
        out.extend_from_slice(body);
        out.extend_from_slice(frame.tail);
    }
    client.finish_request(&mut out).map_err(|_| "the request cannot be framed")?;
    client.mark_sent();
    stream.write_all(&out).await.map_err(|why| why.to_string())?;
    stream.flush().await.map_err(|why| why.to_string())?;
    let limits = Limits { body_bytes_max: ANSWER_BYTES_MAX, ..Limits::for_upstreams() };
    let (mut bytes, mut head) = (Vec::new(), ResponseHead::default());
    loop {
        match client.next(&mut bytes, &mut head, &limits) {
            ClientNext::Answer => break,
            ClientNext::Read => {}
            ClientNext::Bad(why) => return Err(why.because.to_owned()),
            ClientNext::Nothing => return Err("nothing was asked".to_owned()),
        }
        if stream.read_buf(&mut bytes).await.map_err(|why| why.to_string())? == 0 {
            return Err("the connection ended before the answer".to_owned());
        }
    }
    let mut from = 0;
    loop {
        let decoded = client.body(&mut bytes, from).map_err(|why| format!("{why:?}"))?;
        from = bytes.len();
        if decoded.end {
            break;
        }
        if stream.read_buf(&mut bytes).await.map_err(|why| why.to_string())? == 0 {
            client.end_of_input().map_err(|why| format!("{why:?}"))?;
            break;
        }
    }
    String::from_utf8(bytes).map(|text| (head.status(), text)).map_err(|_| "the answer is no text".to_owned())
}
