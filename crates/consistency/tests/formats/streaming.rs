//! However a file is cut, it reads the same.

use consistency::{
    CasRegister, Error, Event, Format, KeyValue, Notation, Operations, OperationsBuilder, Reader,
    Recorded, RecordedReader, Value, parse, parse_recorded, write_transactions,
};

use crate::{FIXTURES, OPERATIONS_COUNT};

/// What was read, in a form that can be compared.
pub(crate) fn shown(recorded: Result<Recorded, Error>) -> String {
    match recorded {
        Ok(Recorded::Operations(history)) => format!("{history:?}"),
        Ok(Recorded::Transactions(history)) => format!("{history:?}"),
        other => format!("{other:?}"),
    }
}

pub(crate) fn in_pieces(bytes: &[u8], format: Format, sizes: &[usize]) -> String {
    let mut reader = RecordedReader::new(format);
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (piece, others) = rest.split_at(rest.len().min(1 + *size));
        rest = others;
        if let Err(error) = reader.feed(piece) {
            assert_eq!(
                reader.feed(b"{}").as_ref(),
                Err(&error),
                "once bad, always bad"
            );
            return shown(Err(error));
        }
        if rest.is_empty() {
            break;
        }
    }
    shown(reader.finish())
}

#[test]
fn a_fixture_cut_at_every_byte_reads_the_same() {
    for (bytes, format) in FIXTURES {
        let whole = shown(parse_recorded(bytes, format));
        assert_eq!(in_pieces(bytes, format, &[0]), whole, "byte by byte");
        for cut in 0..bytes.len() {
            assert_eq!(
                in_pieces(bytes, format, &[cut, usize::MAX - 1]),
                whole,
                "{cut}"
            );
        }
    }
}

/// A truncated file is a complaint, or the part of the history that is there: in pieces the same one.
#[test]
fn a_fixture_that_ends_at_any_byte_gives_the_same_answer_in_pieces() {
    for (bytes, format) in FIXTURES {
        for end in 0..bytes.len() {
            let whole = shown(parse_recorded(&bytes[..end], format));
            assert_eq!(
                in_pieces(&bytes[..end], format, &[6]),
                whole,
                "{format:?} {end}"
            );
        }
    }
}

#[test]
fn events_come_as_soon_as_they_are_complete() {
    let mut reader = Reader::new(Format::JepsenEdn);
    let mut count = 0;
    let text = "[{:process 0 :type :invoke :f :read}\n {:process 0 :type :ok :f :read :value 3}";
    for (place, byte) in text.bytes().enumerate() {
        let fed = reader.feed(&[byte], &mut |_, _| {
            count += 1;
            Ok(())
        });
        assert_eq!(fed, Ok(()));
        let closed = text[..=place].matches('}').count();
        assert_eq!(count, closed, "after {place} bytes");
    }
    let unclosed = reader.finish(&mut |_, _| Ok(()));
    assert!(
        matches!(
            unclosed,
            Err(Error::Parse {
                line: 2,
                column: 42,
                ..
            })
        ),
        "{unclosed:?}"
    );
}

#[test]
fn an_error_of_the_taker_ends_the_reading() {
    let mut reader = Reader::new(Format::JsonLines);
    let stop = Error::NotTransaction { line: 7 };
    let line = b"{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n";
    let fed = reader.feed(line, &mut |_, _| Err(stop.clone()));
    assert_eq!(fed.as_ref(), Err(&stop));
    assert_eq!(reader.finish(&mut |_, _| panic!("over")), Err(stop));
}

#[test]
fn a_reader_of_operations_refuses_transactions() {
    for (bytes, format) in &FIXTURES[OPERATIONS_COUNT..] {
        let line = if *format == Format::DbcopJson { 6 } else { 1 };
        let refused = Err(Error::Transaction { line });
        assert_eq!(parse(bytes, *format).map(drop), refused);
        let fed = Reader::new(*format).feed(bytes, &mut |_, _| Ok(()));
        assert_eq!(fed, refused);
    }
}

