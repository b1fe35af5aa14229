//! What a TLS client is shown, and under which terms: chosen after its first message, read anew on demand.
//!
//! The terms of a policy (versions, tickets) outlive its certificates: a ticket that was given before a reload is good after it.
//! Connections keep the configuration they began with.

use arc_swap::ArcSwap;
use base::world::Clock;
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, version};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Certificates are looked at one after the other; more of them wait for domain names of our own.
pub const CERTIFICATES_MAX: usize = 64;

/// HTTP/2, as TLS names it.
pub(super) const HTTP_2: &[u8] = b"h2";

/// A certificate with the chain to its issuer, and its key: two PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Why certificates cannot be used, in words that name the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CertificateError(String);

/// The certificates of this node, shared by all its data threads.
pub struct Certificates {
    pairs: Vec<Pair>,
    clock: Clock,
    policy: Policy,
}

/// Terms on which TLS is spoken. Today there is one for all names; tickets of one are worth nothing under another.
struct Policy {
    tickets: Arc<dyn ProducesTickets>,
    config: ArcSwap<ServerConfig>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("pairs", &self.pairs).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the files. The first pair is for clients that name no host, or one that no certificate is for.
    pub fn read(pairs: Vec<Pair>, clock: Clock) -> Result<Certificates, CertificateError> {
        let tickets = aws_lc_rs::Ticketer::new().map_err(|why| CertificateError(format!("no key for session tickets: {why}")))?;
        let config = ArcSwap::from_pointee(config(&pairs, &clock, tickets.clone())?);
        Ok(Certificates { pairs, clock, policy: Policy { tickets, config } })
    }

    /// Reads the files again, for connections to come. When one of them is not good, all stays as it was.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let config = config(&self.pairs, &self.clock, self.policy.tickets.clone())?;
        self.policy.config.store(Arc::new(config));
        Ok(())
    }

    /// On which terms to speak with a client that said this much.
    pub(super) fn config_for(&self, _hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        self.policy.config.load_full()
    }
}

fn config(pairs: &[Pair], clock: &Clock, tickets: Arc<dyn ProducesTickets>) -> Result<ServerConfig, CertificateError> {
    if !(1..=CERTIFICATES_MAX).contains(&pairs.len()) {
        return Err(CertificateError(format!("{} certificates: there must be 1 to {CERTIFICATES_MAX}", pairs.len())));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let keys = pairs.iter().map(certified).collect::<Result<_, _>>()?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(Time(clock.clone())))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|why| CertificateError(why.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ByName { keys }));
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    config.ticketer = tickets;
    // Tickets hold the state of sessions, so that the node keeps none.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

fn certified(pair: &Pair) -> Result<Arc<CertifiedKey>, CertificateError> {
    let flaw = |path: &PathBuf, why: &dyn std::fmt::Display| CertificateError(format!("{}: {why}", path.display()));
    let in_chain = |why: &dyn std::fmt::Display| flaw(&pair.certificate, why);
    let chain = CertificateDer::pem_file_iter(&pair.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|why| in_chain(&why))?;
    let first = chain.first().ok_or_else(|| in_chain(&"it has no certificate"))?;
    ParsedCertificate::try_from(first).map_err(|why| in_chain(&why))?;
    let key = PrivateKeyDer::from_pem_file(&pair.key).map_err(|why| flaw(&pair.key, &why))?;
    let provider = aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider);
    certified.map(Arc::new).map_err(|why| flaw(&pair.key, &format_args!("{why} (with {})", pair.certificate.display())))
}

/// Picks the first certificate that is for the name a client asks for.
#[derive(Debug)]
struct ByName {
    keys: Vec<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let is_for = |key: &&Arc<CertifiedKey>, name: &ServerName<'_>| {
            let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
            parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
        };
        let found = named.filter(|_| self.keys.len() > 1).and_then(|name| self.keys.iter().find(|key| is_for(key, &name)));
        found.or(self.keys.first()).cloned()
    }
}

/// The clock of this world, for the ages of tickets.
#[derive(Debug)]
struct Time(Clock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.wall().seconds())))
    }
}
