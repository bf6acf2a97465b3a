//! What a frame is, byte by byte, and every way in which bytes fail to be one.
#![cfg(feature = "codec")]

use std::collections::BTreeMap;

use quickcheck::quickcheck;
use serde::{Deserialize, Serialize};
use transport::{Bincode, Bytes, Codec, FrameError, Framing};

const BODY_BYTES_MAX: u32 = 4_096;
const FRAMING: Framing<Bincode> = Framing::new(Bincode, BODY_BYTES_MAX);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum Message {
    Ping,
    Number(u64),
    Pair(i32, String),
    Append {
        entries: Vec<Vec<u8>>,
        map: BTreeMap<u8, Option<char>>,
    },
}

fn message(numbers: Vec<u64>, text: String, small: i32) -> Message {
    match numbers.len() % 4 {
        0 => Message::Ping,
        1 => Message::Number(numbers[0]),
        2 => Message::Pair(small, text),
        _ => Message::Append {
            map: text.chars().map(|c| (c as u8, Some(c))).collect(),
            entries: numbers.iter().map(|n| n.to_le_bytes().to_vec()).collect(),
        },
    }
}

fn frame_of<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    FRAMING.encode(value, &mut bytes).expect("fits");
    bytes
}

// The oldest fixture of the format: it stays as long as version 1 is read. Its checksum was taken
// with zlib.
#[test]
fn the_bytes_of_version_1_never_change() {
    let bytes = [3, 0, 0, 0, 1, 0xD2, 0x53, 0xDF, 0xC9, 2, b'h', b'i'];
    assert_eq!(frame_of("hi"), bytes);
    assert_eq!(FRAMING.decode::<String>(&bytes).as_deref(), Ok("hi"));
}

#[test]
fn a_frame_cut_off_at_any_byte_says_what_is_missing() {
    let frame = frame_of(&Message::Pair(-7, "cut me off".into()));
    for have in 0..frame.len() {
        let needed = if have < 4 { 9 } else { frame.len() };
        let error = FRAMING.decode::<Message>(&frame[..have]);
        assert_eq!(error, Err(FrameError::Truncated { needed, have }), "{have}");
    }
}

#[test]
fn every_single_flipped_bit_is_noticed() {
    for len in [0, 1, 7, 64, 300] {
        let frame = frame_of(&vec![0x5A_u8; len]);
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = FRAMING
                .decode::<Vec<u8>>(&flipped)
                .expect_err("a bit was flipped");
            match (bit / 8, error) {
                (0..4, FrameError::Oversized { .. } | FrameError::Truncated { .. }) => {}
                (0..4, FrameError::Checksum { .. }) => {}
                (4, FrameError::Version { found, expected: 1 }) => assert_eq!(found, flipped[4]),
                (5.., FrameError::Checksum { found, expected }) => assert_ne!(found, expected),
                (byte, error) => panic!("byte {byte}: {error}"),
            }
        }
    }
}

#[test]
fn a_body_above_the_limit_is_refused_by_its_header_alone() {
    let (len, max) = (u64::from(BODY_BYTES_MAX) + 1, u64::from(BODY_BYTES_MAX));
    let header = (BODY_BYTES_MAX + 1).to_le_bytes();
    let error = FRAMING.decode::<Message>(&header);
    assert_eq!(error, Err(FrameError::Oversized { len, max }));
}

