//! Files, and the files of folders.

use std::path::{Path, PathBuf};

use consistency::{Format, Recorded, parse_recorded};

use crate::exit::BadInput;

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

/// Reads a file, whose format is found out unless it is given.
pub(super) fn read(path: &Path, format: Option<Format>) -> Result<Input, BadInput> {
    let place = path.display();
    let bytes = std::fs::read(path).map_err(|error| BadInput::at(&place, error))?;
    if bytes.is_empty() {
        return Err(BadInput::at(&place, "the file is empty"));
    }
    let unknown = "looks like none of the formats; name one with --format";
    let format = format
        .or_else(|| Format::detect(&bytes))
        .ok_or_else(|| BadInput::at(&place, unknown))?;
    let recorded = parse_recorded(&bytes, format).map_err(|error| BadInput::at(&place, error))?;
    Ok(Input { recorded, format })
}
