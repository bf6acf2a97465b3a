//! One question for every level of isolation.

use alloc::vec::Vec;

use super::{Transactions, strong, weak};
use crate::{Consistency, Judgement, Limits, NotCheckable, OperationId};

/// Whether a history of transactions keeps `level`, which is one of those for transactions
/// ([`Consistency::is_transactional`]).
///
/// *Holds* carries a commit order: the committed transactions, and those indeterminate ones that somebody saw. Each
/// transaction's writes take effect at its place.
///
/// Values tell who wrote them: a value read must have been written to its key by one transaction only, or the
/// question is not checkable. Every key is a list (appended to) or a register (written), initially empty or never
/// written.
///
/// Lists: O(n log n) for n steps and elements read, with linear memory, since the reads show the order of the
/// appends (Kingsbury and Alvaro 2020); but under snapshot isolation, appends that nobody read are ordered as blind
/// writes of registers are. Registers: polynomial where each writer read the version it replaced (Adya's
/// read-modify-write; "mini-transactions" of Huang and others 2025), otherwise a search (Biswas and Enea 2019). Read
/// committed and read atomic: O(n^1.5); causal: O(n·k) for k sessions and indeterminate transactions that were read from
/// (so quadratic where each transaction has a session of its own); either with linear memory beside the edges that the
/// model forces (AWDIT, 2025), for lists and registers.
///
/// ```
/// use consistency::{Consistency, Limits, Moment, OperationId, ProcessId};
/// use consistency::transactions::{Builder, Ending, MicroOperation, check};
///
/// let mut builder = Builder::new();
/// let at = |position| Moment { position, time_ns: None };
/// let append = MicroOperation::Append { key: "x".into(), value: 1.into() };
/// let read = MicroOperation::ReadList { key: "x".into(), values: Some(vec![1.into()]) };
/// let (first, second) = (builder.invoke(ProcessId(0), at(0)), builder.invoke(ProcessId(1), at(1)));
/// builder.complete(first, Ending::Committed, Some(at(2)), [read])?;
/// builder.complete(second, Ending::Committed, Some(at(3)), [append])?;
/// let history = builder.finish();
/// let judgement = check(&history, Consistency::StrictSerializable, &Limits::default(), &mut || true);
/// assert_eq!(judgement, consistency::Judgement::Holds(vec![second, first]));
/// # Ok::<(), consistency::Error>(())
/// ```
pub fn check(
    history: &Transactions,
    level: Consistency,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Vec<OperationId>> {
    match level {
        Consistency::Prefix
        | Consistency::SnapshotIsolation
        | Consistency::Serializable
        | Consistency::StrictSerializable => strong::check(history, level, limits, keep_going),
        Consistency::CausalTransactions | Consistency::ReadAtomic | Consistency::ReadCommitted => {
            weak::check(history, level, limits, keep_going)
        }
        level => Judgement::NotCheckable(NotCheckable::NotTransactional { level }),
    }
}
