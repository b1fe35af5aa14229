//! The small files of a data directory: the root key, the sealing key, and where a running node listens.

use admit::identity::{self, Keys, Kind, Powers};
use base::api::{Credentials, Identity};
use base::gate::Signer;
use base::store::SEALING_KEY_BYTES;
use base::world::Ids;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// The access key of this installation's owner.
#[derive(Clone)]
pub struct RootKey {
    pub id: String,
    pub secret: String,
}

pub(crate) const ROOT_FILE: &str = "root-credentials";
pub(crate) const SEAL_FILE: &str = "seal.key";
const RUN_FILE: &str = "run.json";

impl RootKey {
    /// The key in a data directory.
    pub fn read(dir: &Path) -> io::Result<RootKey> {
        let text = std::fs::read_to_string(dir.join(ROOT_FILE))?;
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(|v| v.trim().to_owned());
        match (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => Ok(RootKey { id, secret }),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{ROOT_FILE} does not hold a key"))),
        }
    }

    /// The key in a data directory, made there if there is none yet.
    pub fn read_or_make(dir: &Path, ids: &Ids) -> io::Result<RootKey> {
        match RootKey::read(dir) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let key = RootKey { id: format!("AKIA{}", ids.lower(16).to_ascii_uppercase()), secret: ids.mixed(40) };
        let text = format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", key.id, key.secret);
        write_secret(dir, ROOT_FILE, text.as_bytes())?;
        Ok(key)
    }
}

/// The key that secrets at rest are sealed with, made if there is none yet. Without it what was sealed is lost.
pub fn sealing_key(dir: &Path, ids: &Ids) -> io::Result<[u8; SEALING_KEY_BYTES]> {
    match std::fs::read(dir.join(SEAL_FILE)) {
        Ok(bytes) => bytes
            .try_into()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("{SEAL_FILE} must hold {SEALING_KEY_BYTES} bytes"))),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            let mut key = [0u8; SEALING_KEY_BYTES];
            ids.bytes(&mut key);
            write_secret(dir, SEAL_FILE, &key)?;
            Ok(key)
        }
        Err(why) => Err(why),
    }
}

/// Where a running node listens.
#[derive(Clone, Serialize, Deserialize)]
pub struct RunFile {
    pub data: SocketAddr,
    /// The data port for TLS, if there is one.
    pub data_tls: Option<SocketAddr>,
    pub control: SocketAddr,
    pub pid: u32,
    /// The region of callers that name none.
    pub region: String,
}

impl RunFile {
    /// The node that serves a data directory, as far as it said.
    pub fn read(dir: &Path) -> Option<RunFile> {
        let stored: Stored = serde_json::from_str(&std::fs::read_to_string(dir.join(RUN_FILE)).ok()?).ok()?;
        let address = |url: &str| url.strip_prefix("http://")?.parse().ok();
        let data_tls = stored.data_tls.as_deref().and_then(|url| url.strip_prefix("https://")?.parse().ok());
        let (data, control) = (address(&stored.data)?, address(&stored.control)?);
        Some(RunFile { data, data_tls, control, pid: stored.pid, region: stored.region })
    }

    /// Says where this node listens.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let stored = Stored {
            data: format!("http://{}", self.data),
            data_tls: self.data_tls.map(|address| format!("https://{address}")),
            control: format!("http://{}", self.control),
            pid: self.pid,
            region: self.region.clone(),
        };
        write_file(dir, RUN_FILE, serde_json::to_string(&stored)?.as_bytes(), 0o644)
    }

    /// Says that nobody listens any more.
    pub fn remove(dir: &Path) {
        // It may be gone already; a stale file only makes a client try a port that nobody answers.
        let _gone = std::fs::remove_file(dir.join(RUN_FILE));
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    data: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_tls: Option<String>,
    control: String,
    pid: u32,
    region: String,
}

fn write_secret(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write_file(dir, name, bytes, 0o600)
}

/// Written whole or not at all, also when the machine stops in the middle.
fn write_file(dir: &Path, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = dir.join(format!("{name}.new"));
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, dir.join(name))?;
    std::fs::File::open(dir)?.sync_all()
}

/// The access keys this node knows: the root key, until identities come.
pub struct KnownKeys {
    id: String,
    root: Arc<identity::Identity>,
}

impl KnownKeys {
    /// Knows the root key of an account.
    pub fn new(root: &RootKey, account: &Arc<str>) -> KnownKeys {
        let signer = Signer {
            access_key: root.id.as_str().into(),
            account: account.clone(),
            id: account.clone(),
            arn: format!("arn:aws:iam::{account}:root").into(),
        };
        let secret = root.secret.as_str().into();
        let identity = identity::Identity { secret, signer: Arc::new(signer), kind: Kind::Root, powers: Powers::Everything };
        KnownKeys { id: root.id.clone(), root: Arc::new(identity) }
    }
}

impl Keys for KnownKeys {
    fn find(&self, access_key: &str) -> Option<Arc<identity::Identity>> {
        (access_key == self.id).then(|| self.root.clone())
    }
}

impl Credentials for KnownKeys {
    fn identity(&self, access_key_id: &str) -> Option<Identity> {
        let found = self.find(access_key_id)?;
        Some(Identity { secret: found.secret.clone(), account: found.signer.account.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_node_says_where_it_listens_and_of_tls_only_if_it_does() {
        let dir = std::env::temp_dir().join(format!("cardea-run-{}", Ids::system().lower(12)));
        std::fs::create_dir(&dir).unwrap();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        for data_tls in [None, Some(address(3))] {
            let run = RunFile { data: address(1), data_tls, control: address(2), pid: 7, region: "eu-west-1".into() };
            run.write(&dir).unwrap();
            assert_eq!(std::fs::read_to_string(dir.join(RUN_FILE)).unwrap().contains("data_tls"), data_tls.is_some());
            let read = RunFile::read(&dir).unwrap();
            assert_eq!((read.data, read.data_tls, read.control), (address(1), data_tls, address(2)));
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_key_is_made_once_and_is_for_its_owner_alone() {
        let dir = std::env::temp_dir().join(format!("cardea-keys-{}", Ids::system().lower(12)));
        std::fs::create_dir(&dir).unwrap();
        let first = RootKey::read_or_make(&dir, &Ids::system()).unwrap();
        let again = RootKey::read_or_make(&dir, &Ids::system()).unwrap();
        assert_eq!((first.id, first.secret), (again.id, again.secret));
        assert_eq!(std::fs::metadata(dir.join(ROOT_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(sealing_key(&dir, &Ids::system()).unwrap(), sealing_key(&dir, &Ids::system()).unwrap());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
