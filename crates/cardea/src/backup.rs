//! Backups: everything that a data directory cannot do without, as one file.
//!
//! ```text
//! cardea backup 1⏎
//! part store.sqlite 40960⏎  and so many bytes           the records and the log, as they were at one moment
//! part tally.sqlite 8192⏎   …                           what is counted of quotas, a moment later
//! part seal.key 32⏎         …                           what unseals the secrets in the records
//! part root-credentials 99⏎ …                           the root key, where the directory has one
//! end SHA-256-of-all-before⏎
//! ```
//!
//! What is odd: the sealing key is in it, for a store without it has API keys that nobody can read; so the file is as secret as all of
//! them, and is made for its owner alone. Access logs are not in it. A file that is cut off, changed or of a newer form is refused
//! before anything is written.

use crate::credentials::{ROOT_FILE, SEAL_FILE};
use aws_lc_rs::digest::{Context, SHA256};
use backends::sqlite::{self, Directory, LOCK_FILE};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The form that this program writes; it reads this and all before.
const FORM: u32 = 1;
const TITLE: &str = "cardea backup ";
/// Bytes of a line.
const LINE_BYTES_MAX: u64 = 256;
/// What is being made is here until it is whole.
const DRAFT: &str = "backup.new";
/// A copy of one database is here until it is a part.
const COPY: &str = "backup-copy.new";

/// Why there is no backup, or nothing is brought back, in words that say what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(String);

fn no<T>(why: impl Into<String>) -> Result<T, BackupError> {
    Err(BackupError(why.into()))
}

fn broken(what: &str) -> impl Fn(io::Error) -> BackupError + '_ {
    move |why| BackupError(format!("{what}: {why}"))
}

/// One file in a backup, and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub from: u64,
    pub bytes: u64,
}

/// The names that a part may have. Nothing else is ever written.
fn names() -> impl Iterator<Item = &'static str> {
    sqlite::FILES.into_iter().chain([SEAL_FILE, ROOT_FILE])
}

/// Makes a backup of a data directory, which may be in use. The file is at its beginning and has no name any more: it goes when it is
/// dropped. Blocks. One at a time in each directory.
pub fn pack(directory: &Path) -> Result<File, BackupError> {
    let (draft, copy) = (directory.join(DRAFT), directory.join(COPY));
    let packed = write_parts(directory, &draft, &copy);
    // What is left of an earlier attempt, or of this one.
    for path in [&draft, &copy] {
        forget(path)?;
    }
    packed
}

fn write_parts(directory: &Path, draft: &Path, copy: &Path) -> Result<File, BackupError> {
    let in_directory = || directory.display().to_string();
    forget(draft)?;
    let file = own(draft).map_err(broken(&in_directory()))?;
    let mut out = Digested { file, digest: Context::new(&SHA256) };
    out.write_all(format!("{TITLE}{FORM}\n").as_bytes()).map_err(broken(&in_directory()))?;
    for name in names() {
        let path = directory.join(name);
        let is_database = sqlite::FILES.contains(&name);
        if is_database {
            forget(copy)?;
            drop(own(copy).map_err(broken(&in_directory()))?);
            sqlite::copy(directory, name, copy).map_err(|why| BackupError(why.to_string()))?;
        }
        let part = match File::open(if is_database { copy } else { &path }) {
            Ok(part) => part,
            // The root key can be a setting instead.
            Err(why) if why.kind() == io::ErrorKind::NotFound && name == ROOT_FILE => continue,
            Err(why) => return no(format!("{}: {why}", path.display())),
        };
        let bytes = part.metadata().map_err(broken(name))?.len();
        out.write_all(format!("part {name} {bytes}\n").as_bytes()).map_err(broken(name))?;
        let copied = io::copy(&mut part.take(bytes), &mut out).map_err(broken(name))?;
        if copied != bytes {
            return no(format!("{} became shorter while it was read", path.display()));
        }
    }
    let Digested { mut file, digest } = out;
    file.write_all(format!("end {}\n", hex(digest.finish().as_ref())).as_bytes()).map_err(broken(&in_directory()))?;
    file.sync_all().and_then(|()| file.rewind()).map_err(broken(&in_directory()))?;
    Ok(file)
}

