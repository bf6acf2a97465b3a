//! Each fault does what it says, is counted, and is silent about nothing.

mod common;

use common::{
    Arrivals, Bug, Counter, LogsArePrefixes, SECOND, count, count_observed, episodes, ping,
    ping_cut,
};
use simulator::{
    Cluster, Delay, Fault, FaultCounts, FaultPlan, FaultSet, Links, Observer, Settings, Tape,
    Violation,
};
use std::time::Duration;
use transport::{NodeId, Time};

const CHAOS_NS: u64 = 5 * SECOND;

fn with_plan(nodes: u32, plan: FaultPlan) -> Settings {
    Settings {
        plan,
        chaos_ns: CHAOS_NS,
        ..Settings::new(nodes)
    }
}

#[test]
fn every_fault_alone_is_delivered_in_every_run() {
    for fault in Fault::ALL {
        for seed in 0..10 {
            let only: FaultSet = [fault].into_iter().collect();
            let plan = FaultPlan::uniform(&mut Tape::seeded_stream(seed, 1), only, CHAOS_NS);
            let outcome = count(&with_plan(4, plan), Bug::None, 500, Tape::seeded(seed));
            assert!(outcome.holds(), "{fault} {seed}: {:?}", outcome.violation);
            assert!(outcome.faults.get(fault) > 0, "{fault} {seed} was silent");
            assert_eq!(outcome.silent_faults, []);
            let others: Vec<_> = outcome
                .faults
                .iter()
                .filter(|&(other, _)| other != fault)
                .collect();
            assert_eq!(others, [], "{fault} {seed} brought others");
        }
    }
}

#[test]
fn a_campaign_of_swarms_delivers_every_fault_and_a_sound_counter_survives() {
    let mut counts = FaultCounts::default();
    for seed in 0..60 {
        let plan = FaultPlan::swarm(&mut Tape::seeded_stream(seed, 1), FaultSet::all(), CHAOS_NS);
        let mut observer = LogsArePrefixes::default();
        let settings = with_plan(5, plan);
        let outcome = count_observed(&settings, Bug::None, 200, &mut observer, Tape::seeded(seed));
        assert!(
            outcome.holds(),
            "{seed}: {:?} {:?}\n{}",
            outcome.violation,
            outcome.unknown,
            outcome.timeline
        );
        counts.merge(&outcome.faults);
    }
    assert_eq!(counts.silent(FaultSet::all()), []);
}

#[test]
fn an_enabled_fault_that_cannot_happen_is_reported_as_silent() {
    // The pinger writes nothing, so its disk cannot fail.
    let plan = FaultPlan {
        disk_failure: episodes(100, 100),
        ..FaultPlan::none()
    };
    let span = Duration::from_secs(1);
    let (outcome, _) = ping(&with_plan(2, plan), span / 100, 50, span, Tape::seeded(1));
    assert_eq!(outcome.silent_faults, [Fault::DiskFailure]);
}

#[test]
fn without_faults_nothing_is_lost_repeated_or_counted() {
    let gap = Duration::from_millis(1);
    let (outcome, arrivals) = ping(
        &Settings::new(3),
        gap,
        100,
        Duration::from_secs(1),
        Tape::seeded(5),
    );
    assert_eq!(arrivals.seen.len(), 3 * 2 * 100);
    assert_eq!(outcome.faults, FaultCounts::default());
    assert_eq!(outcome.messages, 600);
}

#[test]
fn loss_and_duplication_have_the_rates_they_are_given() {
    let plan = FaultPlan {
        loss_ppm: 100_000,
        duplicate_ppm: 50_000,
        ..FaultPlan::none()
    };
    let gap = Duration::from_micros(100);
    let settings = with_plan(2, plan);
    let (outcome, arrivals) = ping(
        &settings,
        gap,
        40_000,
        Duration::from_secs(5),
        Tape::seeded(3),
    );
    let sent = 80_000.0;
    let lost = outcome.faults.get(Fault::Loss) as f64;
    let repeated = outcome.faults.get(Fault::Duplicate) as f64;
    assert!((lost / sent - 0.1).abs() < 0.005, "{lost}");
    assert!(
        (repeated / (sent - lost) - 0.05).abs() < 0.004,
        "{repeated}"
    );
    assert_eq!(arrivals.seen.len() as f64, sent - lost + repeated);
}

