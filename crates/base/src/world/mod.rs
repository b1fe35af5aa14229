//! Time and chance. Nothing else in Cardea asks the machine what time it is or rolls dice, so a test owns both.

mod clock;
mod deadlines;
mod dice;

pub use clock::{Clock, Day, Moment, Timestamp};
pub use deadlines::{Deadlines, Watch};
pub use dice::{Dice, Ids};

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
