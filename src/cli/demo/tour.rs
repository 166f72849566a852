//! The fixed tour: each step says what it does and waits until it came out as it must.

use super::screen::Screen;
use super::{CHAT, Demo, PATIENCE};
use crate::emulator::Message;
use std::time::Instant;

/// One step: what is shown, and the step itself.
type Step = (&'static str, fn(&Demo) -> Result<(), String>);

const STEPS: [Step; 6] = [
    ("a prompt becomes a run, and its answer a message", prompt),
    ("what comes meanwhile waits in the queue", queue),
    ("the button in the closet stops a run", button),
    ("an error is told in the chat and shown by a lamp", error),
    ("nothing is left running", clean),
    ("pigent leaves when it is told to", Demo::leave),
];

/// Plays all steps; the first that does not come out ends the tour.
pub(super) fn play(demo: &Demo, screen: &Screen) -> Result<(), String> {
    let began = Instant::now();
    for (number, (about, step)) in (1..).zip(STEPS) {
        screen.fresh();
        screen.line(&format!("-- {number}. {about}"));
        let result = step(demo);
        screen.catch_up(&demo.server, CHAT);
        result?;
    }
    let violations = demo.server.violations();
    if !violations.is_empty() {
        return Err(format!("Telegram would not have liked this: {}", violations.join("; ")));
    }
    screen.line(&format!("-- everything came out, in {} s", began.elapsed().as_secs()));
    Ok(())
}

fn prompt(demo: &Demo) -> Result<(), String> {
    let sent = demo.server.say(CHAT, "Please bring the notes up to date").message;
    demo.wait("a silent message that shows the run", |world| {
        world.from_bot(CHAT).iter().any(|message| is_view(message, sent)).then_some(())
    })?;
    lamp(demo, 0, "busy")?;
    answer(demo, sent, "Edited.")
}

fn queue(demo: &Demo) -> Result<(), String> {
    let first = demo.server.say(CHAT, "work 3").message;
    demo.wait("a view of the first run", |world| {
        world.from_bot(CHAT).iter().any(|message| is_view(message, first)).then_some(())
    })?;
    let second = demo.server.say(CHAT, "echo The second prompt has waited.").message;
    let queue = demo.server.say(CHAT, "/queue").message;
    answer(demo, queue, "The second prompt")?;
    let status = demo.server.say(CHAT, "/status").message;
    answer(demo, status, "")?;
    answer(demo, first, "Worked for 3 s.")?;
    answer(demo, second, "The second prompt has waited.")
}

fn button(demo: &Demo) -> Result<(), String> {
    let sent = demo.server.say(CHAT, "hang").message;
    demo.wait("a view of the run", |world| {
        world.from_bot(CHAT).iter().any(|message| is_view(message, sent)).then_some(())
    })?;
    demo.panel.send("tap").map_err(|why| format!("the button is not connected: {why}"))?;
    demo.wait("\"Stopped\" in the chat", |world| {
        let all = world.from_bot(CHAT).into_iter();
        let mut replies = all.filter(|message| message.reply_to == Some(sent));
        replies.any(|message| message.text().contains("Stopped")).then_some(())
    })
}

fn error(demo: &Demo) -> Result<(), String> {
    let mark = demo.panel.count();
    let sent = demo.server.say(CHAT, "error: the stand-in has no tea left").message;
    answer(demo, sent, "no tea left")?;
    lamp(demo, mark, "error")
}

fn clean(demo: &Demo) -> Result<(), String> {
    let daemon = demo.daemon().pid();
    let alone = || demo.home.alive(Some(daemon)).is_empty().then_some(());
    super::daemon::until(PATIENCE, alone)
        .ok_or_else(|| format!("left running: process {:?}", demo.home.alive(Some(daemon))))
}

/// Waits for a message with sound in reply to this one.
fn answer(demo: &Demo, to: i64, text: &str) -> Result<(), String> {
    demo.wait(&format!("an answer with {text:?}"), |world| {
        let all = world.from_bot(CHAT).into_iter();
        let mut replies = all.filter(|message| message.reply_to == Some(to) && !message.silent);
        replies.any(|message| message.text().contains(text)).then_some(())
    })
}

/// Waits until a lamp has been lit since this mark.
fn lamp(demo: &Demo, mark: usize, lamp: &str) -> Result<(), String> {
    let found = demo.panel.wait(PATIENCE, |seen| {
        let mut since = seen.iter().skip(mark);
        since.any(|change| change.lamp == lamp && change.on).then_some(())
    });
    found.ok_or_else(|| format!("missing: light of the {lamp} lamp"))
}

fn is_view(message: &Message, of: i64) -> bool {
    message.silent && message.reply_to == Some(of)
}
