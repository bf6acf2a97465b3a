//! FIFO links over links that lose, repeat, delay and reorder.

use std::collections::BTreeMap;
use std::convert::Infallible;

use snapshot::bank::{Bank, BankEvent};
use snapshot::{
    Fifo, FifoConfig, FifoEvent, Frame, FrameBody, Journaled, NUMBER_MAX, SessionEnd,
    SnapshotEvent, Snapshotting, Traced,
};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, Scripted, Stored, Time, Token,
};

use crate::world::{Node, Random, Route, Snapshot, World, mesh, money, names, send, take, verify};

/// Sends the numbers it is asked to, and remembers those it hears.
#[derive(Clone, Debug, Default, PartialEq)]
struct Teller {
    heard: Vec<(NodeId, u64)>,
}

impl Process for Teller {
    type Message = u64;
    type Request = (NodeId, u64);
    type Event = ();
    type Record = u64;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Request((to, number)) => {
                // Odd numbers are stored first, multiples of four leave early.
                if number % 2 == 1 {
                    cx.persist(number);
                }
                if number % 4 == 0 {
                    cx.send_early(to, number);
                } else {
                    cx.send(to, number);
                }
            }
            Input::Message { from, message } => self.heard.push((from, message)),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

impl Recover for Teller {
    type Config = ();
    type Error = Infallible;

    fn recover(_: &(), _: Vec<Stored<u64>>) -> Result<Self, Infallible> {
        Ok(Self::default())
    }
}

fn tellers(nodes: u32, change: impl Fn(&mut FifoConfig<()>)) -> Vec<FifoConfig<()>> {
    let config = |node| {
        let mut config = FifoConfig::new(node, names(nodes), ());
        config.repeat_ns = 100;
        change(&mut config);
        config
    };
    names(nodes).into_iter().map(config).collect()
}

/// Loses and repeats each a quarter, delays up to 80, and cuts everything off now and then.
fn hostile<M>(seed: u64) -> Route<M> {
    let mut random = Random(seed);
    Box::new(move |_, now, _| {
        let copies = [0, 1, 1, 2][random.below(4) as usize];
        let is_cut = (500..1_500).contains(&now);
        let copies = if is_cut { 0 } else { copies };
        (0..copies).map(|_| now + 1 + random.below(80)).collect()
    })
}

#[test]
fn every_message_arrives_once_and_in_order() {
    let mut totals = snapshot::FifoCounts::default();
    for seed in 0..200 {
        let configs = tellers(3, |config| config.window = 1 + (seed % 9) as usize);
        let mut world = World::<Fifo<Teller>>::new(&configs, hostile(seed));
        world.sync = seed % 60;
        let mut random = Random(seed);
        let mut sent: BTreeMap<(u32, u32), Vec<u64>> = BTreeMap::new();
        for number in 0..60 {
            let from = random.below(3) as u32;
            let to = (from + 1 + random.below(2) as u32) % 3;
            world.ask_at(number * 25, from as usize, (NodeId(to), number));
            sent.entry((from, to)).or_default().push(number);
        }
        world.run(1_000_000);
        for ((from, to), sent) in sent {
            let heard = world.node(to as usize).process().heard.iter();
            let heard = heard.filter(|(sender, _)| *sender == NodeId(from));
            let heard: Vec<u64> = heard.map(|&(_, number)| number).collect();
            assert_eq!(heard, sent, "seed {seed}, n{from} to n{to}");
        }
        for node in world.nodes() {
            let counts = node.counts();
            totals.frames_repeated += counts.frames_repeated;
            totals.duplicates += counts.duplicates;
            totals.early += counts.early;
            assert_eq!(counts.messages_after_end + counts.messages_unroutable, 0);
            assert!(
                names(3)
                    .into_iter()
                    .all(|peer| node.unacknowledged_len(peer) == 0)
            );
        }
    }
    assert!(totals.frames_repeated > 1_000 && totals.duplicates > 1_000 && totals.early > 1_000);
}

/// Whatever crashes: what a life hears of another life is a first part of what that one sent.
#[test]
fn across_restarts_each_session_delivers_a_prefix() {
    let mut sessions_broken = 0;
    for seed in 0..200 {
        let mut world = World::<Fifo<Teller>>::new(&tellers(2, |_| {}), hostile(seed));
        let mut random = Random(seed);
        for number in 0..80 {
            world.ask_at(number * 25, 0, (NodeId(1), number));
        }
        let crashed = random.below(2) as usize;
        let crash_at = 1 + random.below(1_700);
        world.crash_at(crash_at, crashed, crash_at + 1 + random.below(200));
        world.run(crash_at.saturating_sub(1));
        let before = world.node(1).process().heard.clone();
        world.run(1_000_000);
        let after = &world.node(1).process().heard;
        let numbers = |heard: &[(NodeId, u64)]| heard.iter().map(|it| it.1).collect::<Vec<_>>();
        // A first part of 0, 1, 2 …
        assert!(numbers(&before).into_iter().eq(0..before.len() as u64));
        if crashed == 1 {
            // The new life hears what was sent in the new session, without a gap, to the end.
            let heard = numbers(after);
            let first = heard.first().copied().unwrap_or(80);
            assert!(heard.into_iter().eq(first..80), "seed {seed}");
            assert!(first >= before.len() as u64, "nothing comes a second time");
        } else {
            // Two runs without gaps: of the first life, and of the second.
            let heard = numbers(after);
            let gaps = heard.windows(2).filter(|pair| pair[0] + 1 != pair[1]);
            assert!(gaps.count() <= 1, "seed {seed}: {heard:?}");
            assert!(heard.is_sorted() && heard.last() == Some(&79));
        }
        let broken = |event: &FifoEvent<()>| {
            let end = SessionEnd::PeerRestarted;
            matches!(event, FifoEvent::SessionEnded { end: why, .. } if *why == end)
        };
        sessions_broken += world.events.iter().filter(|(_, it)| broken(it)).count();
    }
    assert!(sessions_broken > 150, "{sessions_broken}");
}

/// Everything is lost while the link is cut.
fn cut<M: 'static>(cut: std::ops::Range<u64>) -> Route<M> {
    Box::new(move |_, now, _| {
        if cut.contains(&now) {
            vec![]
        } else {
            vec![now + 1]
        }
    })
}

