//! Archives of code. What is taken is taken whole: unpacked twice it is the same, and cut anywhere it is refused.

use deliver::function::archive;

pub(crate) fn run(bytes: &[u8]) {
    if archive::check(bytes).is_err() {
        return;
    }
    // Its end tells where everything is: without it nothing is found. (What follows the end is a comment, and may be cut.)
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06").expect("an archive that is taken has an end");
    assert!(archive::check(&bytes[..end + 21]).is_err(), "an archive without its end is taken");
}
