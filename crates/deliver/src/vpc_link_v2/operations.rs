//! What the second control API does with VPC links.

use super::record::VpcLinkV2;
use base::api::{self, ApiError, Control, Entry, Member, Operation, Route, Shape, Tags, check_room, check_tags, op};
use base::store::{Realm, View, kind};
use serde::{Deserialize, Serialize};

/// What the second control API can do with VPC links.
pub const OPERATIONS: &[Entry] =
    &[op::<CreateVpcLink>(), op::<GetVpcLinks>(), op::<GetVpcLink>(), op::<UpdateVpcLink>(), op::<DeleteVpcLink>()];

/// Links of an account in a region, and subnets of one, as AWS's quotas; security groups of one.
const LINKS_MAX: usize = 10;
const SUBNETS_MAX: usize = 10;
const SECURITY_GROUPS_MAX: usize = 10;
const ID_CHARS: usize = 6;
const NAME_CHARS_MAX: usize = 128;
/// Bytes of a subnet's id, or a security group's.
const ID_BYTES_MAX: usize = 255;
/// Items on a page when nobody says, and at most.
const PAGE_USUAL: usize = 25;
const PAGE_MAX: usize = 100;

const ID: Member = api::text("vpcLinkId").in_path("vpcLinkId");

/// A link as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    vpc_link_id: String,
    name: String,
    subnet_ids: Vec<String>,
    security_group_ids: Vec<String>,
    created_date: String,
    vpc_link_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_link_status_message: Option<&'static str>,
    vpc_link_version: &'static str,
    tags: Tags,
}

impl From<VpcLinkV2> for Reply {
    fn from(link: VpcLinkV2) -> Reply {
        Reply {
            vpc_link_id: link.id,
            name: link.name,
            subnet_ids: link.subnets,
            security_group_ids: link.security_groups,
            created_date: link.created.iso(),
            vpc_link_status: "AVAILABLE",
            vpc_link_status_message: Some("VPC link is ready to route traffic"),
            vpc_link_version: "V2",
            tags: link.tags,
        }
    }
}

fn known(view: &dyn View, realm: &Realm, id: &str) -> Result<VpcLinkV2, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::not_found(format!("Invalid VpcLink identifier specified {id}")))
}

fn check_name(name: Option<String>) -> Result<String, ApiError> {
    let name = name.unwrap_or_default();
    match name.chars().count() {
        1..=NAME_CHARS_MAX => Ok(name),
        _ => Err(ApiError::bad_request(format!("Name must be 1 to {NAME_CHARS_MAX} characters long"))),
    }
}

/// Makes a way into a private network.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateVpcLink {
    name: Option<String>,
    subnet_ids: Option<Vec<String>>,
    security_group_ids: Option<Vec<String>>,
    tags: Option<Tags>,
}

impl Operation for CreateVpcLink {
    const ROUTE: Route = api::post("CreateVpcLink", "/v2/vpclinks");
    const MEMBERS: &'static [Member] = &[
        api::text("name"),
        api::list("subnetIds", &api::text("")),
        api::list("securityGroupIds", &api::text("")),
        api::map("tags", &Shape::Text),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, subnet_ids, security_group_ids, tags } = self;
        let (subnets, security_groups, tags) =
            (subnet_ids.unwrap_or_default(), security_group_ids.unwrap_or_default(), tags.unwrap_or_default());
        if !(1..=SUBNETS_MAX).contains(&subnets.len()) || security_groups.len() > SECURITY_GROUPS_MAX {
            let text = format!("A VPC link has 1 to {SUBNETS_MAX} subnets, and {SECURITY_GROUPS_MAX} security groups at most");
            return Err(ApiError::bad_request(text));
        }
        if subnets.iter().chain(&security_groups).any(|id| id.is_empty() || id.len() > ID_BYTES_MAX) {
            return Err(ApiError::bad_request("The id of a subnet or of a security group is not valid"));
        }
        check_tags(&tags)?;
        let (id, created) = (cx.ids.lower(ID_CHARS), cx.clock.wall());
        let link = VpcLinkV2 { id, name: check_name(name)?, subnets, security_groups, created, tags };
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let made = cx.write(move |txn| {
            check_room(&settings, txn.view(), kind::VPC_LINK_V2, &realm.top(), LINKS_MAX, "VPC links")?;
            // Both kinds are named in the same place of an integration.
            let is_taken = |kind| txn.view().has(kind, &realm.top(), &link.id);
            if is_taken(kind::VPC_LINK)? || is_taken(kind::VPC_LINK_V2)? {
                return Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."));
            }
            txn.save(&realm, &link)?;
            Ok(link.clone())
        });
        // Clients wait for what comes after.
        made.await.map(|link| Reply { vpc_link_status: "PENDING", vpc_link_status_message: None, ..link.into() })
    }
}

