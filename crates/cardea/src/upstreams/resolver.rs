//! Asks DNS servers, on the control runtime: over UDP, and over TCP where an answer does not fit.

use base::world::Ids;
use deliver::upstream::balance::Endpoint;
use deliver::upstream::dns::{Answer, Data, NoAnswer, Sort, answer, question};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// How long one server has for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Rounds over all servers.
const ROUNDS: usize = 2;
/// Servers of a system that are asked, as by its own resolver.
const SERVERS_MAX: usize = 3;
const DNS_PORT: u16 = 53;
/// Bytes of an answer over UDP.
const DATAGRAM_BYTES_MAX: usize = 4_096;
/// Hosts of SRV records that are looked up.
const HOSTS_MAX: usize = 64;
/// The highest weight of a target: SRV records have higher ones.
const WEIGHT_MAX: u16 = 1_000;

/// Targets, and how long they may be believed.
pub(super) struct Resolved {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) ttl_seconds: u32,
}

pub(super) struct Resolver {
    servers: Vec<SocketAddr>,
    ids: Ids,
}

impl Resolver {
    /// Asks this server, or those of the system.
    pub(super) fn new(server: Option<SocketAddr>) -> Resolver {
        let servers = server.map_or_else(system_servers, |server| vec![server]);
        Resolver { servers, ids: Ids::system() }
    }

    /// The addresses of a name.
    pub(super) async fn addresses(&self, name: &str, port: u16) -> Result<Resolved, String> {
        let (four, six) = tokio::join!(self.ask(name, Sort::A), self.ask(name, Sort::Aaaa));
        // One sort is enough; if neither can be had, the first says why.
        let (four, six) = match (four, six) {
            (Err(why), Err(_)) => return Err(why),
            (four, six) => (four.ok(), six.ok()),
        };
        let answers: Vec<Answer> = four.into_iter().chain(six).collect();
        let ttl_seconds = answers.iter().filter_map(|answer| answer.ttl_seconds).min().unwrap_or(0);
        let addresses = answers.into_iter().flat_map(|answer| answer.found).filter_map(|data| match data {
            Data::Address(ip) => Some(Endpoint::new(&ip.to_string(), port)),
            Data::Service { .. } => None,
        });
        let endpoints: Vec<Endpoint> = addresses.collect();
        if endpoints.is_empty() { Err(format!("{name} has no address")) } else { Ok(Resolved { endpoints, ttl_seconds }) }
    }

    /// The targets that the SRV records of a name tell: those of the best priority that have addresses.
    pub(super) async fn services(&self, name: &str) -> Result<Resolved, String> {
        let found = self.ask(name, Sort::Srv).await?;
        let mut ttl_seconds = found.ttl_seconds.unwrap_or(0);
        let services = || {
            found.found.iter().filter_map(|data| match data {
                Data::Service { priority, weight, port, host } => Some((*priority, *weight, *port, host.as_str())),
                Data::Address(_) => None,
            })
        };
        let best = services().map(|service| service.0).min().ok_or_else(|| format!("{name} has no SRV record"))?;
        let (mut endpoints, mut why) = (Vec::<Endpoint>::new(), String::new());
        for (_, weight, port, host) in services().filter(|service| service.0 == best).take(HOSTS_MAX) {
            match self.addresses(host, port).await {
                Ok(resolved) => {
                    ttl_seconds = ttl_seconds.min(resolved.ttl_seconds);
                    let weight = u32::from(weight.clamp(1, WEIGHT_MAX));
                    for endpoint in resolved.endpoints {
                        if !endpoints.iter().any(|known| known.host == endpoint.host && known.port == port) {
                            endpoints.push(Endpoint { weight, ..endpoint });
                        }
                    }
                }
                Err(because) => why = because,
            }
        }
        if endpoints.is_empty() { Err(why) } else { Ok(Resolved { endpoints, ttl_seconds }) }
    }

    async fn ask(&self, name: &str, sort: Sort) -> Result<Answer, String> {
        let mut last = "no DNS server is known".to_owned();
        for server in (0..ROUNDS).flat_map(|_| &self.servers) {
            let mut bytes = [0u8; 2];
            self.ids.bytes(&mut bytes);
            let id = u16::from_be_bytes(bytes);
            let question = question(id, name, sort).ok_or_else(|| format!("{name} is no name"))?;
            match tokio::time::timeout(ANSWER_TIMEOUT, ask(*server, &question, id, name, sort)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(why)) => last = format!("asking {server} for {name}: {why}"),
                Err(_) => last = format!("asking {server} for {name}: no answer in time"),
            }
        }
        Err(last)
    }
}

async fn ask(server: SocketAddr, question: &[u8], id: u16, name: &str, sort: Sort) -> Result<Answer, String> {
    let words = |why: std::io::Error| why.to_string();
    let any: IpAddr = if server.is_ipv4() { [0u8; 4].into() } else { [0u8; 16].into() };
    let socket = UdpSocket::bind((any, 0)).await.map_err(words)?;
    socket.connect(server).await.map_err(words)?;
    socket.send(question).await.map_err(words)?;
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let length = socket.recv(&mut datagram).await.map_err(words)?;
        match answer(&datagram[..length], id, name, sort) {
            Ok(answer) => return Ok(answer),
            // A late answer to another question, or a forged one.
            Err(NoAnswer::NotOurs) => {}
            Err(NoAnswer::Refused(code)) => return Err(format!("it refuses with code {code}")),
            Err(NoAnswer::CutOff) => return ask_stream(server, question, id, name, sort).await,
        }
    }
}

async fn ask_stream(server: SocketAddr, question: &[u8], id: u16, name: &str, sort: Sort) -> Result<Answer, String> {
    let words = |why: std::io::Error| why.to_string();
    let mut stream = TcpStream::connect(server).await.map_err(words)?;
    let length = u16::try_from(question.len()).map_err(|why| why.to_string())?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await.map_err(words)?;
    let mut message = vec![0; usize::from(stream.read_u16().await.map_err(words)?)];
    stream.read_exact(&mut message).await.map_err(words)?;
    answer(&message, id, name, sort).map_err(|why| format!("its answer over TCP is none: {why:?}"))
}

fn system_servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    servers(&text)
}

fn servers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.split_whitespace().next()?.parse().ok());
    let found: Vec<SocketAddr> = named.map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT)).take(SERVERS_MAX).collect();
    if found.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], DNS_PORT))] } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_servers_are_found() {
        let text = "# x\nsearch a\nnameserver 10.0.0.1\n nameserver ::1\nnameserver none\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n";
        let found = servers(text);
        assert_eq!(found.len(), 3);
        assert_eq!(found[1], "[::1]:53".parse().unwrap());
        assert_eq!(servers(""), ["127.0.0.1:53".parse().unwrap()]);
    }
}