/// Half a file of brackets or of one long text must not be read again for every piece.
#[test]
fn a_long_element_in_small_pieces_is_linear() {
    let start = "{:process 0 :type :invoke :f :write :value [";
    for filling in ["[] ", "1 ", "\"x\" ", "#_ 1 ", "\n"] {
        let mut reader = RecordedReader::new(Format::JepsenEdn);
        reader.feed(start.as_bytes()).expect("no end yet");
        for _ in 0..100_000 {
            reader.feed(filling.as_bytes()).expect("no end yet");
        }
        reader.feed(b"]}").expect("complete");
        let recorded = reader.finish().expect("one event");
        assert!(matches!(recorded, Recorded::Operations(it) if it.operations_count() == 1));
    }
}

#[test]
fn an_element_of_more_than_64_mebibytes_is_refused() {
    let mut reader = RecordedReader::new(Format::JsonLines);
    reader.feed(b"\n{\"value\":\"").expect("no end yet");
    let piece = vec![b'x'; 1 << 20];
    let refused = (0..70).find_map(|_| reader.feed(&piece).err());
    let too_long = Error::ElementTooLong {
        line: 2,
        bytes_max: 64 << 20,
    };
    assert_eq!(refused, Some(too_long));
}

fn operations_of<M: Notation>(
    model: &M,
    bytes: &[u8],
    format: Format,
) -> Result<(Operations<M>, Vec<Option<u64>>), Error> {
    let mut builder = OperationsBuilder::new(model);
    let mut reader = Reader::new(format);
    let mut count = 0;
    let mut take = |line, event: Event| {
        count += 1;
        builder.push(line, event)
    };
    for piece in bytes.chunks(100) {
        reader.feed(piece, &mut take)?;
    }
    reader.finish(&mut take)?;
    let (operations, lines) = builder.finish();
    Ok((
        operations,
        (0..count).map(|place| lines.get(place)).collect(),
    ))
}

#[test]
fn operations_built_while_reading_are_those_of_the_history() {
    fn agree<M: Notation>(model: &M, bytes: &[u8], format: Format)
    where
        M::Output: PartialEq,
    {
        let history = parse(bytes, format).expect("well formed");
        let (operations, lines) = operations_of(model, bytes, format).expect("well formed");
        assert_eq!(Ok(operations), history.operations(model));
        let count = history.events().len() as u64;
        let expected: Vec<_> = (0..count).map(|at| history.line(at)).collect();
        assert_eq!(lines, expected);
    }
    for (place, (bytes, format)) in FIXTURES[..OPERATIONS_COUNT].iter().enumerate() {
        if [0, 1, 4].contains(&place) {
            agree(&KeyValue::new(Value::Nil), bytes, *format);
        } else {
            agree(&CasRegister::new(Value::Nil), bytes, *format);
        }
    }
}

#[test]
fn operations_built_while_reading_keep_the_rules_of_pairing() {
    let model = KeyValue::new(Value::Nil);
    let event = |kind: &str, rest: &str| format!("{{\"process\":4,\"type\":\"{kind}\",{rest}}}\n");
    let (get, put) = ("\"f\":\"get\",\"key\":1", "\"f\":\"get\",\"key\":2");
    let bad = [
        event("invoke", get) + &event("invoke", get),
        event("ok", get),
        event("invoke", get) + &event("ok", get) + &event("ok", get),
        event("invoke", get) + &event("ok", put),
        event("invoke", get) + &event("ok", "\"f\":\"put\""),
        event("invoke", "\"f\":\"enqueue\""),
    ];
    for text in bad {
        let history = parse(text.as_bytes(), Format::JsonLines);
        let expected = history.and_then(|history| history.operations(&model).map(drop));
        let got = operations_of(&model, text.as_bytes(), Format::JsonLines).map(drop);
        assert!(got.is_err());
        assert_eq!(got, expected, "{text}");
    }
    let reused =
        event("invoke", get) + &event("info", get) + &event("invoke", "\"f\":\"get\",\"key\":2");
    let (operations, _) =
        operations_of(&model, reused.as_bytes(), Format::JsonLines).expect("good");
    assert_eq!(operations.len(), 2);
}

#[test]
fn transactions_in_pieces_are_written_the_same() {
    for (bytes, format) in &FIXTURES[OPERATIONS_COUNT..] {
        let Ok(Recorded::Transactions(history)) = parse_recorded(bytes, *format) else {
            panic!("transactions");
        };
        if let Ok(text) = write_transactions(&history) {
            let again = in_pieces(text.as_bytes(), Format::JsonLines, &[3, 50]);
            assert_eq!(
                again,
                shown(parse_recorded(text.as_bytes(), Format::JsonLines))
            );
        }
    }
}
