//! The story of a template, told once: it says what Velocity 1.7 says, costs no more than it may, and tells where it went wrong.

mod bench;
mod bounds;
mod golden;
mod hosts;
mod places;
mod properties;
mod regexes;
