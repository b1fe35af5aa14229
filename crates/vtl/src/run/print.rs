//! Values as text: Java's `toString`, and compact JSON for lists that came from JSON.

use super::Fuel;
use crate::error::Fault;
use crate::limits::Limits;
use crate::methods::write_double;
use crate::value::{List, Style, Value};
use std::fmt::Write;

/// Writes a value as Java does; null is `null`, as it is within lists and maps.
pub(super) fn write(value: &Value, out: &mut String, fuel: &mut Fuel<'_>) -> Result<(), Fault> {
    match value {
        Value::Null | Value::Absent => out.push_str("null"),
        Value::Str(text) => {
            fuel.spend_bytes(text.len())?;
            out.push_str(text);
        }
        Value::List(list) if list.style() == Style::Json => return write_json(value, out, fuel),
        Value::List(list) => {
            write_items(list, ", ", out, fuel, write)?;
        }
        Value::Map(map) => {
            fuel.spend_items(8 + map.len())?;
            out.push('{');
            for (place, (key, value)) in map.entries().iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                fuel.deeper(|fuel| write(key, out, fuel))?;
                out.push('=');
                fuel.deeper(|fuel| write(value, out, fuel))?;
            }
            out.push('}');
        }
        Value::Entry(entry) => {
            fuel.deeper(|fuel| write(&entry.0, out, fuel))?;
            out.push('=');
            fuel.deeper(|fuel| write(&entry.1, out, fuel))?;
        }
        Value::Host(host) => {
            let printed = host.print()?;
            return match printed {
                Some(Value::Host(_)) | None => {
                    out.push_str(host.kind());
                    Ok(())
                }
                Some(value) => fuel.deeper(|fuel| write(&value, out, fuel)),
            };
        }
        Value::Loop(this) => match &*this.0.own.borrow() {
            Some(own) => return fuel.deeper(|fuel| write(&Value::Map(own.clone()), out, fuel)),
            None => out.push_str("{}"),
        },
        Value::Block(_) => {}
        Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Double(_) => write_scalar(value, out),
    }
    fuel.check_string_bound(out.len())
}

/// The items of a list, in brackets.
fn write_items(
    list: &List,
    between: &str,
    out: &mut String,
    fuel: &mut Fuel<'_>,
    write: fn(&Value, &mut String, &mut Fuel<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    fuel.spend_items(8 + list.len())?;
    out.push('[');
    for (place, item) in list.items().iter().enumerate() {
        if place > 0 {
            out.push_str(between);
        }
        fuel.deeper(|fuel| write(item, out, fuel))?;
    }
    out.push(']');
    Ok(())
}

/// Numbers and booleans.
fn write_scalar(value: &Value, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Big(number) => write!(out, "{number}"),
        Value::Double(number) => write_double(*number, out),
        _ => Ok(()),
    };
}

fn write_json(value: &Value, out: &mut String, fuel: &mut Fuel<'_>) -> Result<(), Fault> {
    match value {
        Value::Null | Value::Absent => out.push_str("null"),
        Value::Str(text) => {
            fuel.spend_bytes(text.len())?;
            quote(text, out);
        }
        Value::List(list) => {
            write_items(list, ",", out, fuel, write_json)?;
        }
        Value::Map(map) => {
            fuel.spend_items(8 + map.len())?;
            out.push('{');
            for (place, (key, value)) in map.entries().iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                match key {
                    Value::Str(name) => quote(name, out),
                    key => {
                        let name = fuel.java_text(key)?;
                        quote(&name, out);
                    }
                }
                out.push(':');
                fuel.deeper(|fuel| write_json(value, out, fuel))?;
            }
            out.push('}');
        }
        Value::Host(host) => {
            let expanded = host.expand()?;
            return match expanded {
                Some(Value::Host(_)) | None => {
                    quote(host.kind(), out);
                    Ok(())
                }
                Some(value) => fuel.deeper(|fuel| write_json(&value, out, fuel)),
            };
        }
        Value::Double(number) if !number.is_finite() => out.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Double(_) => write_scalar(value, out),
        Value::Entry(_) | Value::Loop(_) | Value::Block(_) => {
            let text = fuel.java_text(value)?;
            quote(&text, out);
        }
    }
    fuel.check_string_bound(out.len())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0C => out.push_str("\\f"),
            control => {
                let _ = write!(out, "\\u{control:04X}");
            }
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

impl Fuel<'_> {
    fn check_string_bound(&self, bytes: usize) -> Result<(), Fault> {
        let max = self.limits.string_bytes_max.max(self.limits.output_bytes_max);
        if bytes > max { Err(Fault::limit("string_bytes_max", max)) } else { Ok(()) }
    }
}

/// A value as Java prints it, outside of any rendering.
pub(crate) fn java_text(value: &Value, limits: &Limits) -> Result<String, Fault> {
    Fuel::new(limits).java_text(value)
}

/// A value as compact JSON, outside of any rendering.
pub(crate) fn json_text(value: &Value, limits: &Limits) -> Result<String, Fault> {
    let mut out = String::new();
    write_json(value, &mut out, &mut Fuel::new(limits))?;
    Ok(out)
}