const fn full(messages_dropped: usize) -> FifoEvent<()> {
    FifoEvent::SessionEnded {
        peer: NodeId(1),
        end: SessionEnd::Full,
        messages_dropped,
    }
}

fn few(window: usize, unacknowledged_max: usize) -> Vec<FifoConfig<()>> {
    tellers(2, |config| {
        (config.window, config.unacknowledged_max) = (window, unacknowledged_max);
    })
}

#[test]
fn a_full_session_ends_and_says_so_and_the_next_one_begins() {
    let mut world = World::<Fifo<Teller>>::new(&few(2, 5), cut(10..1_000));
    for number in 0..8 {
        world.ask_at(10 + number, 0, (NodeId(1), number));
    }
    world.ask_at(2_000, 0, (NodeId(1), 9));
    world.run(10_000);
    assert_eq!(world.events, [(NodeId(0), full(5))]);
    let heard = [5, 6, 7, 9].map(|number| (NodeId(0), number));
    assert_eq!(world.node(1).process().heard, heard);
    assert_eq!(world.node(0).counts().messages_after_end, 0);
    assert_eq!(world.node(0).unacknowledged_len(NodeId(1)), 0);
}

#[test]
fn a_link_that_was_cut_for_long_works_again_though_neither_end_restarted() {
    let mut world = World::<Fifo<Teller>>::new(&few(2, 2), cut(10..10_000));
    for number in 0..50 {
        world.ask_at(10 + number * 100, 0, (NodeId(1), number));
    }
    world.run(20_000);
    for number in 50..60 {
        world.ask_at(20_000 + number * 100, 0, (NodeId(1), number));
    }
    world.run(100_000);
    let heard = world.node(1).process().heard.iter();
    let heard: Vec<u64> = heard.map(|&(_, number)| number).collect();
    assert!(heard.into_iter().eq(48..60));
    assert!(world.nodes().all(|node| node.incarnation() == 1));
}

#[test]
fn a_peer_that_starts_late_hears_what_is_sent_from_then_on() {
    let mut world = World::<Fifo<Teller>>::new(&few(2, 3), cut(0..5_000));
    for number in 0..10 {
        world.ask_at(10 + number, 0, (NodeId(1), number));
    }
    world.ask_at(9_000, 0, (NodeId(1), 99));
    world.run(20_000);
    let heard = world.node(1).process().heard.last();
    assert_eq!(heard, Some(&(NodeId(0), 99)));
    assert!(world.events.contains(&(NodeId(0), full(3))));
}

