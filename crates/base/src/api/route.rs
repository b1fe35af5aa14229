//! Where an operation lives.

/// An HTTP verb of the control API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes.
    Post,
    /// Puts in place.
    Put,
    /// Changes in part.
    Patch,
    /// Deletes.
    Delete,
}

impl Verb {
    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    /// Reads a verb.
    pub fn named(name: &str) -> Option<Verb> {
        [Verb::Get, Verb::Post, Verb::Put, Verb::Patch, Verb::Delete].into_iter().find(|verb| verb.name() == name)
    }
}

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A JSON object of members.
    Json,
    /// The payload of one member, as it comes: a definition to import. It is the member `body`.
    Raw,
    /// The same, of text that may have broken characters.
    Payload,
}

/// An operation's place on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// AWS's name for it.
    pub name: &'static str,
    /// Its verb.
    pub verb: Verb,
    /// Its path, with AWS's own spelling of placeholders: `/restapis/{restapi_id}`. A placeholder with `+` takes the rest of the path.
    pub path: &'static str,
    /// A query parameter that must have this value, where one path has two operations.
    pub only_with: Option<(&'static str, &'static str)>,
    /// The status of success.
    pub status: u16,
    /// What its body is.
    pub body: Body,
}

const fn route(name: &'static str, verb: Verb, path: &'static str, status: u16) -> Route {
    Route { name, verb, path, only_with: None, status, body: Body::Json }
}

/// A GET, answered with 200.
pub const fn get(name: &'static str, path: &'static str) -> Route {
    route(name, Verb::Get, path, 200)
}

/// A POST that makes something, answered with 201.
pub const fn post(name: &'static str, path: &'static str) -> Route {
    route(name, Verb::Post, path, 201)
}

/// A PUT, answered with 201.
pub const fn put(name: &'static str, path: &'static str) -> Route {
    route(name, Verb::Put, path, 201)
}

/// A PATCH, answered with 200.
pub const fn patch(name: &'static str, path: &'static str) -> Route {
    route(name, Verb::Patch, path, 200)
}

/// A DELETE, answered with 202 as in the REST control API.
pub const fn delete(name: &'static str, path: &'static str) -> Route {
    route(name, Verb::Delete, path, 202)
}

impl Route {
    /// The same, with another status of success.
    pub const fn status(mut self, status: u16) -> Route {
        self.status = status;
        self
    }

    /// The same, with a body that is one payload.
    pub const fn raw(mut self) -> Route {
        self.body = Body::Raw;
        self
    }

    /// The same, with a body that is a payload for somebody else.
    pub const fn payload(mut self) -> Route {
        self.body = Body::Payload;
        self
    }

    /// The same, but only with a query parameter of this value.
    pub const fn only_with(mut self, name: &'static str, value: &'static str) -> Route {
        self.only_with = Some((name, value));
        self
    }

    /// Whether a raw path fits, and the decoded values of its placeholders. Each segment is decoded once.
    pub fn capture(&self, path: &str) -> Option<Vec<(&'static str, String)>> {
        let mut rest = path.strip_prefix('/')?;
        let mut found = Vec::new();
        let mut pattern = self.path[1..].split('/').peekable();
        while let Some(part) = pattern.next() {
            if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix("+}")) {
                if rest.is_empty() {
                    return None;
                }
                found.push((name, super::decode_percent(rest)?));
                return Some(found);
            }
            let (segment, left) = match rest.split_once('/') {
                Some((segment, left)) => (segment, Some(left)),
                None => (rest, None),
            };
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(_) if segment.is_empty() => return None,
                Some(name) => found.push((name, super::decode_percent(segment)?)),
                None if part == segment => {}
                None => return None,
            }
            match (pattern.peek(), left) {
                (Some(_), Some(left)) => rest = left,
                (None, None | Some("")) => return Some(found),
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_matched_whole_and_decoded_once() {
        let route = get("GetModel", "/restapis/{restapi_id}/models/{model_name}");
        assert_eq!(route.capture("/restapis/a1/models/My%20Pet"), Some(vec![("restapi_id", "a1".into()), ("model_name", "My Pet".into())]));
        assert_eq!(route.capture("/restapis/a1/models"), None);
        assert_eq!(route.capture("/restapis/a1/models/x/y"), None);
        assert_eq!(route.capture("/restapis//models/x"), None);
        assert_eq!(route.capture("/restapis/a%2Fb/models/%2525").unwrap()[1].1, "%25");
        assert_eq!(route.capture("/restapis/a1/models/%zz"), None);
    }

    #[test]
    fn a_greedy_placeholder_takes_an_arn_encoded_or_not() {
        let route = get("GetTags", "/tags/{resource_arn+}");
        let arn = "arn:aws:apigateway:us-east-1::/restapis/a1";
        assert_eq!(route.capture(&format!("/tags/{arn}")).unwrap()[0].1, arn);
        assert_eq!(route.capture("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fa1").unwrap()[0].1, arn);
        assert_eq!(route.capture("/tags/"), None);
    }
}
