//! A daemon that looks names up in a file of the test's own.

use crate::support::{Harness, program};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Lets the daemon look up names in this file, for now only `localhost`; `None` where the system
/// does not allow it.
pub fn with_hosts(harness: &mut Harness) -> Option<PathBuf> {
    let hosts = harness.home.project().with_file_name("hosts");
    fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    let mount = format!("mount --bind '{}' /etc/hosts", hosts.display());
    let tried = Command::new("unshare").args(["-m", "sh", "-c", &mount]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        eprintln!("SKIPPED: names cannot be tested, this user may not mount");
        return None;
    }
    let script = format!(
        "#!/bin/sh\nexec unshare -m sh -c \"{mount} && exec {} \\\"\\$@\\\"\" sh \"$@\"\n",
        harness.program.display()
    );
    let program = hosts.with_file_name("pigent-with-hosts");
    program::script(&program, &script);
    harness.program = program;
    Some(hosts)
}
