//! What a strategy costs: load, network load and latency, each as objective and as limit.

use super::answer::Metrics;
use super::error::Limit;
use super::question::{Objective, Question};

/// What a strategy costs, one of the three.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Metric {
    Load,
    Network,
    Latency,
}

impl Metric {
    pub(super) const ALL: [Self; 3] = [Self::Load, Self::Network, Self::Latency];

    pub(super) const fn of(objective: Objective) -> Self {
        match objective {
            Objective::Load => Self::Load,
            Objective::Network => Self::Network,
            Objective::Latency => Self::Latency,
        }
    }

    pub(super) const fn limit(self) -> Limit {
        match self {
            Self::Load => Limit::Load,
            Self::Network => Limit::NetworkLoad,
            Self::Latency => Limit::Latency,
        }
    }

    pub(super) const fn limit_in(self, question: &Question) -> Option<f64> {
        match self {
            Self::Load => question.limits.load_max,
            Self::Network => question.limits.network_load_max,
            Self::Latency => question.limits.latency_ms_max,
        }
    }
}

impl Metric {
    pub(super) const fn value_in(self, metrics: &Metrics) -> f64 {
        match self {
            Self::Load => metrics.load,
            Self::Network => metrics.network_load,
            Self::Latency => metrics.latency_ms,
        }
    }
}

/// Something for each metric.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weights<T> {
    pub(super) load: T,
    pub(super) network: T,
    pub(super) latency: T,
}

impl<T: Copy> Weights<T> {
    pub(super) const fn get(&self, metric: Metric) -> T {
        match metric {
            Metric::Load => self.load,
            Metric::Network => self.network,
            Metric::Latency => self.latency,
        }
    }

    pub(super) const fn get_mut(&mut self, metric: Metric) -> &mut T {
        match metric {
            Metric::Load => &mut self.load,
            Metric::Network => &mut self.network,
            Metric::Latency => &mut self.latency,
        }
    }
}

impl Weights<f64> {
    pub(super) fn only(metric: Metric) -> Self {
        let mut weights = Self::default();
        *weights.get_mut(metric) = 1.0;
        weights
    }
}

impl Weights<Option<f64>> {
    pub(super) fn of_limits(question: &Question) -> Self {
        let mut limits = Self::default();
        for metric in Metric::ALL {
            *limits.get_mut(metric) = metric.limit_in(question);
        }
        limits
    }
}
