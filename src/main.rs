//! The binary: everything else is in the library.

#[cfg(target_env = "musl")]
use std::ffi::{CStr, c_char, c_int, c_void};
use std::process::ExitCode;

// Why not the C library's: see Cargo.toml.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Takes the place of the C library's `_Unwind_Backtrace` in binaries for boards (`.cargo/rare.ld`).
///
/// They have no tables for unwinding, so there is nothing to tell: `_URC_END_OF_STACK`. With
/// `RUST_BACKTRACE` set, a panic shows an empty list.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
extern "C" fn pigent_no_backtrace(_visit: *const c_void, _argument: *mut c_void) -> c_int {
    5
}

/// Takes the place of the C library's `pthread_setname_np` there. That one can name other threads as
/// well, by a file whose name it makes with printf: all of printf for what nobody calls. The
/// standard library names the thread that it is in.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
extern "C" fn pigent_name_thread(_thread: *mut c_void, name: *const c_char) -> c_int {
    // SAFETY: the standard library is the only caller, and gives a C string.
    let name = unsafe { CStr::from_ptr(name) };
    rustix::thread::set_name(name).map_or_else(|error| error.raw_os_error(), |()| 0)
}

fn main() -> ExitCode {
    pigent::cli::main(std::env::args_os().skip(1).collect())
}
