//! DNS messages (RFC 1035, 2782, 3596), as far as targets need them: a question for A, AAAA or SRV, and the records of its answer. The
//! system's own lookup tells no TTL and no SRV.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 255;
const LABEL_BYTES_MAX: usize = 63;
/// Jumps within one name, and names that stand for each other.
const JUMPS_MAX: usize = 32;
const ALIASES_MAX: usize = 16;
/// Records of an answer that are looked at.
const RECORDS_MAX: usize = 1_024;
const CLASS_IN: u16 = 1;
const CNAME: u16 = 5;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    A,
    Aaaa,
    Srv,
}

impl Sort {
    fn code(self) -> u16 {
        match self {
            Sort::A => 1,
            Sort::Aaaa => 28,
            Sort::Srv => 33,
        }
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Address(IpAddr),
    Service { priority: u16, weight: u16, port: u16, host: String },
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub found: Vec<Data>,
    /// Seconds that all of it may be believed; `None` where there is nothing.
    pub ttl_seconds: Option<u32>,
}

/// Why a message is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It is somebody else's, or makes no sense: another may come.
    NotOurs,
    /// It did not fit: ask again over TCP.
    CutOff,
    /// The server says no, by this code.
    Refused(u8),
}

/// A question; `None` for a name that is none.
pub fn question(id: u16, name: &str, sort: Sort) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(name.len() + 18);
    // Recursion is desired, and there is one question.
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let begin = out.len();
    for label in name.trim_end_matches('.').split('.') {
        if label.is_empty() || label.len() > LABEL_BYTES_MAX || !label.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    if out.len() - begin > NAME_BYTES_MAX {
        return None;
    }
    for number in [sort.code(), CLASS_IN] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    Some(out)
}

/// Reads the answer to a question.
pub fn answer(message: &[u8], id: u16, name: &str, sort: Sort) -> Result<Answer, NoAnswer> {
    let mut reader = Reader { message, at: 0 };
    read(&mut reader, id, name, sort).unwrap_or(Err(NoAnswer::NotOurs))
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.message.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A name, in lower case. Jumps lead backwards alone, and are counted.
    fn name(&mut self) -> Option<String> {
        let (mut name, mut at, mut jumps) = (String::new(), self.at, 0);
        loop {
            let length = *self.message.get(at)?;
            match length {
                0 => {
                    at += 1;
                    break;
                }
                1..64 => {
                    let label = self.message.get(at + 1..at + 1 + usize::from(length))?;
                    if !label.iter().all(|byte| byte.is_ascii_graphic()) || name.len() + label.len() >= NAME_BYTES_MAX {
                        return None;
                    }
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
                    at += 1 + label.len();
                }
                0xc0.. => {
                    let to = usize::from(length & 0x3f) << 8 | usize::from(*self.message.get(at + 1)?);
                    if jumps == 0 {
                        self.at = at + 2;
                    }
                    jumps += 1;
                    if jumps > JUMPS_MAX || to >= at {
                        return None;
                    }
                    at = to;
                }
                _ => return None,
            }
        }
        if jumps == 0 {
            self.at = at;
        }
        Some(name)
    }
}

fn read(reader: &mut Reader<'_>, id: u16, name: &str, sort: Sort) -> Option<Result<Answer, NoAnswer>> {
    let (theirs, flags) = (reader.number()?, reader.number()?);
    let (questions, answers) = (reader.number()?, reader.number()?);
    reader.take(4)?;
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_ours = theirs == id && flags >> 15 == 1 && questions == 1 && reader.name()? == name;
    if !is_ours || reader.number()? != sort.code() || reader.number()? != CLASS_IN {
        return None;
    }
    if flags >> 9 & 1 == 1 {
        return Some(Err(NoAnswer::CutOff));
    }
    match (flags & 0xf) as u8 {
        // There is no such name: that is an answer, with nothing in it.
        0 | 3 => {}
        code => return Some(Err(NoAnswer::Refused(code))),
    }
    let (mut aliases, mut found) = (Vec::new(), Vec::new());
    for _ in 0..usize::from(answers).min(RECORDS_MAX) {
        let owner = reader.name()?;
        let (code, class) = (reader.number()?, reader.number()?);
        let ttl_seconds = u32::from(reader.number()?) << 16 | u32::from(reader.number()?);
        let length = usize::from(reader.number()?);
        let end = reader.at.checked_add(length).filter(|end| *end <= reader.message.len())?;
        if class == CLASS_IN && code == CNAME {
            aliases.push((owner, reader.name()?, ttl_seconds));
        } else if class == CLASS_IN && code == sort.code() {
            found.push((owner, data(reader, sort, length)?, ttl_seconds));
        }
        reader.at = end;
    }
    Some(Ok(joined(name, &aliases, found)))
}

fn data(reader: &mut Reader<'_>, sort: Sort, length: usize) -> Option<Data> {
    Some(match sort {
        Sort::A => Data::Address(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(reader.take(length)?).ok()?))),
        Sort::Aaaa => Data::Address(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(reader.take(length)?).ok()?))),
        Sort::Srv => {
            let [priority, weight, port] = [reader.number()?, reader.number()?, reader.number()?];
            Data::Service { priority, weight, port, host: reader.name()? }
        }
    })
}

