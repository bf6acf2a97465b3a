//! One test for each rule of the fast checks: the smallest history that the rule is there for.

use consistency::{
    CasRegister, Checked, Completion, FifoQueue, KeyValue, KvInput, KvOutput, Limits, Method,
    Model, Moment, Operation, OperationId, PoolInput, PoolOutput, PriorityQueue, ProcessId,
    Register, RegisterInput, RegisterOutput, Set, SetInput, SetOutput, Shape, Stack, Value,
    Verdict, check_linearizable_in_full, replay,
};

fn operation<I, O>(call: u64, input: I, end: u64, output: O) -> Operation<I, O> {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    Operation {
        process: ProcessId(call),
        call: at(call),
        input,
        completion: Completion::Ok {
            at: at(end),
            output,
        },
    }
}

fn unknown<I, O>(call: u64, input: I) -> Operation<I, O> {
    Operation {
        process: ProcessId(call),
        call: Moment {
            position: call,
            time_ns: None,
        },
        input,
        completion: Completion::Info { at: None },
    }
}

fn put(call: u64, value: i64, end: u64) -> Operation<PoolInput, PoolOutput> {
    operation(call, PoolInput::put(value), end, PoolOutput::Done)
}

fn take(call: u64, value: i64, end: u64) -> Operation<PoolInput, PoolOutput> {
    let taken = PoolOutput::Taken(value.into());
    operation(call, PoolInput::take(), end, taken)
}

fn empty(call: u64, end: u64) -> Operation<PoolInput, PoolOutput> {
    operation(call, PoolInput::take(), end, PoolOutput::Empty)
}

fn write(call: u64, value: i64, end: u64) -> Operation<RegisterInput, RegisterOutput> {
    operation(call, RegisterInput::write(value), end, RegisterOutput::Done)
}

fn read(call: u64, value: impl Into<Value>, end: u64) -> Operation<RegisterInput, RegisterOutput> {
    let seen = RegisterOutput::Value(value.into());
    operation(call, RegisterInput::read(), end, seen)
}

fn check<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> Checked<M::Key> {
    let checked = check_linearizable_in_full(model, history, &Limits::default(), &mut || true);
    if let Verdict::Holds(witness) = &checked.verdict {
        assert_eq!(replay(model, history, witness), Ok(()));
    }
    checked
}

/// Holds, by the fast check.
#[track_caller]
fn holds<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) {
    let checked = check(model, history);
    assert!(
        matches!(checked.methods[..], [(_, Method::Fast(_))]),
        "{:?}",
        checked.methods
    );
    assert!(checked.verdict.holds(), "{:?}", checked.verdict);
}

/// Violated, by the fast check, with this core.
#[track_caller]
fn violated<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>], core: &[usize]) {
    let checked = check(model, history);
    assert!(
        matches!(checked.methods[..], [(_, Method::Fast(_))]),
        "{:?}",
        checked.methods
    );
    let Verdict::Violated(violation) = checked.verdict else {
        panic!("{:?}", checked.verdict)
    };
    let core: Vec<OperationId> = core.iter().copied().map(OperationId).collect();
    assert_eq!(violation.operations, core);
    assert!(violation.is_minimal);
}

#[track_caller]
fn is_left_to_the_search<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) {
    let checked = check(model, history);
    assert!(
        matches!(checked.methods[..], [(_, Method::Search)]),
        "{:?}",
        checked.methods
    );
}

fn register() -> Register {
    Register::new(Value::Nil)
}

// Gibbons and Korach 1997: the zones.
#[test]
fn two_forward_zones_that_overlap_are_a_violation() {
    let history = [write(0, 1, 1), write(2, 2, 3), read(4, 1, 5), read(6, 2, 7)];
    violated(&register(), &history, &[0, 1, 2]);
    // Touching is no overlap: the read of 1 is called at the position at which 2 is first heard of.
    let history = [
        write(0, 1, 1),
        write(2, 2, 6),
        read(6, 1, 7),
        read(7, 2, 9),
        read(9, 2, 9),
    ];
    holds(&register(), &history);
}

#[test]
fn a_backward_zone_inside_a_forward_zone_is_a_violation() {
    violated(
        &register(),
        &[write(0, 1, 1), write(2, 2, 3), read(4, 1, 5)],
        &[0, 1, 2],
    );
    holds(
        &register(),
        &[write(0, 1, 1), write(2, 2, 4), read(4, 1, 5)],
    );
}