#[test]
fn fifo_links_keep_order_and_reordering_links_do_not() {
    let gap = Duration::from_micros(50);
    let span = Duration::from_secs(1);
    let disorder = |settings: &Settings| {
        let (outcome, arrivals) = ping(settings, gap, 2_000, span, Tape::seeded(8));
        let at_one = arrivals.seen.iter().filter(|seen| seen.0.0 == 1);
        let numbers: Vec<u64> = at_one.map(|seen| seen.2).collect();
        assert_eq!(numbers.len(), 2_000);
        let overtaken = numbers.windows(2).filter(|pair| pair[0] > pair[1]).count();
        (overtaken, outcome.faults.get(Fault::Reorder))
    };
    assert_eq!(disorder(&Settings::new(2)), (0, 0));
    let udp = Settings {
        links: Links::Reordering,
        ..Settings::new(2)
    };
    let (overtaken, counted) = disorder(&udp);
    assert!(overtaken > 500);
    // The network's nature is not a fault.
    assert_eq!(counted, 0);
    let plan = FaultPlan {
        reorder: true,
        ..FaultPlan::none()
    };
    let (overtaken, counted) = disorder(&with_plan(2, plan));
    assert!(overtaken > 500 && counted > 500);
    // Even where messages are so rare that none would overtake another by itself.
    let plan = FaultPlan {
        reorder: true,
        reorder_ppm: 100_000,
        reorder_hold_ns: 100_000_000,
        ..FaultPlan::none()
    };
    let settings = with_plan(2, plan);
    let gap = Duration::from_millis(20);
    let (outcome, _) = ping(&settings, gap, 200, Duration::from_secs(5), Tape::seeded(8));
    assert!(outcome.faults.get(Fault::Reorder) > 20);
}

#[test]
fn a_link_passes_any_number_of_messages_at_once() {
    // A link that served one message per latency would take 2,000 s (mysticeti issue 282).
    let settings = Settings {
        delay: Delay::Constant { ns: SECOND },
        ..Settings::new(2)
    };
    let gap = Duration::from_micros(1);
    let (_, arrivals) = ping(
        &settings,
        gap,
        1_000,
        Duration::from_secs(3),
        Tape::seeded(8),
    );
    assert_eq!(arrivals.seen.len(), 2_000);
    for (_, _, number, at_ns) in arrivals.seen {
        assert_eq!(at_ns, (number + 1) * 1_000 + SECOND);
    }
}

#[test]
fn messages_take_as_long_as_the_distribution_says() {
    let settings = Settings {
        links: Links::Reordering,
        delay: Delay::Exponential {
            min_ns: 100_000,
            mean_ns: 1_000_000,
        },
        ..Settings::new(2)
    };
    let gap = Duration::from_micros(100);
    let (_, arrivals) = ping(
        &settings,
        gap,
        50_000,
        Duration::from_secs(6),
        Tape::seeded(8),
    );
    let mut delays: Vec<f64> = arrivals
        .seen
        .iter()
        .map(|&(_, _, number, at_ns)| (at_ns - (number + 1) * 100_000) as f64)
        .collect();
    delays.sort_by(f64::total_cmp);
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    assert!((mean / 1.1e6 - 1.0).abs() < 0.02, "{mean}");
    let median = delays[delays.len() / 2];
    assert!(
        (median / (1e5 + 1e6 * 2_f64.ln()) - 1.0).abs() < 0.02,
        "{median}"
    );
}

#[test]
fn a_one_way_partition_is_one_way() {
    let plan = FaultPlan {
        one_way: episodes(400, 200),
        ..FaultPlan::none()
    };
    let mut lopsided = 0;
    for seed in 0..20 {
        let gap = Duration::from_millis(5);
        let settings = with_plan(2, plan.clone());
        let (outcome, arrivals) = ping(
            &settings,
            gap,
            900,
            Duration::from_secs(5),
            Tape::seeded(seed),
        );
        let got = |node: u32| arrivals.seen.iter().filter(|seen| seen.0.0 == node).count() as u64;
        assert_eq!(1_800 - got(0) - got(1), outcome.faults.get(Fault::OneWay));
        // Never is a number missing at both ends: the other direction works.
        let missing = |node: u32| {
            let there: std::collections::BTreeSet<u64> = arrivals
                .seen
                .iter()
                .filter(|seen| seen.0.0 == node)
                .map(|seen| seen.2)
                .collect();
            (0..900)
                .filter(move |number| !there.contains(number))
                .collect::<Vec<_>>()
        };
        let (at_zero, at_one) = (missing(0), missing(1));
        assert!(at_zero.iter().all(|number| !at_one.contains(number)));
        lopsided += u64::from(at_zero.len() != at_one.len());
    }
    assert!(lopsided > 10);
}

