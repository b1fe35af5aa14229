//! What is stored of functions. Code is frozen text (base64 of an archive) by digest; variables are sealed.

use base::store::{Kind, Record, Sealed, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A function: its unpublished version, and what belongs to its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    pub latest: Configuration,
    /// The number of the version published last; 0 for none.
    #[serde(default)]
    pub last_version: u64,
    pub reserved_concurrency: Option<u32>,
    /// Who may invoke it.
    #[serde(default)]
    pub statements: Vec<Statement>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A published version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FunctionVersion {
    pub function: String,
    pub number: u64,
    pub configuration: Configuration,
}

/// Another name for a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FunctionAlias {
    pub function: String,
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub description: String,
    /// Other versions, and their shares of 1.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    pub revision: String,
}

/// How a version is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    pub runtime: String,
    pub role: String,
    pub handler: String,
    #[serde(default)]
    pub description: String,
    pub timeout_seconds: u32,
    pub memory_mb: u32,
    pub scratch_mb: u32,
    /// JSON of a map; `None` where nobody said.
    pub environment: Option<Sealed>,
    pub code: Code,
    pub architectures: Vec<String>,
    /// What is kept and shown, and means nothing here: layers, tracing, logging, dead letters, networks.
    #[serde(default)]
    pub shown: BTreeMap<String, Value>,
    pub modified: Timestamp,
    pub revision: String,
}

/// Where code is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// The digest of the frozen text.
    pub archive: Option<String>,
    /// A folder of this machine.
    pub folder: Option<String>,
    /// Base64 of the archive's SHA-256.
    pub sha256: String,
    pub bytes: u64,
}

/// A statement of a function's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub id: String,
    pub action: String,
    pub principal: String,
    /// A version or an alias, if it is for that alone.
    pub qualifier: Option<String>,
    pub source_arn: Option<String>,
    pub source_account: Option<String>,
}

impl Record for Function {
    const KIND: Kind = kind::FUNCTION;
    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Record for FunctionVersion {
    const KIND: Kind = kind::FUNCTION_VERSION;
    fn parent(&self) -> String {
        self.function.clone()
    }
    /// Twenty digits, so that the order of ids is that of numbers.
    fn id(&self) -> String {
        version_id(self.number)
    }
}

impl Record for FunctionAlias {
    const KIND: Kind = kind::FUNCTION_ALIAS;
    fn parent(&self) -> String {
        self.function.clone()
    }
    fn id(&self) -> String {
        self.name.clone()
    }
}

/// The id of a version's record.
pub fn version_id(number: u64) -> String {
    format!("{number:020}")
}
