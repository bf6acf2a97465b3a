//! The load of `simulator` on madsim, once: `simulator_madsim CLIENTSxIN_FLIGHT MESSAGES` prints one
//! sample as JSON. The benchmark `simulator` calls it; it needs `--cfg madsim`.

use std::process::ExitCode;

#[cfg(madsim)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [load, messages] = arguments.as_slice() else {
        eprintln!("usage: simulator_madsim CLIENTSxIN_FLIGHT MESSAGES");
        return ExitCode::from(2);
    };
    let (load, messages) = match (load.parse(), messages.parse()) {
        (Ok(load), Ok(messages)) => (load, messages),
        (Err(why), _) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
        (_, Err(why)) => {
            eprintln!("`{messages}`: {why}");
            return ExitCode::from(2);
        }
    };
    match benches::simulator::run_madsim(load, messages) {
        Ok(sample) => {
            println!("{}", serde_json::json!(sample));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(madsim))]
fn main() -> ExitCode {
    eprintln!(
        "This build cannot measure madsim, which simulates only under `--cfg madsim`.\n\
         `cargo xtask bench simulator` builds and calls it; by hand:\n  \
         RUSTFLAGS='--cfg madsim' cargo build --release -p benches --bin simulator_madsim \
         --target-dir target/madsim"
    );
    ExitCode::from(2)
}