/// Small limits, hostile links: in order, once, and each gap is one that the client was told of.
#[test]
fn whatever_is_lost_between_sessions_is_told_and_nothing_is_mixed() {
    let (mut ended, mut stale) = (0, 0);
    for seed in 0..300 {
        let configs = few(1 + (seed % 5) as usize, 1 + (seed % 7) as usize);
        let mut world = World::<Fifo<Teller>>::new(&configs, hostile(seed));
        world.sync = seed % 60;
        for number in 0..120 {
            world.ask_at(number * 25, 0, (NodeId(1), number));
        }
        world.run(3_000);
        // After a silence, what is sent slowly arrives.
        for number in 120..124 {
            world.ask_at(number * 10_000, 0, (NodeId(1), number));
        }
        world.run(10_000_000);
        let heard = world.node(1).process().heard.iter();
        let heard: Vec<u64> = heard.map(|&(_, number)| number).collect();
        let ordered = heard.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(ordered, "seed {seed}: {heard:?}");
        assert!(heard.ends_with(&[120, 121, 122, 123]), "seed {seed}");
        let told = world.events.iter().map(|(_, event)| match event {
            FifoEvent::SessionEnded {
                messages_dropped, ..
            } => *messages_dropped,
            FifoEvent::Process(()) => 0,
        });
        let lost = 124 - heard.len();
        assert!(told.sum::<usize>() >= lost, "seed {seed}: {lost}");
        let gaps = heard.windows(2).filter(|pair| pair[0] + 1 != pair[1]);
        assert!(gaps.count() <= world.events.len(), "seed {seed}");
        ended += world.events.len();
        stale += world.node(1).counts().frames_stale;
        assert_eq!(world.node(1).counts().frames_refused, 0, "seed {seed}");
    }
    assert!(ended > 1_000 && stale > 1_000, "{ended} {stale}");
}

/// Links on which the algorithm alone fails: see `algorithm`.
#[test]
fn over_fifo_links_every_snapshot_is_right_on_a_hostile_network() {
    type Stack = Fifo<Node>;
    let mut recorded = 0;
    for seed in 0..100 {
        let configs: Vec<_> = mesh(3)
            .into_iter()
            .map(|config| {
                let mut config = FifoConfig::new(config.node, names(3), config);
                config.repeat_ns = 100;
                config
            })
            .collect();
        let mut world = World::<Stack>::new(&configs, hostile(seed));
        let mut random = Random(seed);
        for id in 0..100 {
            let node = random.below(3);
            let to = (node + 1 + random.below(2)) % 3;
            let request = send(id, to as u32, 1 + random.below(200));
            world.ask_at(random.below(2_000), node as usize, request);
        }
        for id in 0..6 {
            world.ask_at(random.below(2_000), random.below(3) as usize, take(id));
        }
        world.run(10_000_000);
        let taken = world.events.iter().filter_map(|(_, event)| match event {
            FifoEvent::Process(SnapshotEvent::Taken { snapshot, .. }) => Some(&**snapshot),
            _ => None,
        });
        let taken: Vec<&Snapshot> = taken.collect();
        assert_eq!(taken.len(), 6, "seed {seed}");
        for snapshot in taken {
            let nodes = world.nodes().map(Fifo::process).map(Snapshotting::process);
            let nodes: Vec<&Journaled<Traced<Bank>>> = nodes.collect();
            assert_eq!(verify(nodes.into_iter(), snapshot), Ok(()), "seed {seed}");
            assert_eq!(money(snapshot), 3_000);
            recorded += snapshot.messages().count();
        }
        let answers = world.events.iter().filter(|(_, event)| {
            let FifoEvent::Process(SnapshotEvent::Process(event)) = event else {
                return false;
            };
            matches!(event, BankEvent::Sent { .. } | BankEvent::Refused { .. })
        });
        assert_eq!(answers.count(), 100);
    }
    assert!(recorded > 500, "{recorded}");
}

/// One end alone, with frames made by hand.
struct End {
    node: Fifo<Teller>,
    effects: Effects<Fifo<Teller>>,
}

impl End {
    fn new() -> Self {
        let mut end = Self {
            node: Fifo::new(
                Teller::default(),
                &tellers(2, |config| config.window = 4)[0],
            )
            .expect("valid"),
            effects: Effects::new(),
        };
        end.step(0, Input::Start);
        end.step(0, Input::Durable(Token(1)));
        end
    }

