//! Spare header fields of a thread, so that the head of an answer is read into memory that is warm.

use h1::Fields;
use std::cell::RefCell;

/// Spare fields a thread keeps.
const SPARE_FIELDS_MAX: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
}

/// Empty fields, with memory where the thread has some to spare.
pub fn take_fields() -> Fields {
    SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

/// Gives fields back once they were written: the next answer is read into them. Whoever forgets it costs an allocation, no more.
pub fn give_back_fields(mut fields: Fields) {
    fields.reset();
    // A thread that is ending keeps nothing.
    let _ending = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < SPARE_FIELDS_MAX {
            spare.push(fields);
        }
    });
}
