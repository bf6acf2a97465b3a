//! One tape, one run: on every platform, in every build, in every process.

mod common;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use common::{Arrivals, Bug, SECOND, count, ping};
use simulator::{
    FaultPlan, FaultSet, Outcome, Settings, SimulatorError, Tape, check_determinism, run,
};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time};

fn stormy(seed: u64, nodes: u32) -> Settings {
    let mut plan_tape = Tape::seeded_stream(seed, 1);
    Settings {
        plan: FaultPlan::swarm(&mut plan_tape, FaultSet::all(), 2 * SECOND),
        chaos_ns: 2 * SECOND,
        ..Settings::new(nodes)
    }
}

/// The same in debug and release, on every machine. A change here means that old seeds and
/// artefacts no longer replay: say so in the changelog.
#[test]
fn golden_seeds_keep_their_hashes() {
    let hashes: Vec<u64> = (0..6)
        .map(|seed| count(&stormy(seed, 5), Bug::None, 50, Tape::seeded(seed)).hash)
        .collect();
    let golden = [
        0x5934_5b35_eb31_f19f,
        0x4573_c940_ad42_fe55,
        0x8320_8534_62b6_e9e7,
        0xc286_b284_01d8_f5db,
        0xe20c_ea8b_753c_f49d,
        0xd7f2_14ca_5247_1ecd,
    ];
    assert_eq!(hashes, golden, "{hashes:#018x?}");
    let settings = Settings::new(3);
    let (outcome, _) = ping(
        &settings,
        Duration::from_millis(1),
        100,
        Duration::from_secs(1),
        Tape::seeded(1),
    );
    assert_eq!(outcome.hash, 0x04b0_c27a_4e7a_c511, "{:#x}", outcome.hash);
}

#[test]
fn replaying_the_tape_of_a_seed_gives_the_same_run() {
    for seed in 0..30 {
        let settings = stormy(seed, 4);
        let first = count(&settings, Bug::None, 50, Tape::seeded(seed));
        let again = count(
            &settings,
            Bug::None,
            50,
            Tape::replay(first.choices.clone()),
        );
        assert_eq!(first, again);
        // And so does a tape that went through text, as in an artefact.
        let parsed = first.choices.to_string().parse().expect("its own text");
        let third = count(&settings, Bug::None, 50, Tape::replay(parsed));
        assert_eq!(first.hash, third.hash);
        // And one that was not recorded.
        let fourth = count(&settings, Bug::None, 50, Tape::seeded(seed).unrecorded());
        assert_eq!(first.hash, fourth.hash);
        assert!(fourth.choices.is_empty());
    }
}

#[test]
fn seeds_differ() {
    let hashes: HashSet<u64> = (0..50)
        .map(|seed| count(&Settings::new(3), Bug::None, 10, Tape::seeded(seed)).hash)
        .collect();
    assert_eq!(hashes.len(), 50);
}

#[test]
fn an_outcome_and_its_settings_survive_json() {
    let settings = stormy(3, 4);
    let outcome = count(&settings, Bug::None, 20, Tape::seeded(3));
    let text = serde_json::to_string(&(&settings, &outcome)).expect("plain data");
    let (settings_again, outcome_again): (Settings, Outcome) =
        serde_json::from_str(&text).expect("its own text");
    assert_eq!(settings_again, settings);
    assert_eq!(outcome_again.hash, outcome.hash);
    let replayed = count(
        &settings_again,
        Bug::None,
        20,
        Tape::replay(outcome_again.choices),
    );
    assert_eq!(replayed, outcome);
}

/// Sends to its peers in the order of a standard hash map: the leak of madsim issue 240 and turmoil
/// issue 19.
struct Leaky {
    peers: HashMap<u32, u64>,
}

impl Process for Leaky {
    type Message = u32;
    type Request = ();
    type Event = (NodeId, u64);
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if matches!(input, Input::Start) {
            for &peer in self.peers.keys() {
                cx.send(NodeId(peer), peer);
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

impl Recover for Leaky {
    type Config = u32;
    type Error = std::convert::Infallible;

    fn recover(nodes: &u32, _: Vec<Stored<()>>) -> Result<Self, Self::Error> {
        Ok(Self {
            peers: (0..*nodes).map(|peer| (peer, 0)).collect(),
        })
    }
}

#[test]
fn a_planted_hash_order_leak_is_caught() {
    let attempt = || {
        let mut arrivals = Arrivals::during(Duration::from_secs(1));
        run::<Leaky, _, _>(
            &Settings::new(16),
            &[16; 16],
            &mut arrivals,
            &mut (),
            Tape::seeded(1),
        )
    };
    let checked = check_determinism(attempt);
    assert!(
        matches!(checked, Err(SimulatorError::Nondeterministic { first, second }) if first != second)
    );
}

#[test]
fn a_sound_process_is_deterministic() {
    let checked = check_determinism(|| Ok(count(&stormy(9, 5), Bug::None, 50, Tape::seeded(9))));
    assert!(checked.is_ok());
}
