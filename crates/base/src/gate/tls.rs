//! How a connection is secured, in AWS's words.

/// The version and the cipher suite of a TLS connection, as their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls {
    pub version: u16,
    pub cipher: u16,
}

impl Tls {
    /// As AWS writes it: `TLSv1.3`; nothing for a version that is not spoken here.
    pub fn version(self) -> &'static str {
        match self.version {
            0x0303 => "TLSv1.2",
            0x0304 => "TLSv1.3",
            _ => "",
        }
    }

    /// As AWS writes it, which is as OpenSSL does; nothing for a suite that is not spoken here.
    pub fn cipher(self) -> &'static str {
        match self.cipher {
            0x1301 => "TLS_AES_128_GCM_SHA256",
            0x1302 => "TLS_AES_256_GCM_SHA384",
            0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
            0xc02b => "ECDHE-ECDSA-AES128-GCM-SHA256",
            0xc02c => "ECDHE-ECDSA-AES256-GCM-SHA384",
            0xcca9 => "ECDHE-ECDSA-CHACHA20-POLY1305",
            0xc02f => "ECDHE-RSA-AES128-GCM-SHA256",
            0xc030 => "ECDHE-RSA-AES256-GCM-SHA384",
            0xcca8 => "ECDHE-RSA-CHACHA20-POLY1305",
            _ => "",
        }
    }
}
