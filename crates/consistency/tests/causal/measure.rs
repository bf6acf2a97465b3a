//! How long a large history takes. One of these at a time, with the machine's own clock around it:
//! `/usr/bin/time -f "%U s %M KB" <test program> measure --ignored --exact measure::causal`

use consistency::causal::{check, verify};
use consistency::transactions::{Builder, Ending, MicroOperation, Transactions};
use consistency::{Consistency, Judgement, Limits, Moment, ProcessId, Value};

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Half reads, half writes, of one store that is always up to date.
fn large(count: u64, sessions: u64, keys: u64) -> Transactions {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut builder = Builder::new();
    let mut store = vec![Value::Nil; keys as usize];
    for position in 0..count {
        let at = Moment {
            position,
            time_ns: None,
        };
        let id = builder.invoke(ProcessId(dice.below(sessions)), at);
        let number = dice.below(keys);
        let key = Value::Int(number as i64);
        let held = &mut store[number as usize];
        let step = if dice.below(2) == 0 {
            let value = Some(held.clone());
            MicroOperation::Read { key, value }
        } else {
            let value = Value::Int(position as i64 + 1);
            *held = value.clone();
            MicroOperation::Write { key, value }
        };
        builder
            .complete(id, Ending::Committed, Some(at), [step])
            .expect("open");
    }
    builder.finish()
}

fn measure(level: Consistency, count: u64, sessions: u64, keys: u64) {
    let history = large(count, sessions, keys);
    let judgement = check(&history, level, &Limits::default(), &mut || true);
    let Judgement::Holds(certificate) = judgement else {
        panic!("{level}: {judgement:?}");
    };
    if std::env::var_os("VERIFY").is_some() {
        assert_eq!(verify(&history, level, &certificate), Ok(()));
    }
}

macro_rules! measures {
    ($($name:ident: $level:ident, $count:expr, $sessions:expr, $keys:expr;)*) => {$(
        #[test]
        #[ignore = "a measurement"]
        fn $name() {
            measure(Consistency::$level, $count, $sessions, $keys);
        }
    )*};
}

measures! {
    causal: Causal, 1_000_000, 1_000, 10_000;
    convergence: CausalConvergence, 1_000_000, 1_000, 10_000;
    causal_of_hot_keys: Causal, 1_000_000, 1_000, 10;
    convergence_of_hot_keys: CausalConvergence, 1_000_000, 1_000, 10;
    causal_of_many_sessions: Causal, 1_000_000, 20_000, 100_000;
    read_your_writes: ReadYourWrites, 1_000_000, 1_000, 10_000;
    monotonic_reads: MonotonicReads, 1_000_000, 1_000, 10_000;
    monotonic_writes: MonotonicWrites, 1_000_000, 1_000, 10_000;
    writes_follow_reads: WritesFollowReads, 1_000_000, 1_000, 10_000;
    writes_follow_reads_of_hot_keys: WritesFollowReads, 100_000, 1_000, 10;
    memory: CausalMemory, 10_000, 20, 100;
    memory_of_many_sessions: CausalMemory, 10_000, 100, 100;
    memory_large: CausalMemory, 100_000, 100, 1_000;
    pram: Pram, 10_000, 20, 100;
    pram_of_many_sessions: Pram, 10_000, 100, 100;
}
