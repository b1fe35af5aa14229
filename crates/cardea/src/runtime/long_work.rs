//! Work over many bytes is not for a thread that serves others meanwhile.

use base::gate::{Refusal, RefusalKind};

/// Bytes that a data thread works on by itself (architecture §5).
pub(super) const LONG_BYTES: usize = 64 * 1024;

/// Does work over bytes: here if they are few, else beside the data threads.
pub(super) async fn over<T: Send + 'static>(bytes: &mut Vec<u8>, work: impl FnOnce(&[u8]) -> T + Send + 'static) -> Result<T, Refusal> {
    if bytes.len() <= LONG_BYTES {
        return Ok(work(bytes));
    }
    elsewhere(bytes, work).await
}

/// Does work over bytes beside the data threads. The bytes go there and come back.
pub(super) async fn elsewhere<T: Send + 'static>(
    bytes: &mut Vec<u8>,
    work: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let taken = std::mem::take(bytes);
    let done = tokio::task::spawn_blocking(move || (work(&taken), taken)).await;
    let (done, back) = done.map_err(|why| Refusal::of(RefusalKind::Front(500), format!("work over a long body broke: {why}")))?;
    *bytes = back;
    Ok(done)
}
