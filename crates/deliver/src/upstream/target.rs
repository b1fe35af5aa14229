//! Where a call goes.

use rustls::pki_types::ServerName;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// The longest host name there can be.
const HOST_BYTES_MAX: usize = 255;

/// How a target is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Plain,
    Tls(Trust),
}

/// How a certificate is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// By the known authorities.
    Authorities,
    /// Whoever issued it: only its names and its dates count (`tlsConfig.insecureSkipVerification`).
    AnyIssuer,
}

/// A place that requests can be sent to. Two targets are the same if connections to the one serve the other.
#[derive(Debug)]
pub struct Target {
    transport: Transport,
    host: Box<str>,
    port: u16,
    authority: Box<str>,
    address: Option<SocketAddr>,
    /// What its certificate must be for, where that is not its host.
    called: Option<Box<str>>,
    /// Made once: looking a target up costs no hashing of its name.
    hash: u64,
}

impl Target {
    /// The target of a URL's scheme and authority; `None` if they are none that can be called. `trust` is for `https` alone.
    pub fn parse(scheme: &str, authority: &str, trust: Trust) -> Option<Target> {
        let (transport, usual_port) = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => (Transport::Plain, 80),
            _ if scheme.eq_ignore_ascii_case("https") => (Transport::Tls(trust), 443),
            _ => return None,
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, port.strip_prefix(':').or(port.is_empty().then_some("")))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, Some("")),
            },
        };
        let port = match port? {
            "" => usual_port,
            digits if digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port > 0)?
            }
            _ => return None,
        };
        let host = host.to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
        if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.bytes().all(fits) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (transport, &host, port).hash(&mut hasher);
        let address = host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port));
        Some(Target { transport, host: host.into(), port, authority: authority.into(), address, called: None, hash: hasher.finish() })
    }

    /// One of several places behind this one: spoken to in the same way, and under the same name.
    pub(crate) fn behind(&self, host: &str, port: u16) -> Target {
        let host = host.to_ascii_lowercase();
        let called = (self.transport != Transport::Plain).then(|| self.host.clone());
        let mut hasher = DefaultHasher::new();
        (self.transport, &host, port).hash(&mut hasher);
        called.iter().for_each(|name| name.hash(&mut hasher));
        let address = host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port));
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Target { transport: self.transport, host: host.into(), port, authority: authority.into(), address, called, hash: hasher.finish() }
    }

    /// How it is spoken to.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether it is what this scheme means.
    pub(crate) fn is_spoken(&self, scheme: &str, trust: Trust) -> bool {
        match self.transport {
            Transport::Plain => scheme.eq_ignore_ascii_case("http"),
            Transport::Tls(own) => own == trust && scheme.eq_ignore_ascii_case("https"),
        }
    }

    /// Its name or address, in lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL up to its path.
    pub fn origin(&self) -> String {
        let scheme = if self.transport == Transport::Plain { "http" } else { "https" };
        format!("{scheme}://{}", self.authority)
    }

    /// What `Host` says, as the author wrote it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Its address, where no name has to be looked up.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// What its certificate must be for.
    pub(crate) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.called.as_deref().unwrap_or(&self.host).to_owned()).ok()
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Target) -> bool {
        self.hash == other.hash
            && self.transport == other.transport
            && self.port == other.port
            && self.host == other.host
            && self.called == other.called
    }
}

impl Eq for Target {}

impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Hands the hash that a target already has through.
#[derive(Default)]
pub(crate) struct Through(u64);

pub(crate) type ByTarget = BuildHasherDefault<Through>;

impl Hasher for Through {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Option<Target> {
        let (scheme, authority) = url.split_once("://")?;
        Target::parse(scheme, authority, Trust::Authorities)
    }

    #[test]
    fn a_target_has_its_schemes_port_unless_it_names_one() {
        let told = |url| target(url).map(|target| (target.host().to_owned(), target.port()));
        assert_eq!(told("http://Example.com"), Some(("example.com".into(), 80)));
        assert_eq!(told("HTTPS://example.com"), Some(("example.com".into(), 443)));
        assert_eq!(told("http://127.0.0.1:3000"), Some(("127.0.0.1".into(), 3000)));
        assert_eq!(told("http://[::1]:8080"), Some(("::1".into(), 8080)));
        assert_eq!(told("http://[::1]"), Some(("::1".into(), 80)));
        assert!(target("http://[::1]:8080").unwrap().address().is_some());
    }

    #[test]
    fn a_place_behind_another_is_called_by_its_name_and_shares_no_connection_with_others() {
        let front = target("https://orders.test:8443").unwrap();
        let behind = front.behind("10.0.0.1", 443);
        assert_eq!((behind.host(), behind.port(), behind.address().is_some()), ("10.0.0.1", 443, true));
        assert_eq!(behind.server_name().unwrap().to_str(), "orders.test");
        assert_ne!(behind, target("https://10.0.0.1").unwrap());
        assert_eq!(behind, target("https://orders.test").unwrap().behind("10.0.0.1", 443));
        assert_eq!(target("http://orders.test").unwrap().behind("10.0.0.1", 80), target("http://10.0.0.1").unwrap());
    }

    #[test]
    fn what_is_no_place_to_call_is_no_target() {
        for url in [
            "ftp://a",
            "http://",
            "http://:80",
            "http://a:b",
            "http://a:0",
            "http://a:65536",
            "http://a:+80",
            "http://user@a",
            "http://a b",
            "http://[::1",
            "http://[::1]x",
            "http://[a]",
            "http://a:1:2",
            "http://ä",
        ] {
            assert!(target(url).is_none(), "{url}");
        }
        assert!(target(&format!("http://{}", "a".repeat(256))).is_none());
    }

    #[test]
    fn the_same_place_is_the_same_target_however_it_is_spelled() {
        assert_eq!(target("http://EXAMPLE.com:80"), target("http://example.com"));
        assert_ne!(target("https://example.com"), target("http://example.com:443"));
        assert_ne!(Target::parse("https", "a", Trust::Authorities), Target::parse("https", "a", Trust::AnyIssuer));
    }
}
