use super::*;

/// A member for an archive that is made by hand: its name, its mode, its content, and what is lied about its size.
struct Made<'m> {
    name: &'m str,
    mode: u32,
    method: u16,
    content: &'m [u8],
    unpacked_bytes: u32,
    crc: u32,
}

fn file<'m>(name: &'m str, content: &'m [u8]) -> Made<'m> {
    Made { name, mode: 0o100_644, method: STORED, content, unpacked_bytes: content.len() as u32, crc: crc32(content) }
}

fn zip(members: &[Made<'_>]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for member in members {
        let offset = out.len() as u32;
        let mut facts = Vec::new();
        facts.extend([20, 0, 0, 0]);
        facts.extend(member.method.to_le_bytes());
        facts.extend([0; 4]);
        facts.extend(member.crc.to_le_bytes());
        facts.extend((member.content.len() as u32).to_le_bytes());
        facts.extend(member.unpacked_bytes.to_le_bytes());
        facts.extend((member.name.len() as u16).to_le_bytes());
        facts.extend([0; 2]);
        out.extend(LOCAL_HEADER.to_le_bytes());
        out.extend(&facts);
        out.extend(member.name.as_bytes());
        out.extend(member.content);
        central.extend(CENTRAL_HEADER.to_le_bytes());
        central.extend([20, MADE_BY_UNIX]);
        central.extend(&facts);
        central.extend([0; 6]);
        central.extend((member.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(member.name.as_bytes());
    }
    let begins = out.len() as u32;
    out.extend(&central);
    out.extend(END.to_le_bytes());
    out.extend([0; 4]);
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(begins.to_le_bytes());
    out.extend([0; 2]);
    out
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("cardea-archive-{}-{name}", std::process::id()));
        let _not_there = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_and_folders_come_out_as_they_went_in_and_programs_stay_programs() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("good");
    let deflated = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01];
    let packed = Made { method: DEFLATED, unpacked_bytes: 23, crc: crc32(b"hello hello hello hello"), ..file("lib/a.txt", &deflated) };
    let program = Made { mode: 0o100_755, ..file("bootstrap", b"#!/bin/sh") };
    let into = folder.0.join("code");
    unpack(&zip(&[Made { mode: 0o040_755, ..file("lib/", b"") }, packed, program, file("./index.py", b"x")]), &into).unwrap();
    assert_eq!(fs::read(into.join("lib/a.txt")).unwrap(), b"hello hello hello hello");
    assert_eq!(fs::read(into.join("index.py")).unwrap(), b"x");
    let mode = |name: &str| fs::metadata(into.join(name)).unwrap().permissions().mode() & 0o111;
    assert!(mode("bootstrap") != 0 && mode("lib/a.txt") == 0);
}

fn refused(name: &str, members: &[Made<'_>]) -> String {
    let folder = Folder::new(name);
    let into = folder.0.join("code");
    let why = unpack(&zip(members), &into).expect_err(name);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "{name} left something behind");
    why
}

#[test]
fn a_path_that_leads_out_is_refused() {
    for name in ["../evil", "a/../../evil", "/etc/evil", "a\\..\\evil", "", "a\0b"] {
        assert!(refused("traversal", &[file("good", b"x"), file(name, b"x")]).contains("leads out"), "{name}");
    }
}

#[test]
fn a_symbolic_link_and_a_device_are_refused() {
    assert!(refused("link", &[Made { mode: 0o120_777, ..file("link", b"/etc/passwd") }]).contains("symbolic link"));
    assert!(refused("device", &[Made { mode: 0o020_666, ..file("null", b"") }]).contains("neither"));
}

#[test]
fn a_bomb_is_refused_by_what_it_announces_and_by_what_it_is() {
    let announced = Made { unpacked_bytes: 200 * 1024 * 1024, ..file("a", b"x") };
    let twice = Made { unpacked_bytes: 200 * 1024 * 1024, ..file("b", b"x") };
    assert!(refused("announced", &[announced, twice]).contains("Unzipped size"));
    let deflated = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01];
    let larger = Made { method: DEFLATED, unpacked_bytes: 5, crc: 0, ..file("a", &deflated) };
    assert!(refused("larger", &[larger]).contains("not what it is said to be"));
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    assert!(refused("crc", &[Made { crc: 1, ..file("a", b"x") }]).contains("not what it is said to be"));
    assert!(refused("method", &[Made { method: 99, ..file("a", b"x") }]).contains("not known"));
    refused("twice", &[file("a", b"x"), file("a", b"y")]);
    refused("file and folder", &[file("a", b"x"), file("a/b", b"y")]);
    let whole = zip(&[file("a", b"content")]);
    for end in 0..whole.len() {
        assert!(check(&whole[..end]).is_err(), "{end}");
    }
    assert!(check(b"no archive at all, but longer than its end would be").is_err());
    assert!(check(&whole).is_ok());
}
