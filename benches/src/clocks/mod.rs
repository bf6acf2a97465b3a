//! Logical clocks beside their peers, in nanoseconds of CPU time an operation.
//!
//! A [`Contender`] does a lap of operations; [`time`] checks that all contenders of a case answer
//! alike, lets them run in turn, and gives one figure a round. A room a case says who takes part.

mod chart;
pub use chart::{Line, Picture, chart};

mod contender;
pub use contender::{Contender, Effort, Timed, time, time_anew};

mod data;
pub use data::{Chain, Changing, Random, at_line};

mod map;
pub use map::{Fx, FxClock, MapClock, SipClock};

mod page;
pub use page::{On, Page, Size};

mod row;
pub use row::{Bar, Row};

mod speed;
pub use speed::cycles_per_ns;

pub mod array;
pub mod bytes;
pub mod causal;
pub mod compare;
pub mod hlc;
pub mod interval;
pub mod merge;
pub mod sparse;
pub mod tree;
