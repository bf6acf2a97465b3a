//! The faults: their names, sets of them, and how often each was delivered.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SimulatorError;

/// A kind of fault; its name is what [`FaultSet`] reads and [`FaultCounts`] writes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A message is lost.
    Loss,
    /// A message arrives twice.
    Duplicate,
    /// A message overtakes an earlier one of its link.
    Reorder,
    /// Messages take longer than the network's own delay ever is.
    Delay,
    /// Two groups of nodes cannot talk to each other.
    Partition,
    /// One group cannot talk to another, which can talk to it.
    OneWay,
    /// Some pairs of nodes cannot talk, though others that both can reach join them.
    Partial,
    /// A node stops, loses some of what it has not synced, and comes back.
    Crash,
    /// A node stops in the middle of writing a record; recovery discards the broken tail.
    Torn,
    /// Syncs take long.
    SlowDisk,
    /// A sync fails: the node stops, and comes back.
    DiskFailure,
    /// A node does nothing for a while; what reached it waits.
    Pause,
    /// Clocks start apart.
    ClockOffset,
    /// Clocks run fast and slow.
    ClockDrift,
    /// A wall clock jumps.
    ClockJump,
}

impl Fault {
    /// Every fault, in order.
    pub const ALL: [Self; 15] = [
        Self::Loss,
        Self::Duplicate,
        Self::Reorder,
        Self::Delay,
        Self::Partition,
        Self::OneWay,
        Self::Partial,
        Self::Crash,
        Self::Torn,
        Self::SlowDisk,
        Self::DiskFailure,
        Self::Pause,
        Self::ClockOffset,
        Self::ClockDrift,
        Self::ClockJump,
    ];

    /// The fault's name.
    ///
    /// ```
    /// assert_eq!(simulator::Fault::OneWay.name(), "one-way");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Delay => "delay",
            Self::Partition => "partition",
            Self::OneWay => "one-way",
            Self::Partial => "partial",
            Self::Crash => "crash",
            Self::Torn => "torn",
            Self::SlowDisk => "slow-disk",
            Self::DiskFailure => "disk-failure",
            Self::Pause => "pause",
            Self::ClockOffset => "clock-offset",
            Self::ClockDrift => "clock-drift",
            Self::ClockJump => "clock-jump",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fault {
    type Err = SimulatorError;

    fn from_str(name: &str) -> Result<Self, SimulatorError> {
        let found = Self::ALL.into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| SimulatorError::UnknownFault {
            name: name.into(),
            valid: format!("{}, all, none", FaultSet::all()),
        })
    }
}

/// A set of faults, read from a list like `loss,crash,clock-drift`, or `all`, or `none`.
///
/// ```
/// use simulator::{Fault, FaultSet};
/// let set: FaultSet = "crash, loss".parse()?;
/// assert!(set.contains(Fault::Crash) && !set.contains(Fault::Pause));
/// assert_eq!(set.to_string(), "loss,crash");
/// assert!("crush".parse::<FaultSet>().is_err());
/// # Ok::<(), simulator::SimulatorError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct FaultSet(u32);

impl FaultSet {
    /// No fault.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// Every fault.
    #[must_use]
    pub const fn all() -> Self {
        Self((1 << Fault::ALL.len()) - 1)
    }

    /// Whether `fault` is in the set.
    #[must_use]
    pub const fn contains(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }

    /// Adds `fault`.
    pub const fn insert(&mut self, fault: Fault) {
        self.0 |= 1 << fault as u32;
    }

    /// Takes `fault` out.
    pub const fn remove(&mut self, fault: Fault) {
        self.0 &= !(1 << fault as u32);
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The faults in the set, in the order of [`Fault::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL
            .into_iter()
            .filter(move |&fault| self.contains(fault))
    }
}

impl FromIterator<Fault> for FaultSet {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut set = Self::none();
        faults.into_iter().for_each(|fault| set.insert(fault));
        set
    }
}

impl FromStr for FaultSet {
    type Err = SimulatorError;

    fn from_str(list: &str) -> Result<Self, SimulatorError> {
        match list.trim() {
            "all" => return Ok(Self::all()),
            "none" => return Ok(Self::none()),
            _ => {}
        }
        list.split(',').map(|name| name.trim().parse()).collect()
    }
}

impl fmt::Display for FaultSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (index, fault) in self.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{fault}")?;
        }
        Ok(())
    }
}

/// How often each fault was delivered. In serde: a map from name to count, without zeros.
///
/// ```
/// use simulator::{Fault, FaultCounts};
/// let mut counts = FaultCounts::default();
/// counts.add(Fault::Crash, 2);
/// assert_eq!((counts.get(Fault::Crash), counts.get(Fault::Loss)), (2, 0));
/// assert_eq!(counts.to_string(), "crash 2");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FaultCounts([u64; Fault::ALL.len()]);

impl FaultCounts {
    /// Counts `fault` `times` more.
    #[inline]
    pub const fn add(&mut self, fault: Fault, times: u64) {
        self.0[fault as usize] = self.0[fault as usize].saturating_add(times);
    }

    /// How often `fault` was delivered.
    #[must_use]
    pub const fn get(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: &Self) {
        Fault::ALL
            .into_iter()
            .for_each(|fault| self.add(fault, other.get(fault)));
    }

    /// The faults delivered at least once, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, u64)> + '_ {
        let counted = Fault::ALL.into_iter().map(|fault| (fault, self.get(fault)));
        counted.filter(|&(_, count)| count > 0)
    }

    /// The faults of `enabled` that were never delivered: a campaign in which one remains has not
    /// tested what it says.
    #[must_use]
    pub fn silent(&self, enabled: FaultSet) -> Vec<Fault> {
        enabled
            .iter()
            .filter(|&fault| self.get(fault) == 0)
            .collect()
    }
}

impl fmt::Display for FaultCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (fault, count)) in self.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{fault} {count}")?;
        }
        Ok(())
    }
}

impl Serialize for FaultCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(fault, count)| (fault.name(), count)))
    }
}

impl<'de> Deserialize<'de> for FaultCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut counts = Self::default();
        for (name, count) in BTreeMap::<String, u64>::deserialize(deserializer)? {
            let fault = name.parse().map_err(serde::de::Error::custom)?;
            counts.add(fault, count);
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(fault));
        }
        assert_eq!("all".parse(), Ok(FaultSet::all()));
        assert_eq!("none".parse(), Ok(FaultSet::none()));
        assert_eq!(FaultSet::all().to_string().parse(), Ok(FaultSet::all()));
    }

    #[test]
    fn an_unknown_fault_is_refused_with_every_valid_name() {
        let Err(error) = "loss,quake".parse::<FaultSet>() else {
            panic!("accepted");
        };
        let text = error.to_string();
        assert!(text.contains("\"quake\""));
        assert!(
            Fault::ALL
                .into_iter()
                .all(|fault| text.contains(fault.name()))
        );
    }

    #[test]
    fn silent_faults_are_those_enabled_and_never_delivered() {
        let mut counts = FaultCounts::default();
        counts.add(Fault::Loss, 1);
        let enabled = [Fault::Loss, Fault::Pause].into_iter().collect();
        assert_eq!(counts.silent(enabled), [Fault::Pause]);
    }
}
