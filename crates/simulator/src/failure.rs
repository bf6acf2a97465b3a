//! Failures of nodes: crashes, failing disks, and the way back.
//!
//! 1. A crash ends the process and drops what waited for it: held inputs, gated effects, the wake.
//!    Messages already sent travel on.
//! 2. The log keeps its durable records and a drawn first part of the others; the choice zero loses
//!    none. A torn crash loses at least the record it was writing.
//! 3. A failed sync is a crash. It is never retried.
//! 4. A restart recovers from the log, and then takes [`Input::Start`].

use transport::{Effects, Input, NodeId};

use crate::world::{DiskFaults, Event, Mark, NEVER};
use crate::{Cluster, Fault, Observer, Simulated, Workload, WorkloadContext, run::Run};

impl<P: Simulated, W: Workload<P>, O: Observer<P>> Run<'_, P, W, O> {
    /// Stops a node that is up and brings it back after `away_ns`.
    pub(crate) fn crash(&mut self, node: u32, fault: Fault, away_ns: u64) {
        let state = &mut self.world.nodes[node as usize];
        let wire = &mut self.world.wire;
        state.process = None;
        state.effects = Effects::new();
        state.gated.clear();
        state.gates_disordered = false;
        state.held.clear();
        state.paused_by = None;
        state.wake_at_ns = NEVER;
        state.life += 1;
        let unsynced = state.disk.unsynced();
        let least = usize::from(fault == Fault::Torn && unsynced > 0);
        let lost = least + wire.tape.draw((unsynced - least) as u64 + 1) as usize;
        state.disk.crash(lost);
        wire.counts.add(fault, 1);
        wire.mark(Mark::Crash, node, fault as u32);
        wire.hasher.word(lost as u64);
        wire.note(match fault {
            Fault::Torn => format!("n{node} crashes while writing: {lost} of {unsynced} unsynced records lost, the first of them torn"),
            Fault::DiskFailure => format!("a sync of n{node} fails, so it stops: {lost} of {unsynced} unsynced records lost"),
            _ => format!("n{node} crashes: {lost} of {unsynced} unsynced records lost"),
        });
        let life = state.life;
        let at_ns = wire.now_ns.saturating_add(away_ns);
        wire.queue.push(at_ns, Event::Restart { node, life });
        let world = &mut self.world;
        self.workload
            .on_crash(NodeId(node), &mut WorkloadContext { world });
        let (world, configs) = (&self.world, self.configs);
        let checked = self
            .observer
            .after_crash(NodeId(node), &Cluster { world, configs });
        if let Err(violation) = checked {
            self.world.wire.violate(&violation.rule, violation.detail);
        }
    }

    /// The crash that waited for this sync, unless the node crashed before.
    pub(crate) fn crash_in_sync(&mut self, node: u32, life: u32, fault: Fault) {
        if self.world.nodes[node as usize].life != life || self.world.wire.is_healed {
            return;
        }
        let away_ns = self.draw_absence(fault);
        self.crash(node, fault, away_ns);
    }

    /// The sync that just ended has failed.
    pub(crate) fn fail_disk(&mut self, node: u32) {
        self.world.nodes[node as usize].disk_faults.fails_next = false;
        let away_ns = self.draw_absence(Fault::DiskFailure);
        self.crash(node, Fault::DiskFailure, away_ns);
    }

    pub(crate) fn restart(&mut self, node: u32, life: u32) {
        let state = &mut self.world.nodes[node as usize];
        if state.life != life || state.is_up() {
            return;
        }
        let wire = &mut self.world.wire;
        let records = state.disk.durable().to_vec();
        wire.mark(Mark::Restart, node, 0);
        wire.hasher.word(records.len() as u64);
        wire.note(format!("n{node} restarts with {} records", records.len()));
        self.is_stepping = true;
        let recovered = P::recover(&self.configs[node as usize], records);
        self.is_stepping = false;
        match recovered {
            Ok(process) => state.process = Some(process),
            Err(error) => {
                wire.violate("recovery", format!("n{node} refuses its own log: {error}"));
                return;
            }
        }
        state.effects = Effects::resume(state.disk.durable_to());
        let (world, configs) = (&self.world, self.configs);
        let checked = self
            .observer
            .after_restart(NodeId(node), &Cluster { world, configs });
        if let Err(violation) = checked {
            self.world.wire.violate(&violation.rule, violation.detail);
            return;
        }
        let world = &mut self.world;
        self.workload
            .on_restart(NodeId(node), &mut WorkloadContext { world });
        self.step(node, Input::Start);
    }

    /// Ends every fault of one node.
    pub(crate) fn recover_from_faults(&mut self, node: u32) {
        let state = &mut self.world.nodes[node as usize];
        state.disk_faults = DiskFaults::default();
        if !state.is_up() {
            let life = state.life;
            self.restart(node, life);
        } else if state.paused_by.is_some() {
            self.resume(node);
        }
    }
}
