//! What the control API does with domain names.

use super::checks::{ACCESS_MODES, PRIVATE_NAMES_MAX, PUBLIC_NAMES_MAX, ROUTING_MODES, SECURITY_POLICIES, check, check_pem};
use super::patches::{Draft, PATCHES};
use super::record::{Certificate, DomainName, MutualTls, Uploaded, domain_id};
use super::reply::Reply;
use super::{access_association, base_path_mapping};
use base::api::patch::{self, PatchOp};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, Settings, Shape, Tags, no_room, op};
use base::store::{Realm, View, kind};
use base::world::Timestamp;
use define::rest_api::build::{self, ENDPOINT_TYPES, IP_ADDRESS_TYPES};
use serde::Deserialize;

/// What the control API can do with domain names.
pub const OPERATIONS: &[Entry] =
    &[op::<CreateDomainName>(), op::<GetDomainNames>(), op::<GetDomainName>(), op::<UpdateDomainName>(), op::<DeleteDomainName>()];

/// Characters of a private name's id.
const PRIVATE_ID_CHARS: usize = 10;

/// The place of a name in the path.
pub(super) const NAME: Member = api::text("domain_name").in_path("domainName");
/// Which of the private ones of a name is meant.
pub(super) const PRIVATE_ID: Member = api::text("domainNameId").in_query();
/// Whose things are wanted.
pub(super) const OWNER: Member = api::text("resourceOwner").in_query().one_of(&["SELF", "OTHER_ACCOUNTS"]);

/// The domain name that is meant, or AWS's 404.
pub(crate) fn known_domain_name(view: &dyn View, realm: &Realm, name: &str, private_id: Option<&str>) -> Result<DomainName, ApiError> {
    let private_id = private_id.filter(|id| !id.is_empty());
    let found = view.find(&realm.top(), &domain_id(name, private_id))?;
    found.ok_or_else(|| ApiError::not_found("Invalid domain name identifier specified"))
}

/// The ARN of a domain name. Private ones tell the account, too.
pub(crate) fn arn(domain: &DomainName, realm: &Realm, partition: &str) -> String {
    let Realm { account, region } = realm;
    match &domain.private_id {
        None => format!("arn:{partition}:apigateway:{region}::/domainnames/{}", domain.name),
        Some(id) => format!("arn:{partition}:apigateway:{region}:{account}:/domainnames/{}+{id}", domain.name),
    }
}

/// Gives APIs a name of one's own.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateDomainName {
    domain_name: Option<String>,
    certificate_name: Option<String>,
    certificate_body: Option<String>,
    certificate_private_key: Option<String>,
    certificate_chain: Option<String>,
    certificate_arn: Option<String>,
    regional_certificate_name: Option<String>,
    regional_certificate_arn: Option<String>,
    endpoint_configuration: Option<Endpoint>,
    tags: Option<Tags>,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
    mutual_tls_authentication: Option<WantedMutualTls>,
    ownership_verification_certificate_arn: Option<String>,
    policy: Option<String>,
    routing_mode: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    types: Option<Vec<String>>,
    ip_address_type: Option<String>,
    vpc_endpoint_ids: Option<Vec<String>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedMutualTls {
    truststore_uri: Option<String>,
    truststore_version: Option<String>,
}

fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn certificate(name: Option<String>, arn: Option<String>, now: Timestamp) -> Certificate {
    let (name, arn) = (some(name), some(arn));
    let set = (name.is_some() || arn.is_some()).then_some(now);
    Certificate { name, arn, set }
}

