//! A client confined to some nodes: it asks, waits, and turns to the next.
//!
//! | it | when | then |
//! |---|---|---|
//! | waits for the newest request | refused | rests, then asks the next node of its reach that holds no request of its own |
//! | waits | fate unknown | the same, if the operation is repeatable |
//! | waits | silence for its patience | the same at once, if the operation is repeatable |
//! | waits | answered by any node it asked | done |
//! | waits | everything is quiescent, and whoever it can still turn to holds its request | gives up: a proof that waiting longer is of no use |
//! | waits | the horizon has passed | gives up |
//!
//! A client that stays has a reach of one node, and asks it again after each refusal. A refusal is
//! never part of a proof: who looks at the clock only when asked may answer the next request.

use alloc::string::ToString;
use alloc::vec::Vec;

use transport::{NodeId, RequestId, Time};

use crate::subject::Heard;
use crate::{
    Answer, Answered, Asked, CapError, Laboratory, Operation, Outcome, OutputOf, Side, Subject,
    Unanswered,
};

/// Where a client stands, and whom it can ask.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) home: NodeId,
    pub(crate) reach: Side,
}

/// How an operation ended for its client.
pub(crate) type Reply<S> = Result<Answered<OutputOf<S>>, Unanswered>;

/// A node on the client's list.
struct Place {
    asked: Asked,
    /// Its request that has no final answer yet.
    open: Option<RequestId>,
}

enum End<O> {
    Answered(Answered<O>),
    Prepared,
    Unanswered(Unanswered),
}

/// What an answer is to a client.
enum Heeded<O> {
    NotMine,
    Answered(O),
    Prepared,
    Refused,
    Unknown,
}

/// Prepares the clients of a connected laboratory.
pub(crate) fn prepare<S: Subject>(laboratory: &mut Laboratory<'_, S>) -> Result<(), CapError> {
    let client = Client {
        home: NodeId(0),
        reach: Side::all(laboratory.shape().nodes())?,
    };
    match client.pursue(laboratory, Operation::Prepare)? {
        End::Prepared => Ok(()),
        End::Answered(_) => Err(not_prepared("an answer that prepares nothing".to_string())),
        End::Unanswered(silence) => Err(not_prepared(silence.to_string())),
    }
}

fn not_prepared(detail: alloc::string::String) -> CapError {
    CapError::NotSteady {
        waited_ns: 0,
        detail,
    }
}

impl Client {
    /// A client that keeps to its node.
    pub(crate) fn staying(home: NodeId) -> Self {
        let mut reach = Side::EMPTY;
        reach.insert(home);
        Self { home, reach }
    }

    /// Asks until there is an answer, or it is of no use.
    pub(crate) fn ask<S: Subject>(
        self,
        laboratory: &mut Laboratory<'_, S>,
        operation: Operation,
    ) -> Result<Reply<S>, CapError> {
        match self.pursue(laboratory, operation)? {
            End::Answered(answered) => Ok(Ok(answered)),
            End::Unanswered(silence) => Ok(Err(silence)),
            End::Prepared => Err(not_prepared("a preparation out of season".to_string())),
        }
    }

