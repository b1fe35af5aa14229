//! What the control API does with access associations. AWS's texts are not known here: these are assumed.

use super::record::AccessAssociation;
use crate::domain_name::operations::{OWNER, arn};
use crate::domain_name::record::DomainName;
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, Shape, Tags, check_room, check_tags, op};
use base::store::{Address, Kind, Realm, Row, StoreError, Txn, View, kind};
use serde::{Deserialize, Serialize};

/// What the control API can do with access associations.
pub const OPERATIONS: &[Entry] = &[
    op::<CreateDomainNameAccessAssociation>(),
    op::<GetDomainNameAccessAssociations>(),
    op::<DeleteDomainNameAccessAssociation>(),
    op::<RejectDomainNameAccessAssociation>(),
];

/// Associations of an account in a region.
const ASSOCIATIONS_MAX: usize = 100;
/// The one sort of source there is.
const SOURCE_TYPE: &str = "VPCE";

/// An association as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    domain_name_access_association_arn: String,
    domain_name_arn: String,
    access_association_source_type: &'static str,
    access_association_source: String,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
}

impl From<AccessAssociation> for Reply {
    fn from(AccessAssociation { arn, domain, source, tags }: AccessAssociation) -> Reply {
        Reply {
            domain_name_access_association_arn: arn,
            domain_name_arn: domain,
            access_association_source_type: SOURCE_TYPE,
            access_association_source: source,
            tags,
        }
    }
}

fn no_association() -> ApiError {
    ApiError::not_found("Invalid domain name access association identifier specified")
}

/// The association with an ARN, or a 404.
pub(crate) fn known_association(view: &dyn View, realm: &Realm, arn: &str) -> Result<AccessAssociation, ApiError> {
    view.find(&realm.top(), arn)?.ok_or_else(no_association)
}

/// The private domain name of a realm with an ARN.
fn private_domain(view: &dyn View, realm: &Realm, partition: &str, wanted: &str) -> Result<DomainName, ApiError> {
    let id = wanted.rsplit_once("/domainnames/").map_or("", |(_, id)| id);
    let found: Option<DomainName> = view.find(&realm.top(), id)?;
    let found = found.filter(|domain| arn(domain, realm, partition) == wanted);
    let domain = found.ok_or_else(|| ApiError::not_found("Invalid domain name identifier specified"))?;
    if domain.is_private() {
        return Ok(domain);
    }
    Err(ApiError::bad_request("Domain name access associations are only supported for private custom domain names."))
}

/// Ends all associations with a domain name, whosever they are.
pub(in crate::domain_name) fn end_all(txn: &mut dyn Txn, domain: &str) -> Result<(), StoreError> {
    let mut gone: Vec<Address> = Vec::new();
    txn.every(kind::DOMAIN_NAME_ACCESS_ASSOCIATION, &mut |row: Row| {
        if row.record::<AccessAssociation>()?.domain == domain {
            gone.push(row.address);
        }
        Ok(())
    })?;
    gone.iter().try_for_each(|address| txn.delete(address))
}

/// Lets a VPC endpoint reach a private domain name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateDomainNameAccessAssociation {
    domain_name_arn: Option<String>,
    /// `VPCE`: the table sees to it.
    #[serde(rename = "accessAssociationSourceType")]
    _source_type: Option<String>,
    access_association_source: Option<String>,
    tags: Option<Tags>,
}

