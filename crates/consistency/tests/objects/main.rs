//! Maps as values, and the objects beyond registers: models, staleness, convergence.

mod values;