#[test]
fn a_read_that_returned_before_its_write_was_called_is_a_violation() {
    violated(&register(), &[read(0, 1, 1), write(2, 1, 3)], &[0]);
    holds(&register(), &[read(0, 1, 2), write(2, 1, 3)]);
}

#[test]
fn a_read_of_a_value_that_nobody_wrote_is_a_violation() {
    violated(&register(), &[write(0, 1, 1), read(2, 7, 3)], &[1]);
}

#[test]
fn the_initial_value_is_a_write_before_everything() {
    violated(
        &register(),
        &[write(0, 1, 1), read(2, Value::Nil, 3)],
        &[0, 1],
    );
    holds(
        &register(),
        &[
            read(0, Value::Nil, 1),
            write(2, 1, 4),
            read(3, Value::Nil, 5),
        ],
    );
    holds(&Register::new(Value::Int(1)), &[read(0, 1, 1)]);
}

#[test]
fn values_that_are_not_distinct_are_left_to_the_search() {
    is_left_to_the_search(
        &register(),
        &[write(0, 1, 1), write(2, 1, 3), read(4, 1, 5)],
    );
    is_left_to_the_search(&FifoQueue, &[put(0, 1, 1), put(2, 1, 3), take(4, 1, 5)]);
    // The initial value counts as written.
    let model = Register::new(Value::Int(1));
    is_left_to_the_search(&model, &[write(0, 2, 1), write(2, 1, 3), read(4, 1, 5)]);
}

#[test]
fn operations_outside_the_shape_are_left_to_the_search() {
    let swap = operation(2, RegisterInput::cas(1, 2), 3, RegisterOutput::Done);
    is_left_to_the_search(&CasRegister::new(Value::Nil), &[write(0, 1, 1), swap]);
    let put = operation(0, KvInput::put("x", 1), 1, KvOutput::Done);
    is_left_to_the_search(&KeyValue::new(Value::Nil), &[put]);
}

#[test]
fn an_unknown_write_counts_when_its_value_was_read() {
    holds(
        &register(),
        &[
            unknown(0, RegisterInput::write(1)),
            write(1, 2, 2),
            read(3, 2, 4),
        ],
    );
    let history = [
        unknown(0, RegisterInput::write(1)),
        write(1, 2, 2),
        read(3, 1, 4),
        read(5, 2, 6),
    ];
    violated(&register(), &history, &[1, 2, 3]);
}

#[test]
fn an_unknown_take_is_left_to_the_search() {
    is_left_to_the_search(
        &FifoQueue,
        &[put(0, 1, 1), unknown(2, PoolInput::take()), empty(3, 4)],
    );
    let history = [put(0, 1, 1), unknown(2, PoolInput::take()), empty(3, 4)];
    assert!(check(&Stack, &history).verdict.holds());
}

#[test]
fn each_key_is_decided_in_its_own_way() {
    let mut history = vec![
        write(0, 1, 1),
        write(2, 2, 3),
        write(4, 5, 5),
        write(6, 5, 7),
    ];
    for (place, operation) in history.iter_mut().enumerate() {
        operation.input.key = Some(if place < 2 { "x".into() } else { "y".into() });
    }
    let methods = check(&register(), &history).methods;
    let expected = [
        (Some("x".into()), Method::Fast(Shape::Register)),
        (Some("y".into()), Method::Search),
    ];
    assert_eq!(methods, expected);
}

// Henzinger, Sezgin and Vafeiadis 2013: the four ways in which a queue goes wrong.
#[test]
fn a_queue_takes_nothing_that_was_not_put_and_nothing_twice() {
    violated(&FifoQueue, &[take(0, 1, 1)], &[0]);
    violated(&FifoQueue, &[take(0, 1, 1), put(2, 1, 3)], &[0]);
    violated(
        &FifoQueue,
        &[put(0, 1, 1), take(2, 1, 3), take(4, 1, 5)],
        &[1, 2],
    );
}

#[test]
fn a_queue_takes_in_the_order_of_puts() {
    violated(
        &FifoQueue,
        &[put(0, 1, 1), put(2, 2, 3), take(4, 2, 5), take(6, 1, 7)],
        &[0, 2],
    );
    // 1 is never taken.
    violated(
        &FifoQueue,
        &[put(0, 1, 1), put(2, 2, 3), take(4, 2, 5)],
        &[0, 2],
    );
    // The puts overlap.
    holds(
        &FifoQueue,
        &[put(0, 1, 2), put(2, 2, 3), take(4, 2, 5), take(6, 1, 7)],
    );
    // The take of 1 began before 2 was there, and the put of 1 ended after.
    holds(
        &FifoQueue,
        &[put(0, 1, 9), take(1, 1, 2), put(3, 2, 4), take(5, 2, 6)],
    );
}

