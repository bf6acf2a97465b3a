//! Generated histories are what their settings say.

use std::collections::BTreeSet;

use consistency::{
    Completion, History, PoolCall, PriorityQueue, ProcessId, Register, RegisterCall, Stack, Value,
    check_linearizable_by_search, generate,
};
use consistency::{Limits, Set};

#[test]
fn equal_settings_give_equal_histories_and_other_seeds_others() {
    let one = generate::Settings {
        faults: 2,
        unknown_per_mille: 50,
        ..generate::Settings::default()
    };
    let other = generate::Settings { seed: 1, ..one };
    assert_eq!(generate::stack(&one), generate::stack(&one));
    assert_ne!(generate::stack(&one), generate::stack(&other));
}

#[test]
fn the_first_operations_of_a_seed_stay_what_they_are() {
    let settings = generate::Settings {
        operations: 3,
        clients: 2,
        ..generate::Settings::default()
    };
    let history = generate::queue(&settings);
    let events: Vec<(u64, u64)> = history
        .iter()
        .map(|it| (it.call.position, it.return_position()))
        .collect();
    assert_eq!(events, [(0, 2), (1, 4), (3, 5)], "{history:#?}");
}

#[test]
fn a_correct_object_is_linearizable_whatever_else_is_set() {
    for seed in 0..300 {
        let settings = generate::Settings {
            seed,
            operations: 12,
            clients: 3,
            unknown_per_mille: 100,
            repeated_per_mille: 200,
            ..generate::Settings::default()
        };
        let limits = Limits::default();
        let register = generate::register(&settings);
        let model = Register::new(Value::Nil);
        let mut go = || true;
        assert!(
            check_linearizable_by_search(&model, &register, &limits, &mut go)
                .verdict
                .holds()
        );
        let set = generate::set(&settings);
        assert!(
            check_linearizable_by_search(&Set, &set, &limits, &mut go)
                .verdict
                .holds()
        );
        let queue = generate::priority_queue(&settings);
        let checked = check_linearizable_by_search(&PriorityQueue, &queue, &limits, &mut go);
        assert!(checked.verdict.holds());
    }
}

#[test]
fn clients_call_one_operation_at_a_time() {
    let settings = generate::Settings {
        unknown_per_mille: 100,
        ..generate::Settings::default()
    };
    let history = generate::stack(&settings);
    assert!(History::from_operations(&Stack, &history).is_ok());
    let clients: BTreeSet<ProcessId> = history.iter().map(|it| it.process).collect();
    let unknown = history.iter().filter(|it| it.completion.output().is_none());
    assert_eq!(clients.len(), settings.clients + unknown.count());
}

#[test]
fn shares_are_about_what_was_asked_for() {
    let settings = generate::Settings {
        operations: 20_000,
        unknown_per_mille: 100,
        repeated_per_mille: 300,
        ..generate::Settings::default()
    };
    let history = generate::register(&settings);
    let unknown = history
        .iter()
        .filter(|it| matches!(it.completion, Completion::Info { .. }));
    let unknown = unknown.count();
    assert!((1_700..2_300).contains(&unknown), "{unknown}");
    let writes = history.iter().filter_map(|it| match &it.input.call {
        RegisterCall::Write(value) => Some(value),
        _ => None,
    });
    let writes: Vec<&Value> = writes.collect();
    let distinct: BTreeSet<&&Value> = writes.iter().collect();
    let repeated = (writes.len() - distinct.len()) * 1_000 / writes.len();
    assert!((270..330).contains(&repeated), "{repeated} of 1,000");
}

#[test]
fn faults_spare_what_was_called_before() {
    let right = generate::Settings::default();
    let wrong = generate::Settings {
        faults: 20,
        faults_from: 800,
        ..right
    };
    let (right, wrong) = (generate::stack(&right), generate::stack(&wrong));
    assert_eq!(right[..800], wrong[..800]);
    let changed = right
        .iter()
        .zip(&wrong)
        .filter(|(one, other)| one != other)
        .count();
    assert!((15..=40).contains(&changed), "{changed}");
    let puts = |it: &[consistency::Operation<_, _>]| {
        let is_put = |it: &&consistency::Operation<consistency::PoolInput, _>| {
            matches!(it.input.call, PoolCall::Put(_))
        };
        it.iter().filter(is_put).count()
    };
    assert_eq!(puts(&right), puts(&wrong));
}