impl CreateDomainName {
    fn record(self, cx: &Control) -> Result<DomainName, ApiError> {
        let Self {
            domain_name,
            certificate_name,
            certificate_body,
            certificate_private_key,
            certificate_chain,
            certificate_arn,
            regional_certificate_name,
            regional_certificate_arn,
            endpoint_configuration,
            tags,
            security_policy,
            endpoint_access_mode,
            mutual_tls_authentication,
            ownership_verification_certificate_arn,
            policy,
            routing_mode,
        } = self;
        let now = cx.clock.wall();
        let Endpoint { types, ip_address_type, vpc_endpoint_ids } = endpoint_configuration.unwrap_or_default();
        let kind = types.map_or_else(|| Ok("EDGE".into()), |types| build::endpoint_type(&types))?;
        let upload = [("certificateBody", &certificate_body), ("certificatePrivateKey", &certificate_private_key)];
        for (what, text) in upload.into_iter().chain([("certificateChain", &certificate_chain)]) {
            text.as_ref().map_or(Ok(()), |text| check_pem(what, text))?;
        }
        Ok(DomainName {
            name: domain_name.unwrap_or_default(),
            private_id: (kind == "PRIVATE").then(|| cx.ids.lower(PRIVATE_ID_CHARS)),
            created: now,
            ip_address_type: build::ip_address_type(&kind, ip_address_type)?,
            types: vec![kind],
            vpc_endpoint_ids: vpc_endpoint_ids.unwrap_or_default(),
            certificate: certificate(certificate_name, certificate_arn, now),
            regional_certificate: certificate(regional_certificate_name, regional_certificate_arn, now),
            uploaded: certificate_body.map(|body| Uploaded {
                body,
                chain: certificate_chain,
                private_key: certificate_private_key.map(|key| cx.sealer.seal(&key)),
            }),
            regional_host: format!("d-{}.execute-api.{}.amazonaws.com", cx.ids.lower(10), cx.realm().region),
            distribution_host: format!("d{}.cloudfront.net", cx.ids.lower(13)),
            security_policy: some(security_policy).unwrap_or_else(|| "TLS_1_2".into()),
            endpoint_access_mode: some(endpoint_access_mode),
            mutual_tls: mutual_tls_authentication.map(|WantedMutualTls { truststore_uri, truststore_version }| MutualTls {
                truststore_uri: some(truststore_uri),
                truststore_version: some(truststore_version),
            }),
            ownership_certificate_arn: some(ownership_verification_certificate_arn),
            policy: some(policy),
            management_policy: None,
            routing_mode: some(routing_mode).unwrap_or_else(|| "BASE_PATH_MAPPING_ONLY".into()),
            tags: tags.unwrap_or_default(),
        })
    }
}

impl Operation for CreateDomainName {
    const ROUTE: Route = api::post("CreateDomainName", "/domainnames");
    const MEMBERS: &'static [Member] = &[
        api::text("domainName"),
        api::text("certificateName"),
        api::text("certificateBody"),
        api::text("certificatePrivateKey"),
        api::text("certificateChain"),
        api::text("certificateArn"),
        api::text("regionalCertificateName"),
        api::text("regionalCertificateArn"),
        api::structure(
            "endpointConfiguration",
            &[
                api::list("types", &api::text("").one_of(ENDPOINT_TYPES)),
                api::text("ipAddressType").one_of(IP_ADDRESS_TYPES),
                api::list("vpcEndpointIds", &api::text("")),
            ],
        ),
        api::map("tags", &Shape::Text),
        api::text("securityPolicy").one_of(SECURITY_POLICIES),
        api::text("endpointAccessMode").one_of(ACCESS_MODES),
        api::structure("mutualTlsAuthentication", &[api::text("truststoreUri"), api::text("truststoreVersion")]),
        api::text("ownershipVerificationCertificateArn"),
        api::text("policy"),
        api::text("routingMode").one_of(ROUTING_MODES),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let domain = self.record(cx)?;
        check(&domain, &cx.settings)?;
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let made = cx.write(move |txn| {
            // A request knows its host alone, so a public name is one in all accounts and regions.
            let mut taken = false;
            txn.every(kind::DOMAIN_NAME, &mut |row| {
                taken |= *row.address.id == domain_id(&domain.name, domain.private_id.as_deref());
                Ok(())
            })?;
            if taken {
                return Err(ApiError::bad_request("The domain name you provided already exists."));
            }
            check_names_room(&settings, txn.view(), &realm, &domain)?;
            txn.save(&realm, &domain)?;
            Ok(domain.clone())
        });
        Ok(Reply::of(made.await?, cx.realm(), &cx.settings.partition))
    }
}

