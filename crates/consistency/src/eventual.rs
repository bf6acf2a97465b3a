//! The eventual store: answers alone, agrees later.
