//! ZIP archives of code, taken apart as if a stranger had made them: one did.
//!
//! AWS's bounds hold (50 MB packed, 250 MB unpacked), counted while unpacking, since an archive may say what it likes. A path that leaves
//! the folder, a symbolic link, an encrypted member or one that is announced wrongly makes the whole archive refused; nothing of it is
//! then left behind. What is odd: AWS takes symbolic links, we do not.

#[cfg(test)]
mod tests;

use flate2::read::DeflateDecoder;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path};

/// Bytes of an archive at most (AWS: 50 MB).
pub const PACKED_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Bytes of what is in it at most (AWS: 250 MB).
pub const UNPACKED_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Members of an archive at most.
const MEMBERS_MAX: usize = 50_000;
/// Room that is made at once for a member, whatever it announces.
const ROOM_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a member's path at most.
const NAME_BYTES_MAX: usize = 1024;
/// Folders within folders.
const DEPTH_MAX: usize = 64;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const MADE_BY_UNIX: u8 = 3;

/// Why an archive is refused.
pub type Refused = String;

/// A member of an archive.
#[derive(Debug, PartialEq, Eq)]
struct Member<'z> {
    name: &'z str,
    is_folder: bool,
    /// Whether whoever packed it could run it.
    is_program: bool,
    method: u16,
    crc: u32,
    unpacked_bytes: u64,
    packed: &'z [u8],
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// The members, each checked.
fn members(zip: &[u8]) -> Result<Vec<Member<'_>>, Refused> {
    let cut = || "the archive is cut off".to_owned();
    if zip.len() > PACKED_BYTES_MAX {
        return Err(format!("the archive is larger than {PACKED_BYTES_MAX} bytes"));
    }
    let first = zip.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let end = (first..=zip.len().saturating_sub(END_BYTES)).rev().find(|at| u32_at(zip, *at) == Some(END)).ok_or("it is no archive")?;
    let (count, mut at) = (u16_at(zip, end + 10).ok_or_else(cut)?, u32_at(zip, end + 16).ok_or_else(cut)? as usize);
    if usize::from(count) > MEMBERS_MAX {
        return Err(format!("the archive has more than {MEMBERS_MAX} members"));
    }
    let (mut members, mut unpacked) = (Vec::with_capacity(usize::from(count)), 0u64);
    for _ in 0..count {
        let (member, next) = member(zip, at)?;
        unpacked += member.unpacked_bytes;
        if unpacked > UNPACKED_BYTES_MAX {
            return Err(format!("Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes"));
        }
        members.push(member);
        at = next;
    }
    Ok(members)
}

/// The member whose central header is there, and where the next is.
fn member(zip: &[u8], at: usize) -> Result<(Member<'_>, usize), Refused> {
    let cut = || "the archive is cut off".to_owned();
    let header = zip.get(at..at + 46).ok_or_else(cut)?;
    let two = |place| u16_at(header, place).unwrap_or_default();
    let four = |place| u32_at(header, place).unwrap_or_default();
    if four(0) != CENTRAL_HEADER {
        return Err("the archive's directory is not where it is said to be".into());
    }
    let (name_bytes, extra_bytes, comment_bytes) = (usize::from(two(28)), usize::from(two(30)), usize::from(two(32)));
    let name = zip.get(at + 46..at + 46 + name_bytes).ok_or_else(cut)?;
    let name = std::str::from_utf8(name).map_err(|_| "a member's name is no UTF-8")?;
    check_name(name)?;
    if two(8) & 1 != 0 {
        return Err(format!("{name} is encrypted"));
    }
    let (packed_bytes, unpacked_bytes, local) = (four(20), four(24), four(42));
    if [packed_bytes, unpacked_bytes, local].contains(&u32::MAX) {
        return Err(format!("{name} needs the 64-bit form of archives"));
    }
    let mode = if header[5] == MADE_BY_UNIX { four(38) >> 16 } else { 0 };
    match mode & 0o170_000 {
        0 | 0o100_000 | 0o040_000 => {}
        0o120_000 => return Err(format!("{name} is a symbolic link")),
        _ => return Err(format!("{name} is neither a file nor a folder")),
    }
    let local = local as usize;
    let local_header = zip.get(local..local + 30).ok_or_else(cut)?;
    if u32_at(local_header, 0) != Some(LOCAL_HEADER) {
        return Err(format!("{name} is not where it is said to be"));
    }
    let skipped = usize::from(u16_at(local_header, 26).unwrap_or_default()) + usize::from(u16_at(local_header, 28).unwrap_or_default());
    let from = local + 30 + skipped;
    let packed = zip.get(from..from + packed_bytes as usize).ok_or_else(cut)?;
    let member = Member {
        name,
        is_folder: name.ends_with('/'),
        is_program: mode & 0o111 != 0,
        method: two(10),
        crc: four(16),
        unpacked_bytes: u64::from(unpacked_bytes),
        packed,
    };
    Ok((member, at + 46 + name_bytes + extra_bytes + comment_bytes))
}

