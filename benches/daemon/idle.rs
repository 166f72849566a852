//! What a daemon costs that has nothing to do: memory and wake-ups, connected over TLS.

use super::closet::Closet;
use super::{row, tls};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The hello is done, the backlog is drained, the lamps blink.
const SETTLE: Duration = Duration::from_secs(5);
/// Wake-ups are counted for so long. A long poll of 50 s ends in between.
const WINDOW: Duration = Duration::from_secs(50);

pub fn measure(program: &Path) {
    let mut closet = Closet::new(program);
    let port = tls::serve(&closet.server.api_url());
    closet.settings.retain(|(name, _)| name != "TELEGRAM_API_URL");
    let url = format!("https://127.0.0.1:{port}").into();
    closet.settings.push(("TELEGRAM_API_URL".into(), url));
    closet.settings.push(("PIGENT_CA_FILE".into(), tls::ca_file().into()));
    closet.launch();
    closet.wait("setMyCommands", |world| {
        let mut log = world.log().iter();
        log.find(|one| one.method == "setMyCommands" && one.done.is_some()).map(|_| ())
    });
    std::thread::sleep(SETTLE);
    let (before, began) = (switches(closet.pid()), Instant::now());
    std::thread::sleep(WINDOW);
    let after = switches(closet.pid());
    let rate = after.saturating_sub(before) as f64 / began.elapsed().as_secs_f64();
    report(closet.pid(), rate);
    closet.leave();
}

fn report(pid: u32, rate: f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = |name| field(&status, name);
    let details = format!(
        "(now {}: anonymous {}, file {}; {} threads)",
        value("VmRSS:"),
        value("RssAnon:"),
        value("RssFile:"),
        value("Threads:"),
    );
    row("idle over TLS, peak resident (VmHWM)", value("VmHWM:") as f64, 2560.0, "KiB", &details);
    row("idle with lamps, wake-ups a second", rate, 2.0, "", &format!("(in {WINDOW:?})"));
    if std::env::var_os("PIGENT_SMAPS").is_some() {
        println!("{}", fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default());
    }
}

/// Context switches of all threads so far.
fn switches(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let statuses = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    statuses
        .map(|status| {
            field(&status, "voluntary_ctxt_switches:")
                + field(&status, "nonvoluntary_ctxt_switches:")
        })
        .sum()
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
