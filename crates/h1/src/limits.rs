//! Everything a stranger can make us hold or wait for, with its bound. The defaults are AWS's where AWS names one.

/// No head may have more fields than this, whatever the limits say: it is the size of the parser's table on the stack.
pub const FIELDS_CEILING: usize = 128;

/// Blank lines that are forgiven before a request line (some old clients end a body with one that is not counted).
pub const LEADING_BLANK_LINES_MAX: usize = 2;

/// No head may be larger than this, whatever the limits say: places in a head are 32-bit.
const HEAD_BYTES_CEILING: usize = 16 * 1024 * 1024;

/// The longest method we take; the longest registered one has 17 letters.
pub const METHOD_BYTES_MAX: usize = 24;

/// What a head may weigh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of the request target; more is 414. A regional API of AWS has 10,240.
    pub target_bytes_max: u32,
    /// Bytes of all field lines with their line ends; more is 431. AWS has 10,240 (private APIs: 8,000).
    pub fields_bytes_max: u32,
    /// Number of field lines; more is 431. Never more than [`FIELDS_CEILING`].
    pub fields_max: u16,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { target_bytes_max: 10_240, fields_bytes_max: 10_240, fields_max: 100 }
    }
}

impl HeadLimits {
    /// What an upstream may send: looser than for strangers, as answers carry cookies and policies.
    #[must_use]
    pub fn for_answers() -> Self {
        Self { target_bytes_max: 1_024, fields_bytes_max: 65_536, fields_max: 128 }
    }

    pub(crate) fn head_bytes_max(&self) -> usize {
        const START_LINE_AROUND_TARGET: usize = METHOD_BYTES_MAX + " HTTP/1.1\r\n\r\n".len() + 2 * LEADING_BLANK_LINES_MAX + 1;
        let sum = (self.target_bytes_max as usize).saturating_add(self.fields_bytes_max as usize);
        sum.saturating_add(START_LINE_AROUND_TARGET).min(HEAD_BYTES_CEILING)
    }
}

/// The limits of a connection. Times are in milliseconds; what each counts from is said at [`crate::Deadline`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub head: HeadLimits,
    /// A client connection without a request. AWS: 310 s.
    pub idle_ms: u32,
    /// From the first byte of a request head to its last.
    pub head_ms: u32,
    /// Between two pieces of a body that we wait for.
    pub body_stall_ms: u32,
    /// Between two pieces of what we send, when the other side does not take them.
    pub write_stall_ms: u32,
    /// How long we listen after the last answer, so that it is not lost to a reset.
    pub linger_ms: u32,
    /// How many bytes we take and drop in that time.
    pub linger_bytes_max: u32,
    /// How much of a request body that nobody read is taken and dropped to keep the connection.
    pub surplus_bytes_max: u32,
    /// Payload of one body, both ways; more is [`crate::BodyError::TooLarge`]. AWS: 10 MiB.
    pub body_bytes_max: u64,
    /// From the request's last byte to the end of the answer's head. AWS: 29 s; the pipeline may set it per method.
    pub answer_head_ms: u32,
    /// Interim (1xx) answers that an upstream may send before the real one.
    pub interim_answers_max: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: HeadLimits::default(),
            idle_ms: 310_000,
            head_ms: 10_000,
            body_stall_ms: 30_000,
            write_stall_ms: 30_000,
            linger_ms: 2_000,
            linger_bytes_max: 256 * 1024,
            surplus_bytes_max: 64 * 1024,
            body_bytes_max: 10 * 1024 * 1024,
            answer_head_ms: 29_000,
            interim_answers_max: 8,
        }
    }
}

impl Limits {
    /// The limits towards an upstream: the same patience, more room in heads.
    #[must_use]
    pub fn for_upstreams() -> Self {
        Self { head: HeadLimits::for_answers(), ..Self::default() }
    }
}
