//! From one end of pigent to the other: start, events, stops.

use super::closet::{CHAT, Closet, now};
use super::{median, row_of};
use pigent::emulator::Exchange;
use std::path::Path;
use std::time::Duration;

/// Starts that are measured.
const STARTS: usize = 21;
/// Runs with events; each takes four seconds because of the throttle.
const EVENTS: usize = 9;
/// Runs that are stopped, each way.
const STOPS: usize = 11;
/// A folder that is no disk.
const MEMORY: &str = "/dev/shm";
/// After debouncing a press is accepted.
const DEBOUNCE: f64 = 30.0;
/// Long enough for the chat's flood budget to be full again.
const REFILL: Duration = Duration::from_millis(1500);

/// From `exec` to the first `getUpdates` on loopback.
pub fn start(program: &Path) {
    let mut closet = Closet::new(program);
    let mut rounds = Vec::new();
    for _ in 0..STARTS {
        let since = closet.server_now();
        let spawned = closet.spawn();
        let first =
            |one: &Exchange| (one.method == "getUpdates" && one.at > since).then_some(one.at);
        rounds.push(ms(closet.moment("getUpdates", first) - spawned));
        // Whole starts: the rest of the start is not to fall into the next round.
        closet.wait("a long poll", |world| world.polled().then_some(()));
        closet.leave();
    }
    row_of("exec to the first getUpdates", rounds, 15.0, "ms");
}

/// From the agent's stdout to the request: a step in the view, and the answer, which is on the
/// disk before it is sent. What the disk takes is its own, so the answer is measured with a state
/// folder in memory as well.
pub fn event(program: &Path) {
    let mut disk = Closet::new(program);
    let mut memory = Closet::new(program);
    let folder = tempfile::tempdir_in(MEMORY).ok();
    if let Some(folder) = &folder {
        memory.settings.push(("PIGENT_STATE_DIR".into(), folder.path().join("state").into()));
    }
    let (on_disk, in_memory) = std::thread::scope(|scope| {
        let on_disk = scope.spawn(|| events(&mut disk));
        let in_memory = events(&mut memory);
        (on_disk.join().expect("the daemon failed"), in_memory)
    });
    let steps = [on_disk.steps, in_memory.steps].concat();
    row_of("event of the agent to the edit on the wire", steps, 5.0, "ms");
    if folder.is_some() {
        row_of("its answer to the message, state in memory", in_memory.answers, 5.0, "ms");
    }
    let median = median(on_disk.answers);
    println!("{:<46}{median:>9.2} ms   with the syncs of this disk", "the same, state on the disk");
}

/// Milliseconds of each round.
#[derive(Default)]
struct Events {
    steps: Vec<f64>,
    answers: Vec<f64>,
}

fn events(closet: &mut Closet) -> Events {
    closet.launch();
    let mut events = Events::default();
    for _ in 0..EVENTS {
        let since = now();
        closet.server.say(CHAT, "event");
        let stamp = closet.stamp("event", since);
        let at = closet.moment("edit", |one| sent(one, "editMessageText", stamp));
        events.steps.push(ms(at - stamp));
        let stamp = closet.stamp("result", since);
        let at = closet.moment("answer", |one| sent(one, "sendMessage", stamp));
        events.answers.push(ms(at - stamp));
        closet.agent_gone();
        std::thread::sleep(REFILL);
    }
    events
}

/// When a request arrived that shows this stamp.
fn sent(one: &Exchange, method: &str, stamp: i64) -> Option<Duration> {
    let text = one.params.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    (one.method == method && text.contains(&stamp.to_string())).then_some(one.at)
}

/// From the user's stop to the interrupt on the agent's stdin.
pub fn stop(program: &Path) {
    let mut closet = Closet::new(program);
    closet.launch();
    let panel = closet.home.panel(Duration::from_secs(60)).expect("no sim panel");
    let (mut cancels, mut presses) = (Vec::new(), Vec::new());
    for _ in 0..STOPS {
        let since = hang(&closet);
        closet.server.say(CHAT, "/cancel");
        let handed = |one: &Exchange| {
            let done = one.done.filter(|done| *done >= since)?;
            (one.method == "getUpdates").then_some(done)
        };
        let handed = closet.moment("getUpdates with /cancel", handed);
        cancels.push(ms(closet.stamp("interrupt", handed) - handed));
        over(&closet);

        hang(&closet);
        let pressed = now();
        panel.send("press").expect("the panel is gone");
        presses.push(ms(closet.stamp("interrupt", pressed) - pressed) - DEBOUNCE);
        panel.send("release").expect("the panel is gone");
        over(&closet);
    }
    row_of("/cancel to the agent", cancels, 20.0, "ms");
    row_of("the button (after its debouncing) to the agent", presses, 20.0, "ms");
}

/// Starts a run that hangs and waits until its view says what it does. The moment after that.
fn hang(closet: &Closet) -> Duration {
    let prompt = closet.server.say(CHAT, "hang").message;
    closet.wait("view", |world| {
        let mut views = world.from_bot(CHAT).into_iter();
        views.find(|view| view.reply_to == Some(prompt)).map(|_| ())
    });
    // The agent has said something when it is beyond its start.
    std::thread::sleep(Duration::from_millis(200));
    closet.server_now()
}

/// Waits for the end of the run, and for the flood budget.
fn over(closet: &Closet) {
    closet.agent_gone();
    std::thread::sleep(REFILL);
}

fn ms(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e6
}
