//! `pigent service status`: what it does, what it takes, and what is wrong. Changes nothing.

use super::place::Place;
use super::systemd::{self, Properties};
use super::{Options, words};
use crate::cli::Failure;
use crate::cli::output::say;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Lines of the log.
const LOG: u32 = 8;

/// Where cgroup2 is: alone, or beside the older kind.
const CGROUPS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// Exit code 0 if the service does its work.
pub(super) fn main(place: &Place, _: Options) -> Result<ExitCode, Failure> {
    let unit = place.unit();
    let found = Properties::of(&unit)?;
    let trouble = words::trouble(place, &found);
    if found.get("LoadState") != "loaded" {
        return Err(Failure::Other(trouble.unwrap_or_default()));
    }
    let state = [found.get("ActiveState"), " (", found.get("SubState"), ")"].concat();
    say!("{unit}: {state}");
    line("does", found.get("StatusText"));
    let active = found.get("ActiveState") == "active";
    if active {
        line("since", found.get("ActiveEnterTimestamp"));
        line("process", found.get("MainPID"));
        line("memory", &memory(place, &found));
    }
    line("restarts", found.get("NRestarts"));
    line("wrong", trouble.as_deref().unwrap_or("nothing"));
    say!("");
    match systemd::log(&unit, LOG).as_str() {
        "" => say!("No log to be seen: sudo pigent service status{}", place.name().option()),
        log => say!("{log}"),
    }
    Ok(if active { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn line(what: &str, text: &str) {
    if !text.is_empty() {
        say!("{what:<16}{text}");
    }
}

/// That the service is not there, and which are.
pub(super) fn not_installed(place: &Place) -> String {
    let others: Vec<String> = place.all().iter().map(Place::unit).collect();
    let hint = match others.is_empty() {
        true => String::new(),
        false => format!(" (installed here: {})", others.join(", ")),
    };
    let option = place.name().option();
    format!(
        "{} is not installed{hint}: sudo pigent service install{option} in the project folder",
        place.unit()
    )
}

/// What pigent and its runs take. Without the memory controller pages that processes share are
/// counted for each of them.
fn memory(place: &Place, found: &Properties) -> String {
    let pigent = resident(place, found.get("MainPID"));
    let runs: Vec<PathBuf> = run_folders(place, found.get("ControlGroup"));
    if runs.is_empty() {
        return format!("{} (nothing runs)", mib(pigent));
    }
    let of_runs = runs.iter().map(|run| of_run(place, run)).sum();
    format!("{}, and {} in {} runs", mib(pigent), mib(of_runs), runs.len())
}

/// The folders of runs, as the engine makes them.
fn run_folders(place: &Place, cgroup: &str) -> Vec<PathBuf> {
    let below = |top: &str| place.at(top).join(cgroup.trim_start_matches('/'));
    let entries = CGROUPS.iter().filter_map(|top| fs::read_dir(below(top)).ok()).flatten();
    let is_run = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"))
    };
    entries.flatten().map(|entry| entry.path()).filter(is_run).collect()
}

/// Bytes.
fn of_run(place: &Place, folder: &Path) -> u64 {
    let counted = fs::read_to_string(folder.join("memory.current")).ok();
    counted.and_then(|text| text.trim().parse().ok()).unwrap_or_else(|| {
        let pids = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        pids.lines().map(|pid| resident(place, pid)).sum()
    })
}

/// Bytes of memory that a process has now; 0 if it is gone.
fn resident(place: &Place, pid: &str) -> u64 {
    let status = fs::read_to_string(place.at("/proc").join(pid).join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    number.unwrap_or(0) << 10
}

fn mib(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::place::Name;
    use super::*;

    #[test]
    fn memory_is_added_up_with_and_without_the_controller() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let place = Place::below(dir.path(), Name::default());
        let found = Properties::from("MainPID=7\nControlGroup=/system.slice/pigent.service\n");
        put("proc/7/status", "Name: pigent\nVmRSS:\t    2304 kB\n");
        assert_eq!(memory(&place, &found), "2.2 MiB (nothing runs)");
        let unit = "sys/fs/cgroup/unified/system.slice/pigent.service";
        put(&format!("{unit}/daemon/cgroup.procs"), "7\n");
        put(&format!("{unit}/run-1/cgroup.procs"), "8\n9\n");
        put("proc/8/status", "VmRSS: 1024 kB\n");
        put(&format!("{unit}/run-2/memory.current"), "3145728\n");
        assert_eq!(memory(&place, &found), "2.2 MiB, and 4.0 MiB in 2 runs");
    }
}