/// Refuses one more name than AWS allows: public and private ones are counted apart.
fn check_names_room(settings: &Settings, view: &dyn View, realm: &Realm, domain: &DomainName) -> Result<(), ApiError> {
    if !settings.aws_strict {
        return Ok(());
    }
    let (max, what) =
        if domain.is_private() { (PRIVATE_NAMES_MAX, "private domain names") } else { (PUBLIC_NAMES_MAX, "public domain names") };
    let held: Vec<DomainName> = view.all(&realm.top())?;
    let count = held.iter().filter(|held| held.is_private() == domain.is_private()).count();
    if count < max { Ok(()) } else { Err(no_room(max, what)) }
}

/// Lists the domain names, by name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetDomainNames {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
    resource_owner: Option<String>,
}

impl Operation for GetDomainNames {
    const ROUTE: Route = api::get("GetDomainNames", "/domainnames");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::whole("limit").in_query(), OWNER];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position, resource_owner } = self;
        // Nothing is shared between accounts yet.
        if resource_owner.as_deref() == Some("OTHER_ACCOUNTS") {
            return Ok(Page { item: Vec::new(), position: None });
        }
        let top = cx.realm().top();
        let found: Vec<DomainName> =
            cx.read(move |view| Ok(view.some(&top, Page::after(position.as_deref()).as_deref(), limit.items() + 1)?)).await?;
        let page = Page::cut(found, limit, |domain| domain_id(&domain.name, domain.private_id.as_deref()));
        Ok(page.map(|domain| Reply::of(domain, cx.realm(), &cx.settings.partition)))
    }
}

/// Shows a domain name.
#[derive(Deserialize)]
struct GetDomainName {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
}

impl Operation for GetDomainName {
    const ROUTE: Route = api::get("GetDomainName", "/domainnames/{domain_name}");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, private_id } = self;
        let realm = cx.realm().clone();
        let domain = cx.read(move |view| known_domain_name(view, &realm, &name, private_id.as_deref())).await?;
        Ok(Reply::of(domain, cx.realm(), &cx.settings.partition))
    }
}

/// Changes a domain name.
#[derive(Deserialize)]
struct UpdateDomainName {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateDomainName {
    const ROUTE: Route = api::patch_route("UpdateDomainName", "/domainnames/{domain_name}");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, private_id, patch_operations } = self;
        let (realm, settings, now) = (cx.realm().clone(), cx.settings.clone(), cx.clock.wall());
        let ops = patch_operations.unwrap_or_default();
        let changed = cx.write(move |txn| {
            let before = known_domain_name(txn.view(), &realm, &name, private_id.as_deref())?;
            let domain = PATCHES.apply(&Draft::new(before, now), &ops)?.domain;
            check(&domain, &settings)?;
            txn.save(&realm, &domain)?;
            Ok(domain)
        });
        Ok(Reply::of(changed.await?, cx.realm(), &cx.settings.partition))
    }
}

/// Deletes a domain name, with its base paths and what may reach it.
#[derive(Deserialize)]
struct DeleteDomainName {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
}

impl Operation for DeleteDomainName {
    const ROUTE: Route = api::delete("DeleteDomainName", "/domainnames/{domain_name}");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { name, private_id } = self;
        let (realm, partition) = (cx.realm().clone(), cx.settings.partition.clone());
        let gone = cx.write(move |txn| {
            let domain = known_domain_name(txn.view(), &realm, &name, private_id.as_deref())?;
            let id = domain_id(&domain.name, domain.private_id.as_deref());
            base_path_mapping::end_all(txn, &realm, &id)?;
            access_association::end_all(txn, &arn(&domain, &realm, &partition))?;
            Ok(txn.remove::<DomainName>(&realm.top(), &id)?)
        });
        gone.await
    }
}
