//! `cardea logs [-f] API/STAGE`: what the requests of a stage left behind, from the files of this node's data directory. A name without a
//! slash is a function's ([`super::function_logs`]).
//!
//! A log is a [`Source`]: a file of lines, which may grow, be moved away by a rotation, or not be there yet. Other things that log (functions)
//! are other sources of the same verb.

use super::text::encoded;
use super::{Client, Failure, Outcome, fail, function_logs, settings};
use crate::config::Config;
use crate::runtime::logs::{Destination, Destinations, execution_log_name, file_name, path_of};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How often a file that is followed is looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(250);
/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 * 1024;

pub(super) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("logs")
        .about("Print what the requests of a stage left behind (access and execution logs), or what a function printed")
        .arg(Arg::new("of").value_name("API/STAGE|FUNCTION").required(true).help("The stage, or the function, whose logs to print"))
        .arg(flag("follow", "Go on as lines come, until Ctrl-C").short('f'))
        .arg(flag("access", "Print the access log alone").conflicts_with("execution"))
        .arg(flag("execution", "Print the execution log alone"))
        .arg(
            Arg::new("lines")
                .long("lines")
                .short('n')
                .value_name("N")
                .value_parser(clap::value_parser!(usize))
                .help("Print the last N lines of each log only; 0 for none that are there already"),
        )
        .after_help(
            "Execution logs begin when a stage's method settings say INFO or ERROR:\n  \
             aws apigateway update-stage --rest-api-id API --stage-name STAGE \\\n    \
             --patch-operations 'op=replace,path=/*/*/logging/loglevel,value=INFO'\n\n\
             Examples:\n  cardea logs a1b2c3d4e5/prod               all that is there\n  \
             cardea logs -f -n 20 a1b2c3d4e5/prod      the last lines, and what comes\n  \
             cardea logs --execution a1b2c3d4e5/prod | grep 'status: 500'",
        )
}

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let of = args.get_one::<String>("of").expect("clap demands it");
    if !of.contains('/') {
        return function_logs::run(&config, of, args.get_flag("follow"));
    }
    let (api, stage) = of
        .split_once('/')
        .filter(|(api, stage)| !api.is_empty() && !stage.is_empty())
        .ok_or_else(|| fail(format!("{of:?} names no stage: it must be API/STAGE, as in a1b2c3d4e5/prod")))?;
    let mut sources = Vec::new();
    if !args.get_flag("execution") {
        sources.extend(access_log(&config, api, stage, args.get_flag("access"))?);
    }
    if !args.get_flag("access") {
        let name = execution_log_name(api, stage);
        sources.push(Source::new(file_of(&config, &config.execution_log_to, &name, "execution-log-to")?));
    }
    let (follows, lines) = (args.get_flag("follow"), args.get_one::<usize>("lines").copied());
    if !follows && sources.iter().all(|source| !source.path.exists()) {
        let paths: Vec<String> = sources.iter().map(|source| source.path.display().to_string()).collect();
        return Err(fail(format!("{of} has logged nothing here: there is no {}", paths.join(", and no "))));
    }
    if let Some(lines) = lines {
        for source in &mut sources {
            source.skip_to_last(lines).map_err(|why| source.unreadable(&why))?;
        }
    }
    let mut out = io::stdout().lock();
    loop {
        for source in &mut sources {
            match source.print_new(&mut out) {
                // Whoever closed the pipe has read enough.
                Err(why) if why.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                printed => printed.map_err(|why| source.unreadable(&why))?,
            }
        }
        if !follows {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(FOLLOW_INTERVAL);
    }
}

/// The stage's access log, whose name the running node knows. None is no trouble, unless it is what was asked for.
fn access_log(config: &Config, api: &str, stage: &str, is_demanded: bool) -> Result<Option<Source>, Failure> {
    let target = format!("/restapis/{}/stages/{}", encoded(api), encoded(stage));
    let known = match Client::of(config).and_then(|client| client.call("apigateway", "GET", &target, b"")) {
        Ok(known) => known,
        Err(why) if is_demanded => return Err(why),
        Err(_) => return Ok(None),
    };
    match known["accessLogSettings"]["destinationArn"].as_str() {
        Some(arn) => file_of(config, &config.access_log_to, &file_name(arn), "access-log-to").map(|path| Some(Source::new(path))),
        None if is_demanded => Err(fail(format!("{api}/{stage} has no access log: accessLogSettings.destinationArn is not set"))),
        None => Ok(None),
    }
}

