//! `cardea lines jsonpath`. A null that a definite path finds counts as missing, as it does for `$input`.

use super::{ANSWER_BYTES_MAX, Answer, text};
use jsonkit::{Found, Path, Value};

pub(super) fn answer(case: &Value) -> Answer {
    let path = Path::compile(text(case, "path")?).map_err(|why| why.to_string())?;
    let document = case.member("document").ok_or("document is missing")?;
    match path.find(document).map_err(|why| why.to_string())? {
        Found::Missing | Found::One(Value::Null) => Ok(vec![("missing", true.into())]),
        found => {
            let value = found.into_value().unwrap_or_default();
            let json = value.to_json(ANSWER_BYTES_MAX).map_err(|why| why.to_string())?;
            Ok(vec![("json", json.into())])
        }
    }
}
