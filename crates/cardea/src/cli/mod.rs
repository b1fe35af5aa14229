//! The verbs, one file each.

mod backup;
mod client;
mod completion;
mod config;
mod demo;
mod dev;
mod diff;
mod env;
mod explain;
mod function_logs;
mod health;
mod history;
mod import;
mod lines;
mod logs;
mod scratch;
mod serve;
mod text;
mod vtl;

use crate::config::{Config, ConfigError, SETTINGS, Values};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::path::PathBuf;
use std::process::ExitCode;

pub use client::Client;

/// The command line, for parsing, help and completion.
pub fn command() -> Command {
    let verb = |name: &'static str, about: &'static str| with_settings(Command::new(name).about(about), name == "serve");
    Command::new("cardea")
        .about("An API gateway that you own: Amazon API Gateway's language, on your own machines")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Start with `cardea demo`. Every setting can be a flag, CARDEA_… in the environment, or a line of cardea.toml.")
        .subcommand(verb("serve", "Serve the control port and the data port").after_help(
            "Examples:\n  cardea serve                                  everything in ~/.local/share/cardea\n  \
             cardea serve --proxy /=http://127.0.0.1:3000  a gateway in front of one back end\n  \
             cardea serve --dev                            no signatures needed, on this machine only",
        ))
        .subcommand(verb("env", "Print what points AWS clients here: eval \"$(cardea env)\""))
        .subcommand(
            verb("demo", "Serve a sample API from a temporary store, and say what to try").arg(
                Arg::new("once").long("once").action(ArgAction::SetTrue).help("Run every printed request, check the answers, and stop"),
            ),
        )
        .subcommand(
            verb("dev", "Serve a folder's functions and its API while you write them: what is saved is served")
                .arg(
                    Arg::new("dir")
                        .value_name("DIR")
                        .default_value(".")
                        .value_parser(clap::value_parser!(PathBuf))
                        .help("DIR/NAME/lambda_function.py, index.mjs or bootstrap is the function NAME; DIR/openapi.yaml the API"),
                )
                .after_help(
                    "Handlers are lambda_function.lambda_handler and index.handler; DIR/NAME/function.json may say otherwise, in the members\n\
                     of CreateFunction (Handler, Runtime, Timeout, MemorySize, Environment). Without a definition (openapi.yaml, .yml or\n\
                     .json) each function has a path of its name. Everything is served as by `cardea serve --dev`, from a store that is\n\
                     gone afterwards.\n\n\
                     Example:\n  mkdir -p app/hello && printf 'def handler(event, context):\\n    return {\"body\": \"hello\"}\\n' > app/hello/index.py\n  \
                     cardea dev app",
                ),
        )
        .subcommand(
            verb("explain", "Tell why a request got the answer it got")
                .arg(Arg::new("request-id").required(true).help("As in the answer's x-amzn-RequestId"))
                .arg(json_flag()),
        )
        .subcommand(
            verb("import", "Import an OpenAPI or Swagger definition, and deploy it")
                .arg(Arg::new("file").required(true).help("JSON or YAML; - for standard input"))
                .arg(Arg::new("stage").long("stage").default_value("prod").help("The stage to deploy to"))
                .arg(Arg::new("api-id").long("api-id").help("Overwrite this API instead of making a new one"))
                .arg(json_flag()),
        )
        .subcommand(
            verb("health", "Exit with 0 if a node serves, else with 1: for the probes of containers")
                .arg(Arg::new("url").long("url").value_name("URL").help("Ask there instead of at the control port's /readyz")),
        )
        .subcommand(
            verb("backup", "Copy everything that is kept into one file, also while it is served")
                .arg(Arg::new("file").required(true).help("A new file; it holds secrets, and is for its owner alone")),
        )
        .subcommand(
            verb("restore", "Bring a backup back into an empty --data-dir, or an API's definition as it was at a revision")
                .arg(Arg::new("file").value_name("FILE|API").required(true).help("As made by `cardea backup`; with --at an API's id"))
                .arg(
                    Arg::new("at")
                        .long("at")
                        .value_name("REVISION")
                        .value_parser(clap::value_parser!(u64).range(1..))
                        .help("Bring the API's definition back to what `cardea history` has at this revision; stages stay as they are"),
                )
                .arg(json_flag().requires("at"))
                .after_help(
                    "Examples:\n  cardea restore gateway.backup --data-dir new   a whole node, from a backup\n  \
                     cardea restore a1b2c3d4e5 --at 12              one definition, as a new change to be deployed",
                ),
        )
        .subcommand(
            verb("diff", "Tell what differs between two deployments, stages or definitions, and what weakens security")
                .arg(Arg::new("from").value_name("A").required(true).help("API, API/STAGE or API@DEPLOYMENT"))
                .arg(Arg::new("to").value_name("B").required(true).help("The same; what would have to happen to A so that it becomes B"))
                .arg(json_flag())
                .after_help(
                    "API is a definition as it stands, API/STAGE what a stage serves, API@DEPLOYMENT what a deployment froze.\n\n\
                     Examples:\n  cardea diff a1b2c3d4e5/prod a1b2c3d4e5           what deploying now would change\n  \
                     cardea diff a1b2c3d4e5/test a1b2c3d4e5/prod      two stages, with their live settings\n  \
                     cardea diff a1b2c3d4e5@abc123 a1b2c3d4e5@def456  two deployments\n\n\
                     Marks: ! weakens security, ? may weaken it, # changes limits.\n\
                     Ends with 0 where they are equal, 1 where they differ, 2 in case of trouble.",
                ),
        )
        .subcommand(
            verb("history", "List what was done to an API, by whom and when, the newest first")
                .arg(Arg::new("api").value_name("API").required(true).help("Its id; that of a deleted API, too"))
                .arg(
                    Arg::new("limit")
                        .long("limit")
                        .value_name("N")
                        .value_parser(clap::value_parser!(u16).range(1..=500))
                        .default_value("25")
                        .help("Revisions at most, up to 500"),
                )
                .arg(
                    Arg::new("before")
                        .long("before")
                        .value_name("REVISION")
                        .value_parser(clap::value_parser!(u64))
                        .help("Only what is older than this revision"),
                )
                .arg(json_flag()),
        )
        .subcommand(with_settings(logs::command(), false))
        .subcommand(self::vtl::command())
        .subcommand(lines::command())
        .subcommand(verb("config", "Print every setting with its value and origin").arg(json_flag()))
        .subcommand(
            Command::new("completion")
                .about("Print a completion script for a shell")
                .arg(Arg::new("shell").required(true).value_parser(clap::value_parser!(clap_complete::Shell))),
        )
}

