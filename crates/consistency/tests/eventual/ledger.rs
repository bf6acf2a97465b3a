//! The ledger itself: what it excuses and what it does not.

use consistency::eventual::invariants::{Broken, Ledger};
use consistency::eventual::{
    CausalContext, Config, Event, EventualStore, KeyVersions, Refusal, Reply, Request, Versions,
};
use transport::{NodeId, Recover, RequestId, Stored, Token};

use crate::world::{checkpoint, context, empty, of, put};

/// A ledger that knows of one acknowledged write, and the replica with it and without.
fn acknowledged() -> (Ledger, EventualStore) {
    let config = Config::new(NodeId(1), (0..2).map(NodeId)).unwrap();
    let mut with = Versions::new(2).unwrap();
    let dot = with.put(1, &empty(), "pear".into()).unwrap();
    let mut without = with.clone();
    without.delete(&context(&[0, 1])).unwrap();
    let item = |versions: &Versions| KeyVersions {
        key: "fruit".into(),
        versions: versions.clone(),
    };
    let store = |versions: &Versions| {
        let record = checkpoint(2, vec![item(versions)]);
        let token = Token(1);
        EventualStore::recover(&config, vec![Stored { token, record }]).unwrap()
    };
    let mut ledger = Ledger::new();
    let id = RequestId(1);
    let asked = put("fruit", "pear", &empty())(id);
    ledger.asked(&asked);
    ledger.observe(&store(&with)).unwrap();
    let item = item(&with);
    let reply = Reply::Written { dot, item };
    ledger.answered(&asked, &Event::Done { id, reply });
    (ledger, store(&without))
}

fn delete(id: u64, context: CausalContext) -> Request {
    Request::Delete {
        id: RequestId(id),
        key: "fruit".into(),
        context,
    }
}

fn refuse(ledger: &mut Ledger, request: &Request) {
    let refusal = Refusal::Overloaded { requests_max: 1 };
    let request = request.clone();
    let event = Event::Refused { request, refusal };
    if let Event::Refused { request, .. } = &event {
        ledger.answered(request, &event);
    }
}

#[test]
fn a_request_that_was_refused_excuses_no_loss() {
    let (mut ledger, without) = acknowledged();
    let asked = delete(2, of("fruit", &context(&[0, 1])));
    ledger.asked(&asked);
    refuse(&mut ledger, &asked);
    let dropped = ledger.observe(&without);
    assert!(
        matches!(dropped, Err(Broken::Dropped { .. })),
        "{dropped:?}"
    );
}

#[test]
fn another_request_of_the_same_context_still_excuses_it() {
    let (mut ledger, without) = acknowledged();
    let context = of("fruit", &context(&[0, 1]));
    let asked = [2, 3].map(|id| delete(id, context.clone()));
    asked.iter().for_each(|request| ledger.asked(request));
    refuse(&mut ledger, &asked[0]);
    ledger.observe(&without).unwrap();
    // Until that one is refused too.
    refuse(&mut ledger, &asked[1]);
    assert!(ledger.acknowledged_is_durable([&without]).is_err());
}

#[test]
fn a_context_of_another_key_excuses_no_loss() {
    let (mut ledger, without) = acknowledged();
    ledger.asked(&delete(2, of("herbs", &context(&[0, 1]))));
    let dropped = ledger.observe(&without);
    assert!(
        matches!(dropped, Err(Broken::Dropped { .. })),
        "{dropped:?}"
    );
}