    /// The bodies sent, with their gates.
    fn step(&mut self, at: u64, input: Input<Fifo<Teller>>) -> Vec<(FrameBody<u64>, Token)> {
        let (mut choices, now) = (Scripted::default(), Time::from_nanos(at));
        let mut cx = Context::new(now, now, &mut choices, &mut self.effects);
        self.node.step(input, &mut cx);
        let sent = self.effects.drain().filter_map(|effect| match effect {
            Effect::Send { message, after, .. } => Some((message.body, after)),
            _ => None,
        });
        sent.collect()
    }

    fn hear(&mut self, lives: (u64, u64), body: FrameBody<u64>) -> Vec<FrameBody<u64>> {
        let (incarnation, peer_incarnation) = lives;
        let message = Frame {
            incarnation,
            peer_incarnation,
            body,
        };
        let from = NodeId(1);
        let sent = self.step(1, Input::Message { from, message });
        sent.into_iter().map(|(body, _)| body).collect()
    }

    fn heard(&self) -> Vec<u64> {
        let heard = self.node.process().heard.iter();
        heard.map(|&(_, number)| number).collect()
    }
}

/// Of the first session.
const fn message(sequence: u64) -> FrameBody<u64> {
    FrameBody::Message {
        session: 1,
        sequence,
        message: sequence * 10,
    }
}

const fn acknowledge(session: u64, sequence: u64) -> FrameBody<u64> {
    FrameBody::Acknowledge { session, sequence }
}

#[test]
fn a_gap_is_waited_for_and_a_duplicate_is_dropped() {
    let mut end = End::new();
    let acknowledged = |sequence| vec![acknowledge(1, sequence)];
    assert_eq!(end.hear((1, 1), message(2)), acknowledged(0));
    assert_eq!(end.heard(), [0; 0]);
    assert_eq!(end.hear((1, 1), message(1)), acknowledged(2));
    assert_eq!(end.heard(), [10, 20]);
    for sequence in [1, 2] {
        assert_eq!(end.hear((1, 1), message(sequence)), acknowledged(2));
    }
    assert_eq!(end.heard(), [10, 20]);
    assert_eq!(end.node.counts().duplicates, 2);
}

#[test]
fn frames_of_another_life_or_beyond_the_window_change_nothing() {
    let mut end = End::new();
    end.hear((2, 1), message(1));
    assert_eq!(end.heard(), [10]);
    // Beyond the window of 4, and impossible numbers.
    for sequence in [6, u64::MAX, 0] {
        end.hear(
            (2, 1),
            FrameBody::Message {
                session: 1,
                sequence,
                message: 7,
            },
        );
    }
    // Of the peer's former life, of no life, and for another life of this node.
    end.hear((1, 1), message(2));
    end.hear((0, 1), message(2));
    assert_eq!(end.hear((2, 9), message(2)), [FrameBody::Hello]);
    // An acknowledgement of what was never sent.
    end.hear((2, 1), acknowledge(1, 5));
    assert_eq!(end.heard(), [10]);
    // From a stranger.
    let frame = Frame {
        incarnation: 2,
        peer_incarnation: 1,
        body: message(2),
    };
    let from = NodeId(7);
    end.step(
        1,
        Input::Message {
            from,
            message: frame,
        },
    );
    assert_eq!(end.heard(), [10]);
    end.hear((2, 1), message(2));
    assert_eq!(end.heard(), [10, 20], "the session goes on");
    let counts = end.node.counts();
    assert_eq!((counts.frames_refused, counts.frames_stale), (5, 2));
}

#[test]
fn frames_of_a_former_session_change_nothing_and_what_came_early_in_it_is_dropped() {
    let of = |session, sequence| FrameBody::Message {
        session,
        sequence,
        message: session * 100 + sequence,
    };
    let mut end = End::new();
    assert_eq!(end.hear((1, 1), of(1, 1)), [acknowledge(1, 1)]);
    assert_eq!(end.hear((1, 1), of(1, 3)), [acknowledge(1, 1)]);
    assert_eq!(end.hear((1, 1), of(2, 2)), [acknowledge(2, 0)]);
    assert_eq!(end.hear((1, 1), of(1, 2)), [], "late");
    assert_eq!(end.hear((1, 1), of(2, 1)), [acknowledge(2, 2)]);
    assert_eq!(end.heard(), [101, 201, 202]);
    assert_eq!(end.hear((1, 1), of(2, 3)), [acknowledge(2, 3)]);
    assert_eq!(end.heard(), [101, 201, 202, 203]);
    assert_eq!(end.node.counts().frames_stale, 1);
    // A new life of the peer counts its sessions from 1 again.
    assert_eq!(end.hear((2, 1), of(1, 1)), [acknowledge(1, 1)]);
}