/// The file of a log, if it goes to one.
fn file_of(config: &Config, destinations: &Destinations, name: &str, setting: &str) -> Result<PathBuf, Failure> {
    match destinations.of(name) {
        Destination::File => Ok(path_of(&config.data_dir.join("logs"), name)),
        Destination::Stdout => Err(fail(format!("{name} goes to the node's standard output ({setting})"))),
        Destination::Collector(url) => Err(fail(format!("{name} goes to the collector {} ({setting})", url.target.origin()))),
    }
}

/// A file of lines that may grow.
pub(super) struct Source {
    path: PathBuf,
    open: Option<File>,
    /// What came after the last end of a line.
    rest: Vec<u8>,
}

impl Source {
    pub(super) fn new(path: PathBuf) -> Source {
        Source { path, open: None, rest: Vec::new() }
    }

    fn unreadable(&self, why: &io::Error) -> Failure {
        fail(format!("{}: {why}", self.path.display()))
    }

    /// Leaves out all that is there but the last lines.
    fn skip_to_last(&mut self, lines: usize) -> io::Result<()> {
        self.look()?;
        match &mut self.open {
            Some(file) => skip_to_last(file, lines),
            None => Ok(()),
        }
    }

    /// Prints the whole lines that are new.
    fn print_new(&mut self, out: &mut impl Write) -> io::Result<()> {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let count = match &mut self.open {
                Some(file) => file.read(&mut piece)?,
                None => 0,
            };
            if count == 0 {
                // The file may have been moved away: its end is read before the new one.
                if self.look()? {
                    continue;
                }
                return out.flush();
            }
            self.rest.extend_from_slice(&piece[..count]);
            if let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') {
                out.write_all(&self.rest[..=end])?;
                self.rest.drain(..=end);
            }
        }
    }

    /// Opens the file that now has the path, if it is another than before; answers whether it is.
    fn look(&mut self) -> io::Result<bool> {
        let fresh = match File::open(&self.path) {
            Ok(fresh) => fresh,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(why) => return Err(why),
        };
        if let Some(known) = &mut self.open {
            let (old, new) = (known.metadata()?, fresh.metadata()?);
            if (old.dev(), old.ino()) == (new.dev(), new.ino()) {
                // One that was cut short is read from its beginning.
                if new.len() >= known.stream_position()? {
                    return Ok(false);
                }
                known.rewind()?;
                self.rest.clear();
                return Ok(true);
            }
        }
        if !self.rest.is_empty() {
            // What broke off there does not run into what begins here.
            self.rest.push(b'\n');
        }
        self.open = Some(fresh);
        Ok(true)
    }
}

/// Goes to where the last lines of a file begin, reading from its end.
fn skip_to_last(file: &mut File, lines: usize) -> io::Result<()> {
    let mut from = file.seek(SeekFrom::End(0))?;
    let mut ends = 0;
    let mut piece = vec![0; PIECE_BYTES];
    while from > 0 {
        let count = from.min(PIECE_BYTES as u64) as usize;
        from -= count as u64;
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut piece[..count])?;
        for (at, _) in piece[..count].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            if ends == lines {
                file.seek(SeekFrom::Start(from + at as u64 + 1))?;
                return Ok(());
            }
            ends += 1;
        }
    }
    file.rewind()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::world::Ids;
    use std::path::Path;

    fn file(text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("cardea-logs-cli-{}", Ids::system().lower(10)));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn last(path: &Path, lines: usize) -> String {
        let (mut source, mut text) = (Source::new(path.to_owned()), String::new());
        source.skip_to_last(lines).unwrap();
        source.open.unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        let path = file("one\ntwo\nthree\n");
        assert_eq!(
            [0, 1, 2, 3, 4].map(|lines| last(&path, lines)),
            ["", "three\n", "two\nthree\n", "one\ntwo\nthree\n", "one\ntwo\nthree\n"]
        );
        std::fs::write(&path, "x".repeat(PIECE_BYTES) + "\n" + &"y".repeat(PIECE_BYTES) + "\n").unwrap();
        assert_eq!(last(&path, 1), "y".repeat(PIECE_BYTES) + "\n");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_that_was_moved_away_is_read_to_its_end_and_then_the_new_one() {
        let (path, old) = (file("one\nhal"), file(""));
        let mut source = Source::new(path.clone());
        let mut printed = || {
            let mut out = Vec::new();
            source.print_new(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(printed(), "one\n", "half a line is none yet");
        std::fs::rename(&path, &old).unwrap();
        assert_eq!(printed(), "", "nothing is new while nothing has its place");
        std::fs::write(&path, "two\n").unwrap();
        assert_eq!([printed(), printed()], ["hal\ntwo\n", ""]);
        std::fs::write(&path, "x\n").unwrap();
        assert_eq!(printed(), "x\n", "it was cut short and has grown again");
        for path in [path, old] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
