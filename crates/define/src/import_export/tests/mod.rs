//! The story of imports, told by documents of our own, by what was recorded on AWS, and by real definitions where they are.

mod corpus;
mod hostile;
mod merging;
mod reading;
mod recorded;
mod refusing;
mod rules;

use super::Problem;
use super::import::{Definition, Mode, Options, Planned, Source, plan};
use crate::method::record::{Method, method_id};
use crate::resource::record::Resource;
use crate::tree::ApiTree;
use base::store::Realm;
use base::testing::Bench;
use base::world::{Ids, Timestamp};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A bench that imports.
pub(super) struct World(Bench);

pub(super) const ACCOUNT: &str = "111111111111";

impl World {
    pub(super) fn new() -> World {
        World(Bench::new(crate::OPERATIONS))
    }

    /// Imports a text; status and reply.
    pub(super) fn send(&self, verb: &str, target: &str, text: &str) -> (u16, Value) {
        let answer = self.0.send(verb, target, text.as_bytes().to_vec());
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// Imports a document that must be taken; the API as it is stored.
    pub(super) fn import(&self, document: impl ToString) -> Stored {
        self.import_with("", document)
    }

    /// The same, with more of a query.
    pub(super) fn import_with(&self, query: &str, document: impl ToString) -> Stored {
        let (status, reply) = self.send("POST", &format!("/restapis?mode=import{query}"), &document.to_string());
        assert_eq!(status, 201, "{reply}");
        self.stored(&reply)
    }

    /// Puts a document that must be taken into an API.
    pub(super) fn put(&self, api: &str, query: &str, document: impl ToString) -> Stored {
        let (status, reply) = self.send("PUT", &format!("/restapis/{api}{query}"), &document.to_string());
        assert_eq!(status, 200, "{reply}");
        self.stored(&reply)
    }

    /// Imports a document that must be refused; the caller's text.
    pub(super) fn refused(&self, query: &str, document: impl ToString) -> String {
        let (status, reply) = self.send("POST", &format!("/restapis?mode=import{query}"), &document.to_string());
        assert_eq!(status, 400, "{reply}");
        reply["message"].as_str().unwrap().to_owned()
    }

    fn stored(&self, reply: &Value) -> Stored {
        let tree = self.tree(reply["id"].as_str().unwrap()).unwrap();
        Stored { reply: reply.clone(), tree }
    }

    /// An API in the store.
    pub(super) fn tree(&self, api: &str) -> Option<ApiTree> {
        let found = Arc::new(Mutex::new(None));
        let (slot, api) = (found.clone(), api.to_owned());
        let work = self.0.house.store.read(Box::new(move |view| {
            *slot.lock().unwrap() = ApiTree::read(view, &Realm::new(ACCOUNT, "us-east-1"), &api)?;
            Ok(())
        }));
        let mut work = std::pin::pin!(work);
        let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!("the store made us wait") };
        done.unwrap();
        found.lock().unwrap().take()
    }
}

/// An import's reply, and what it left in the store.
pub(super) struct Stored {
    pub(super) reply: Value,
    pub(super) tree: ApiTree,
}

impl Stored {
    pub(super) fn id(&self) -> &str {
        &self.tree.api.id
    }

    pub(super) fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = self.tree.resources.iter().map(|resource| resource.path.as_str()).collect();
        paths.sort_unstable();
        paths
    }

    pub(super) fn resource(&self, path: &str) -> &Resource {
        self.tree.resources.iter().find(|resource| resource.path == path).unwrap_or_else(|| panic!("no resource at {path}"))
    }

    /// `GET /pets`.
    pub(super) fn method(&self, line: &str) -> &Method {
        let (verb, path) = line.split_once(' ').unwrap();
        let id = method_id(&self.resource(path).id, verb);
        self.tree.methods.iter().find(|method| method_id(&method.resource, &method.verb) == id).unwrap_or_else(|| panic!("no {line}"))
    }
}

/// A new API of a text, planned under a profile.
pub(super) fn planned(text: &str, aws_strict: bool) -> Result<Planned, Vec<Problem>> {
    let options = Options {
        mode: Mode::Overwrite,
        base_path: Default::default(),
        fail_on_warnings: false,
        endpoint_type: None,
        realm: Realm::new(ACCOUNT, "us-east-1"),
        partition: "aws".into(),
        aws_strict,
        timeout_ms_max: 29_000,
        ignore_documentation: false,
    };
    plan(&Definition::read(text).unwrap(), &options, &Source { api: "a1".into(), ids: Ids::seeded(3), now: Timestamp(7) }, None)
}
