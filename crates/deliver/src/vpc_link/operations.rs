//! What the control API does with VPC links, but deletion.

use super::record::VpcLink;
use base::api::patch::{self, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, Shape, Tags, check_room, check_tags, op};
use base::store::{Realm, View, kind};
use serde::{Deserialize, Serialize};

/// What the control API can do with VPC links.
pub const OPERATIONS: &[Entry] = &[op::<CreateVpcLink>(), op::<GetVpcLinks>(), op::<GetVpcLink>(), op::<UpdateVpcLink>()];

/// Links of an account in a region.
const LINKS_MAX: usize = 20;
/// Characters of a link's id.
const ID_CHARS: usize = 6;
/// Bytes of a name, and of an ARN.
const NAME_BYTES_MAX: usize = 1_024;
const ARN_BYTES_MAX: usize = 2_048;
/// Bytes of a description.
const DESCRIPTION_BYTES_MAX: usize = 125_000;

const ID: Member = api::text("vpclink_id").in_path("vpcLinkId");

/// A link as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    target_arns: Vec<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Tags>,
}

impl Reply {
    /// As it is looked up or changed.
    fn whole(VpcLink { id, name, description, target_arns, tags }: VpcLink) -> Reply {
        let status_message = Some("Your vpc link is ready for use");
        Reply { id, name, description, target_arns, status: "AVAILABLE", status_message, tags: Some(tags) }
    }

    /// As it is listed: empty tags are left out.
    fn brief(link: VpcLink) -> Reply {
        let reply = Reply::whole(link);
        Reply { tags: reply.tags.filter(|tags| !tags.is_empty()), ..reply }
    }

    /// As it is made: clients wait for what comes after.
    fn made(link: VpcLink) -> Reply {
        Reply { status: "PENDING", status_message: None, ..Reply::brief(link) }
    }
}

/// The link with an id, or AWS's 404. (observed/domains-and-vpc.json)
pub fn known_link(view: &dyn View, realm: &Realm, id: &str) -> Result<VpcLink, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::not_found("Invalid Vpc Link identifier specified"))
}

/// What must hold of every link that is stored. The name comes first (observed/domains-and-vpc.json); the texts on lengths and counts are
/// assumed.
fn check(link: &VpcLink, aws_strict: bool) -> Result<(), ApiError> {
    let refuse = |text: String| Err(ApiError::BadRequest(text));
    if link.name.is_empty() {
        return refuse("Name cannot be empty".into());
    }
    if link.name.len() > NAME_BYTES_MAX {
        return refuse(format!("Name can be at most {NAME_BYTES_MAX} bytes long."));
    }
    if link.description.as_ref().is_some_and(|text| text.len() > DESCRIPTION_BYTES_MAX) {
        return refuse(format!("Description can be at most {DESCRIPTION_BYTES_MAX} bytes long."));
    }
    let [arn] = link.target_arns.as_slice() else { return refuse("Exactly one target ARN must be specified.".into()) };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_balancer = match parts[..] {
        ["arn", _, "elasticloadbalancing", _, _, rest] if rest.starts_with("loadbalancer/net/") => true,
        // AWS's links of this kind lead to network load balancers alone.
        ["arn", _, "elasticloadbalancing", _, _, rest] => {
            !aws_strict && (rest.starts_with("loadbalancer/") || rest.starts_with("listener/"))
        }
        ["arn", _, "servicediscovery", _, _, rest] => !aws_strict && rest.starts_with("service/"),
        _ => false,
    };
    if !is_balancer || arn.len() > ARN_BYTES_MAX {
        return refuse(format!("Invalid ARN. ARN is not well formed {arn}"));
    }
    check_tags(&link.tags)
}

/// Makes a way to a load balancer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateVpcLink {
    name: Option<String>,
    description: Option<String>,
    target_arns: Option<Vec<String>>,
    tags: Option<Tags>,
}

impl Operation for CreateVpcLink {
    const ROUTE: Route = api::post("CreateVpcLink", "/vpclinks").status(202);
    const MEMBERS: &'static [Member] =
        &[api::text("name"), api::text("description"), api::list("targetArns", &api::text("")), api::map("tags", &Shape::Text)];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, description, target_arns, tags } = self;
        let link = VpcLink {
            id: cx.ids.lower(ID_CHARS),
            name: name.unwrap_or_default(),
            description: description.filter(|text| !text.is_empty()),
            target_arns: target_arns.unwrap_or_default(),
            tags: tags.unwrap_or_default(),
        };
        check(&link, cx.settings.aws_strict)?;
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let made = cx.write(move |txn| {
            check_room(&settings, txn.view(), kind::VPC_LINK, &realm.top(), LINKS_MAX, "VPC links")?;
            if txn.view().has(kind::VPC_LINK, &realm.top(), &link.id)? {
                return Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."));
            }
            txn.save(&realm, &link)?;
            Ok(link.clone())
        });
        made.await.map(Reply::made)
    }
}

/// Lists the links.
#[derive(Deserialize)]
struct GetVpcLinks {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetVpcLinks {
    const ROUTE: Route = api::get("GetVpcLinks", "/vpclinks");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position } = self;
        let top = cx.realm().top();
        let found: Vec<VpcLink> =
            cx.read(move |view| Ok(view.some(&top, Page::after(position.as_deref()).as_deref(), limit.items() + 1)?)).await?;
        Ok(Page::cut(found, limit, |link| link.id.clone()).map(Reply::brief))
    }
}

/// Shows a link.
#[derive(Deserialize)]
struct GetVpcLink {
    #[serde(rename = "vpclink_id")]
    id: String,
}

impl Operation for GetVpcLink {
    const ROUTE: Route = api::get("GetVpcLink", "/vpclinks/{vpclink_id}");
    const MEMBERS: &'static [Member] = &[ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| known_link(view, &realm, &id)).await.map(Reply::whole)
    }
}

const PATCHES: Table<VpcLink> = Table {
    words: Words::Old,
    rows: &[
        replace("/name", |link, arg| {
            link.name = arg.text();
            Ok(())
        }),
        replace("/description", |link, arg| {
            link.description = arg.optional();
            Ok(())
        }),
    ],
};

/// Changes a link's words: where it leads cannot be changed.
#[derive(Deserialize)]
struct UpdateVpcLink {
    #[serde(rename = "vpclink_id")]
    id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateVpcLink {
    const ROUTE: Route = api::patch_route("UpdateVpcLink", "/vpclinks/{vpclink_id}");
    const MEMBERS: &'static [Member] = &[ID, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id, patch_operations } = self;
        let (realm, ops, aws_strict) = (cx.realm().clone(), patch_operations.unwrap_or_default(), cx.settings.aws_strict);
        let changed = cx.write(move |txn| {
            let link = PATCHES.apply(&known_link(txn.view(), &realm, &id)?, &ops)?;
            check(&link, aws_strict)?;
            txn.save(&realm, &link)?;
            Ok(link)
        });
        changed.await.map(Reply::whole)
    }
}
