//! Sets, queues, stacks and priority queues, and the checks of distinct values that need no search.

mod agreement;
mod generators;
mod limits;
mod models;
mod named;