#[test]
fn a_partition_cuts_both_ways_and_ends() {
    let plan = FaultPlan {
        partition: episodes(400, 200),
        ..FaultPlan::none()
    };
    let gap = Duration::from_millis(5);
    let span = Duration::from_secs(7);
    let settings = Settings {
        delay: Delay::Constant { ns: 1 },
        ..with_plan(2, plan)
    };
    let (outcome, arrivals) = ping(&settings, gap, 1_300, span, Tape::seeded(2));
    let got = |node: u32| -> Vec<u64> {
        arrivals
            .seen
            .iter()
            .filter(|seen| seen.0.0 == node)
            .map(|seen| seen.2)
            .collect()
    };
    assert_eq!(got(0), got(1));
    assert!(outcome.faults.get(Fault::Partition) > 10);
    // Numbers above 1,000 were sent after the chaos phase of 5 s.
    assert!((1_000..1_300).all(|number| got(0).contains(&number)));
}

#[test]
fn what_is_on_its_way_when_its_link_is_cut_is_lost() {
    let plan = FaultPlan {
        partition: episodes(400, 200),
        ..FaultPlan::none()
    };
    let settings = Settings {
        delay: Delay::Constant { ns: 50_000_000 },
        ..with_plan(2, plan)
    };
    let gap = Duration::from_millis(5);
    let (outcome, arrivals) = ping(&settings, gap, 900, Duration::from_secs(5), Tape::seeded(2));
    let marks = |word| {
        let entries = outcome.timeline.entries();
        let found = entries.filter(move |entry| entry.text.contains(word));
        found.map(|entry| entry.at_ns).collect::<Vec<_>>()
    };
    let (begins, ends) = (marks("begins"), marks("ends"));
    assert!(begins.len() > 3);
    for (begin, end) in begins.into_iter().zip(ends) {
        let cut = arrivals
            .seen
            .iter()
            .filter(|seen| begin < seen.3 && seen.3 < end);
        assert_eq!(cut.count(), 0);
    }
}

#[test]
fn a_torn_crash_loses_the_record_it_was_writing() {
    let plan = FaultPlan {
        torn: episodes(100, 20),
        ..FaultPlan::none()
    };
    let mut torn = 0;
    for seed in 0..20 {
        let outcome = count(
            &with_plan(3, plan.clone()),
            Bug::None,
            100,
            Tape::seeded(seed),
        );
        for entry in outcome.timeline.entries() {
            assert!(!entry.text.contains("writing: 0 of"), "{entry}");
            torn += u32::from(entry.text.contains("while writing"));
        }
    }
    assert!(torn > 100);
}