#[test]
fn a_take_that_finds_nothing_needs_a_moment_with_nothing_inside() {
    // Never: 1 and 2 take turns.
    let history = [
        put(0, 1, 1),
        empty(2, 9),
        put(3, 2, 4),
        take(5, 1, 6),
        take(10, 2, 11),
    ];
    violated(&FifoQueue, &history, &[0, 1, 2]);
    let history = [put(0, 1, 1), empty(2, 3), take(4, 1, 5)];
    violated(&Stack, &history, &[0, 1]);
    violated(&PriorityQueue, &history, &[0, 1]);
    // Between them there is one.
    let history = [
        put(0, 1, 1),
        empty(2, 9),
        take(3, 1, 4),
        put(5, 2, 6),
        take(10, 2, 11),
    ];
    holds(&FifoQueue, &history);
    holds(&Stack, &history);
    holds(&PriorityQueue, &history);
}

/// The moment may be one at which a value goes out and another comes in.
#[test]
fn a_take_may_find_nothing_between_two_events_of_one_position() {
    let history = [
        put(0, 1, 1),
        empty(2, 8),
        take(5, 1, 6),
        put(4, 2, 5),
        take(9, 2, 9),
    ];
    holds(&FifoQueue, &history);
    holds(&Stack, &history);
    holds(&PriorityQueue, &history);
}

#[test]
fn a_stack_takes_the_last_put_first() {
    violated(
        &Stack,
        &[put(0, 1, 1), put(2, 2, 3), take(4, 1, 5), take(6, 2, 7)],
        &[0, 1, 2],
    );
    holds(
        &Stack,
        &[put(0, 1, 1), put(2, 2, 3), take(4, 2, 5), take(6, 1, 7)],
    );
    // 2 is never taken, but 1 is.
    violated(
        &Stack,
        &[put(0, 1, 1), put(2, 2, 3), take(4, 1, 5)],
        &[0, 1, 2],
    );
    // Puts that overlap.
    holds(
        &Stack,
        &[put(0, 1, 3), put(2, 2, 4), take(5, 1, 6), take(7, 2, 8)],
    );
}

/// The bottom of a stretch is not always the value that came first or the one that goes last: here it is 2.
#[test]
fn the_bottom_of_a_stack_must_reach_over_the_whole_stretch() {
    let history = [
        put(0, 1, 3),
        put(1, 2, 4),
        put(2, 3, 5),
        take(6, 1, 7),
        take(8, 3, 11),
        take(9, 2, 12),
    ];
    holds(&Stack, &history);
    let no_bottom = [
        put(0, 1, 1),
        put(2, 2, 4),
        put(3, 3, 5),
        take(6, 1, 7),
        take(8, 2, 9),
        take(10, 3, 11),
    ];
    violated(&Stack, &no_bottom, &[0, 2, 3]);
}

/// After the bottom is settled the rest falls apart, and each part has a bottom of its own.
#[test]
fn a_stack_is_settled_stretch_by_stretch() {
    let mut history = vec![put(0, 1, 1)];
    for value in 2..=9 {
        let start = 10 * value as u64;
        history.extend([
            put(start, value, start + 1),
            put(start + 2, -value, start + 3),
        ]);
        history.extend([
            take(start + 4, -value, start + 5),
            take(start + 6, value, start + 7),
        ]);
    }
    history.push(take(200, 1, 201));
    holds(&Stack, &history);
    let last = history.len() - 2;
    history.swap(last, last - 1);
    let positions = [(94, 95), (96, 97)];
    for (place, (call, end)) in [last - 1, last].into_iter().zip(positions) {
        let value = [9, -9][place - (last - 1)];
        history[place] = take(call, value, end);
    }
    violated(&Stack, &history, &[last - 3, last - 2, last - 1]);
}

#[test]
fn a_priority_queue_takes_the_greatest_that_is_surely_there() {
    violated(
        &PriorityQueue,
        &[put(0, 1, 1), put(2, 2, 3), take(4, 1, 5), take(6, 2, 7)],
        &[1, 2],
    );
    holds(
        &PriorityQueue,
        &[put(0, 2, 1), put(2, 1, 3), take(4, 2, 5), take(6, 1, 7)],
    );
    // 2 may come after 1 has gone.
    holds(
        &PriorityQueue,
        &[put(0, 1, 1), put(2, 2, 5), take(4, 1, 6), take(7, 2, 8)],
    );
    // Greater values take turns: one of them is always there.
    let history = [
        put(0, 1, 1),
        put(2, 3, 3),
        take(4, 1, 13),
        put(5, 2, 6),
        take(7, 3, 8),
        take(14, 2, 15),
    ];
    violated(&PriorityQueue, &history, &[1, 2, 3]);
}