#[test]
fn a_late_acknowledgement_of_a_former_session_acknowledges_nothing() {
    let mut end = End::new();
    end.node = Fifo::new(Teller::default(), &few(4, 1)[0]).expect("valid");
    end.effects = Effects::new();
    end.step(0, Input::Start);
    end.hear((1, 1), FrameBody::Hello);
    end.step(1, Input::Request((NodeId(1), 2)));
    end.step(1, Input::Request((NodeId(1), 6)));
    end.hear((1, 1), acknowledge(1, 1));
    assert_eq!(end.node.unacknowledged_len(NodeId(1)), 1);
    end.hear((1, 1), acknowledge(3, 1));
    assert_eq!(end.node.counts().frames_refused, 1);
    end.hear((1, 1), acknowledge(2, 1));
    assert_eq!(end.node.unacknowledged_len(NodeId(1)), 0);
}

#[test]
fn numbers_beyond_all_counting_make_nothing_stale() {
    let mut end = End::new();
    end.hear((1, 1), message(1));
    for number in [NUMBER_MAX + 1, u64::MAX] {
        assert_eq!(end.hear((number, 1), FrameBody::Hello), []);
        let body = FrameBody::Message {
            session: number,
            sequence: 1,
            message: 7,
        };
        assert_eq!(end.hear((1, 1), body), [acknowledge(1, 1)]);
    }
    assert_eq!(end.node.counts().frames_refused, 4);
    end.hear((1, 1), message(2));
    assert_eq!(end.heard(), [10, 20]);
}

#[test]
fn a_message_is_not_repeated_before_its_records_are_durable() {
    let mut end = End::new();
    end.hear((1, 1), FrameBody::Hello);
    // 3 is stored first: its record is token 2.
    let sent = end.step(1, Input::Request((NodeId(1), 3)));
    let body = FrameBody::Message {
        session: 1,
        sequence: 1,
        message: 3,
    };
    assert_eq!(sent, [(body.clone(), Token(2))]);
    assert_eq!(end.step(101, Input::Wake), []);
    end.step(102, Input::Durable(Token(2)));
    assert_eq!(end.step(201, Input::Wake), [(body, Token(2))]);
}

#[test]
fn a_new_life_says_hello_until_it_is_answered() {
    let mut end = End::new();
    assert_eq!(end.step(1, Input::Request((NodeId(1), 4))), []);
    assert_eq!(end.node.deadline(), Some(Time::from_nanos(100)));
    let hello = |sent: Vec<(FrameBody<u64>, Token)>| sent[0].0 == FrameBody::Hello;
    assert!(hello(end.step(101, Input::Wake)));
    assert!(hello(end.step(201, Input::Wake)));
    assert_eq!(end.node.deadline(), Some(Time::from_nanos(301)));
    let sent = end.hear((1, 1), FrameBody::Hello);
    assert_eq!(
        sent,
        [FrameBody::Message {
            session: 1,
            sequence: 1,
            message: 4
        }]
    );
}

#[test]
fn a_frame_that_names_a_former_life_is_no_answer_to_the_hello() {
    let mut end = End::new();
    let stale = acknowledge(1, 7);
    assert_eq!(end.hear((1, 9), stale), [FrameBody::Hello]);
    let hello = |sent: Vec<(FrameBody<u64>, Token)>| sent[0].0 == FrameBody::Hello;
    assert!(hello(end.step(101, Input::Wake)));
    assert_eq!(end.node.deadline(), Some(Time::from_nanos(201)));
    assert_eq!(end.hear((1, 1), FrameBody::Hello), []);
    assert_eq!(end.node.deadline(), None, "known, and nothing waits");
    // A newer life of the peer has yet to name this one.
    end.hear((2, 9), acknowledge(1, 7));
    assert!(end.node.deadline().is_some());
}

/// A restart that nobody hears of at first must not swallow what is sent long after it.
#[test]
fn what_is_sent_after_both_ends_are_up_arrives_though_the_first_hello_was_lost() {
    let route: Route<Frame<u64>> = Box::new(|_, now, _| {
        let is_cut = (90..500).contains(&now);
        if is_cut { vec![] } else { vec![now + 1] }
    });
    let mut world = World::<Fifo<Teller>>::new(&tellers(2, |_| {}), route);
    world.crash_at(100, 1, 110);
    world.ask_at(1_000, 0, (NodeId(1), 8));
    world.run(10_000);
    assert_eq!(world.node(1).process().heard, [(NodeId(0), 8)]);
}