fn check_name(name: &str) -> Result<(), Refused> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let path = Path::new(name);
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(['\0', '\\']) && !name.starts_with('/');
    if !fits || !path.components().all(is_plain) || path.components().count() > DEPTH_MAX {
        return Err(format!("the path {:?} leads out of the archive, or is none", name.chars().take(100).collect::<String>()));
    }
    Ok(())
}

impl Member<'_> {
    fn content(&self) -> Result<Vec<u8>, Refused> {
        let unpacked = match self.method {
            STORED => self.packed.to_vec(),
            DEFLATED => {
                let mut unpacked = Vec::with_capacity(usize::try_from(self.unpacked_bytes).unwrap_or(usize::MAX).min(ROOM_BYTES_MAX));
                // One byte more than announced tells that there is more.
                let read = DeflateDecoder::new(self.packed).take(self.unpacked_bytes + 1).read_to_end(&mut unpacked);
                read.map_err(|why| format!("{}: {why}", self.name))?;
                unpacked
            }
            _ => return Err(format!("{} is packed in a way that is not known", self.name)),
        };
        if unpacked.len() as u64 != self.unpacked_bytes || crc32(&unpacked) != self.crc {
            return Err(format!("{} is not what it is said to be", self.name));
        }
        Ok(unpacked)
    }
}

/// Checks an archive to its last byte, without writing anything.
pub fn check(zip: &[u8]) -> Result<(), Refused> {
    members(zip)?.iter().try_for_each(|member| member.content().map(drop))
}

/// Unpacks into a folder that is not there yet. Where it fails, nothing is left.
pub fn unpack(zip: &[u8], into: &Path) -> Result<(), Refused> {
    let draft = into.with_extension("draft");
    let unpacked = members(zip).and_then(|members| {
        let _not_there = fs::remove_dir_all(&draft);
        write_all(&members, &draft)
    });
    let said = |why: std::io::Error| format!("{}: {why}", into.display());
    match unpacked {
        Ok(()) => fs::rename(&draft, into).map_err(said),
        Err(why) => {
            let _not_there = fs::remove_dir_all(&draft);
            Err(why)
        }
    }
}

fn write_all(members: &[Member<'_>], draft: &Path) -> Result<(), Refused> {
    let said = |path: &Path, why: std::io::Error| format!("{}: {why}", path.display());
    let folder = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(|why| said(path, why));
    folder(draft)?;
    for member in members {
        let path = draft.join(member.name);
        if member.is_folder {
            folder(&path)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            folder(parent)?;
        }
        let mode = if member.is_program { 0o755 } else { 0o644 };
        // A name that comes twice is an error, not a second chance: `create_new`.
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).map_err(|why| format!("{}: {why}", member.name))?;
        file.write_all(&member.content()?).map_err(|why| said(&path, why))?;
    }
    Ok(())
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
