//! What the embedded store promises: the contract of base's traits, the feed, the files, the ledger.

mod bench;
mod contract;
mod feed;
mod files;
mod groups;
mod ledger;
