//! The path before all paths: Swagger's `basePath`; in OpenAPI 3 the server variable `basePath`, else the path of the first server.

use super::{BasePath, Draft, Version};
use crate::import_export::document::Node;

impl Draft<'_> {
    /// What comes before each path of the definition: empty, or segments that each begin with a slash.
    pub(super) fn prefix(&self) -> String {
        let base = match self.version {
            Version::Swagger2 => self.root.find("basePath").and_then(Node::text).unwrap_or("").to_owned(),
            Version::OpenApi3 => self.server_path(),
        };
        let mut segments = base.split('/').filter(|segment| !segment.is_empty());
        match self.options.base_path {
            BasePath::Ignore => return String::new(),
            BasePath::Prepend => {}
            BasePath::Split => {
                segments.next();
            }
        }
        segments.flat_map(|segment| ["/", segment]).collect()
    }

    fn server_path(&self) -> String {
        let servers = self.root.find("servers").map_or(&[][..], Node::items);
        // Seen: the variable counts also when the URL does not use it, and of several servers the first that has it.
        let variable = |server: &Node| server.find("variables")?.find("basePath")?.find("default")?.scalar().map(str::to_owned);
        if let Some(path) = servers.iter().find_map(variable) {
            return path;
        }
        let Some(server) = servers.first() else { return String::new() };
        let url = server.find("url").and_then(Node::text).unwrap_or("");
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None => url,
        };
        let path = path.split(['?', '#']).next().unwrap_or("");
        path.split('/').map(|segment| default_of(server, segment)).collect::<Vec<_>>().join("/")
    }
}

/// A segment; if it is a variable of the server, its default.
fn default_of<'n>(server: &'n Node, segment: &'n str) -> &'n str {
    let variable = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let default = |name: &str| server.find("variables")?.find(name)?.find("default")?.scalar();
    variable.and_then(default).unwrap_or(segment)
}
