//! Active health checks: a connection, or an HTTP request and the status of its answer. On the control runtime, a bounded number at once.

use super::peer::Peer;
use super::terms::{Check, HttpCheck};
use crate::upstream::Tls;
use base::world::Clock;
use h1::{BodyLength, Client, ClientNext, Limits, Method, RequestWriter, ResponseHead};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

/// Targets that are looked at at once.
const LOOKS_MAX: usize = 256;

/// Looks at targets.
pub(super) struct Doctor {
    tls: Arc<Tls>,
    places: Arc<Semaphore>,
}

impl Doctor {
    pub(super) fn new(tls: Arc<Tls>) -> Doctor {
        Doctor { tls, places: Arc::new(Semaphore::new(LOOKS_MAX)) }
    }

    /// Looks at a target, beside everything else.
    pub(super) fn look(&self, peer: Arc<Peer>, check: Arc<Check>, clock: Clock) {
        let (tls, places) = (self.tls.clone(), self.places.clone());
        tokio::spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            let timeout = Duration::from_millis(u64::from(check.timeout_ms));
            let port = check.port.unwrap_or(peer.port());
            let outcome = match tokio::time::timeout(timeout, probe(check.http.as_ref(), peer.host(), port, &tls)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("no answer to the health check within {} ms", check.timeout_ms)),
            };
            let was_good = outcome.is_ok();
            let changed = peer.looked(outcome, check.healthy_after, check.unhealthy_after, clock.now());
            peer.is_looked_at.store(false, Relaxed);
            if changed {
                let because = peer.because();
                tracing::info!(host = peer.host(), port, healthy = was_good, because = &*because, "a target's health has changed");
            }
        });
    }
}

async fn probe(http: Option<&HttpCheck>, host: &str, port: u16, tls: &Tls) -> Result<(), String> {
    let stream = TcpStream::connect((host, port)).await.map_err(|why| why.to_string())?;
    let Some(http) = http else { return Ok(()) };
    let address = stream.peer_addr().map_err(|why| why.to_string())?;
    if !http.tls {
        return ask(stream, http, host, address).await;
    }
    let config = tls.unjudged().await?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "no certificate can be for this name")?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|why| format!("TLS: {why}"))?;
    ask(stream, http, host, address).await
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, http: &HttpCheck, host: &str, address: SocketAddr) -> Result<(), String> {
    let mut out = Vec::new();
    let host = if host.contains(':') { address.to_string() } else { format!("{host}:{}", address.port()) };
    let mut writer = RequestWriter::start(&mut out, "GET", &http.path, &host).map_err(|why| why.because.to_owned())?;
    for (name, value) in [("User-Agent", "ELB-HealthChecker/2.0"), ("Accept-Encoding", "gzip, compressed")] {
        writer.field(name, value.as_bytes()).map_err(|why| why.because.to_owned())?;
    }
    writer.finish(BodyLength::None, h1::Connection::Close);
    let mut client = Client::new();
    if !client.begin(Method::Get, false, BodyLength::None) || client.finish_request(&mut out).is_err() {
        return Err("the health check cannot be asked".to_owned());
    }
    client.mark_sent();
    stream.write_all(&out).await.map_err(|why| why.to_string())?;
    let (mut bytes, mut head, limits) = (Vec::new(), ResponseHead::default(), Limits::for_upstreams());
    loop {
        match client.next(&mut bytes, &mut head, &limits) {
            ClientNext::Answer => break,
            ClientNext::Read => {}
            ClientNext::Bad(why) => return Err(why.because.to_owned()),
            ClientNext::Nothing => return Err("nothing was asked".to_owned()),
        }
        if stream.read_buf(&mut bytes).await.map_err(|why| why.to_string())? == 0 {
            return Err("the connection ended before the answer to the health check".to_owned());
        }
    }
    match http.statuses.iter().any(|good| good.contains(&head.status())) {
        true => Ok(()),
        false => Err(format!("the health check was answered with {}", head.status())),
    }
}
