//! Our own format, out: what is written here is read back the same.

use alloc::string::String;
use core::fmt::{self, Write};

use crate::{Event, History, value::write_json_text};

/// The history as JSON lines. [`parse`](crate::parse) gives an equal history. O(length).
///
/// ```
/// use consistency::{Format, History, KeyValue, KvInput, KvOutput, ProcessId, Recorder, Value};
/// use consistency::{parse, write_json_lines};
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", 3), 17)?;
/// recorder.ok(put, KvOutput::Done, 29)?;
/// let history = History::from_operations(&KeyValue::new(Value::Nil), &recorder.finish())?;
/// let text = write_json_lines(&history);
/// assert_eq!(
///     text.lines().next(),
///     Some(r#"{"process":0,"type":"invoke","f":"put","key":"x","value":3,"time":17}"#),
/// );
/// assert_eq!(parse(text.as_bytes(), Format::JsonLines)?, history);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn write_json_lines(history: &History) -> String {
    let mut text = String::new();
    for event in history.events() {
        // Writing to a String cannot fail.
        let _ = write_event(&mut text, event);
    }
    text
}

fn write_event(out: &mut String, event: &Event) -> fmt::Result {
    write!(out, "{{\"process\":{}", event.process)?;
    write!(out, ",\"type\":\"{}\",\"f\":", event.kind.name())?;
    write_json_text(out, event.function.name())?;
    if let Some(key) = &event.key {
        write!(out, ",\"key\":{key}")?;
    }
    write!(out, ",\"value\":{}", event.value)?;
    if let Some(error) = &event.error {
        write!(out, ",\"error\":{error}")?;
    }
    if let Some(time_ns) = event.time_ns {
        write!(out, ",\"time\":{time_ns}")?;
    }
    out.write_str("}\n")
}
