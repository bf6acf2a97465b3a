//! Files, and the files of folders.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use consistency::{Format, Recorded, RecordedReader};
use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::BadInput;

/// How much of a file is in memory as text.
const PIECE_BYTES: usize = 1 << 20;

/// A file to be judged.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
}

/// What a file holds.
pub(super) struct Input {
    pub(super) recorded: Recorded,
    pub(super) format: Format,
}

/// The files named, each folder replaced by its files.
pub(super) fn candidates(files: &[PathBuf]) -> Result<Vec<Candidate>, BadInput> {
    let mut candidates = Vec::new();
    for path in files {
        if path.is_dir() {
            candidates.extend(of_folder(path)?);
        } else {
            let path = path.clone();
            candidates.push(Candidate { path });
        }
    }
    Ok(candidates)
}

fn of_folder(folder: &Path) -> Result<Vec<Candidate>, BadInput> {
    let failed = |error: std::io::Error| BadInput::at(folder.display(), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && !path.is_dir() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(BadInput::at(folder.display(), "the folder holds no file"));
    }
    paths.sort();
    Ok(paths.into_iter().map(|path| Candidate { path }).collect())
}

/// Reads a file in pieces. Its format is found out unless it is given.
pub(super) fn read(path: &Path, format: Option<Format>) -> Result<Input, BadInput> {
    let place = path.display();
    let at = |error: std::io::Error| BadInput::at(&place, error);
    let mut file = File::open(path).map_err(at)?;
    let bar = progress(file.metadata().map_or(0, |about| about.len()));
    let mut piece = vec![0; PIECE_BYTES];
    let head = fill(&mut file, &mut piece).map_err(at)?;
    if head == 0 {
        return Err(BadInput::at(&place, "the file is empty"));
    }
    let unknown = "looks like none of the formats; name one with --format";
    let format = format
        .or_else(|| Format::detect(&piece[..head]))
        .ok_or_else(|| BadInput::at(&place, unknown))?;
    let mut reader = RecordedReader::new(format);
    let mut read = head;
    while read > 0 {
        reader
            .feed(&piece[..read])
            .map_err(|error| BadInput::at(&place, error))?;
        bar.inc(read as u64);
        read = fill(&mut file, &mut piece).map_err(at)?;
    }
    bar.finish_and_clear();
    let recorded = reader
        .finish()
        .map_err(|error| BadInput::at(&place, error))?;
    Ok(Input { recorded, format })
}

/// Fills the piece, unless the file ends before; how much of it is filled.
fn fill(file: &mut File, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A bar over the bytes; drawn only on a terminal.
fn progress(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("reading {wide_bar} {bytes}/{total_bytes}") {
        bar.set_style(style);
    }
    bar
}