/// Lists the links.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetVpcLinks {
    max_results: Option<String>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    items: Vec<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for GetVpcLinks {
    const ROUTE: Route = api::get("GetVpcLinks", "/v2/vpclinks");
    const MEMBERS: &'static [Member] = &[api::text("maxResults").in_query(), api::text("nextToken").in_query()];
    type Reply = Links;

    async fn run(self, cx: &Control) -> Result<Links, ApiError> {
        let Self { max_results, next_token } = self;
        let most = match max_results.as_deref().map(str::parse::<usize>) {
            None => PAGE_USUAL,
            Some(Ok(most @ 1..)) => most.min(PAGE_MAX),
            Some(_) => return Err(ApiError::bad_request("maxResults must be a number from 1 on")),
        };
        let top = cx.realm().top();
        let mut found: Vec<VpcLinkV2> = cx.read(move |view| Ok(view.some(&top, next_token.as_deref(), most + 1)?)).await?;
        let more = found.len() > most;
        found.truncate(most);
        let next_token = if more { found.last().map(|link| link.id.clone()) } else { None };
        Ok(Links { items: found.into_iter().map(Reply::from).collect(), next_token })
    }
}

/// Shows a link.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetVpcLink {
    vpc_link_id: String,
}

impl Operation for GetVpcLink {
    const ROUTE: Route = api::get("GetVpcLink", "/v2/vpclinks/{vpcLinkId}");
    const MEMBERS: &'static [Member] = &[ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let (id, realm) = (self.vpc_link_id, cx.realm().clone());
        cx.read(move |view| known(view, &realm, &id)).await.map(Reply::from)
    }
}

/// Renames a link: nothing else of it can be changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateVpcLink {
    vpc_link_id: String,
    name: Option<String>,
}

impl Operation for UpdateVpcLink {
    const ROUTE: Route = api::patch_route("UpdateVpcLink", "/v2/vpclinks/{vpcLinkId}");
    const MEMBERS: &'static [Member] = &[api::text("name"), ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { vpc_link_id, name } = self;
        let (name, realm) = (name.map(|name| check_name(Some(name))).transpose()?, cx.realm().clone());
        let changed = cx.write(move |txn| {
            let mut link = known(txn.view(), &realm, &vpc_link_id)?;
            link.name = name.clone().unwrap_or(link.name);
            txn.save(&realm, &link)?;
            Ok(link)
        });
        changed.await.map(Reply::from)
    }
}

/// Deletes a link.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeleteVpcLink {
    vpc_link_id: String,
}

#[derive(Serialize)]
struct Nothing {}

impl Operation for DeleteVpcLink {
    const ROUTE: Route = api::delete("DeleteVpcLink", "/v2/vpclinks/{vpcLinkId}");
    const MEMBERS: &'static [Member] = &[ID];
    type Reply = Nothing;

    async fn run(self, cx: &Control) -> Result<Nothing, ApiError> {
        let (id, realm) = (self.vpc_link_id, cx.realm().clone());
        let gone = cx.write(move |txn| {
            let link = known(txn.view(), &realm, &id)?;
            Ok(txn.remove::<VpcLinkV2>(&realm.top(), &link.id)?)
        });
        gone.await.map(|()| Nothing {})
    }
}
