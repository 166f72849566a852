//! 32-bit ARM systems, for which Claude Code has no build: found out, so that an agent that cannot
//! start is told of with the reason.
//!
//! What counts is the installed system, not pigent's own build nor the kernel: Raspberry Pi OS has
//! long shipped 32-bit systems with a 64-bit kernel, where both builds of pigent run.

use crate::bridge::agent::StartError;
use std::fs::File;
use std::io::Read;

/// A 32-bit ARM system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm32 {
    /// The processor and the kernel are 64-bit: only the system has to be exchanged.
    pub kernel64: bool,
}

/// Whether this is one: what its shell is, or pigent itself if that cannot be read.
#[must_use]
pub fn detect() -> Option<Arm32> {
    let mut head = [0; 20];
    let shell = File::open("/bin/sh").and_then(|mut file| file.read_exact(&mut head));
    let arm32 = if shell.is_ok() { is_arm32(&head) } else { cfg!(target_arch = "arm") };
    arm32.then(|| Arm32 { kernel64: is_64(&rustix::system::uname().machine().to_string_lossy()) })
}

/// The head of an ELF file for 32-bit ARM, little-endian as all of them are.
fn is_arm32(head: &[u8; 20]) -> bool {
    let elf32 = head.starts_with(b"\x7fELF\x01\x01");
    elf32 && head.get(18..20) == Some(&[40, 0])
}

/// `armv8l` is what a 64-bit kernel says to a program that asked not to know.
fn is_64(machine: &str) -> bool {
    matches!(machine, "aarch64" | "armv8l")
}

/// The same error, with the reason if this is it.
#[must_use]
pub fn explain(why: StartError) -> StartError {
    judge(why, detect)
}

fn judge(why: StartError, detect: impl Fn() -> Option<Arm32>) -> StartError {
    let (program, found) = match &why {
        StartError::NotFound { program } => (program, false),
        StartError::WrongFormat { program } => (program, true),
        _ => return why,
    };
    match detect() {
        Some(Arm32 { kernel64 }) => {
            StartError::ThirtyTwoBit { program: program.clone(), found, kernel64 }
        }
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(class: u8, machine: u8) -> [u8; 20] {
        let mut head = [0; 20];
        head[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, 1]);
        head[18] = machine;
        head
    }

    #[test]
    fn a_32_bit_arm_shell_is_told_from_others() {
        assert!(is_arm32(&elf(1, 40)));
        for other in [elf(2, 183), elf(1, 3), elf(2, 62), [0; 20], *b"#!/bin/busybox sh\n\0\0"] {
            assert!(!is_arm32(&other), "{other:?}");
        }
        assert!(is_64("aarch64") && is_64("armv8l") && !is_64("armv7l") && !is_64("x86_64"));
    }

    #[test]
    fn only_a_program_that_is_missing_or_for_another_machine_has_this_reason() {
        let program = || "claude".to_owned();
        let pi = || Some(Arm32 { kernel64: true });
        let reason = |found| StartError::ThirtyTwoBit { program: program(), found, kernel64: true };
        assert_eq!(judge(StartError::NotFound { program: program() }, pi), reason(false));
        assert_eq!(judge(StartError::WrongFormat { program: program() }, pi), reason(true));
        let closed = StartError::NotExecutable { program: program() };
        assert_eq!(judge(closed.clone(), pi), closed);
        let missing = StartError::NotFound { program: program() };
        assert_eq!(judge(missing.clone(), || None), missing);
    }
}
