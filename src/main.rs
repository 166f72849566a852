//! The binary: everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(feature = "emulator")]
    if let Some(("stand-in-agent", rest)) = args.split_first().map(|(word, rest)| (&**word, rest)) {
        return pigent::emulator::agent::main(rest);
    }
    eprintln!("not yet: {args:?}");
    ExitCode::FAILURE
}
