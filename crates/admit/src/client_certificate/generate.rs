//! A new key pair and its certificate.

use base::world::Timestamp;
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd};
use std::time::Duration;

/// A certificate and its private key, both in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) private_key: String,
}

/// Makes a pair that is valid between two moments. The key comes from the crypto library's own generator, as every key must.
pub(super) fn generate(serial: &[u8], from: Timestamp, until: Timestamp) -> Result<Pair, rcgen::Error> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let at = |moment: Timestamp| date_time_ymd(1970, 1, 1) + Duration::from_secs(moment.seconds());
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationalUnitName, "ApiGateway");
    params.distinguished_name.push(DnType::CommonName, "ApiGateway");
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.not_before = at(from);
    params.not_after = at(until);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.self_signed(&key)?.pem();
    Ok(Pair { certificate, private_key: key.serialize_pem() })
}
