//! One-way delays between zones. What is said of one direction holds for both, unless both are said.

/// From each zone to each zone, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Delays {
    zones: usize,
    /// Row by row.
    said: Vec<Option<f64>>,
}

impl Delays {
    pub(super) fn none(zones: usize) -> Self {
        let said = vec![None; zones * zones];
        Self { zones, said }
    }

    pub(super) fn say(&mut self, from: usize, to: usize, delay_ms: f64) {
        if let Some(place) = self.said.get_mut(from * self.zones + to) {
            *place = Some(delay_ms);
        }
    }

    /// Two zones of which nothing is said, though something is of others.
    pub(super) fn missing(&self) -> Option<(usize, usize)> {
        if self.said.iter().all(Option::is_none) {
            return None;
        }
        let pairs = (0..self.zones).flat_map(|from| (0..from).map(move |to| (to, from)));
        pairs
            .into_iter()
            .find(|&(from, to)| self.between(from, to).is_none())
    }

    /// Nothing, if nothing was said.
    pub(super) fn said(self) -> Option<Self> {
        self.said.iter().any(Option::is_some).then_some(self)
    }

    /// Within a zone: no delay, unless it was said.
    fn between(&self, from: usize, to: usize) -> Option<f64> {
        let at = |from: usize, to: usize| self.said.get(from * self.zones + to).copied().flatten();
        let own = (from == to).then_some(0.0);
        at(from, to).or_else(|| at(to, from)).or(own)
    }

    /// From one zone to another.
    pub(crate) fn ms(&self, from: usize, to: usize) -> f64 {
        self.between(from, to).unwrap_or(0.0)
    }

    /// As rows: from each zone, to each.
    pub(crate) fn rows(&self) -> Vec<Vec<f64>> {
        let row = |from| {
            (0..self.zones)
                .map(move |to| self.between(from, to).unwrap_or(0.0))
                .collect()
        };
        (0..self.zones).map(row).collect()
    }
}
