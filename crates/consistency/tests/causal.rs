//! Causal consistency, PRAM and the session guarantees: against their definitions, and by name.

#[path = "causal/agreement.rs"]
mod agreement;
#[path = "causal/definition.rs"]
mod definition;
#[path = "causal/measure.rs"]
mod measure;
#[path = "causal/named.rs"]
mod named;
#[path = "causal/toy.rs"]
mod toy;
