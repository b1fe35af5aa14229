//! Paths as resources: each segment is one, also those between.

use super::*;
use crate::import_export::document::Entry;
use crate::limits::{PATH_BYTES_MAX, RESOURCES_MAX};
use crate::resource::tree::Segment;

/// Resources of one API where AWS's quota does not hold: a bound for hostile definitions.
const RESOURCES_MAX_EXTENDED: usize = 10_000;

const VERBS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("patch", "PATCH"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("x-amazon-apigateway-any-method", "ANY"),
];

impl<'d> Draft<'d> {
    pub(super) fn paths(&mut self) {
        let prefix = self.prefix();
        let mut given: HashSet<String> = HashSet::new();
        for Entry { key, at, value } in self.root.find("paths").map_or(&[][..], Node::entries) {
            if self.notes.is_exhausted() {
                return;
            }
            if !key.starts_with('/') {
                if !key.starts_with("x-") {
                    self.notes.refused_by_aws(*at, format!("Unable to create resource at path '{key}': a path begins with a slash"));
                }
                continue;
            }
            let Some(item) = self.follow(value) else { continue };
            if item.map().is_none() {
                self.notes.refused_by_aws(item.at, format!("Unable to create resource at path '{key}': it is no object"));
                continue;
            }
            let Some(resource) = self.resource(&format!("{prefix}{key}"), *at) else { continue };
            for Entry { key: member, at, value } in item.entries() {
                if let Some((_, verb)) = VERBS.iter().find(|(name, _)| name == member) {
                    let Some(operation) = self.follow(value) else { continue };
                    let id = method_id(&resource.id, verb);
                    if !given.insert(id.clone()) {
                        let text = format!("The method '{verb}' of the resource at path '{}' is there more than once", resource.path);
                        self.notes.warning(*at, format!("{text}; the last one counts"));
                    }
                    let spot = Spot { verb, path: &resource.path };
                    let method = self.method(&resource, item, operation, &spot);
                    self.methods.insert(id, method);
                } else if member == "trace" {
                    self.notes.remark(*at, "A method cannot be TRACE; it is left out");
                }
            }
        }
    }

    /// The resource of a path, made with all above it if it is not there. `None` when it cannot be; that is then told.
    fn resource(&mut self, path: &str, at: Place) -> Option<Resource> {
        let cannot = |why: &str| format!("Unable to create resource at path '{path}': {why}");
        if path.len() > PATH_BYTES_MAX {
            self.notes.error(at, cannot(&format!("it is longer than {PATH_BYTES_MAX} bytes")));
            return None;
        }
        let mut parent = self.resources.get("/")?.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let above = if parent.path == "/" { "" } else { &parent.path };
            let whole = format!("{above}/{part}");
            if let Some(there) = self.resources.get(&whole) {
                parent = there.clone();
                continue;
            }
            let wrong = if let Err(why) = Segment::of(part) {
                Some(why.to_string())
            } else if parent.path_part.ends_with("+}") {
                Some(format!("Cannot create a child of a resource with a greedy path variable: {}", parent.path_part))
            } else if part.starts_with('{') {
                let sibling = self.variables.get(&parent.id);
                sibling.map(|sibling| {
                    format!("A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed")
                })
            } else {
                None
            };
            if let Some(why) = wrong {
                self.notes.error(at, cannot(&why));
                return None;
            }
            let resources_max = if self.notes.is_strict() { RESOURCES_MAX } else { RESOURCES_MAX_EXTENDED };
            if self.resources.len() >= resources_max {
                self.notes.error(at, cannot("Maximum number of resources for this API has been reached."));
                return None;
            }
            let id = match self.known.get(&whole) {
                Some(id) => id.clone(),
                None => self.short_id(),
            };
            let made = Resource { api: self.api.id.clone(), id, parent: Some(parent.id), path_part: part.to_owned(), path: whole };
            self.keep(made.clone());
            parent = made;
        }
        Some(parent)
    }
}
