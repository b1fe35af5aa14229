//! `cardea backup FILE` and `cardea restore FILE`: a data directory as one file, and back.

use super::{Client, Failure, Outcome, fail, settings};
use crate::backup::{self, BackupError, Part};
use crate::config::Config;
use crate::credentials::RunFile;
use backends::sqlite::{self, Directory};
use clap::ArgMatches;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;

impl From<BackupError> for Failure {
    fn from(why: BackupError) -> Self {
        Failure(why.to_string())
    }
}

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let path = file_of(args);
    let mut file = backup::own(path).map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => fail(format!("{} is there already: name a new file", path.display())),
        _ => fail(format!("{} cannot be made: {why}", path.display())),
    })?;
    let made = fill(&config, &mut file);
    if made.is_err() {
        // What is not whole is no backup.
        let _gone = std::fs::remove_file(path);
    }
    let parts = made?;
    println!("{} holds {}", path.display(), listed(&parts));
    eprintln!(
        "cardea: {} holds the key that unseals every secret of this installation (mode 0600): keep it as you keep those",
        path.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// From the node that runs, else from the directory itself.
fn fill(config: &Config, file: &mut File) -> Result<Vec<Part>, Failure> {
    let unwritten = |why: io::Error| fail(format!("the backup cannot be written: {why}"));
    if !config.data_dir.join(sqlite::FILES[0]).is_file() {
        return Err(fail(format!("{} is no data directory", config.data_dir.display())));
    }
    match Directory::hold(&config.data_dir) {
        // Nobody runs, and nobody starts while we hold it.
        Ok(_held) => drop(io::copy(&mut backup::pack(&config.data_dir)?, file).map_err(unwritten)?),
        Err(why) if RunFile::read(&config.data_dir).is_none() => return Err(fail(why.to_string())),
        Err(_in_use) => Client::of(config)?.download("cardea", "POST", "/_cardea/backup", file)?,
    }
    file.sync_all().map_err(unwritten)?;
    Ok(backup::verify(file)?)
}

pub(super) fn restore(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let path = file_of(args);
    let mut file = File::open(path).map_err(|why| fail(format!("{} cannot be read: {why}", path.display())))?;
    let parts = backup::unpack(&mut file, &config.data_dir)?;
    println!("{} has {} again", config.data_dir.display(), listed(&parts));
    println!("  cardea serve --data-dir {}", config.data_dir.display());
    Ok(ExitCode::SUCCESS)
}

fn file_of(args: &ArgMatches) -> &Path {
    Path::new(args.get_one::<String>("file").expect("clap demands a file"))
}

fn listed(parts: &[Part]) -> String {
    let words: Vec<String> = parts.iter().map(|part| format!("{} ({} bytes)", part.name, part.bytes)).collect();
    words.join(", ")
}
