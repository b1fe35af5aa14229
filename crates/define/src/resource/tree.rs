//! The tree of paths of one API, in memory: where a segment may go, and what moves with it. Imports build their paths with it too.

use super::record::Resource;
use crate::limits::{NAME_BYTES_MAX, PATH_BYTES_MAX};
use base::api::ApiError;
use base::store::{Scope, StoreError, View};
use std::collections::{BTreeMap, HashMap};

/// All resources of an API, by id.
#[derive(Clone, Debug, Default)]
pub struct Tree(BTreeMap<String, Resource>);

/// What a segment of a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text that must be there.
    Static,
    /// `{name}`: any one segment.
    Variable,
    /// `{name+}`: all that follows.
    Greedy,
}

impl Segment {
    /// What a path part is; an error for what can be none.
    pub fn of(part: &str) -> Result<Segment, ApiError> {
        let wrong = || {
            ApiError::bad_request(
                "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
            )
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let fits = |text: &str, fits: &dyn Fn(char) -> bool| !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.chars().all(fits);
        let Some(inner) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            // What may stand in a path unescaped (RFC 3986), since a request's path is compared as it comes.
            return if fits(part, &|c| plain(c) || ":,$@~!*'()=;&+".contains(c)) { Ok(Segment::Static) } else { Err(wrong()) };
        };
        let (name, kind) = inner.strip_suffix('+').map_or((inner, Segment::Variable), |name| (name, Segment::Greedy));
        if fits(name, &|c| plain(c) || ":,$@".contains(c)) { Ok(kind) } else { Err(wrong()) }
    }
}

impl Tree {
    /// The tree of an API.
    pub fn read(view: &dyn View, scope: &Scope) -> Result<Tree, StoreError> {
        Ok(Tree::of(view.all(scope)?))
    }

    /// A tree of these resources.
    pub fn of(resources: Vec<Resource>) -> Tree {
        Tree(resources.into_iter().map(|resource| (resource.id.clone(), resource)).collect())
    }

    /// How many resources there are, with the root.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is not even a root.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A resource by id.
    pub fn find(&self, id: &str) -> Result<&Resource, ApiError> {
        self.0.get(id).ok_or_else(unknown)
    }

    /// A resource by its whole path.
    pub fn at(&self, path: &str) -> Option<&Resource> {
        self.0.values().find(|resource| resource.path == path)
    }

    /// The children of a resource, in no promised order.
    pub fn children<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.0.values().filter(move |resource| resource.parent.as_deref() == Some(id))
    }

    /// All resources, sorted by path.
    pub fn sorted(self) -> Vec<Resource> {
        let mut resources: Vec<Resource> = self.0.into_values().collect();
        resources.sort_by(|one, other| one.path.cmp(&other.path));
        resources
    }

    /// A resource and all below it, from the top down.
    pub fn subtree(&self, id: &str) -> Vec<&Resource> {
        // Indexed once, so that a large tree costs its size and not its square.
        let mut children: HashMap<&str, Vec<&Resource>> = HashMap::new();
        for resource in self.0.values() {
            children.entry(resource.parent.as_deref().unwrap_or("")).or_default().push(resource);
        }
        let mut found: Vec<&Resource> = self.0.get(id).into_iter().collect();
        let mut next = 0;
        while let Some(resource) = found.get(next) {
            found.extend(children.remove(resource.id.as_str()).unwrap_or_default());
            next += 1;
        }
        found
    }

    /// Adds a child under a new id, if it may be there.
    pub fn add(&mut self, parent: &str, id: String, part: &str) -> Result<Resource, ApiError> {
        let parent = self.find(parent)?;
        self.allow(parent, &id, part)?;
        let path = joined(&parent.path, part)?;
        let resource = Resource { api: parent.api.clone(), id, parent: Some(parent.id.clone()), path_part: part.to_owned(), path };
        self.0.insert(resource.id.clone(), resource.clone());
        Ok(resource)
    }

    /// Gives a resource another name.
    pub fn rename(&mut self, id: &str, part: &str) -> Result<(), ApiError> {
        let resource = self.find(id)?;
        let Some(parent) = &resource.parent else {
            return Err(ApiError::bad_request("Root resource cannot update its pathPart."));
        };
        let parent = self.find(parent)?.id.clone();
        self.put(id, &parent, part)
    }

    /// Gives a resource another parent.
    pub fn rehang(&mut self, id: &str, parent: &str) -> Result<(), ApiError> {
        let resource = self.find(id)?;
        if resource.parent.is_none() {
            return Err(ApiError::bad_request("Root resource cannot update its parentId."));
        }
        self.find(parent)?;
        if self.subtree(id).iter().any(|below| below.id == parent) {
            return Err(ApiError::bad_request("Resources cannot be cyclical."));
        }
        let part = resource.path_part.clone();
        self.put(id, parent, &part)
    }

    fn put(&mut self, id: &str, parent: &str, part: &str) -> Result<(), ApiError> {
        self.allow(self.find(parent)?, id, part)?;
        if Segment::of(part)? == Segment::Greedy && self.children(id).next().is_some() {
            return Err(below_greedy(part));
        }
        if let Some(resource) = self.0.get_mut(id) {
            resource.parent = Some(parent.to_owned());
            resource.path_part = part.to_owned();
        }
        // From the top down, each path is its parent's and its own part.
        let ids: Vec<String> = self.subtree(id).iter().map(|resource| resource.id.clone()).collect();
        for id in ids {
            let resource = self.find(&id)?;
            let above = resource.parent.as_deref().map_or(Ok(""), |parent| self.find(parent).map(|parent| parent.path.as_str()))?;
            let path = joined(above, &resource.path_part)?;
            if let Some(resource) = self.0.get_mut(&id) {
                resource.path = path;
            }
        }
        Ok(())
    }

    /// Whether a part may be a child of `parent`, for the resource `id`.
    fn allow(&self, parent: &Resource, id: &str, part: &str) -> Result<(), ApiError> {
        let segment = Segment::of(part)?;
        if Segment::of(&parent.path_part) == Ok(Segment::Greedy) {
            return Err(below_greedy(&parent.path_part));
        }
        let siblings = || self.children(&parent.id).filter(|sibling| sibling.id != id);
        if siblings().any(|sibling| sibling.path_part == part) {
            return Err(ApiError::conflict(format!("Another resource with the same parent already has this name: {part}")));
        }
        let variable = siblings().find(|sibling| sibling.path_part.starts_with('{'));
        match variable {
            Some(other) if segment != Segment::Static => Err(ApiError::bad_request(format!(
                "A sibling ({}) of this resource already has a variable path part -- only one is allowed",
                other.path_part
            ))),
            _ => Ok(()),
        }
    }
}

/// No resource has this id. Methods and integrations say so of an unknown API, too.
pub fn unknown() -> ApiError {
    ApiError::not_found("Invalid Resource identifier specified")
}

fn below_greedy(part: &str) -> ApiError {
    ApiError::bad_request(format!("Cannot create a child of a resource with a greedy path variable: {part}"))
}

fn joined(above: &str, part: &str) -> Result<String, ApiError> {
    let path = format!("{}/{part}", above.trim_end_matches('/'));
    if path.len() > PATH_BYTES_MAX {
        return Err(ApiError::bad_request(format!("The path of a resource can be at most {PATH_BYTES_MAX} bytes long.")));
    }
    Ok(path)
}
