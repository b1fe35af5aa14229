//! What the control API does with tags.

use crate::domain_name::access_association::known_association;
use crate::domain_name::access_association::record::AccessAssociation;
use crate::domain_name::operations::known_domain_name;
use crate::domain_name::record::DomainName;
use crate::stage::checks::known_stage;
use crate::stage::record::Stage;
use admit::api_key::record::ApiKey;
use admit::client_certificate::known_certificate;
use admit::client_certificate::record::ClientCertificate;
use admit::usage_plan::record::UsagePlan;
use base::api::{self, ApiError, Control, Entry, Member, Operation, Route, Settings, Shape, Tags, check_tags, op};
use base::store::{Realm, StoreError, Txn, View};
use define::rest_api::record::RestApi;
use deliver::vpc_link::known_link;
use deliver::vpc_link::record::VpcLink;
use serde::{Deserialize, Serialize};

/// What the control API can do with tags.
pub const OPERATIONS: &[Entry] = &[op::<GetTags>(), op::<TagResource>(), op::<UntagResource>()];

const ARN: Member = api::text("resource_arn").in_path("resourceArn");

/// Something that has tags.
enum Tagged {
    Api(RestApi),
    Stage(Stage),
    Key(ApiKey),
    Plan(UsagePlan),
    Certificate(ClientCertificate),
    Domain(DomainName),
    Link(VpcLink),
    Association(AccessAssociation),
}

impl Tagged {
    /// What an ARN of this realm stands for: `arn:{partition}:apigateway:{region}:{account or nothing}:/{path}`.
    fn find(view: &dyn View, realm: &Realm, settings: &Settings, arn: &str) -> Result<Tagged, ApiError> {
        let refused = || ApiError::bad_request("Invalid ARN specified in the request");
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "apigateway", region, account, path] = parts.as_slice() else { return Err(refused()) };
        if **partition != *settings.partition || **region != *realm.region {
            return Err(refused());
        }
        match *account {
            "" => {}
            ours if *ours == *realm.account => return Tagged::with_account(view, realm, path, arn)?.ok_or_else(refused),
            _ => return Err(refused()),
        }
        let gone = |text: &str| ApiError::not_found(text);
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "restapis", api] => view.find(&realm.top(), api)?.map(Tagged::Api).ok_or_else(|| ApiError::no_api(realm, api)),
            ["", "restapis", api, "stages", stage] => known_stage(view, realm, api, stage).map(Tagged::Stage),
            ["", "apikeys", key] => {
                view.find(&realm.top(), key)?.map(Tagged::Key).ok_or_else(|| gone("Invalid API Key identifier specified"))
            }
            ["", "usageplans", plan] => {
                view.find(&realm.top(), plan)?.map(Tagged::Plan).ok_or_else(|| gone("Invalid Usage Plan ID specified"))
            }
            ["", "clientcertificates", id] => known_certificate(view, realm, id).map(Tagged::Certificate),
            ["", "vpclinks", id] => known_link(view, realm, id).map(Tagged::Link),
            ["", "domainnames", name] => known_domain_name(view, realm, name, None).map(Tagged::Domain),
            _ => Err(refused()),
        }
    }

    /// What an ARN stands for that names the account: private domain names, and access associations.
    fn with_account(view: &dyn View, realm: &Realm, path: &str, arn: &str) -> Result<Option<Tagged>, ApiError> {
        if path.starts_with("/domainnameaccessassociations/") {
            return known_association(view, realm, arn).map(Tagged::Association).map(Some);
        }
        let Some((name, id)) = path.strip_prefix("/domainnames/").and_then(|name| name.split_once('+')) else { return Ok(None) };
        known_domain_name(view, realm, name, Some(id)).map(Tagged::Domain).map(Some)
    }

    fn tags_mut(&mut self) -> &mut Tags {
        match self {
            Tagged::Api(api) => &mut api.tags,
            Tagged::Stage(stage) => &mut stage.tags,
            Tagged::Key(key) => &mut key.tags,
            Tagged::Plan(plan) => &mut plan.tags,
            Tagged::Certificate(certificate) => &mut certificate.tags,
            Tagged::Domain(domain) => &mut domain.tags,
            Tagged::Link(link) => &mut link.tags,
            Tagged::Association(association) => &mut association.tags,
        }
    }

    fn save(&self, txn: &mut dyn Txn, realm: &Realm) -> Result<(), StoreError> {
        match self {
            Tagged::Api(api) => txn.save(realm, api),
            Tagged::Stage(stage) => txn.save(realm, stage),
            Tagged::Key(key) => txn.save(realm, key),
            Tagged::Plan(plan) => txn.save(realm, plan),
            Tagged::Certificate(certificate) => txn.save(realm, certificate),
            Tagged::Domain(domain) => txn.save(realm, domain),
            Tagged::Link(link) => txn.save(realm, link),
            Tagged::Association(association) => txn.save(realm, association),
        }
    }
}

/// Changes the tags of what an ARN stands for.
async fn change(cx: &Control, arn: String, how: impl Fn(&mut Tags) + Send + 'static) -> Result<(), ApiError> {
    let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
    cx.write(move |txn| {
        let mut tagged = Tagged::find(txn.view(), &realm, &settings, &arn)?;
        how(tagged.tags_mut());
        check_tags(tagged.tags_mut())?;
        Ok(tagged.save(txn, &realm)?)
    })
    .await
}

/// Shows the tags of a thing.
#[derive(Deserialize)]
struct GetTags {
    #[serde(rename = "resource_arn")]
    arn: String,
}

/// Tags as they are sent.
#[derive(Serialize)]
struct Reply {
    tags: Tags,
}

impl Operation for GetTags {
    const ROUTE: Route = api::get("GetTags", "/tags/{resource_arn+}");
    const MEMBERS: &'static [Member] = &[ARN, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { arn } = self;
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let mut tagged = cx.read(move |view| Tagged::find(view, &realm, &settings, &arn)).await?;
        Ok(Reply { tags: std::mem::take(tagged.tags_mut()) })
    }
}

/// Adds tags to a thing; those with a known key take the place of the old.
#[derive(Deserialize)]
struct TagResource {
    #[serde(rename = "resource_arn")]
    arn: String,
    tags: Option<Tags>,
}

impl Operation for TagResource {
    const ROUTE: Route = api::put("TagResource", "/tags/{resource_arn+}").status(204);
    const MEMBERS: &'static [Member] = &[ARN, api::map("tags", &Shape::Text)];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { arn, tags } = self;
        let added = tags.unwrap_or_default();
        change(cx, arn, move |tags| tags.extend(added.clone())).await
    }
}

/// Takes tags from a thing.
#[derive(Deserialize)]
struct UntagResource {
    #[serde(rename = "resource_arn")]
    arn: String,
    #[serde(rename = "tagKeys", default)]
    keys: Vec<String>,
}

impl Operation for UntagResource {
    const ROUTE: Route = api::delete("UntagResource", "/tags/{resource_arn+}").status(204);
    const MEMBERS: &'static [Member] = &[ARN, api::list("tagKeys", &api::text("")).in_query()];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { arn, keys } = self;
        change(cx, arn, move |tags| tags.retain(|key, _| !keys.contains(key))).await
    }
}