    fn pursue<S: Subject>(
        self,
        laboratory: &mut Laboratory<'_, S>,
        operation: Operation,
    ) -> Result<End<OutputOf<S>>, CapError> {
        let settings = *laboratory.settings();
        let is_repeatable = laboratory.subject().is_repeatable(operation);
        let from = laboratory.now();
        let end = from.plus_nanos(settings.horizon_ns);
        let pause_ns = settings.pause_ns.max(1);
        let mut places = self.places();
        let mut turn = 0;
        let mut next_ask = Some(from);
        let mut read = laboratory.answers().len();
        loop {
            if next_ask.is_some_and(|at| at <= laboratory.now()) {
                let is_asked = ask_next(&mut places, &mut turn, laboratory, operation)?;
                let patience = laboratory.now().plus_nanos(settings.patience_ns);
                next_ask = (is_asked && is_repeatable).then_some(patience);
            }
            while let Some(answer) = laboratory.answers().get(read) {
                read += 1;
                match Self::hear(&mut places, answer) {
                    Heeded::NotMine => {}
                    Heeded::Answered(output) => {
                        return Ok(End::Answered(Answered {
                            operation,
                            client: self.home,
                            node: answer.node,
                            from,
                            at: answer.at,
                            output,
                            requests: places.iter().map(|place| place.asked.times).sum(),
                        }));
                    }
                    Heeded::Prepared => return Ok(End::Prepared),
                    Heeded::Refused => next_ask = Some(answer.at.plus_nanos(pause_ns)),
                    Heeded::Unknown if is_repeatable => {
                        next_ask = Some(answer.at.plus_nanos(pause_ns));
                    }
                    Heeded::Unknown => {}
                }
            }
            let is_quiescent = laboratory.is_quiescent() && is_left_open(&places, is_repeatable);
            if laboratory.now() >= end || is_quiescent {
                if is_quiescent {
                    tell_silent(&mut places);
                }
                let waited_ns = nanos_between(from, laboratory.now());
                return Ok(End::Unanswered(Unanswered {
                    operation,
                    client: self.home,
                    reach: self.reach,
                    asked: places.into_iter().map(|place| place.asked).collect(),
                    from,
                    waited_ns,
                    is_quiescent,
                }));
            }
            laboratory.step(next_ask.unwrap_or(end).min(end))?;
        }
    }

    /// Writes an answer down, if it is to one of this client's requests.
    fn hear<O: Clone>(places: &mut [Place], answer: &Answer<O>) -> Heeded<O> {
        let mut places = places.iter_mut();
        let Some(place) = places.find(|place| place.open == Some(answer.id)) else {
            return Heeded::NotMine;
        };
        place.open = None;
        match &answer.heard {
            Heard::Answered(output) => Heeded::Answered(output.clone()),
            Heard::Prepared => Heeded::Prepared,
            Heard::Refused(reason) => {
                place.asked.outcome = Outcome::Refused(reason.clone());
                Heeded::Refused
            }
            Heard::Unknown(reason) => {
                place.asked.outcome = Outcome::Unknown(reason.clone());
                Heeded::Unknown
            }
        }
    }

    /// The nodes it can ask, its own first.
    fn places(self) -> Vec<Place> {
        let after = self.reach.nodes().filter(|&node| node > self.home);
        let before = self.reach.nodes().filter(|&node| node < self.home);
        let place = |node| Place {
            asked: Asked {
                node,
                times: 0,
                outcome: Outcome::Silent,
            },
            open: None,
        };
        let nodes = core::iter::once(self.home).chain(after).chain(before);
        nodes.map(place).collect()
    }
}

/// Asks the next node in turn that holds no request. `false`: each holds one.
fn ask_next<S: Subject>(
    places: &mut [Place],
    turn: &mut usize,
    laboratory: &mut Laboratory<'_, S>,
    operation: Operation,
) -> Result<bool, CapError> {
    for _ in 0..places.len() {
        let count = places.len().max(1);
        let Some(place) = places.get_mut(*turn % count) else {
            break;
        };
        *turn = (*turn + 1) % count;
        if place.open.is_none() {
            place.asked.times = place.asked.times.saturating_add(1);
            place.open = Some(laboratory.ask(operation, place.asked.node)?);
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether each node that was asked holds a request without an answer; and, if the operation may be
/// repeated, no other node is left to turn to.
fn is_left_open(places: &[Place], is_repeatable: bool) -> bool {
    let is_open = |place: &Place| place.open.is_some();
    places.iter().any(is_open)
        && places
            .iter()
            .all(|place| is_open(place) || (!is_repeatable && place.asked.times == 0))
}

/// What they refused before they fell silent is no matter any more.
fn tell_silent(places: &mut [Place]) {
    for place in places.iter_mut().filter(|place| place.open.is_some()) {
        place.asked.outcome = Outcome::Silent;
    }
}

fn nanos_between(from: Time, to: Time) -> u64 {
    to.as_nanos().saturating_sub(from.as_nanos())
}
