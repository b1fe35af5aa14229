//! libFuzzer's program: it runs the target that `CARDEA_FUZZ_TARGET` names. `cargo xtask fuzz` builds and starts it.

#![no_main]

use cardea_fuzz::Target;
use std::sync::OnceLock;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static TARGET: OnceLock<&'static Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("CARDEA_FUZZ_TARGET").unwrap_or_default();
        cardea_fuzz::target(&name).unwrap_or_else(|| panic!("CARDEA_FUZZ_TARGET={name:?} is no target"))
    });
    (target.run)(bytes);
});