impl Operation for CreateDomainNameAccessAssociation {
    const ROUTE: Route = api::post("CreateDomainNameAccessAssociation", "/domainnameaccessassociations");
    const MEMBERS: &'static [Member] = &[
        api::text("domainNameArn"),
        api::text("accessAssociationSourceType").one_of(&[SOURCE_TYPE]),
        api::text("accessAssociationSource"),
        api::map("tags", &Shape::Text),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { domain_name_arn, _source_type, access_association_source, tags } = self;
        let (domain_arn, source) = (domain_name_arn.unwrap_or_default(), access_association_source.unwrap_or_default());
        let tags = tags.unwrap_or_default();
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let is_endpoint = source.strip_prefix("vpce-").is_some_and(|rest| {
            (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if !is_endpoint {
            return Err(ApiError::bad_request(format!("Invalid VPC endpoint identifier specified: {source}")));
        }
        check_tags(&tags)?;
        let made = cx.write(move |txn| {
            let domain = private_domain(txn.view(), &realm, &settings.partition, &domain_arn)?;
            let Realm { account, region } = &realm;
            let association = AccessAssociation {
                arn: format!(
                    "arn:{}:apigateway:{region}:{account}:/domainnameaccessassociations/domainname/{}/vpcesource/{source}",
                    settings.partition, domain.name
                ),
                domain: domain_arn.clone(),
                source: source.clone(),
                tags: tags.clone(),
            };
            const KIND: Kind = kind::DOMAIN_NAME_ACCESS_ASSOCIATION;
            if txn.view().has(KIND, &realm.top(), &association.arn)? {
                let text = format!("A domain name access association of {source} with {} already exists", domain.name);
                return Err(ApiError::conflict(text));
            }
            check_room(&settings, txn.view(), KIND, &realm.top(), ASSOCIATIONS_MAX, "domain name access associations")?;
            txn.save(&realm, &association)?;
            Ok(association)
        });
        made.await.map(Reply::from)
    }
}

/// Lists the associations that this account made, or those that others made with its domain names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetDomainNameAccessAssociations {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
    resource_owner: Option<String>,
}

impl Operation for GetDomainNameAccessAssociations {
    const ROUTE: Route = api::get("GetDomainNameAccessAssociations", "/domainnameaccessassociations");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::whole("limit").in_query(), OWNER];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position, resource_owner } = self;
        let (realm, partition) = (cx.realm().clone(), cx.settings.partition.clone());
        let page = cx.read(move |view| {
            if resource_owner.as_deref() == Some("OTHER_ACCOUNTS") {
                let others = of_others(view, &realm, &partition)?;
                return Ok(Page::of(others, limit, position.as_deref(), |association| association.arn.clone()));
            }
            let after = Page::after(position.as_deref());
            let found: Vec<AccessAssociation> = view.some(&realm.top(), after.as_deref(), limit.items() + 1)?;
            Ok(Page::cut(found, limit, |association| association.arn.clone()))
        });
        page.await.map(|page| page.map(Reply::from))
    }
}

/// What other realms associated with the domain names of this one, by ARN.
fn of_others(view: &dyn View, realm: &Realm, partition: &str) -> Result<Vec<AccessAssociation>, ApiError> {
    let ours: Vec<DomainName> = view.all(&realm.top())?;
    let ours: Vec<String> = ours.iter().filter(|domain| domain.is_private()).map(|domain| arn(domain, realm, partition)).collect();
    let mut found: Vec<AccessAssociation> = Vec::new();
    view.every(kind::DOMAIN_NAME_ACCESS_ASSOCIATION, &mut |row: Row| {
        let association: AccessAssociation = row.record()?;
        if row.address.scope.realm != *realm && ours.contains(&association.domain) {
            found.push(association);
        }
        Ok(())
    })?;
    found.sort_by(|a, b| a.arn.cmp(&b.arn));
    Ok(found)
}

/// Ends an association of one's own.
#[derive(Deserialize)]
struct DeleteDomainNameAccessAssociation {
    #[serde(rename = "domain_name_access_association_arn")]
    arn: String,
}

impl Operation for DeleteDomainNameAccessAssociation {
    const ROUTE: Route =
        api::delete("DeleteDomainNameAccessAssociation", "/domainnameaccessassociations/{domain_name_access_association_arn+}");
    const MEMBERS: &'static [Member] = &[api::text("domain_name_access_association_arn").in_path("domainNameAccessAssociationArn")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { arn } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            let association = known_association(txn.view(), &realm, &arn)?;
            Ok(txn.remove::<AccessAssociation>(&realm.top(), &association.arn)?)
        });
        gone.await
    }
}

/// Ends somebody else's association with a domain name of one's own. One's own has an operation of its own, which AWS insists on; where it
/// is not strict, this one does as well.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RejectDomainNameAccessAssociation {
    #[serde(rename = "domainNameAccessAssociationArn")]
    association: Option<String>,
    #[serde(rename = "domainNameArn")]
    domain: Option<String>,
}

impl Operation for RejectDomainNameAccessAssociation {
    const ROUTE: Route = api::post("RejectDomainNameAccessAssociation", "/rejectdomainnameaccessassociations").status(202);
    const MEMBERS: &'static [Member] = &[api::text("domainNameAccessAssociationArn").in_query(), api::text("domainNameArn").in_query()];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let (association, domain) = (self.association.unwrap_or_default(), self.domain.unwrap_or_default());
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let gone = cx.write(move |txn| {
            private_domain(txn.view(), &realm, &settings.partition, &domain)?;
            let mut found: Option<Address> = None;
            txn.every(kind::DOMAIN_NAME_ACCESS_ASSOCIATION, &mut |row: Row| {
                let record: AccessAssociation = row.record()?;
                if record.arn == association && record.domain == domain {
                    found = Some(row.address);
                }
                Ok(())
            })?;
            let address = found.ok_or_else(no_association)?;
            if address.scope.realm == realm && settings.aws_strict {
                return Err(ApiError::bad_request("Only domain name access associations of other accounts can be rejected."));
            }
            Ok(txn.delete(&address)?)
        });
        gone.await
    }
}