/// What is said of the name, or of a name that it stands for.
fn joined(name: String, aliases: &[(String, String, u32)], found: Vec<(String, Data, u32)>) -> Answer {
    let (mut names, mut ttl_seconds) = (vec![name], None::<u32>);
    let mut least = |ttl: u32| ttl_seconds = Some(ttl_seconds.map_or(ttl, |known| known.min(ttl)));
    for _ in 0..ALIASES_MAX {
        let last = names.last().expect("the name itself is there");
        let Some((_, to, ttl)) = aliases.iter().find(|(owner, to, _)| owner == last && !names.contains(to)) else { break };
        least(*ttl);
        names.push(to.clone());
    }
    let ours = found.into_iter().filter(|(owner, _, _)| names.contains(owner));
    let found = ours.map(|(_, data, ttl)| {
        least(ttl);
        data
    });
    let found: Vec<Data> = found.collect();
    Answer { ttl_seconds: ttl_seconds.filter(|_| !found.is_empty()), found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A question's message as an answer, with records.
    fn answered(name: &str, sort: Sort, flags: [u8; 2], records: &[(&[u8], u16, u32, &[u8])]) -> Vec<u8> {
        let mut message = question(7, name, sort).unwrap();
        message[2..4].copy_from_slice(&flags);
        message[7] = records.len() as u8;
        for (owner, code, ttl, data) in records {
            message.extend_from_slice(owner);
            message.extend_from_slice(&code.to_be_bytes());
            message.extend_from_slice(&CLASS_IN.to_be_bytes());
            message.extend_from_slice(&ttl.to_be_bytes());
            message.extend_from_slice(&(data.len() as u16).to_be_bytes());
            message.extend_from_slice(data);
        }
        message
    }

    const OK: [u8; 2] = [0x81, 0x80];
    /// The name of the question.
    const SAME: &[u8] = &[0xc0, 12];

    fn address(last: u8) -> Data {
        Data::Address(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn addresses_are_read_with_the_shortest_time() {
        let records = [(SAME, 1, 60, &[10, 0, 0, 1][..]), (SAME, 1, 30, &[10, 0, 0, 2]), (b"\x01x\0", 1, 5, &[9, 9, 9, 9])];
        let read = answer(&answered("A.test.", Sort::A, OK, &records), 7, "a.test", Sort::A).unwrap();
        assert_eq!(read, Answer { found: vec![address(1), address(2)], ttl_seconds: Some(30) });
        let six = answered("a.test", Sort::Aaaa, OK, &[(SAME, 28, 1, &[0; 16])]);
        assert_eq!(answer(&six, 7, "a.test", Sort::Aaaa).unwrap().found, [Data::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED))]);
    }

    #[test]
    fn a_name_that_stands_for_another_is_followed_and_a_circle_is_nothing() {
        let records = [(SAME, 5, 10, &b"\x01b\0"[..]), (b"\x01b\0", 1, 60, &[10, 0, 0, 1])];
        let read = answer(&answered("a", Sort::A, OK, &records), 7, "a", Sort::A).unwrap();
        assert_eq!(read, Answer { found: vec![address(1)], ttl_seconds: Some(10) });
        let circle = answered("a", Sort::A, OK, &[(SAME, 5, 10, b"\x01b\0"), (b"\x01b\0", 5, 10, b"\x01a\0")]);
        assert_eq!(answer(&circle, 7, "a", Sort::A).unwrap(), Answer { found: vec![], ttl_seconds: None });
    }

    #[test]
    fn services_tell_where_they_are() {
        let data = b"\x00\x01\x00\x05\x1f\x90\x01b\xc0\x11";
        let read = answer(&answered("_http.test", Sort::Srv, OK, &[(SAME, 33, 20, data)]), 7, "_http.test", Sort::Srv);
        let service = Data::Service { priority: 1, weight: 5, port: 8080, host: "b".into() };
        // A jump into the middle of a name that is no label's beginning makes no sense.
        assert_eq!(read, Err(NoAnswer::NotOurs));
        let data = b"\x00\x01\x00\x05\x1f\x90\x01b\xc0\x12";
        let read = answer(&answered("_http.test", Sort::Srv, OK, &[(SAME, 33, 20, data)]), 7, "_http.test", Sort::Srv).unwrap();
        let Data::Service { priority, weight, port, .. } = service else { unreachable!("it is one") };
        assert_eq!(read.found, [Data::Service { priority, weight, port, host: "b.test".into() }]);
    }

    #[test]
    fn what_is_not_ours_and_what_is_refused_is_told_apart() {
        let good = answered("a", Sort::A, OK, &[(SAME, 1, 1, &[10, 0, 0, 1])]);
        for (id, name, sort) in [(8, "a", Sort::A), (7, "b", Sort::A), (7, "a", Sort::Aaaa)] {
            assert_eq!(answer(&good, id, name, sort), Err(NoAnswer::NotOurs));
        }
        assert_eq!(answer(&good[..good.len() - 1], 7, "a", Sort::A), Err(NoAnswer::NotOurs));
        assert_eq!(answer(&answered("a", Sort::A, [0x83, 0x80], &[]), 7, "a", Sort::A), Err(NoAnswer::CutOff));
        assert_eq!(answer(&answered("a", Sort::A, [0x81, 0x82], &[]), 7, "a", Sort::A), Err(NoAnswer::Refused(2)));
        assert_eq!(answer(&answered("a", Sort::A, [0x81, 0x83], &[]), 7, "a", Sort::A).unwrap().found, []);
        for name in ["", "a..b", &"a".repeat(64), &"a.".repeat(140), "a b"] {
            assert_eq!(question(1, name, Sort::A), None);
        }
    }

    proptest! {
        #[test]
        fn any_message_is_an_answer_or_none(mut message: Vec<u8>, tail: Vec<u8>, position in 0usize..100, byte: u8) {
            let _answer = answer(&message, 7, "a", Sort::A);
            message = answered("a.test", Sort::Srv, OK, &[(SAME, 33, 20, b"\x00\x01\x00\x05\x1f\x90\x01b\xc0\x12"), (SAME, 5, 1, &tail)]);
            let position = position % message.len();
            message[position] = byte;
            let _answer = answer(&message, 7, "a.test", Sort::Srv);
        }
    }
}
