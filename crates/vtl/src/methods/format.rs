//! `String.format`: `%s %d %f %x %c %b %n %%`, with flags, width and precision.

use super::number::as_double;
use crate::error::Fault;
use crate::run::Fuel;
use crate::value::Value;

/// Characters of one field.
const WIDTH_MAX: usize = 1_000;

#[derive(Default)]
struct Field {
    is_left: bool,
    has_zeros: bool,
    has_sign: bool,
    has_blank: bool,
    has_groups: bool,
    argument: Option<usize>,
    width: usize,
    precision: Option<usize>,
}

pub(super) fn format(pattern: &str, values: &[Value], fuel: &mut Fuel<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    let mut rest = pattern;
    let mut next = 0;
    while let Some(found) = rest.find('%') {
        out.push_str(&rest[..found]);
        let (field, conversion, after) = field(&rest[found + 1..])?;
        rest = after;
        match conversion {
            '%' => padded("%", &field, &mut out),
            'n' => out.push('\n'),
            _ => {
                let place = field.argument.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                let Some(value) = values.get(place) else { return Err(Fault::call(format!("no value for %{conversion}"))) };
                let text = converted(conversion, value, &field, fuel)?;
                padded(&text, &field, &mut out);
            }
        }
        fuel.check_string(out.len())?;
    }
    out.push_str(rest);
    Ok(out)
}

fn field(text: &str) -> Result<(Field, char, &str), Fault> {
    let mut field = Field::default();
    let mut rest = text;
    if let Some((number, after)) = number(rest)
        && let Some(after) = after.strip_prefix('$')
    {
        field.argument = Some(number.saturating_sub(1));
        rest = after;
    }
    while let Some(flag) = rest.chars().next() {
        match flag {
            '-' => field.is_left = true,
            '0' => field.has_zeros = true,
            '+' => field.has_sign = true,
            ' ' => field.has_blank = true,
            ',' => field.has_groups = true,
            '#' => {}
            _ => break,
        }
        rest = &rest[1..];
    }
    if let Some((width, after)) = number(rest) {
        field.width = width;
        rest = after;
    }
    if let Some((precision, after)) = rest.strip_prefix('.').and_then(number) {
        field.precision = Some(precision);
        rest = after;
    }
    if field.width.max(field.precision.unwrap_or(0)) > WIDTH_MAX {
        return Err(Fault::limit("width_max", WIDTH_MAX));
    }
    match rest.chars().next() {
        Some(conversion) => Ok((field, conversion, &rest[conversion.len_utf8()..])),
        None => Err(Fault::call("the format ends within a conversion")),
    }
}

fn number(text: &str) -> Option<(usize, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok().map(|number| (number, &text[digits..]))
}

fn converted(conversion: char, value: &Value, field: &Field, fuel: &mut Fuel<'_>) -> Result<String, Fault> {
    let wrong = || Fault::call(format!("%{conversion} cannot show a {}", value.kind()));
    let text = match (conversion, value) {
        ('b' | 'B', Value::Bool(truth)) => truth.to_string(),
        ('b' | 'B', value) => (!value.is_null()).to_string(),
        (_, Value::Null | Value::Absent) => "null".to_owned(),
        ('s' | 'S' | 'c', value) => {
            let text = fuel.java_text(value)?;
            field.precision.map_or(text.clone(), |precision| text.chars().take(precision).collect())
        }
        ('d', Value::Int(number)) => signed(*number < 0, &grouped(&number.unsigned_abs().to_string(), field), field),
        ('d', Value::Big(number)) => signed(**number < 0, &grouped(&number.unsigned_abs().to_string(), field), field),
        ('x' | 'X', Value::Int(number)) => i32::try_from(*number).map_or_else(|_| format!("{number:x}"), |number| format!("{number:x}")),
        ('f', Value::Double(number)) => {
            let digits = format!("{:.*}", field.precision.unwrap_or(6), number.abs());
            signed(number.is_sign_negative(), &grouped(&digits, field), field)
        }
        ('e', Value::Double(_)) => {
            let digits = format!("{:.*e}", field.precision.unwrap_or(6), as_double(value).abs());
            let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            signed(as_double(value) < 0.0, &format!("{mantissa}e{sign}{:02}", exponent.abs()), field)
        }
        _ => return Err(wrong()),
    };
    Ok(if conversion.is_ascii_uppercase() { text.to_uppercase() } else { text })
}

/// Digits with their sign, and zeros between them where the field asks for zeros.
fn signed(is_negative: bool, digits: &str, field: &Field) -> String {
    let sign = match (is_negative, field.has_sign, field.has_blank) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let zeros = if field.has_zeros { field.width.saturating_sub(sign.len() + digits.len()) } else { 0 };
    format!("{sign}{}{digits}", "0".repeat(zeros))
}

fn grouped(digits: &str, field: &Field) -> String {
    if !field.has_groups {
        return digits.to_owned();
    }
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut out = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn padded(text: &str, field: &Field, out: &mut String) {
    let blanks = " ".repeat(field.width.saturating_sub(text.chars().count()));
    if !field.is_left {
        out.push_str(&blanks);
    }
    out.push_str(text);
    if field.is_left {
        out.push_str(&blanks);
    }
}
