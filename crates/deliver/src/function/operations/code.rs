//! Code that comes in: an archive in base64, or a folder of this machine.

use super::invalid;
use crate::function::archive;
use crate::function::record::Code;
use base::api::{self, ApiError, Control, Member};
use base::store::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::sync::Arc;

/// The bucket that stands for folders of this machine.
const LOCAL_FOLDER: &str = "local-folder";

/// Where a caller says that code is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeSource {
    zip_file: Option<String>,
    #[serde(rename = "S3Bucket")]
    bucket: Option<String>,
    #[serde(rename = "S3Key")]
    key: Option<String>,
    image_uri: Option<String>,
}

/// The members of it.
pub(super) const MEMBERS: &[Member] = &[
    api::text("ZipFile"),
    api::text("S3Bucket"),
    api::text("S3Key"),
    api::text("S3ObjectVersion"),
    api::text("S3ObjectStorageMode"),
    api::text("ImageUri"),
    api::text("SourceKMSKeyArn"),
];

/// Code that was looked at, and the text to freeze where it came as an archive.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) code: Code,
    pub(super) text: Option<Arc<str>>,
}

impl CodeSource {
    /// Looks at the code, off the threads of control calls.
    pub(super) async fn take(self, cx: &Control) -> Result<Taken, ApiError> {
        let CodeSource { zip_file, bucket, key, image_uri } = self;
        if image_uri.is_some() {
            return Err(invalid("Container images cannot be run here: give the code as an archive."));
        }
        if let Some(text) = zip_file {
            let work = tokio::task::spawn_blocking(move || archived(text));
            return work.await.map_err(|why| ApiError::Internal(why.to_string()))?;
        }
        match (bucket.as_deref(), key) {
            (Some(LOCAL_FOLDER), Some(path)) if !cx.settings.aws_strict => {
                let look = tokio::task::spawn_blocking(move || folder(path));
                look.await.map_err(|why| ApiError::Internal(why.to_string()))?
            }
            (Some(_), _) => Err(invalid(format!(
                "Error occurred while GetObject. S3 is not within reach: give the code as ZipFile, or a folder of this machine as \
                 S3Bucket={LOCAL_FOLDER},S3Key=/its/path"
            ))),
            _ => Err(invalid("Please provide a source for function code.")),
        }
    }
}

fn archived(text: String) -> Result<Taken, ApiError> {
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| ApiError::Serialization("Invalid base64 in ZipFile".into()))?;
    if bytes.len() > archive::PACKED_BYTES_MAX {
        let most = archive::PACKED_BYTES_MAX;
        return Err(ApiError::exception(413, "RequestTooLargeException", format!("Unzipped size must be smaller than {most} bytes")));
    }
    archive::check(&bytes).map_err(|why| {
        tracing::debug!(why, "an archive of code is refused");
        invalid(format!("Could not unzip uploaded file. Please check your file, then try to upload again. ({why})"))
    })?;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let code = Code { archive: Some(digest(&text)), folder: None, sha256: STANDARD.encode(hash), bytes: bytes.len() as u64 };
    Ok(Taken { code, text: Some(text.into()) })
}

fn folder(path: String) -> Result<Taken, ApiError> {
    if !path.starts_with('/') || !std::path::Path::new(&path).is_dir() {
        return Err(invalid(format!("{path} is no folder of this machine: S3Key must be the whole path of one")));
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, path.as_bytes());
    Ok(Taken { code: Code { archive: None, folder: Some(path), sha256: STANDARD.encode(hash), bytes: 0 }, text: None })
}
