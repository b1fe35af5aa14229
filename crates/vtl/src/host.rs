//! Objects from outside: what a template reaches as `$input`, `$util`, `$context`.

use crate::error::Fault;
use crate::value::Value;

/// An object that the caller of a rendering answers for. Nothing of it is made before the template asks.
///
/// A *no such thing* is `Value::Null` (the reference then prints its own source) or, where the host's nothing prints nothing,
/// `Value::Absent`. An error ends the rendering.
///
/// A host that keeps a list or map that it was given should keep a copy of what is in it: who keeps the list itself, and is then put into
/// it, is never let go.
pub trait Host {
    /// A word for it in messages and traces: `$input`.
    fn kind(&self) -> &'static str;

    /// `$host.name`, and `$host['name']`.
    fn member(&self, name: &str) -> Result<Value, Fault>;

    /// `$host.method(…)`. What gives nothing back in Java gives an empty string here, as Velocity prints it.
    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault>;

    /// `#set($host.name = value)` and `#set($host['name'] = value)`; `false` when there is no such member to set: Velocity then does nothing.
    fn set(&self, name: &str, value: Value) -> Result<bool, Fault> {
        let _ = (name, value);
        Ok(false)
    }

    /// What it prints; none when the reference should print its own source instead.
    fn print(&self) -> Result<Option<Value>, Fault> {
        self.expand()
    }

    /// The list, map or scalar that it stands for. Where it is some, all that the host's own answers leave `Null` is asked of that:
    /// so an object can stand for a document and be read only as far as it is used. It must be the same one each time.
    fn expand(&self) -> Result<Option<Value>, Fault> {
        Ok(None)
    }
}