#[test]
fn a_partial_partition_leaves_a_way_round() {
    let plan = FaultPlan {
        partial: episodes(100, 200),
        ..FaultPlan::none()
    };
    for nodes in 3..8 {
        for seed in 0..10 {
            // The text of each episode names its shape; none isolates a node.
            let settings = with_plan(nodes, plan.clone());
            let gap = Duration::from_millis(50);
            let (outcome, _) = ping(
                &settings,
                gap,
                90,
                Duration::from_secs(5),
                Tape::seeded(seed),
            );
            let begins: Vec<_> = outcome
                .timeline
                .entries()
                .filter(|entry| entry.text.contains("begins"))
                .collect();
            assert!(!begins.is_empty());
            for entry in begins {
                let text = &entry.text;
                assert!(
                    text.contains("between") || text.contains("ring") || text.contains("link"),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn a_paused_node_takes_nothing_and_then_everything() {
    let plan = FaultPlan {
        pause: episodes(300, 300),
        ..FaultPlan::none()
    };
    let gap = Duration::from_millis(5);
    let settings = with_plan(2, plan);
    let (outcome, arrivals) = ping(&settings, gap, 900, Duration::from_secs(7), Tape::seeded(4));
    assert!(outcome.faults.get(Fault::Pause) > 1);
    let mut paused_at = [None; 2];
    for entry in outcome.timeline.entries() {
        let node = usize::from(entry.text.starts_with("n1"));
        if entry.text.contains("pauses for") {
            paused_at[node] = Some(entry.at_ns);
        } else if let Some(start) = paused_at[node].take() {
            let here = arrivals
                .seen
                .iter()
                .filter(|seen| seen.0.0 as usize == node);
            let meanwhile = here.filter(|seen| start < seen.3 && seen.3 < entry.at_ns);
            assert_eq!(meanwhile.count(), 0);
        }
    }
    for node in 0..2 {
        let numbers: Vec<u64> = arrivals
            .seen
            .iter()
            .filter(|seen| seen.0.0 == node)
            .map(|seen| seen.2)
            .collect();
        assert_eq!(numbers, (0..900).collect::<Vec<_>>());
        let times: Vec<u64> = arrivals
            .seen
            .iter()
            .filter(|seen| seen.0.0 == node)
            .map(|seen| seen.3)
            .collect();
        // After a long silence, a burst at one moment.
        let silences = times
            .windows(2)
            .filter(|pair| pair[1] - pair[0] > 50_000_000)
            .count();
        let bursts = times
            .windows(3)
            .filter(|three| three[0] == three[2])
            .count();
        assert!(silences > 0 && bursts > 0);
    }
}

#[test]
fn crashes_keep_a_first_part_and_every_durable_record() {
    let plan = FaultPlan {
        crash: episodes(100, 20),
        torn: episodes(200, 20),
        disk_failure: episodes(300, 20),
        slow_disk: episodes(200, 100),
        slow_sync_ns: 50_000_000,
        ..FaultPlan::none()
    };
    let (mut crashes, mut counts) = (0, FaultCounts::default());
    for seed in 0..30 {
        let mut observer = LogsArePrefixes::default();
        let settings = with_plan(3, plan.clone());
        let outcome = count_observed(&settings, Bug::None, 200, &mut observer, Tape::seeded(seed));
        assert!(outcome.holds(), "{seed}: {:?}", outcome.violation);
        crashes += observer.crashes;
        counts.merge(&outcome.faults);
    }
    let counted = [Fault::Crash, Fault::Torn, Fault::DiskFailure].map(|fault| counts.get(fault));
    assert_eq!(crashes, counted.iter().sum::<u64>());
    assert!(counted.iter().all(|&count| count > 30), "{counted:?}");
}

/// Counts the crashes that came at the very moment a sync had ended.
#[derive(Default)]
struct CrashesAfterWriting {
    durable: Vec<(usize, Time)>,
    crashes: u32,
    found: u32,
}

impl Observer<Counter> for CrashesAfterWriting {
    fn after_step(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Counter>,
    ) -> Result<(), Violation> {
        let index = node.0 as usize;
        let records = cluster.durable(node).len();
        self.durable
            .resize(self.durable.len().max(index + 1), (0, Time::ZERO));
        if self.durable[index].0 != records {
            self.durable[index] = (records, cluster.now());
        }
        Ok(())
    }

    fn after_crash(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Counter>,
    ) -> Result<(), Violation> {
        self.crashes += 1;
        let last = self.durable.get(node.0 as usize);
        self.found += u32::from(last.is_some_and(|&(_, at)| at == cluster.now()));
        Ok(())
    }
}

#[test]
fn some_crashes_come_right_after_a_sync_once_what_waited_for_it_is_said() {
    let plan = FaultPlan {
        crash: episodes(50, 10),
        ..FaultPlan::none()
    };
    let mut seen = CrashesAfterWriting::default();
    for seed in 0..20 {
        let settings = with_plan(3, plan.clone());
        seen.durable.clear();
        count_observed(&settings, Bug::None, 100, &mut seen, Tape::seeded(seed));
    }
    // One in three is meant to; many a node then writes nothing for the length of an episode.
    assert!(seen.found >= 20, "{} of {}", seen.found, seen.crashes);
}

#[test]
fn the_timeline_tells_what_happened() {
    let plan = FaultPlan {
        crash: episodes(500, 100),
        partition: episodes(500, 100),
        pause: episodes(500, 100),
        ..FaultPlan::none()
    };
    let outcome = count(&with_plan(3, plan), Bug::None, 100, Tape::seeded(6));
    let text = outcome.timeline.to_string();
    for word in [
        "crashes:",
        "restarts with",
        "partition",
        "ends",
        "pauses for",
        "goes on",
        "every fault ends",
    ] {
        assert!(text.contains(word), "no {word:?} in\n{text}");
    }
}

#[test]
fn after_the_chaos_phase_every_message_arrives_once() {
    let plan = FaultPlan {
        loss_ppm: 500_000,
        duplicate_ppm: 200_000,
        ..FaultPlan::none()
    };
    let settings = Settings {
        chaos_ns: SECOND,
        ..with_plan(2, plan)
    };
    let gap = Duration::from_millis(5);
    let (outcome, arrivals) = ping(&settings, gap, 400, Duration::from_secs(3), Tape::seeded(2));
    assert!(outcome.faults.get(Fault::Loss) > 100);
    for node in 0..2 {
        let here = arrivals.seen.iter().filter(|seen| seen.0.0 == node);
        let late: Vec<u64> = here
            .map(|seen| seen.2)
            .filter(|&number| number >= 200)
            .collect();
        assert_eq!(late, (200..400).collect::<Vec<_>>());
    }
}

// A link that keeps order is blocked for as long as its slowest message is under way. A healed one
// must not be.
#[test]
fn what_was_delayed_for_long_arrives_soon_after_the_chaos_phase_and_in_order() {
    let plan = FaultPlan {
        delay: Some(Delay::Constant { ns: 60 * SECOND }),
        ..FaultPlan::none()
    };
    let settings = Settings {
        chaos_ns: SECOND,
        ..with_plan(2, plan)
    };
    let gap = Duration::from_millis(5);
    let (_, arrivals) = ping(&settings, gap, 400, Duration::from_secs(3), Tape::seeded(2));
    for node in 0..2 {
        let here = arrivals.seen.iter().filter(|seen| seen.0.0 == node);
        let numbers: Vec<u64> = here.clone().map(|seen| seen.2).collect();
        assert_eq!(numbers, (0..400).collect::<Vec<_>>());
        let delayed = here.take(200).map(|seen| seen.3);
        let latest_ns = SECOND + settings.delay.max_ns();
        assert!(delayed.max() <= Some(latest_ns));
    }
}

/// Each of the 64 states of three nodes' links: from the cut until the heal exactly the links that work
/// deliver, and what was on its way is lost; partitions that come and go on the same links do not mend it.
#[test]
fn a_link_that_the_workload_cuts_is_silent_until_the_heal() {
    let pairs = || (0..3).flat_map(|from| (0..3).map(move |to| (NodeId(from), NodeId(to))));
    let links: Vec<_> = pairs().filter(|(from, to)| from != to).collect();
    let ms = Duration::from_millis;
    for state in 0..64 {
        let is_cut = |link: usize| state >> link & 1 == 1;
        let cut = links.iter().enumerate();
        let cut = cut.filter(|(link, _)| is_cut(*link)).map(|(_, &pair)| pair);
        let plan = FaultPlan {
            partial: if state % 2 == 0 {
                None
            } else {
                episodes(20, 20)
            },
            ..FaultPlan::none()
        };
        let settings = Settings {
            chaos_ns: 500_000_000,
            delay: Delay::Constant { ns: 2_000_000 },
            ..with_plan(3, plan)
        };
        let mut arrivals = Arrivals::during(ms(1_000));
        arrivals.cuts = Some((ms(100), cut.collect()));
        let (outcome, arrivals) = ping_cut(&settings, ms(5), 150, arrivals, Tape::seeded(state));
        for (link, &(from, to)) in links.iter().enumerate() {
            let heard = |low: u64, high: u64| {
                let seen = arrivals.seen.iter();
                seen.filter(|seen| (seen.0, seen.1) == (to, from))
                    .filter(|seen| (low * 1_000_000..high * 1_000_000).contains(&seen.3))
                    .count()
            };
            assert_eq!(heard(100, 500) == 0, is_cut(link), "{state} {from} to {to}");
            assert!(heard(505, 760) >= 50, "healed");
        }
        if state % 2 == 0 {
            let lost = outcome.faults.get(Fault::Partial);
            assert_eq!(
                lost,
                80 * u64::from(state.count_ones()),
                "each, and nothing else"
            );
        }
    }
    // After the heal nothing is cut.
    let mut arrivals = Arrivals::during(ms(300));
    arrivals.cuts = Some((ms(100), links));
    let (outcome, _) = ping_cut(&Settings::new(3), ms(5), 50, arrivals, Tape::seeded(1));
    assert_eq!(outcome.faults.get(Fault::Partial), 0);
}
