//! Starts one process. The only file of this crate with `unsafe` in it.
//!
//! Some things cannot be said to [`Command`] in safe words, and are done between `fork` and
//! `exec`. The child asks the kernel for SIGTERM at pigent's death. It joins the run's cgroup, so
//! that nothing it ever starts is outside, and offers itself to the out-of-memory killer, so that
//! pigent outlives it. It takes back that signals are ignored: a pigent started by a script with
//! `&` ignores SIGINT, and whatever it starts would, too. It closes what a library has opened
//! without sparing children (rppal does). And it calls `execve` itself: `Command` uses the C
//! library's `execvp`, and glibc's hands a file the kernel refuses (a 64-bit claude on a 32-bit
//! system) to `/bin/sh`, which turns a clear error into a puzzling one.
#![allow(unsafe_code)]

use super::command::Pair;
use core::ffi::{c_char, c_int, c_long, c_uint};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};
use rustix::thread::disable_transparent_huge_pages;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};

unsafe extern "C" {
    fn execve(path: *const c_char, argv: *const *const c_char, envp: *const *const c_char)
    -> c_int;

    /// The handler is a number here: only [`DEFAULT`] is ever passed.
    fn signal(number: c_int, handler: usize) -> usize;

    /// Only ever [`CLOSE_RANGE`].
    fn syscall(number: c_long, ...) -> c_long;
}

/// `SIG_DFL`: what the system does unless told otherwise. The same on all Linux boards.
const DEFAULT: usize = 0;

/// musl has no function for it. The same number on all Linux boards.
const CLOSE_RANGE: c_long = 436;

/// `CLOSE_RANGE_CLOEXEC`: not now, but at `execve`.
const AT_EXEC: c_uint = 4;

/// What the stop ladder sends, and what a shell's `&` and `nohup` ignore.
const RESET: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];

/// How much sooner than others the kernel ends the agent when memory runs out, of 1000. Its
/// children inherit it.
const OOM_SCORE: &[u8] = b"500";

/// Starts `program` in `folder`, in a process group of its own, with pipes for stdin, stdout and
/// stderr, and in the cgroup that `door` is the `cgroup.procs` of. It gets SIGTERM when the
/// calling thread ends, so only the main thread may call this.
///
/// A child that cannot join its cgroup, or offer itself, is started all the same.
///
/// # Errors
/// What the system said; `InvalidInput` for a NUL in an argument or variable.
pub fn spawn(
    program: &Path,
    args: &[String],
    env: &[Pair],
    folder: &Path,
    door: Option<File>,
) -> io::Result<Child> {
    let image = Image::new(program, args, env)?;
    let parent = getpid();
    let mut command = Command::new(program);
    command.current_dir(folder).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: between fork and exec only async-signal-safe calls are made (prctl, getppid, signal,
    // open, write, close, close_range and execve), and nothing is allocated: `image` was made, and
    // `door` opened, before the fork.
    unsafe {
        command.pre_exec(move || {
            if let Some(door) = &door {
                let _ = rustix::io::write(door, b"0");
            }
            offer_to_oom_killer();
            heed_signals();
            close_others();
            // pigent does without them, and that would be inherited.
            let _ = disable_transparent_huge_pages(false);
            die_with(parent)?;
            Err(image.exec())
        });
    }
    command.spawn()
}

/// Asks for SIGTERM at the parent's death, and fails if it has died already.
fn die_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    match getppid() {
        Some(now) if now == parent => Ok(()),
        _ => Err(io::Error::from(rustix::io::Errno::SRCH)),
    }
}

/// Raising one's own score needs no privilege.
fn offer_to_oom_killer() {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    if let Ok(file) = open(c"/proc/self/oom_score_adj", flags, Mode::empty()) {
        let _ = rustix::io::write(file, OOM_SCORE);
    }
}

/// Ends that signals are ignored, should they be.
fn heed_signals() {
    for number in RESET.map(Signal::as_raw) {
        // SAFETY: no handler of this program is involved, and a wrong number is only refused.
        unsafe { signal(number, DEFAULT) };
    }
}

/// The program gets stdin, stdout and stderr, and no other descriptor. Kernels before 5.11 refuse
/// this: there it has those, too, that were opened without sparing children.
fn close_others() {
    // SAFETY: the numbers are of the types the kernel asks for, and a descriptor that is closed
    // at `execve` is one for all that is done until then.
    unsafe { syscall(CLOSE_RANGE, 3 as c_uint, c_uint::MAX, AT_EXEC) };
}

/// What `execve` wants, in memory that outlives the call.
struct Image {
    path: CString,
    argv: Pointers,
    envp: Pointers,
}

impl Image {
    fn new(program: &Path, args: &[String], env: &[Pair]) -> io::Result<Image> {
        let path = CString::new(program.as_os_str().as_bytes())?;
        let mut words = vec![path.clone()];
        for word in args {
            words.push(CString::new(word.as_str())?);
        }
        let mut pairs = Vec::with_capacity(env.len());
        for (name, value) in env {
            pairs.push(CString::new([name, OsStr::new("="), value].map(OsStr::as_bytes).concat())?);
        }
        Ok(Image { path, argv: Pointers::new(words), envp: Pointers::new(pairs) })
    }

    /// Becomes the program; comes back only with an error.
    fn exec(&self) -> io::Error {
        // SAFETY: all three point to memory `self` owns: a string that ends in NUL, and arrays
        // of such strings that end in a null pointer.
        unsafe { execve(self.path.as_ptr(), self.argv.list.as_ptr(), self.envp.list.as_ptr()) };
        io::Error::last_os_error()
    }
}

/// Strings, and the array that points to each of them and ends in null.
struct Pointers {
    _strings: Vec<CString>,
    list: Vec<*const c_char>,
}

// SAFETY: the pointers lead only to the strings beside them, which are never changed; moving a
// `CString` does not move its bytes.
unsafe impl Send for Pointers {}
// SAFETY: as above; nothing behind a shared reference can change.
unsafe impl Sync for Pointers {}

impl Pointers {
    fn new(strings: Vec<CString>) -> Pointers {
        let ends = [core::ptr::null()];
        let list = strings.iter().map(|string| string.as_ptr()).chain(ends).collect();
        Pointers { _strings: strings, list }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_agent_may_have_huge_pages_though_pigent_has_none() {
        disable_transparent_huge_pages(true).unwrap();
        let args = ["THP_enabled", "/proc/self/status"].map(str::to_owned);
        let child = spawn(Path::new("/bin/grep"), &args, &[], Path::new("/"), None).unwrap();
        let output = child.wait_with_output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.split_whitespace().nth(1), Some("1"), "{text}");
    }

    #[tokio::test]
    async fn a_descriptor_that_nobody_meant_for_the_agent_stays_here() {
        use std::os::fd::AsRawFd;
        let ours = rustix::event::eventfd(0, rustix::event::EventfdFlags::empty()).unwrap();
        let number = ours.as_raw_fd();
        let ask = format!("[ -e /proc/self/fd/2 ] && [ ! -e /proc/self/fd/{number} ]");
        let args = ["-c".to_owned(), ask];
        let child = spawn(Path::new("/bin/sh"), &args, &[], Path::new("/"), None).unwrap();
        assert!(child.wait_with_output().await.unwrap().status.success());
    }
}