/// Reads a backup from end to end. It is whole, or refused.
pub fn verify(file: &mut File) -> Result<Vec<Part>, BackupError> {
    let unreadable = broken("the backup cannot be read");
    file.rewind().map_err(&unreadable)?;
    let mut reader = BufReader::new(file);
    let (mut digest, mut at, mut parts) = (Context::new(&SHA256), 0, Vec::<Part>::new());
    let title = line(&mut reader)?;
    let form = title.strip_prefix(TITLE).and_then(|form| form.strip_suffix('\n')?.parse::<u32>().ok());
    match form {
        Some(1..=FORM) => {}
        Some(newer) => {
            return no(format!("the backup was written by a newer Cardea (its form is {newer}, this program's {FORM}): use that release"));
        }
        None => return no("this is no backup of Cardea's"),
    }
    at += title.len() as u64;
    digest.update(title.as_bytes());
    loop {
        let text = line(&mut reader)?;
        let words: Vec<&str> = text.trim_end_matches('\n').split(' ').collect();
        match words[..] {
            ["part", name, bytes] => {
                let known = names().find(|known| *known == name && parts.iter().all(|part| part.name != name));
                let (Some(name), Ok(bytes)) = (known, bytes.parse::<u64>()) else {
                    return no(format!("the backup has a part that is none: {text:?}"));
                };
                digest.update(text.as_bytes());
                at += text.len() as u64;
                let copied = io::copy(&mut (&mut reader).take(bytes), &mut Digesting(&mut digest)).map_err(&unreadable)?;
                if copied != bytes {
                    return no("the backup is cut off");
                }
                parts.push(Part { name, from: at, bytes });
                at += bytes;
            }
            ["end", sum] => {
                let nothing_follows = reader.fill_buf().map_err(&unreadable)?.is_empty();
                if sum != hex(digest.finish().as_ref()) || !nothing_follows {
                    return no("the backup was changed, or damaged: its sum is another");
                }
                break;
            }
            _ => return no("the backup is cut off, or damaged"),
        }
    }
    let needed = sqlite::FILES.into_iter().chain([SEAL_FILE]);
    match needed.into_iter().find(|name| parts.iter().all(|part| part.name != *name)) {
        Some(missing) => no(format!("the backup has no {missing}")),
        None => Ok(parts),
    }
}

/// Brings a backup back into a directory that is empty or not there. Either everything is there afterwards, or
/// nothing but the lock.
pub fn unpack(file: &mut File, directory: &Path) -> Result<Vec<Part>, BackupError> {
    let place = directory.display().to_string();
    let parts = verify(file)?;
    match std::fs::read_dir(directory) {
        Ok(mut entries) => {
            // A lock outlives those who held it.
            if entries.any(|entry| !entry.is_ok_and(|entry| entry.file_name() == LOCK_FILE)) {
                return no(format!("{place} is not empty: name a directory that is, or is not there yet, with --data-dir"));
            }
        }
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return no(format!("{place}: {why}")),
    }
    // Nobody starts in it before it is whole.
    let held = Directory::hold(directory).map_err(|why| BackupError(why.to_string()))?;
    let written = write_files(file, &parts, directory)
        .and_then(|()| sqlite::check(directory).map_err(|why| BackupError(format!("the backup cannot be brought back: {why}"))));
    if written.is_err() {
        for name in names() {
            forget(&directory.join(name))?;
        }
    }
    drop(held);
    written.map(|()| parts)
}

fn write_files(file: &mut File, parts: &[Part], directory: &Path) -> Result<(), BackupError> {
    for part in parts {
        let unwritten = broken(part.name);
        let mut to = own(&directory.join(part.name)).map_err(&unwritten)?;
        file.seek(SeekFrom::Start(part.from)).map_err(&unwritten)?;
        io::copy(&mut (&mut *file).take(part.bytes), &mut to).and_then(|_| to.sync_all()).map_err(&unwritten)?;
    }
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(broken("the directory"))
}

/// A new file that its owner alone can read.
pub fn own(path: &Path) -> io::Result<File> {
    OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(path)
}

fn forget(path: &Path) -> Result<(), BackupError> {
    match std::fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => no(format!("{} cannot be removed: {why}", path.display())),
        _ => Ok(()),
    }
}

fn line(reader: &mut impl BufRead) -> Result<String, BackupError> {
    let mut text = Vec::new();
    reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut text).map_err(broken("the backup cannot be read"))?;
    if !text.ends_with(b"\n") {
        return no("the file is cut off, or no backup of Cardea's");
    }
    String::from_utf8(text).or_else(|_| no("this is no backup of Cardea's, or it is damaged"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sums up what is written.
struct Digested {
    file: File,
    digest: Context,
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Sums up what is read.
struct Digesting<'a>(&'a mut Context);

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
