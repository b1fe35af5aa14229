//! What a stage may name: it cannot be deleted while one does. A client certificate lives to the left, where no stage can be seen, so its
//! end is here. (rest-api-control-plane.md §1.3; the text is assumed)

use super::record::Stage;
use admit::client_certificate::known_certificate;
use admit::client_certificate::record::ClientCertificate;
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Row, kind};
use serde::Deserialize;

/// Ends a client certificate that no stage shows to its back ends.
#[derive(Deserialize)]
pub(super) struct DeleteClientCertificate {
    #[serde(rename = "clientcertificate_id")]
    id: String,
}

impl Operation for DeleteClientCertificate {
    const ROUTE: Route = api::delete("DeleteClientCertificate", "/clientcertificates/{clientcertificate_id}");
    const MEMBERS: &'static [Member] = &[api::text("clientcertificate_id").in_path("clientCertificateId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { id } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            let certificate = known_certificate(txn.view(), &realm, &id)?;
            let mut user: Option<Stage> = None;
            txn.every(kind::STAGE, &mut |row: Row| {
                if user.is_none() && row.address.scope.realm == realm {
                    user = Some(row.record::<Stage>()?).filter(|stage| stage.client_certificate.as_ref() == Some(&certificate.id));
                }
                Ok(())
            })?;
            if let Some(Stage { api, name, .. }) = user {
                return Err(ApiError::bad_request(format!("Client certificate {id} is in use by stage {name} of API {api}")));
            }
            Ok(txn.remove::<ClientCertificate>(&realm.top(), &certificate.id)?)
        });
        gone.await
    }
}
