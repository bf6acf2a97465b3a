//! A map is read back as it was written.

use consistency::{
    Error, Event, EventKind, Format, Function, History, ProcessId, Value, parse, write_json_lines,
};
use quickcheck::{Arbitrary, Gen};

fn read_back(value: &Value) -> Value {
    let event = Event {
        process: ProcessId(0),
        kind: EventKind::Invoke,
        function: Function::Write,
        key: None,
        value: value.clone(),
        error: None,
        time_ns: None,
    };
    let history = History::from_events([event].into()).expect("paired");
    let text = write_json_lines(&history);
    let read = parse(text.as_bytes(), Format::JsonLines).expect(&text);
    assert_eq!(read, history, "{text}");
    read.events()[0].value.clone()
}

fn text_map(entries: &[(&str, Value)]) -> Value {
    Value::map(
        entries
            .iter()
            .map(|(key, value)| (Value::from(*key), value.clone())),
    )
}

#[test]
fn a_map_is_an_object_where_reading_back_is_exact_and_pairs_elsewhere() {
    let one = Value::Int(1);
    for (map, written) in [
        (text_map(&[]), "{}"),
        (
            text_map(&[("b", one.clone()), ("a", Value::Nil)]),
            r#"{"a":null,"b":1}"#,
        ),
        (
            text_map(&[("bytes", "00".into())]),
            r#"{"map":[["bytes","00"]]}"#,
        ),
        (
            text_map(&[("map", Value::list([]))]),
            r#"{"map":[["map",[]]]}"#,
        ),
        (
            text_map(&[("bytes", one.clone()), ("map", one.clone())]),
            r#"{"bytes":1,"map":1}"#,
        ),
        (
            Value::map([(1.into(), 2.into()), ("a".into(), text_map(&[]))]),
            r#"{"map":[[1,2],["a",{}]]}"#,
        ),
        (
            Value::map([(Value::from_bytes(&[0xff]), Value::Bool(true))]),
            r#"{"map":[[{"bytes":"ff"},true]]}"#,
        ),
    ] {
        assert_eq!(map.to_string(), written);
        assert_eq!(read_back(&map), map);
    }
    let wide = Value::map((0..1_000).map(|key| (format!("k{key}").into(), key.into())));
    assert_eq!(read_back(&wide), wide);
}

#[test]
fn maps_of_equal_entries_are_equal_and_the_last_of_a_key_stands() {
    let map = Value::map([
        (2.into(), 0.into()),
        (1.into(), 3.into()),
        (2.into(), 4.into()),
    ]);
    assert_eq!(
        map,
        Value::map([(1.into(), 3.into()), (2.into(), 4.into())])
    );
    assert_eq!(map.entry(&2.into()), Some(&4.into()));
    assert_eq!(map.entry(&3.into()), None);
}

/// Random values with maps in every place of every kind.
fn value(g: &mut Gen, depth: usize) -> Value {
    let few = |g: &mut Gen| u8::arbitrary(g) % 4;
    match u8::arbitrary(g) % 8 {
        0 => Value::Nil,
        1 => Value::Bool(bool::arbitrary(g)),
        2 => Value::Int(i64::arbitrary(g)),
        3 => Value::from(["a", "bytes", "map", "é"][usize::from(few(g))]),
        4 => Value::from_bytes(&Vec::<u8>::arbitrary(g)),
        _ if depth > 3 => Value::Nil,
        5 => Value::list((0..few(g)).map(|_| value(g, depth + 1))),
        6 => Value::map((0..few(g)).map(|_| (value(g, depth + 1), value(g, depth + 1)))),
        _ => {
            let name = |g: &mut Gen| Value::from(["a", "bytes", "map", "é"][usize::from(few(g))]);
            Value::map((0..few(g)).map(|_| (name(g), value(g, depth + 1))))
        }
    }
}

#[test]
fn whatever_map_is_written_is_read_back_the_same() {
    let mut g = Gen::from_size_and_seed(8, 1);
    for _ in 0..5_000 {
        let value = value(&mut g, 0);
        assert_eq!(read_back(&value), value);
    }
}

#[test]
fn edn_maps_have_keywords_for_text() {
    let text = "{:process 0 :type :invoke :f :transfer :value {:from 0, :to 1, :amount 5}}\n\
                {:process 0 :type :ok :f :transfer :value {0 95, 1 105}}";
    let history = parse(text.as_bytes(), Format::JepsenEdn).expect("a history");
    let expected = text_map(&[("from", 0.into()), ("to", 1.into()), ("amount", 5.into())]);
    assert_eq!(history.events()[0].value, expected);
    let expected = Value::map([(0.into(), 95.into()), (1.into(), 105.into())]);
    assert_eq!(history.events()[1].value, expected);
}

#[test]
fn wrong_maps_are_refused_at_their_place() {
    for (held, column, complaint) in [
        (r#"{"map":3}"#, 57, "pairs [key value]"),
        (r#"{"map":[[1,2],[3]]}"#, 64, "pairs [key value]"),
        (r#"{"map":[[1,2],[1,3]]}"#, 65, "each key once"),
        (r#"{"bytes":"f"}"#, 59, "an even number of hex digits"),
    ] {
        let text = format!(r#"{{"process":0,"type":"invoke","f":"write","value":{held}}}"#);
        let refused = parse(text.as_bytes(), Format::JsonLines);
        let Err(Error::Parse {
            column: at,
            expected,
            ..
        }) = refused
        else {
            panic!("{text}: {refused:?}");
        };
        assert_eq!((at, expected), (column, complaint), "{text}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_map_from_outside_may_come_in_any_order() {
    use transport::{Bincode, Codec};

    let (first, second) = ((1.into(), 3.into()), (2.into(), 4.into()));
    let shuffled = Value::Map([second.clone(), first.clone()].into());
    let mut bytes = vec![];
    Bincode
        .encode(&shuffled, &mut bytes, 1 << 10)
        .expect("small");
    let read: Value = Bincode.decode(&bytes).expect("a value");
    assert_eq!(read, Value::map([first, second]));
}
