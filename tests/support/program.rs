//! Programs that a test makes and then runs.
//!
//! A program that anybody has open for writing cannot be run ("Text file busy"), and each child
//! that another test starts has what this process has open, from its fork until its exec. So it is
//! never this process that writes them.
#![allow(dead_code)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a script that everybody may run.
pub fn script(path: &Path, text: impl AsRef<[u8]>) {
    let mut install = Command::new("install");
    install.args(["-m", "755", "/dev/stdin"]).arg(path).stdin(Stdio::piped());
    let mut child = install.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_ref()).unwrap();
    assert!(child.wait().unwrap().success(), "{}", path.display());
}

/// Makes a copy of this build's pigent that everybody may run, who may not reach the build's own.
pub fn copy_of_pigent(path: &Path) {
    let mut install = Command::new("install");
    install.args(["-m", "755", env!("CARGO_BIN_EXE_pigent")]).arg(path);
    assert!(install.status().unwrap().success(), "{}", path.display());
}
