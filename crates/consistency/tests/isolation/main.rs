//! Prefix consistency, snapshot isolation, serializability: the checkers against the definition, and every anomaly by
//! name.

mod agreement;
mod anomalies;
mod definition;
mod histories;
mod lists;
mod names;
mod scale;
