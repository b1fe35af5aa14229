//! `X-Amzn-Trace-Id`. What a caller brings is kept; else the id is made of the request's own ids and time, so that request and answer
//! agree without anything being remembered.

use base::gate::Exchange;
use h1::Known;

/// `1-5759e988-bd862e3fe1be46a994272793`.
const ROOT_BYTES: usize = 35;

/// `Root=` and the root.
const FIELD_BYTES: usize = 5 + ROOT_BYTES;

/// What a back end is told.
pub(crate) fn for_backend(ex: &Exchange) -> [u8; FIELD_BYTES] {
    let mut field = *b"Root=1-00000000-000000000000000000000000";
    field[5..].copy_from_slice(&root(ex));
    field
}

/// Appends what the caller is told of an HTTP integration. Seen: lifecycle §2.4.
pub(crate) fn write_for_caller(ex: &Exchange, out: &mut Vec<u8>) {
    out.extend_from_slice(&for_backend(ex));
    let (parent, sampled) = (member(ex, b"Parent"), member(ex, b"Sampled"));
    out.extend_from_slice(b";Parent=");
    let mut digits = ex.id.as_str().bytes().filter(|byte| *byte != b'-');
    out.extend(digits.by_ref().skip(16).take(16));
    let sampled = match sampled {
        Some(b"1") => true,
        Some(_) => false,
        None => parent.is_some(),
    };
    out.extend_from_slice(if sampled { b";Sampled=1" } else { b";Sampled=0" });
}

fn root(ex: &Exchange) -> [u8; ROOT_BYTES] {
    let fits = |root: &&[u8]| {
        root.len() == ROOT_BYTES
            && root.starts_with(b"1-")
            && root[10] == b'-'
            && root.iter().enumerate().all(|(at, byte)| byte.is_ascii_hexdigit() || matches!(at, 1 | 10))
    };
    if let Some(root) = member(ex, b"Root").filter(fits).and_then(|root| root.try_into().ok()) {
        return root;
    }
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let seconds = ex.received.seconds() as u32;
    let mut root = *b"1-00000000-000000000000000000000000";
    for (n, digit) in root[2..10].iter_mut().enumerate() {
        *digit = HEX[(seconds >> (28 - 4 * n) & 15) as usize];
    }
    // The first 24 digits of the request's UUID.
    let id = ex.id.as_bytes();
    for (to, from) in [(11, 0..8), (19, 9..13), (23, 14..18), (27, 19..23), (31, 24..28)] {
        root[to..to + from.len()].copy_from_slice(&id[from]);
    }
    root
}

/// A member of what the caller brought.
fn member<'e>(ex: &'e Exchange, name: &[u8]) -> Option<&'e [u8]> {
    let brought = ex.request.head.field(Known::XAmznTraceId)?;
    brought.split(|byte| *byte == b';').find_map(|member| member.trim_ascii().strip_prefix(name)?.strip_prefix(b"="))
}
