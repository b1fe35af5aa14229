//! CBOR (RFC 8949), as far as Smithy's RPC v2 needs it: its values are JSON's, and dates.

use serde_json::{Map, Number, Value};

/// Values within values.
const DEPTH_MAX: usize = 32;
/// What a date is marked with: seconds since 1970.
const EPOCH: u8 = 0xc1;

/// Reads one value, and nothing after it.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(DEPTH_MAX)?;
    if reader.rest.is_empty() { Ok(value) } else { Err("there is more than one CBOR value".to_owned()) }
}

struct Reader<'b> {
    rest: &'b [u8],
}

/// What stands before a value: its sort, how large or how many; nothing for those that say so at their end.
type Head = (u8, u8, Option<u64>);

impl<'b> Reader<'b> {
    fn take(&mut self, count: u64) -> Result<&'b [u8], String> {
        let count = usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or("the CBOR value is cut off")?;
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, String> {
        let first = self.take(1)?[0];
        let (sort, info) = (first >> 5, first & 0x1f);
        let number = match info {
            0..24 => Some(u64::from(info)),
            24..28 => Some(self.take(1 << (info - 24))?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
            31 if matches!(sort, 2..=5) => None,
            31 if sort == 7 => return Err("a CBOR value ends where none began".to_owned()),
            _ => return Err("the CBOR value makes no sense".to_owned()),
        };
        Ok((sort, info, number))
    }

    /// Whether what has no length ends here.
    fn ends(&mut self) -> Result<bool, String> {
        match self.rest.first() {
            Some(0xff) => self.take(1).map(|_| true),
            Some(_) => Ok(false),
            None => Err("the CBOR value is cut off".to_owned()),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let depth = depth.checked_sub(1).ok_or("the CBOR value is too deep")?;
        let (sort, info, number) = self.head()?;
        match (sort, number) {
            (0, Some(number)) => Ok(Value::from(number)),
            (1, Some(number)) => {
                i64::try_from(number).map(|number| Value::from(-1 - number)).map_err(|_| "the number is too large".to_owned())
            }
            (2 | 3, length) => self.text(sort, length).map(Value::String),
            (4, count) => {
                let mut items = Vec::new();
                while !self.is_over(count, items.len())? {
                    items.push(self.value(depth)?);
                }
                Ok(Value::Array(items))
            }
            (5, count) => {
                let (mut members, mut seen) = (Map::new(), 0);
                while !self.is_over(count, seen)? {
                    let Value::String(key) = self.value(depth)? else { return Err("the name of a member is no text".to_owned()) };
                    members.insert(key, self.value(depth)?);
                    seen += 1;
                }
                Ok(Value::Object(members))
            }
            // What a tag says of a value is known from the model.
            (6, Some(_)) => self.value(depth),
            (7, Some(number)) => simple(info, number),
            _ => Err("the CBOR value makes no sense".to_owned()),
        }
    }

    fn is_over(&mut self, count: Option<u64>, seen: usize) -> Result<bool, String> {
        match count {
            Some(count) => Ok(seen as u64 >= count),
            None => self.ends(),
        }
    }

    fn text(&mut self, sort: u8, length: Option<u64>) -> Result<String, String> {
        let mut bytes = Vec::new();
        match length {
            Some(length) => bytes.extend_from_slice(self.take(length)?),
            None => {
                while !self.ends()? {
                    let (piece, _, length) = self.head()?;
                    let length = length.filter(|_| piece == sort).ok_or("a text has a piece that is none")?;
                    bytes.extend_from_slice(self.take(length)?);
                }
            }
        }
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8".to_owned())
    }
}

fn simple(info: u8, number: u64) -> Result<Value, String> {
    let float = |number: f64| Number::from_f64(number).map(Value::Number).ok_or_else(|| "a number is none".to_owned());
    match info {
        20 => Ok(Value::Bool(false)),
        21 => Ok(Value::Bool(true)),
        22 | 23 => Ok(Value::Null),
        25 => float(half(number as u16)),
        26 => float(f64::from(f32::from_bits(number as u32))),
        27 => float(f64::from_bits(number)),
        _ => Err("the CBOR value makes no sense".to_owned()),
    }
}

/// A number of sixteen bits.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Writes a value. Numbers under one of the names in `dates` are dates.
pub(super) fn write(value: &Value, dates: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, dates, &mut out);
    out
}

fn put(value: &Value, dates: &[&str], out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(is) => out.push(if *is { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => head(0, number, out),
            (None, Some(number), _) => head(1, number.unsigned_abs() - 1, out),
            (None, None, number) => {
                out.push(0xfb);
                out.extend_from_slice(&number.unwrap_or_default().to_be_bytes());
            }
        },
        Value::String(text) => {
            head(3, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            items.iter().for_each(|item| put(item, dates, out));
        }
        Value::Object(members) => {
            let told = || members.iter().filter(|(_, value)| !value.is_null());
            head(5, told().count() as u64, out);
            for (name, value) in told() {
                put(&Value::String(name.clone()), dates, out);
                if value.is_number() && dates.contains(&name.as_str()) {
                    out.push(EPOCH);
                }
                put(value, dates, out);
            }
        }
    }
}

fn head(sort: u8, number: u64, out: &mut Vec<u8>) {
    let sort = sort << 5;
    match number {
        0..24 => out.push(sort | number as u8),
        24..0x100 => out.extend_from_slice(&[sort | 24, number as u8]),
        0x100..0x1_0000 => {
            out.push(sort | 25);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(sort | 26);
            out.extend_from_slice(&(number as u32).to_be_bytes());
        }
        _ => {
            out.push(sort | 27);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// RFC 8949, appendix A.
    #[test]
    fn values_are_read_as_the_standard_has_them() {
        for (bytes, value) in [
            (&b"\x00"[..], json!(0)),
            (b"\x19\x03\xe8", json!(1000)),
            (b"\x38\x63", json!(-100)),
            (b"\xf9\x3e\x00", json!(1.5)),
            (b"\xf9\xc4\x00", json!(-4.0)),
            (b"\xfa\x47\xc3\x50\x00", json!(100000.0)),
            (b"\xc1\x1a\x51\x4b\x67\xb0", json!(1363896240)),
            (b"\x7f\x65strea\x64ming\xff", json!("streaming")),
            (b"\x9f\x01\x82\x02\x03\xff", json!([1, [2, 3]])),
            (b"\xa1\x61a\xf6", json!({"a": null})),
            (b"\xf5", json!(true)),
        ] {
            assert_eq!(read(bytes), Ok(value));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let deep = [0x81u8; 100];
        for bytes in [
            &b""[..],
            b"\x19\x03",
            b"\x62a",
            b"\xff",
            b"\xa1\x01\x01",
            b"\x9f\x01",
            b"\x00\x00",
            b"\xf9\x7e\x00",
            b"\x1c",
            b"\x61\xff",
            &deep,
        ] {
            assert!(read(bytes).is_err(), "{bytes:x?}");
        }
        // A length is no reason to make room.
        assert!(read(b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(read(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_refused(bytes: Vec<u8>) {
            if let Ok(value) = read(&bytes) {
                let again = read(&write(&value, &[]));
                // Members that are null are not sent.
                prop_assert!(again.is_ok());
            }
        }

        #[test]
        fn what_is_written_is_read_back(text: String, whole: i64, large: u64, number in -1e300f64..1e300, many in prop::collection::vec(any::<bool>(), 0..300)) {
            let value = json!({"t": text, "w": whole, "l": large, "n": number, "m": many, "o": {"x": []}});
            prop_assert_eq!(read(&write(&value, &[])).unwrap(), value);
        }
    }
}
