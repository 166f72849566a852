//! The binary: everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pigent::cli::main(std::env::args_os().skip(1).collect())
}
