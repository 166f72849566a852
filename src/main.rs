//! The binary: everything else is in the library.

use std::process::ExitCode;

// Why not the C library's: see Cargo.toml.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    pigent::cli::main(std::env::args_os().skip(1).collect())
}
