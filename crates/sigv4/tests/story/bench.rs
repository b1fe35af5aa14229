//! A request that owns its parts, so that a test can sign it, change it and verify it.

use sigv4::{Claim, Dialect, Failure, Payload, PayloadHeader, Request, Rules, Signed, Signing, TokenPlace};

/// 2026-02-28T23:59:58Z.
pub(crate) const NOW: i64 = 1_772_323_198;
pub(crate) const SECRET: &str = "s3cr3t/with+odd=characters";
pub(crate) const HOST: &str = "abc123.execute-api.eu-central-1.amazonaws.com";

pub(crate) fn signing(service: &str) -> Signing<'_> {
    Signing {
        access_key: "AKIDCARDEATEST0000001",
        secret: SECRET,
        session_token: None,
        token_place: TokenPlace::Signed,
        region: "eu-central-1",
        service,
        now: NOW,
        dialect: Dialect::Standard,
        payload_header: PayloadHeader::Absent,
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: Vec<u8>,
    pub(crate) query: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    /// `target` is path and query.
    pub(crate) fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Self { method: method.to_owned(), path: path.into(), query: query.into(), headers, body: body.to_vec() }
    }

    pub(crate) fn request(&self) -> Request<'_, impl Iterator<Item = (&str, &[u8])> + Clone> {
        Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())),
            payload: Payload::Bytes(&self.body),
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    }

    pub(crate) fn sign(&mut self, signing: &Signing<'_>) -> Signed {
        let signed = sigv4::sign(signing, &self.request());
        for (name, value) in &signed.headers {
            self.set(name, value);
        }
        signed
    }

    pub(crate) fn presign(&mut self, signing: &Signing<'_>, expires_seconds: u32) {
        let presigned = sigv4::presign(signing, &self.request(), expires_seconds);
        self.query = presigned.query.into_bytes();
    }

    pub(crate) fn verify_at(&self, now: i64, rules: &Rules<'_>) -> Result<Claim, Failure> {
        let claim = sigv4::parse(&self.request())?;
        let verified = sigv4::verify(&claim, SECRET, &self.request(), now, rules)?;
        Ok(verified.claim().clone())
    }

    pub(crate) fn verify(&self) -> Result<Claim, Failure> {
        self.verify_at(NOW, &Rules::default())
    }

    /// The exception's name and text.
    pub(crate) fn refusal(&self) -> (&'static str, String) {
        let failure = self.verify().expect_err("the request should be refused");
        (failure.exception().name(), failure.to_string())
    }
}

/// A signed call of an API.
pub(crate) fn signed_call() -> Sent {
    let mut sent = Sent::new("POST", "/prod/pets/7?kind=dog&age=3", &[("Host", HOST), ("Content-Type", "application/json")], b"{\"a\":1}");
    sent.sign(&signing("execute-api"));
    sent
}
