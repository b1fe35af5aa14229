//! `cardea serve`: config → node → serve → drain.

use super::{Outcome, fail, settings};
use crate::log;
use crate::node::Node;
use clap::ArgMatches;
use std::io::Write;
use std::process::ExitCode;

/// Threads of the control runtime.
const CONTROL_THREADS: usize = 2;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    log::start(&config).map_err(|why| fail(format!("the log cannot be started: {why}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|why| fail(format!("no runtime: {why}")))?;
    runtime.block_on(async {
        let node = Node::start(&config).await?;
        let tls = node.data_tls().map_or_else(String::new, |address| format!(" data-tls=https://{address}"));
        println!("listening data=http://{} control=http://{}{tls}", node.data(), node.control());
        std::io::stdout().flush().map_err(|why| fail(why.to_string()))?;
        tracing::info!(data = %node.data(), control = %node.control(), "serving");
        node.until_told_to_stop(&config).await?;
        Ok(ExitCode::SUCCESS)
    })
}
