//! Recovery: a node is what its records say, and records that no node writes are refused.

use crate::common::disk::Disk;
use crate::common::random::Random;
use crate::common::{Net, entry, records};
use quickcheck::{Arbitrary, Gen, QuickCheck};
use raft_core::{Batch, Config, ConfigError, Index, Log, Raft, Record, RecoverError, Role, Term};
use transport::{NodeId, Process, Recover, Stored, Token};

fn recover(records: Vec<Record<u64>>) -> Result<Raft<u64>, RecoverError> {
    let config = Config::new(NodeId(1), [1, 2, 3].map(NodeId)).unwrap();
    let stored = |(place, record)| Stored {
        token: Token(place as u64 + 1),
        record,
    };
    Raft::recover(
        &config,
        records.into_iter().enumerate().map(stored).collect(),
    )
}

fn ballot(term: u64, vote: Option<u32>) -> Record<u64> {
    Record::Ballot {
        term: Term(term),
        vote: vote.map(NodeId),
    }
}

fn batch(term: u64, first: u64, count: u64) -> Record<u64> {
    Record::Append(Batch::commands(Term(term), Index(first), 0..count).unwrap())
}

#[test]
fn no_records_are_a_new_node() {
    let raft = recover(Vec::new()).unwrap();
    assert_eq!(
        (raft.term(), raft.vote(), raft.role()),
        (Term(0), None, Role::Follower)
    );
    assert_eq!((raft.log(), raft.commit()), (&Log::new(), Index(0)));
}

#[test]
fn a_recovered_node_has_its_ballot_and_its_whole_log_and_knows_no_commit() {
    let raft = recover(records(4, Some(2), &[1, 1, 3])).unwrap();
    assert_eq!((raft.term(), raft.vote()), (Term(4), Some(NodeId(2))));
    assert_eq!(raft.log().term_at(Index(3)), Some(Term(3)));
    assert_eq!((raft.durable_index(), raft.commit()), (Index(3), Index(0)));
}

#[test]
fn a_batch_replaces_the_log_from_its_first_index_on() {
    let written = vec![
        ballot(1, None),
        batch(1, 1, 5),
        ballot(2, None),
        batch(2, 3, 1),
    ];
    let raft = recover(written).unwrap();
    assert_eq!(raft.log().last().index, Index(3));
    assert_eq!(raft.log().term_at(Index(2)), Some(Term(1)));
    assert_eq!(raft.log().term_at(Index(3)), Some(Term(2)));
}

#[test]
fn a_torn_end_leaves_the_records_before_it() {
    let mut net = Net::new(3);
    net.elect(1);
    net.auto_sync = false;
    for _ in 0..3 {
        net.propose(1);
        net.flush();
    }
    net.deliver_all();
    assert_eq!(net.disk(2).unsynced(), 3);
    net.crash(2, 1);
    net.restart(2);
    assert_eq!(net.log(2), [1, 1]);
}

