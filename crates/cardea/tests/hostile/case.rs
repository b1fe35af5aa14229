//! One attack: what is sent, what was meant by it, and how its connection ends.

/// What an attack is tried to get through.
pub(crate) const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// One attack. `{n}` in its bytes is replaced by its number, so that each has targets of its own.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// The requests that the back end must see, each once, and nothing else.
    pub(crate) meant: Vec<Meant>,
    pub(crate) end: End,
}

/// A request as it was meant.
#[derive(Clone, Debug)]
pub(crate) struct Meant {
    pub(crate) verb: &'static str,
    /// `{n}` is the number here, too.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    /// Fields that must not arrive.
    pub(crate) without: Vec<&'static str>,
}

/// What follows the answers to what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client may go on.
    Open,
    /// A refusal and a close, or a close alone; the back end never hears of it.
    Refused,
    /// The same, but its head may have been passed on before the flaw came; it is cut off there, and never whole.
    Cut,
}

/// How an attack travels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// In one write.
    Whole,
    /// Byte by byte.
    Bytes,
    /// In one write with a good request before it.
    Pipelined,
}

impl Form {
    pub(crate) const ALL: [Form; 3] = [Form::Whole, Form::Bytes, Form::Pipelined];
}

impl Meant {
    pub(crate) fn new(verb: &'static str, body: &[u8]) -> Meant {
        Meant { verb, target: "/case/{n}".into(), body: body.to_vec(), without: Vec::new() }
    }
}

impl Case {
    /// It must be refused. Something is smuggled behind it.
    pub(crate) fn refused(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Case {
        Case { name: name.into(), bytes: [bytes.as_ref(), SMUGGLED.as_bytes()].concat(), meant: Vec::new(), end: End::Refused }
    }

    /// It must be refused, or cut off on its way.
    pub(crate) fn cut(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Case {
        Case { end: End::Cut, ..Case::refused(name, bytes) }
    }

    /// It must arrive as it was meant.
    pub(crate) fn meant(name: impl Into<String>, bytes: impl AsRef<[u8]>, meant: Meant) -> Case {
        Case { name: name.into(), bytes: bytes.as_ref().to_vec(), meant: vec![meant], end: End::Open }
    }

    /// The bytes of the attack with this number.
    pub(crate) fn numbered(&self, number: usize) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::new(), &self.bytes[..]);
        while let Some(at) = rest.windows(3).position(|three| three == b"{n}") {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(number.to_string().as_bytes());
            rest = &rest[at + 3..];
        }
        out.extend_from_slice(rest);
        out
    }
}

/// A POST with these field lines (each with its line end) and whatever follows the blank line.
pub(crate) fn post(lines: &str, rest: &str) -> Vec<u8> {
    format!("POST /case/{{n}} HTTP/1.1\r\nHost: a\r\n{lines}\r\n{rest}").into_bytes()
}
