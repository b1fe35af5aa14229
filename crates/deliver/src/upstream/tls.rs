//! TLS towards back ends. The roots are read once for the whole program, when the first call over TLS needs them, and off the data
//! threads.

use super::target::Trust;
use super::validity;
use base::world::Clock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// What all data threads need to speak TLS to back ends.
pub struct Tls {
    extra_ca: Option<PathBuf>,
    clock: Clock,
    configs: OnceCell<Result<Configs, String>>,
}

struct Configs {
    by_authorities: Arc<ClientConfig>,
    by_any_issuer: Arc<ClientConfig>,
    unjudged: Arc<ClientConfig>,
}

impl Tls {
    /// TLS that trusts the system's roots and those in the file `extra_ca` (PEM).
    pub fn new(extra_ca: Option<PathBuf>, clock: Clock) -> Tls {
        Tls { extra_ca, clock, configs: OnceCell::new() }
    }

    /// For connections that are made apart from the pools.
    pub(crate) async fn by_authorities(&self) -> Result<Arc<ClientConfig>, String> {
        self.config(Trust::Authorities).await
    }

    /// Reads the roots now: whoever starts the program may want to know that the extra file is not good.
    pub async fn load(&self) -> Result<(), String> {
        self.config(Trust::Authorities).await.map(drop)
    }

    /// For looking at targets: whoever answers, answers.
    pub(super) async fn unjudged(&self) -> Result<Arc<ClientConfig>, String> {
        self.configs().await.map(|configs| configs.unjudged.clone())
    }

    pub(super) async fn config(&self, trust: Trust) -> Result<Arc<ClientConfig>, String> {
        let configs = self.configs().await?;
        Ok(match trust {
            Trust::Authorities => configs.by_authorities.clone(),
            Trust::AnyIssuer => configs.by_any_issuer.clone(),
        })
    }

    async fn configs(&self) -> Result<&Configs, String> {
        let configs = self.configs.get_or_init(|| async {
            let (extra_ca, clock) = (self.extra_ca.clone(), self.clock.clone());
            let loaded = tokio::task::spawn_blocking(move || configs(extra_ca.as_deref(), clock)).await;
            loaded.unwrap_or_else(|_| Err("reading the root certificates failed".to_owned()))
        });
        configs.await.as_ref().map_err(Clone::clone)
    }
}

fn configs(extra_ca: Option<&Path>, clock: Clock) -> Result<Configs, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a system root certificate could not be read");
    }
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = extra_ca {
        let flaw = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut count = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| flaw(&error))? {
            roots.add(certificate.map_err(|error| flaw(&error))?).map_err(|error| flaw(&error))?;
            count += 1;
        }
        if count == 0 {
            return Err(flaw(&"it has no certificate"));
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let time: Arc<dyn TimeProvider> = Arc::new(Time(clock));
    let builder = || {
        let builder = ClientConfig::builder_with_details(provider.clone(), time.clone());
        builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())
    };
    let mut by_authorities = builder()?.with_root_certificates(roots).with_no_client_auth();
    let any_issuer = Arc::new(AnyIssuer { provider: provider.clone(), judges: true });
    let anybody = Arc::new(AnyIssuer { provider: provider.clone(), judges: false });
    let mut by_any_issuer = builder()?.dangerous().with_custom_certificate_verifier(any_issuer).with_no_client_auth();
    let mut unjudged = builder()?.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth();
    for config in [&mut by_authorities, &mut by_any_issuer, &mut unjudged] {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    Ok(Configs { by_authorities: Arc::new(by_authorities), by_any_issuer: Arc::new(by_any_issuer), unjudged: Arc::new(unjudged) })
}

/// The clock of this world, for dates of certificates.
#[derive(Debug)]
struct Time(Clock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.wall().seconds())))
    }
}

/// Takes a certificate from any issuer. Its names, its dates, and that the other end holds its key are checked as ever.
#[derive(Debug)]
struct AnyIssuer {
    provider: Arc<CryptoProvider>,
    /// Whether names and dates count.
    judges: bool,
}

impl ServerCertVerifier for AnyIssuer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.judges {
            return Ok(ServerCertVerified::assertion());
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        let (from, to) = validity::dates(end_entity).ok_or(CertificateError::BadEncoding)?;
        if now.as_secs() < from {
            return Err(CertificateError::NotValidYet.into());
        }
        if now.as_secs() > to {
            return Err(CertificateError::Expired.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