#[test]
fn a_value_above_the_limit_is_not_written() {
    let body_bytes_max = usize::try_from(BODY_BYTES_MAX).unwrap();
    let mut out = vec![1, 2, 3];
    // Three bytes of length prefix.
    let fits = Bytes::from(vec![7; body_bytes_max - 3]);
    assert_eq!(FRAMING.encode(&fits, &mut out), Ok(9 + body_bytes_max));
    out.truncate(3);
    let too_long = Bytes::from(vec![7; body_bytes_max - 2]);
    let (len, max) = (body_bytes_max as u64 + 1, body_bytes_max as u64);
    let error = FRAMING.encode(&too_long, &mut out);
    assert_eq!(error, Err(FrameError::Oversized { len, max }));
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn a_small_tail_does_not_slip_in_after_a_part_that_was_too_long() {
    let mut out = Vec::new();
    let error = Bincode.encode(&("0123456789", 1_u8, 2_u8), &mut out, 4);
    assert_eq!(error, Err(FrameError::Oversized { len: 13, max: 4 }));
    assert!(out.is_empty());
}

#[test]
fn another_version_is_refused_whatever_else_the_frame_says() {
    let mut frame = frame_of(&Message::Ping);
    for found in (0..=255).filter(|&version| version != 1) {
        frame[4] = found;
        let error = FrameError::Version { found, expected: 1 };
        assert_eq!(FRAMING.decode::<Message>(&frame), Err(error.clone()));
        assert_eq!(FRAMING.decode::<Message>(&frame[..5]), Err(error.clone()));
        let oversized = [255, 255, 255, 255, found];
        assert_eq!(FRAMING.decode::<Message>(&oversized), Err(error));
    }
}

#[test]
fn erased_storage_is_no_frame() {
    for fill in [0x00, 0xFF] {
        let error = FRAMING.decode::<()>(&[fill; 64]);
        assert!(
            matches!(error, Err(FrameError::Version { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn bytes_after_the_frame_or_after_the_value_are_refused() {
    let mut frame = frame_of(&Message::Ping);
    frame.extend_from_slice(b"xyz");
    let error = FRAMING.decode::<Message>(&frame);
    assert_eq!(error, Err(FrameError::TrailingBytes { count: 3 }));
    let error = FRAMING.decode::<u8>(&frame_of(&(1_u8, 2_u8, 3_u8)));
    assert_eq!(error, Err(FrameError::TrailingBytes { count: 2 }));
}

#[test]
fn a_value_of_another_type_is_malformed_and_says_where() {
    let error = FRAMING.decode::<(u8, bool)>(&frame_of(&(1_u8, 7_u8)));
    assert!(
        matches!(error, Err(FrameError::Malformed { offset: 2, .. })),
        "{error:?}"
    );
    let error = FRAMING.decode::<Message>(&frame_of(&9_u8));
    assert!(
        matches!(error, Err(FrameError::Malformed { .. })),
        "{error:?}"
    );
    let error = FRAMING.decode::<String>(&frame_of(&Bytes::from(b"\xFF")));
    assert!(
        matches!(error, Err(FrameError::Malformed { .. })),
        "{error:?}"
    );
}

#[test]
fn a_value_without_an_encoding_is_refused_and_leaves_the_buffer() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..u8::MAX).filter(|n| n % 2 == 0))
        }
    }
    let mut out = vec![1];
    let error = FRAMING.encode(&("begun", Endless), &mut out);
    assert!(
        matches!(error, Err(FrameError::Unencodable { .. })),
        "{error:?}"
    );
    assert_eq!(out, [1]);
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Nested(Option<Box<Self>>);

fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = vec![1; levels];
    bytes.push(0);
    bytes
}

#[test]
fn a_deeply_nested_body_is_refused_before_the_stack_ends() {
    // A level is a newtype and an option.
    assert!(Bincode.decode::<Nested>(&nested(60)).is_ok());
    for levels in [65, 1_000_000] {
        let error = Bincode.decode::<Nested>(&nested(levels));
        assert!(
            matches!(error, Err(FrameError::Malformed { .. })),
            "{levels}"
        );
    }
}

#[test]
fn elements_without_bytes_are_counted_so_that_no_claim_loops_for_ever() {
    let mut bytes = Vec::new();
    Bincode
        .encode(&vec![(); 65_536], &mut bytes, 10)
        .expect("fits");
    assert_eq!(Bincode.decode::<Vec<()>>(&bytes), Ok(vec![(); 65_536]));
    for claim in [65_537, 1_u64 << 60] {
        let mut bytes = Vec::new();
        Bincode.encode(&claim, &mut bytes, 10).expect("fits");
        let error = Bincode.decode::<Vec<()>>(&bytes);
        assert!(
            matches!(error, Err(FrameError::Malformed { .. })),
            "{claim}"
        );
    }
}

#[test]
fn fields_without_bytes_are_no_claim() {
    let list = vec![((), 1_u8); 70_000];
    let mut bytes = Vec::new();
    Bincode.encode(&list, &mut bytes, 100_000).expect("fits");
    assert_eq!(Bincode.decode::<Vec<((), u8)>>(&bytes), Ok(list));
}

quickcheck! {
    fn a_frame_gives_back_what_was_put_in(numbers: Vec<u64>, text: String, small: i32) -> bool {
        let value = message(numbers, text, small);
        let frame = frame_of(&value);
        FRAMING.decode::<Message>(&frame).as_ref() == Ok(&value)
    }

    fn frames_in_a_row_come_apart_again(numbers: Vec<u64>) -> bool {
        let mut bytes = Vec::new();
        for number in &numbers {
            FRAMING.encode(number, &mut bytes).expect("fits");
        }
        let mut rest = &bytes[..];
        let mut found = Vec::new();
        while !rest.is_empty() {
            let (number, after) = FRAMING.decode_first::<u64>(rest).expect("a frame");
            found.push(number);
            rest = after;
        }
        found == numbers
    }

    // The strict decoder and bincode's own must agree wherever both accept.
    fn the_bytes_are_those_of_bincode(numbers: Vec<u64>, text: String, small: i32) -> bool {
        let value = message(numbers, text, small);
        let config = bincode::config::standard();
        let theirs = bincode::serde::encode_to_vec(&value, config).expect("encodes");
        let mut ours = Vec::new();
        Bincode.encode(&value, &mut ours, usize::MAX).expect("encodes");
        ours == theirs && Bincode.decode::<Message>(&theirs).as_ref() == Ok(&value)
    }

    fn every_primitive_survives(
        unsigned: (u8, u16, u32, u64, u128),
        signed: (i8, i16, i32, i64, i128),
        others: (bool, char, String, Option<()>)
    ) -> bool {
        let value = (unsigned, signed, others);
        FRAMING.decode(&frame_of(&value)).as_ref() == Ok(&value)
    }

    fn floats_survive_bit_by_bit(single: f32, double: f64) -> bool {
        let (a, b): (f32, f64) = FRAMING.decode(&frame_of(&(single, double))).expect("a frame");
        a.to_bits() == single.to_bits() && b.to_bits() == double.to_bits()
    }

    fn random_bytes_are_refused_without_panic(bytes: Vec<u8>) -> bool {
        // Two random checksums agree once in 2^32.
        FRAMING.decode::<Message>(&bytes).is_err()
    }

    fn random_bodies_never_panic(body: Vec<u8>) -> bool {
        let outcome = Bincode.decode::<Message>(&body);
        let config = bincode::config::standard().with_limit::<65_536>();
        let theirs = bincode::serde::decode_from_slice::<Message, _>(&body, config);
        match (outcome, theirs) {
            (Ok(ours), Ok((theirs, read))) => ours == theirs && read == body.len(),
            (Ok(_), Err(_)) => false,
            (Err(FrameError::TrailingBytes { count }), Ok((_, read))) => read + count == body.len(),
            (Err(_), Ok(_)) => false,
            (Err(_), Err(_)) => true,
        }
    }
}