#[test]
fn every_contradiction_in_the_records_is_named() {
    let not_contiguous = |first, last| RecoverError::NotContiguous {
        first: Index(first),
        last: Index(last),
    };
    let back = |term| RecoverError::BallotWentBack { term: Term(term) };
    let future = |term, reached| RecoverError::FutureEntry {
        term: Term(term),
        reached: Term(reached),
    };
    let cases = [
        (vec![ballot(1, None), batch(1, 2, 1)], not_contiguous(2, 0)),
        (
            vec![ballot(1, None), batch(1, 1, 2), batch(1, 4, 1)],
            not_contiguous(4, 2),
        ),
        (
            vec![ballot(2, None), batch(2, 1, 1), batch(1, 2, 1)],
            not_contiguous(2, 1),
        ),
        (vec![ballot(3, None), ballot(2, None)], back(2)),
        (vec![ballot(3, Some(1)), ballot(3, Some(2))], back(3)),
        (vec![ballot(3, Some(1)), ballot(3, None)], back(3)),
        (vec![batch(1, 1, 1)], future(1, 0)),
        (vec![ballot(1, None), batch(2, 1, 1)], future(2, 1)),
    ];
    for (written, error) in cases {
        assert_eq!(recover(written.clone()).unwrap_err(), error, "{written:?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_its_reason() {
    let three = || Config::new(NodeId(1), [1, 2, 3].map(NodeId)).unwrap();
    let ms = std::time::Duration::from_millis;
    let id = NodeId(4);
    assert_eq!(
        Config::new(id, [1, 2].map(NodeId)),
        Err(ConfigError::NotAVoter { id })
    );
    let id = NodeId(2);
    assert_eq!(
        Config::new(id, [2, 1, 2].map(NodeId)),
        Err(ConfigError::RepeatedVoter { id })
    );
    let many = Config::new(NodeId(1), (1..=65).map(NodeId));
    assert_eq!(many, Err(ConfigError::TooManyVoters { count: 65 }));
    let timing = three().heartbeat_interval(ms(150));
    assert!(matches!(timing, Err(ConfigError::Timing { .. })));
    assert!(three().heartbeat_interval(ms(0)).is_err());
    assert!(three().election_timeout(ms(30)).is_err());
    let field = "requests_max";
    assert_eq!(
        three().requests_max(0),
        Err(ConfigError::ZeroLimit { field })
    );
    assert!(three().append_entries_max(0).is_err());
    assert!(three().append_bytes_max(0).is_err());
    assert!(three().appends_in_flight_max(0).is_err());
    let wrapped = RecoverError::from(ConfigError::NotAVoter { id });
    assert!(wrapped.to_string().contains("n2"));
}

/// Records as a failing disk, or a stranger, might give them.
#[derive(Clone, Debug)]
struct AnyRecord(Record<u64>);

impl Arbitrary for AnyRecord {
    fn arbitrary(g: &mut Gen) -> Self {
        let number = |g: &mut Gen| match u8::arbitrary(g) {
            0 => u64::MAX,
            other => u64::from(other % 5),
        };
        let (term, first) = (Term(number(g)), Index(number(g)));
        Self(match u8::arbitrary(g) % 4 {
            0 => Record::Ballot {
                term,
                vote: bool::arbitrary(g).then_some(NodeId(2)),
            },
            1 => Record::Append(Batch::blank(term, first)),
            _ => {
                let commands = 0..number(g).min(4);
                let batch = Batch::commands(term, first, commands);
                batch.map_or(ballot(1, None), Record::Append)
            }
        })
    }
}

#[test]
fn random_records_are_a_node_or_an_error_and_never_a_panic() {
    fn property(written: Vec<AnyRecord>) -> bool {
        let written = written.into_iter().map(|any| any.0).collect();
        let Ok(raft) = recover(written) else {
            return true;
        };
        let log = raft.log();
        let indexes = 1..=log.last().index.0;
        let terms: Vec<_> = indexes.map(|index| log.term_at(Index(index))).collect();
        terms.is_sorted() && terms.iter().all(Option::is_some)
    }
    QuickCheck::new()
        .tests(20_000)
        .rng(Gen::from_size_and_seed(8, 1))
        .quickcheck(property as fn(Vec<AnyRecord>) -> bool);
}

/// `Net::restart` compares the recovered node with an independent reading of its disk; this crashes
/// every node at every point of a run.
#[test]
fn what_is_written_so_far_is_the_durable_state_at_every_point_of_a_run() {
    for crash_at in 0..120 {
        for victim in 1..=3 {
            let mut net = Net::seeded(3, 5, |config| config, |_| Disk::default());
            net.auto_sync = false;
            let mut random = Random::new(9);
            for step in 0..120 {
                match random.below(6) {
                    0 => net.tick(),
                    1 => net.sync(random.below(3) as u32 + 1),
                    2 if net.leader().is_some() => drop(net.propose(net.leader().unwrap())),
                    _ if !net.wire.is_empty() => net.deliver(0),
                    _ => net.tick(),
                }
                if step == crash_at {
                    net.crash(victim, random.below(3) as usize);
                    net.restart(victim);
                }
            }
            net.check_end();
        }
    }
}

#[test]
fn a_recovered_node_waits_to_be_started() {
    let raft = recover(vec![ballot(1, None), Record::Append(entry(1, 1))]).unwrap();
    assert_eq!(raft.deadline(), Some(transport::Time::MAX));
    assert_eq!(raft.leader(), None);
}
