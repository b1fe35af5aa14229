//! A ZIP archive of a few small texts, stored as they are: an SDK is read by people and machines once, so nothing is compressed.

use base::world::Timestamp;

/// A file of an archive.
pub(super) struct Member {
    /// Its path, with slashes; ASCII.
    pub(super) name: &'static str,
    pub(super) content: Vec<u8>,
}

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// The version of the format that a reader must know: 1.0.
const VERSION_NEEDED: u16 = 10;

/// The archive. Its texts are far below the format's 4 GB.
pub(super) fn archive(members: &[Member], at: Timestamp) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for member in members {
        let (size, crc) = (member.content.len() as u32, crc32(&member.content));
        let offset = out.len() as u32;
        let mut facts = Vec::new();
        put(&mut facts, &VERSION_NEEDED.to_le_bytes());
        // No flag, no compression.
        put(&mut facts, &[0; 4]);
        put(&mut facts, &dos_time(at));
        put(&mut facts, &crc.to_le_bytes());
        put(&mut facts, &size.to_le_bytes());
        put(&mut facts, &size.to_le_bytes());
        put(&mut facts, &(member.name.len() as u16).to_le_bytes());
        // No extra field.
        put(&mut facts, &[0; 2]);
        put(&mut out, &LOCAL_HEADER.to_le_bytes());
        put(&mut out, &facts);
        put(&mut out, member.name.as_bytes());
        put(&mut out, &member.content);
        put(&mut central, &CENTRAL_HEADER.to_le_bytes());
        put(&mut central, &VERSION_NEEDED.to_le_bytes());
        put(&mut central, &facts);
        // No comment, one disk, no attributes.
        put(&mut central, &[0; 10]);
        put(&mut central, &offset.to_le_bytes());
        put(&mut central, member.name.as_bytes());
    }
    let (count, begins) = ((members.len() as u16).to_le_bytes(), out.len() as u32);
    put(&mut out, &central);
    put(&mut out, &END.to_le_bytes());
    put(&mut out, &[0; 4]);
    put(&mut out, &count);
    put(&mut out, &count);
    put(&mut out, &(central.len() as u32).to_le_bytes());
    put(&mut out, &begins.to_le_bytes());
    put(&mut out, &[0; 2]);
    out
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

/// Time and date as DOS had them: to two seconds, from 1980 on.
fn dos_time(at: Timestamp) -> [u8; 4] {
    let (year, month, day) = at.day().civil();
    let seconds = at.seconds() % 86_400;
    let time = ((seconds / 3600) << 11) | ((seconds / 60 % 60) << 5) | ((seconds % 60) / 2);
    let date = ((u64::try_from(year - 1980).unwrap_or(0) & 0x7f) << 9) | (u64::from(month) << 5) | u64::from(day);
    let (time, date) = ((time as u16).to_le_bytes(), (date as u16).to_le_bytes());
    [time[0], time[1], date[0], date[1]]
}

/// The checksum of the format (reflected, 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn times_are_those_of_dos() {
        // 2026-11-22 12:00:00.
        assert_eq!(dos_time(Timestamp(1_795_348_800_000)), [0, 0x60, 0x76, 0x5d]);
        assert_eq!(dos_time(Timestamp(0))[2..], [0x21, 0x00]);
    }
}
