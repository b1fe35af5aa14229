//! Private integrations: the URI says how the back end is spoken to and under which name, a VPC link says where it is.
//!
//! A link of the first kind leads to a network load balancer, and the URI's port picks its listener. With a link of the second kind the
//! integration names its load balancer or listener itself (`integrationTarget`), and the stage's name is part of the path that is sent.
//! Both ids may hold stage variables. Seen: the atlas, integrations §3.4 and §3.3.

use super::record::Integration;
use crate::Flaw;
use crate::mapping::stage_variable;
use crate::upstream::balance::{Asking, Entry, Wanted};
use crate::upstream::{Target, Upstreams};
use base::gate::{Exchange, Refusal, RefusalKind};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

const STAGE_VARIABLE: &str = "${stageVariables.";
/// Bytes of an id after its variables were filled in.
const ID_BYTES_MAX: usize = 4_096;

/// Where a private integration leads.
pub(super) struct Private {
    link: Box<str>,
    target: Option<Box<str>>,
    /// What answers, where that is the same for every request: found with the first.
    found: OnceLock<Arc<Entry>>,
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Private").field("link", &self.link).field("target", &self.target).finish_non_exhaustive()
    }
}

impl Private {
    /// What an integration's record says; `None` for one that goes over the internet.
    pub(super) fn compile(record: &Integration) -> Result<Option<Private>, Flaw> {
        if record.connection_type.as_deref() != Some("VPC_LINK") {
            return Ok(None);
        }
        let link = record.connection_id.as_deref().filter(|id| !id.is_empty());
        let link = link.ok_or_else(|| Flaw::new("the integration is private and names no VPC link (connectionId)"))?;
        let target = record.target.as_deref().filter(|target| !target.is_empty());
        Ok(Some(Private { link: link.into(), target: target.map(Into::into), found: OnceLock::new() }))
    }

    /// Whether the stage's name is part of the path that is sent.
    pub(super) fn names_the_stage(&self) -> bool {
        self.target.is_some()
    }

    /// Chooses where a request goes. `origin` is the URI's, `is_fixed` if it is the same for every request.
    pub(super) fn choose(
        &self,
        upstreams: &Upstreams,
        origin: &Arc<Target>,
        is_fixed: bool,
        ex: &Exchange,
    ) -> Result<(Asking, Arc<Target>), Refusal> {
        if let Some(entry) = self.found.get() {
            return Asking::begin(entry, ex);
        }
        let texts = [Some(&self.link), self.target.as_ref()];
        let has_variables = texts.into_iter().flatten().any(|text| text.contains(STAGE_VARIABLE));
        let entry = self.find(upstreams, origin, ex)?;
        if is_fixed && !has_variables {
            // All stages of a deployment are of one API, and thereby of one account and region.
            return Asking::begin(self.found.get_or_init(|| entry), ex);
        }
        Asking::begin(&entry, ex)
    }

    fn find(&self, upstreams: &Upstreams, origin: &Arc<Target>, ex: &Exchange) -> Result<Arc<Entry>, Refusal> {
        let wrong = |because: &'static str| Refusal::of(RefusalKind::ApiConfigurationError, because);
        let link = filled(&self.link, ex).ok_or_else(|| wrong("the VPC link's id is too long"))?;
        if link.is_empty() {
            return Err(wrong("the stage variable that names the VPC link (connectionId) is not set"));
        }
        let target = match &self.target {
            Some(text) => Some(filled(text, ex).ok_or_else(|| wrong("the integration's target is too long"))?),
            None => None,
        };
        let (account, region) = (ex.stage().account.clone(), ex.stage().region.clone());
        let wanted = Wanted { account, region, link: link.into(), target: target.map(Into::into), origin: origin.clone() };
        upstreams.entry(wanted).ok_or_else(|| wrong("there are no private networks here"))
    }
}

/// A text with its stage variables; what is not set is empty. `None` if it becomes too long.
fn filled<'t>(text: &'t str, ex: &Exchange) -> Option<Cow<'t, str>> {
    let Some((before, mut rest)) = text.split_once(STAGE_VARIABLE) else { return Some(Cow::Borrowed(text)) };
    let mut out = before.to_owned();
    loop {
        let Some((name, after)) = rest.split_once('}') else {
            out.push_str(STAGE_VARIABLE);
            out.push_str(rest);
            break;
        };
        out.push_str(stage_variable(ex, name));
        let Some((between, next)) = after.split_once(STAGE_VARIABLE) else {
            out.push_str(after);
            break;
        };
        out.push_str(between);
        rest = next;
    }
    (out.len() <= ID_BYTES_MAX).then_some(Cow::Owned(out))
}
