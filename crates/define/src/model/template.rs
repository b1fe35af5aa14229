//! A mapping template that prints what a model describes, with sample values, for authors to go on from.
//!
//! AWS documents that there is one, and its first line; how it goes on is ours. An array is a `#foreach` over the input's array of the same
//! path. Each schema is bounded: what is too deep is `{}`, and what would become too long is refused.

use base::api::ApiError;
use serde_json::Value;
use std::fmt::Write;

/// Schemas within schemas that are written out. A model may refer to itself.
const DEPTH_MAX: usize = 16;
/// Bytes of a template: as much as an integration may have (300 KB).
const TEMPLATE_BYTES_MAX: usize = 307_200;

/// The template of a flattened schema.
pub(super) fn template(schema: &Value) -> Result<String, ApiError> {
    let mut writer = Writer { root: schema, out: "#set($inputRoot = $input.path('$'))\n".into() };
    writer.value(schema, "$inputRoot", 0)?;
    Ok(writer.out)
}

struct Writer<'s> {
    root: &'s Value,
    out: String,
}

impl<'s> Writer<'s> {
    /// One value, which the template has at `path`.
    fn value(&mut self, schema: &'s Value, path: &str, depth: usize) -> Result<(), ApiError> {
        if self.out.len() > TEMPLATE_BYTES_MAX {
            return Err(ApiError::bad_request(format!("The template of the model is longer than {TEMPLATE_BYTES_MAX} bytes.")));
        }
        let schema = self.followed(schema);
        let kind = match &schema["type"] {
            Value::String(kind) => kind.as_str(),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or(""),
            _ if schema["properties"].is_object() => "object",
            _ if schema["items"].is_object() => "array",
            _ => "",
        };
        if let Some(first) = schema["enum"].get(0) {
            self.out.push_str(&first.to_string());
            return Ok(());
        }
        match kind {
            "array" if depth < DEPTH_MAX => self.array(schema, path, depth),
            "object" | "" if depth < DEPTH_MAX => self.object(schema, path, depth),
            "string" => self.sample("\"foo\""),
            "integer" => self.sample("42"),
            "number" => self.sample("3.14"),
            "boolean" => self.sample("true"),
            "null" => self.sample("null"),
            _ => self.sample("{}"),
        }
    }

    fn sample(&mut self, text: &str) -> Result<(), ApiError> {
        self.out.push_str(text);
        Ok(())
    }

    fn object(&mut self, schema: &'s Value, path: &str, depth: usize) -> Result<(), ApiError> {
        let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
            return self.sample("{ }");
        };
        self.out.push('{');
        for (n, (name, inner)) in properties.iter().enumerate() {
            self.out.push_str(if n > 0 { "," } else { "" });
            self.line(depth + 1);
            write!(self.out, "{} : ", Value::from(name.as_str())).expect("a string takes what is written to it");
            self.value(inner, &format!("{path}.{name}"), depth + 1)?;
        }
        self.line(depth);
        self.out.push('}');
        Ok(())
    }

    fn array(&mut self, schema: &'s Value, path: &str, depth: usize) -> Result<(), ApiError> {
        self.out.push('[');
        // Loops within loops have names of their own.
        let element = if depth == 0 { "$elem".to_owned() } else { format!("$elem{depth}") };
        write!(self.out, "\n#foreach({element} in {path})\n").expect("a string takes what is written to it");
        self.out.push_str(&"  ".repeat(depth + 1));
        self.value(&schema["items"], &element, depth + 1)?;
        self.out.push_str("#if($foreach.hasNext),#end\n#end\n");
        self.out.push_str(&"  ".repeat(depth));
        self.out.push(']');
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.push_str(&"  ".repeat(depth));
    }

    /// What a schema's `$ref` names, among the definitions of the flattened one.
    fn followed(&self, schema: &'s Value) -> &'s Value {
        let named = |reference: &str| self.root["definitions"].get(reference.strip_prefix("#/definitions/")?);
        schema["$ref"].as_str().and_then(named).unwrap_or(schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_type_has_a_sample_and_each_array_a_loop() {
        let schema = json!({"type": "object", "properties": {
            "id": {"type": "integer"}, "price": {"type": "number"}, "kind": {"enum": ["cat"]}, "old": {"type": ["null", "boolean"]},
            "names": {"type": "array", "items": {"type": "string"}}, "more": {"type": "object"},
        }});
        let expected = "#set($inputRoot = $input.path('$'))\n{\n  \"id\" : 42,\n  \"price\" : 3.14,\n  \"kind\" : \"cat\",\n  \"old\" : true,\n  \
             \"names\" : [\n#foreach($elem1 in $inputRoot.names)\n    \"foo\"#if($foreach.hasNext),#end\n#end\n  ],\n  \"more\" : { }\n}";
        assert_eq!(template(&schema).unwrap(), expected);
        let list = template(&json!({"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}})).unwrap();
        let expected = "#set($inputRoot = $input.path('$'))\n[\n#foreach($elem in $inputRoot)\n  {\n    \"a\" : \"foo\"\n  }\
                        #if($foreach.hasNext),#end\n#end\n]";
        assert_eq!(list, expected);
    }

    #[test]
    fn a_model_that_refers_to_itself_has_an_end() {
        let one =
            json!({"$ref": "#/definitions/A", "definitions": {"A": {"type": "object", "properties": {"a": {"$ref": "#/definitions/A"}}}}});
        assert!(template(&one).unwrap().ends_with('}'));
        let many: serde_json::Map<String, Value> = (0..9).map(|n| (format!("p{n}"), json!({"$ref": "#/definitions/A"}))).collect();
        let bomb = json!({"$ref": "#/definitions/A", "definitions": {"A": {"type": "object", "properties": many}}});
        assert!(template(&bomb).is_err());
    }
}