#[test]
fn priorities_that_are_not_numbers_are_compared_as_values() {
    let text = |name: &str| PoolInput::put(name);
    let taken = |name: &str| PoolOutput::Taken(name.into());
    let history = [
        operation(0, text("a"), 1, PoolOutput::Done),
        operation(2, text("b"), 3, PoolOutput::Done),
        operation(4, PoolInput::take(), 5, taken("b")),
        operation(6, PoolInput::take(), 7, taken("a")),
    ];
    holds(&PriorityQueue, &history);
}

fn add(call: u64, end: u64) -> Operation<SetInput, SetOutput> {
    operation(call, SetInput::add(1), end, SetOutput::Done)
}

fn contains(call: u64, truth: bool, end: u64) -> Operation<SetInput, SetOutput> {
    operation(call, SetInput::contains(1), end, SetOutput::Truth(truth))
}

fn removed(call: u64, truth: bool, end: u64) -> Operation<SetInput, SetOutput> {
    operation(call, SetInput::remove(1), end, SetOutput::Truth(truth))
}

fn discard(call: u64, end: u64) -> Operation<SetInput, SetOutput> {
    operation(call, SetInput::remove(1), end, SetOutput::Done)
}

#[test]
fn a_set_holds_a_value_from_its_add_to_its_removal() {
    violated(&Set, &[add(0, 1), contains(2, false, 3)], &[0, 1]);
    violated(&Set, &[contains(0, true, 1), add(2, 3)], &[0]);
    violated(
        &Set,
        &[add(0, 1), removed(2, true, 3), contains(4, true, 5)],
        &[1, 2],
    );
    violated(
        &Set,
        &[add(0, 1), removed(2, true, 3), removed(4, true, 5)],
        &[1, 2],
    );
    violated(&Set, &[add(0, 1), removed(2, false, 3)], &[0, 1]);
    holds(
        &Set,
        &[
            add(0, 1),
            contains(2, true, 3),
            removed(4, true, 5),
            contains(6, false, 7),
        ],
    );
    holds(
        &Set,
        &[add(0, 9), contains(2, true, 3), contains(0, false, 2)],
    );
}

/// Which of several silent removes removed, the others tell.
#[test]
fn a_silent_remove_may_have_removed_or_not() {
    holds(
        &Set,
        &[
            discard(0, 1),
            add(2, 3),
            contains(4, true, 5),
            discard(6, 7),
            contains(8, false, 9),
        ],
    );
    violated(
        &Set,
        &[add(0, 1), discard(2, 3), contains(4, true, 5)],
        &[0, 1, 2],
    );
    // It ends before the add does: the value came and went at once.
    holds(&Set, &[add(0, 9), discard(1, 2), contains(10, false, 11)]);
    // One that never returned removes when it is needed.
    let late = unknown(2, SetInput::remove(1));
    holds(
        &Set,
        &[
            add(0, 1),
            late.clone(),
            contains(3, true, 4),
            contains(5, false, 6),
        ],
    );
    violated(
        &Set,
        &[add(0, 1), late, contains(3, false, 4), contains(5, true, 6)],
        &[0, 2, 3],
    );
}

#[test]
fn a_read_of_the_whole_set_is_left_to_the_search() {
    let all = operation(2, SetInput::read(), 3, SetOutput::Values(vec![1.into()]));
    is_left_to_the_search(&Set, &[add(0, 1), all]);
}

/// Positions are nanoseconds in some harnesses, and reach the last one.
#[test]
fn far_positions_keep_their_order() {
    let far = u64::MAX;
    holds(
        &FifoQueue,
        &[
            put(0, 1, 1 << 60),
            put(1 << 61, 2, 1 << 62),
            take(far - 1, 1, far),
        ],
    );
    let history = [
        put(0, 1, 1 << 60),
        put(1 << 61, 2, 1 << 62),
        take(far - 1, 2, far),
    ];
    violated(&FifoQueue, &history, &[0, 2]);
    // A take that returned at the very last position is not one that never happened.
    let history = [put(0, 1, 1), put(2, 2, 3), take(far, 1, far)];
    violated(&Stack, &history, &[0, 1, 2]);
}
