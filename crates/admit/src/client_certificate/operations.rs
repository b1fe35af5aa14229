//! What the control API does with client certificates, but deletion.

use super::generate::generate;
use super::record::ClientCertificate;
use base::api::patch::{self, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, Shape, Tags, check_room, check_tags, op};
use base::store::{Realm, View, kind};
use base::world::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// What the control API can do with client certificates.
pub const OPERATIONS: &[Entry] =
    &[op::<GenerateClientCertificate>(), op::<GetClientCertificates>(), op::<GetClientCertificate>(), op::<UpdateClientCertificate>()];

/// Certificates of an account in a region.
const CERTIFICATES_MAX: usize = 60;
/// Days a certificate is valid.
const DAYS_VALID: u64 = 365;
/// Characters of a certificate's id.
const ID_CHARS: usize = 6;
/// Bytes of a certificate's serial number.
const SERIAL_BYTES: usize = 8;
/// Bytes of a description.
pub(super) const DESCRIPTION_BYTES_MAX: usize = 125_000;

const ID: Member = api::text("clientcertificate_id").in_path("clientCertificateId");

/// A certificate as it is sent. Its key is not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    client_certificate_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    pem_encoded_certificate: String,
    created_date: u64,
    expiration_date: u64,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
}

impl From<ClientCertificate> for Reply {
    fn from(stored: ClientCertificate) -> Reply {
        let ClientCertificate { id, description, certificate, private_key: _, created, expires, tags } = stored;
        Reply {
            client_certificate_id: id,
            description,
            pem_encoded_certificate: certificate,
            created_date: created.seconds(),
            expiration_date: expires.seconds(),
            tags,
        }
    }
}

/// The certificate with an id, or AWS's 404.
pub fn known_certificate(view: &dyn View, realm: &Realm, id: &str) -> Result<ClientCertificate, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::not_found("Invalid client certificate identifier specified"))
}

/// A description that may be stored (the text is assumed).
fn described(text: Option<String>) -> Result<Option<String>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.len() > DESCRIPTION_BYTES_MAX) {
        return Err(ApiError::bad_request("Invalid client certificate description specified."));
    }
    Ok(text)
}

/// Makes a key pair and a certificate that signs itself.
#[derive(Deserialize)]
struct GenerateClientCertificate {
    description: Option<String>,
    tags: Option<Tags>,
}

impl Operation for GenerateClientCertificate {
    const ROUTE: Route = api::post("GenerateClientCertificate", "/clientcertificates");
    const MEMBERS: &'static [Member] = &[api::text("description"), api::map("tags", &Shape::Text)];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { description, tags } = self;
        let (description, tags) = (described(description)?, tags.unwrap_or_default());
        check_tags(&tags)?;
        let created = cx.clock.wall();
        let expires = Timestamp(created.0 + DAYS_VALID * Day::MS);
        let mut serial = [0; SERIAL_BYTES];
        cx.ids.bytes(&mut serial);
        let pair = generate(&serial, created, expires).map_err(|cause| ApiError::Internal(cause.to_string()))?;
        let made = ClientCertificate {
            id: cx.ids.lower(ID_CHARS),
            description,
            certificate: pair.certificate,
            private_key: cx.sealer.seal(&pair.private_key),
            created,
            expires,
            tags,
        };
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let made = cx.write(move |txn| {
            check_room(&settings, txn.view(), kind::CLIENT_CERTIFICATE, &realm.top(), CERTIFICATES_MAX, "client certificates")?;
            if txn.view().has(kind::CLIENT_CERTIFICATE, &realm.top(), &made.id)? {
                return Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."));
            }
            txn.save(&realm, &made)?;
            Ok(made.clone())
        });
        made.await.map(Reply::from)
    }
}

/// Lists the certificates.
#[derive(Deserialize)]
struct GetClientCertificates {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetClientCertificates {
    const ROUTE: Route = api::get("GetClientCertificates", "/clientcertificates");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position } = self;
        let top = cx.realm().top();
        let found: Vec<ClientCertificate> =
            cx.read(move |view| Ok(view.some(&top, Page::after(position.as_deref()).as_deref(), limit.items() + 1)?)).await?;
        Ok(Page::cut(found, limit, |certificate| certificate.id.clone()).map(Reply::from))
    }
}

/// Shows a certificate.
#[derive(Deserialize)]
struct GetClientCertificate {
    #[serde(rename = "clientcertificate_id")]
    id: String,
}

impl Operation for GetClientCertificate {
    const ROUTE: Route = api::get("GetClientCertificate", "/clientcertificates/{clientcertificate_id}");
    const MEMBERS: &'static [Member] = &[ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| known_certificate(view, &realm, &id)).await.map(Reply::from)
    }
}

const PATCHES: Table<ClientCertificate> = Table {
    words: Words::Old,
    rows: &[replace("/description", |certificate, arg| {
        certificate.description = described(arg.optional())?;
        Ok(())
    })],
};

/// Changes a certificate's description: nothing else of it can.
#[derive(Deserialize)]
struct UpdateClientCertificate {
    #[serde(rename = "clientcertificate_id")]
    id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateClientCertificate {
    const ROUTE: Route = api::patch_route("UpdateClientCertificate", "/clientcertificates/{clientcertificate_id}");
    const MEMBERS: &'static [Member] = &[ID, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let changed = cx.write(move |txn| {
            let certificate = PATCHES.apply(&known_certificate(txn.view(), &realm, &id)?, &ops)?;
            txn.save(&realm, &certificate)?;
            Ok(certificate)
        });
        changed.await.map(Reply::from)
    }
}
