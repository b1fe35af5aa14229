//! What a TLS client is shown, and under which terms: chosen after its first message, read anew on demand.
//!
//! A policy is a wall: its versions, its certificates, its tickets hold for its names alone. Which one a connection is under is decided by
//! the name that its client asked for; a request for a name under another policy is misdirected ([`Wall`]), or whoever is let in by the
//! weaker terms would have reached what is behind the stronger ones.
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
use rustls::{ServerConfig, SupportedProtocolVersion, version};
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

/// Policies are looked at one after the other.
pub const POLICIES_MAX: usize = 64;

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeastVersion {
    #[default]
    Tls12,
    Tls13,
}

/// Terms on which TLS is spoken, and for which names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyPlan {
    /// Names in lower case, as `a.example` or `*.example` (one label, as in certificates). The first policy is for all others, too.
    pub names: Vec<String>,
    /// The first pair is for clients that name no host, or one that no certificate is for.
    pub pairs: Vec<Pair>,
    pub least_version: LeastVersion,
}

/// The certificates of this node, shared by all its data threads.
pub struct Certificates {
    clock: Clock,
    policies: Vec<Policy>,
}

/// A policy in force. Tickets of one are worth nothing under another.
struct Policy {
    plan: PolicyPlan,
    tickets: Arc<dyn ProducesTickets>,
    config: ArcSwap<ServerConfig>,
}

/// The policy that a connection is under.
#[derive(Clone)]
pub(super) struct Wall {
    certificates: Arc<Certificates>,
    policy: usize,
}

impl Wall {
    /// Whether a request for this host belongs here.
    pub(super) fn is_around(&self, host: &str) -> bool {
        self.certificates.policy_of(Some(host)) == self.policy
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plans: Vec<&PolicyPlan> = self.policies.iter().map(|policy| &policy.plan).collect();
        f.debug_struct("Certificates").field("policies", &plans).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the files of one policy for all names. The first pair is for clients that name no host, or one that no certificate is for.
    pub fn read(pairs: Vec<Pair>, clock: Clock) -> Result<Certificates, CertificateError> {
        Certificates::with(vec![PolicyPlan { pairs, ..PolicyPlan::default() }], clock)
    }

    /// Reads the files of several policies. The first is for all names that no other one has.
    pub fn with(plans: Vec<PolicyPlan>, clock: Clock) -> Result<Certificates, CertificateError> {
        if !(1..=POLICIES_MAX).contains(&plans.len()) {
            return Err(CertificateError(format!("{} TLS policies: there must be 1 to {POLICIES_MAX}", plans.len())));
        }
        let policy = |plan: PolicyPlan| {
            let tickets = aws_lc_rs::Ticketer::new().map_err(|why| CertificateError(format!("no key for session tickets: {why}")))?;
            let config = ArcSwap::from_pointee(config(&plan, &clock, tickets.clone())?);
            Ok(Policy { plan, tickets, config })
        };
        let policies = plans.into_iter().map(policy).collect::<Result<_, _>>()?;
        Ok(Certificates { clock, policies })
    }

    /// Reads the files again, for connections to come. When one of them is not good, all stays as it was.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let fresh = |policy: &Policy| config(&policy.plan, &self.clock, policy.tickets.clone()).map(Arc::new);
        let configs = self.policies.iter().map(fresh).collect::<Result<Vec<_>, _>>()?;
        for (policy, config) in self.policies.iter().zip(configs) {
            policy.config.store(config);
        }
        Ok(())
    }

    /// On which terms to speak with a client that said this much, and the wall around it, if there are several.
    pub(super) fn terms_for(self: &Arc<Self>, hello: &ClientHello<'_>) -> (Arc<ServerConfig>, Option<Wall>) {
        let policy = self.policy_of(hello.server_name());
        let wall = (self.policies.len() > 1).then(|| Wall { certificates: self.clone(), policy });
        (self.policies[policy].config.load_full(), wall)
    }

    /// The number of the policy that a name is under.
    fn policy_of(&self, name: Option<&str>) -> usize {
        let Some(name) = name.map(|name| name.strip_suffix('.').unwrap_or(name)) else { return 0 };
        self.policies.iter().position(|policy| policy.plan.names.iter().any(|pattern| is_under(pattern, name))).unwrap_or(0)
    }
}

/// `*.a.example` is for one label more, as in certificates.
fn is_under(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(pattern),
    }
}

fn config(plan: &PolicyPlan, clock: &Clock, tickets: Arc<dyn ProducesTickets>) -> Result<ServerConfig, CertificateError> {
    let pairs = &plan.pairs;
    if !(1..=CERTIFICATES_MAX).contains(&pairs.len()) {
        return Err(CertificateError(format!("{} certificates: there must be 1 to {CERTIFICATES_MAX}", pairs.len())));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions: &[&SupportedProtocolVersion] = match plan.least_version {
        LeastVersion::Tls12 => &[&version::TLS13, &version::TLS12],
        LeastVersion::Tls13 => &[&version::TLS13],
    };
    let keys = pairs.iter().map(certified).collect::<Result<_, _>>()?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(Time(clock.clone())))
        .with_protocol_versions(versions)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_under_its_own_pattern_or_its_parents_star() {
        assert!(is_under("a.test", "A.test") && is_under("*.b.test", "x.B.test"));
        for (pattern, name) in [("a.test", "b.a.test"), ("*.b.test", "b.test"), ("*.b.test", "y.x.b.test"), ("*.b.test", ".b.test")] {
            assert!(!is_under(pattern, name), "{pattern} {name}");
        }
    }
}