fn json_flag() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON")
}

/// Every verb takes every setting; only `serve` shows them all in its help.
fn with_settings(command: Command, shown: bool) -> Command {
    SETTINGS.iter().fold(command, |command, setting| {
        let mut arg = Arg::new(setting.name).long(setting.name).help(match setting.default {
            Some(default) => format!("{} [default: {default}]", setting.help),
            None => setting.help.to_owned(),
        });
        arg = match setting.name {
            "dev" | "dev-listen-any" => arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("BOOL"),
            "proxy" => arg.action(ArgAction::Append).value_name("PREFIX=URL"),
            _ => arg.value_name("VALUE"),
        };
        command.arg(arg.hide(!shown && setting.name != "data-dir").help_heading(if shown { Some("Settings") } else { None }))
    })
}

/// Runs the program.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let (verb, args) = matches.subcommand().expect("clap demands a verb");
    let done = match verb {
        "serve" => serve::run(args),
        "env" => env::run(args),
        "demo" => demo::run(args),
        "dev" => dev::run(args),
        "explain" => explain::run(args),
        "health" => health::run(args),
        "import" => import::run(args),
        "diff" => return diff::run(args),
        "history" => history::run(args),
        "backup" => backup::run(args),
        "restore" if args.contains_id("at") => history::restore(args),
        "restore" => backup::restore(args),
        "logs" => logs::run(args),
        "config" => config::run(args),
        "vtl" => self::vtl::run(args),
        "lines" => lines::run(args),
        "completion" => completion::run(args),
        other => unreachable!("clap knows no verb {other}"),
    };
    match done {
        Ok(code) => code,
        Err(why) => {
            eprintln!("cardea: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What went wrong with a verb, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl From<ConfigError> for Failure {
    fn from(why: ConfigError) -> Self {
        Failure(why.0)
    }
}

impl From<crate::node::NodeError> for Failure {
    fn from(why: crate::node::NodeError) -> Self {
        Failure(why.0)
    }
}

type Outcome = Result<ExitCode, Failure>;

/// Prints a text. Whoever closed the pipe has read enough: that is no error.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _enough = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn fail(why: impl Into<String>) -> Failure {
    Failure(why.into())
}

/// The values of all settings for a verb.
fn values(args: &ArgMatches) -> Result<Values, ConfigError> {
    let flags: Vec<(&str, String)> = SETTINGS
        .iter()
        .filter_map(|setting| {
            let given: Vec<&str> = args.get_many::<String>(setting.name)?.map(String::as_str).collect();
            Some((setting.name, given.join(" ")))
        })
        .collect();
    let files = [PathBuf::from("cardea.toml"), PathBuf::from("/etc/cardea/cardea.toml")];
    let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Values::join(&flags, environment, &files)
}

/// All settings, checked.
fn settings(args: &ArgMatches) -> Result<Config, ConfigError> {
    Config::read(&values(args)?, from_environment)
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
