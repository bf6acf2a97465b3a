//! Frames out of a stream that arrives in chunks of any size.
#![cfg(feature = "codec")]

use quickcheck::quickcheck;
use transport::{Bincode, Bytes, FrameError, Framing};

const FRAMING: Framing<Bincode> = Framing::new(Bincode, 64);

fn stream_of(bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for body in bodies {
        let body = Bytes::from(&body[..body.len().min(60)]);
        FRAMING.encode(&body, &mut stream).expect("fits");
    }
    stream
}

/// Feeds the stream in chunks of these lengths, over and over.
fn read(stream: &[u8], chunk_lens: &[usize]) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut reader = FRAMING.reader();
    let mut bodies = Vec::new();
    let mut rest = stream;
    let mut chunk_lens = chunk_lens.iter().cycle();
    while !rest.is_empty() {
        let len = chunk_lens.next().map_or(1, |len| len % 200 + 1);
        let (mut chunk, after) = rest.split_at(len.min(rest.len()));
        rest = after;
        while !chunk.is_empty() {
            let taken = reader.fill(chunk)?;
            assert!(taken > 0, "a reader without a whole frame has room");
            assert!(reader.unread_bytes() <= 64 + 9, "bounded");
            chunk = &chunk[taken..];
            while let Some(body) = reader.next_body()? {
                bodies.push(FRAMING.decode_body::<Bytes>(body)?.to_vec());
            }
        }
    }
    reader.finish()?;
    Ok(bodies)
}

#[test]
fn one_byte_at_a_time() {
    let bodies = vec![b"abc".to_vec(), Vec::new(), vec![7; 60]];
    assert_eq!(read(&stream_of(&bodies), &[0]), Ok(bodies));
}

#[test]
fn a_full_reader_takes_no_more_until_a_frame_is_taken() {
    let stream = stream_of(&[vec![1; 60], vec![2; 60]]);
    let mut reader = FRAMING.reader();
    assert_eq!(reader.fill(&stream), Ok(73));
    assert_eq!(reader.fill(&stream[73..]), Ok(0));
    assert!(matches!(reader.next_body(), Ok(Some(_))));
    assert_eq!(reader.fill(&stream[73..]), Ok(stream.len() - 73));
}

#[test]
fn a_refused_frame_ends_the_stream_for_good() {
    let mut stream = stream_of(&[b"first".to_vec(), b"second".to_vec()]);
    let last = stream.len() - 1;
    stream[last] ^= 1;
    let mut reader = FRAMING.reader();
    reader.fill(&stream).expect("room");
    assert!(matches!(reader.next_body(), Ok(Some(_))));
    let error = reader.next_body().expect_err("a flipped bit");
    assert!(matches!(error, FrameError::Checksum { .. }));
    assert_eq!(reader.next_body(), Err(error.clone()));
    assert_eq!(reader.fill(b"more"), Err(error.clone()));
    assert_eq!(reader.finish(), Err(error));
}

#[test]
fn an_oversized_frame_is_refused_after_four_bytes() {
    let mut reader = FRAMING.reader();
    assert_eq!(reader.fill(&[65, 0, 0, 0]), Ok(4));
    assert_eq!(
        reader.next_body(),
        Err(FrameError::Oversized { len: 65, max: 64 })
    );
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_cut_off() {
    let stream = stream_of(&[b"whole".to_vec()]);
    for have in 1..stream.len() {
        let mut reader = FRAMING.reader();
        reader.fill(&stream[..have]).expect("room");
        assert_eq!(reader.next_body(), Ok(None));
        assert!(
            matches!(reader.finish(), Err(FrameError::Truncated { .. })),
            "{have}"
        );
    }
}

#[test]
fn a_frame_that_nobody_took_is_not_forgotten() {
    let stream = stream_of(&[b"whole".to_vec()]);
    let mut reader = FRAMING.reader();
    reader.fill(&stream).expect("room");
    let count = stream.len();
    assert_eq!(reader.finish(), Err(FrameError::TrailingBytes { count }));
    assert!(matches!(reader.next_body(), Ok(Some(_))));
    assert_eq!(reader.finish(), Ok(()));
}

quickcheck! {
    fn the_chunks_do_not_matter(bodies: Vec<Vec<u8>>, chunk_lens: Vec<usize>) -> bool {
        let bodies: Vec<Vec<u8>> =
            bodies.into_iter().map(|body| body[..body.len().min(60)].to_vec()).collect();
        read(&stream_of(&bodies), &chunk_lens) == Ok(bodies)
    }

    fn random_streams_never_panic(stream: Vec<u8>, chunk_lens: Vec<usize>) -> bool {
        stream.is_empty() || read(&stream, &chunk_lens).is_err()
    }
}
