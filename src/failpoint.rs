//! Where tests make the real process die: between two steps of the disk, or by a panic in a
//! thread of their choice. They can have the steps told as well, to count them.
//!
//! Only with the feature `emulator`. In binaries for boards every function here is empty and
//! vanishes, and the variables mean nothing.
//!
//! | variable | what happens |
//! |---|---|
//! | `STAND_IN_FAILPOINT=store:N` | SIGKILL to itself right before the `N`th step in the state folder, counted from 1 |
//! | `STAND_IN_FAILPOINT=store:N:KIND` | the same, counting only steps that begin like this: `sync blobs/`, say |
//! | `STAND_IN_FAILPOINT=store:N:KIND:MS` | the same on a slow disk: the step first takes so many milliseconds, in which all else goes on |
//! | `STAND_IN_STEPS=1` | every step is said on stderr, in a line that begins with `step`, and how long each file is |
//! | `STAND_IN_PANIC=THREAD` | `poller`, `outbox`, `store`, `panel` or `loop` panics as soon as it comes by |
//! | `STAND_IN_PANIC=THREAD:FILE` | the same, once there is such a file |
//! | `STAND_IN_POISON=TEXT` | a message with this text panics the loop that takes it in |
//! | `STAND_IN_POISON_ANSWER=TEXT` | an answer with this text panics the outbox that lays it out |
//!
//! A step is a change that a power cut may follow: a file opened, half written, written, synced, a
//! name changed or removed, a folder synced, and the answer to the loop after all of these. Which
//! one it was is said on stderr, in a line that begins with `failpoint`.

#[cfg(feature = "emulator")]
pub(crate) use armed::{pass, poison, size, step, step_after};

/// Right before a step of the disk.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn step(_what: &str, _name: &str) {}

/// As [`step`], with something to be done first if this is the one: half a write, say.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn step_after(_what: &str, _name: &str, _first: impl FnOnce()) {}

/// So many bytes go into a file. Not a step of its own.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn size(_bytes: usize) {}

/// A thread comes by.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn pass(_thread: &str) {}

/// A text comes by that may be the one which `variable` names.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn poison(_variable: &str, _text: &str) {}

#[cfg(feature = "emulator")]
mod armed {
    use rustix::process::{Signal, getpid, kill_process};
    use std::env;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::Duration;

    /// Steps so far.
    static STEPS: AtomicU64 = AtomicU64::new(0);

    /// Right before a step of the disk.
    pub(crate) fn step(what: &str, name: &str) {
        step_after(what, name, || ());
    }

    /// As [`step`], with something to be done first if this is the one: half a write, say.
    pub(crate) fn step_after(what: &str, name: &str, first: impl FnOnce()) {
        if told() {
            eprintln!("step {what} {name}");
        }
        static END: OnceLock<Option<End>> = OnceLock::new();
        let end = END.get_or_init(|| End::read(&env::var("STAND_IN_FAILPOINT").ok()?));
        let Some(end) = end else { return };
        let step = format!("{what} {name}");
        if step.starts_with(&end.kind) && STEPS.fetch_add(1, Ordering::SeqCst) + 1 == end.step {
            first();
            thread::sleep(end.pause);
            eprintln!("failpoint store:{} before {step}", end.step);
            // It cannot be refused: the process is our own.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }

    /// So many bytes go into a file. Not a step of its own.
    pub(crate) fn size(bytes: usize) {
        if told() {
            eprintln!("step size {bytes}");
        }
    }

    fn told() -> bool {
        static TOLD: OnceLock<bool> = OnceLock::new();
        *TOLD.get_or_init(|| env::var_os("STAND_IN_STEPS").is_some())
    }

    /// What `STAND_IN_FAILPOINT` says.
    #[derive(Debug, PartialEq, Eq)]
    struct End {
        step: u64,
        /// Only steps that begin like this are counted.
        kind: String,
        pause: Duration,
    }

    impl End {
        fn read(value: &str) -> Option<End> {
            let value = value.strip_prefix("store:")?;
            let mut parts = value.splitn(3, ':');
            let step = parts.next()?.parse().ok()?;
            let kind = parts.next().unwrap_or_default().to_owned();
            let pause = parts.next().map_or(Some(0), |pause| pause.parse().ok())?;
            Some(End { step, kind, pause: Duration::from_millis(pause) })
        }
    }

    /// A thread comes by.
    pub(crate) fn pass(thread: &str) {
        static ORDER: OnceLock<Option<Order>> = OnceLock::new();
        let order = ORDER.get_or_init(|| env::var("STAND_IN_PANIC").ok().map(|s| Order::read(&s)));
        let Some(order) = order else { return };
        if order.thread == thread && order.file.as_ref().is_none_or(|file| file.exists()) {
            panic!("a test told the {thread} to panic");
        }
    }

    /// A text comes by that may be the one which `variable` names.
    pub(crate) fn poison(variable: &str, text: &str) {
        let poisonous = env::var(variable).is_ok_and(|poison| poison == text);
        assert!(!poisonous, "crashed on purpose");
    }

    /// What `STAND_IN_PANIC` says.
    #[derive(Debug, PartialEq, Eq)]
    struct Order {
        thread: String,
        file: Option<PathBuf>,
    }

    impl Order {
        fn read(value: &str) -> Order {
            match value.split_once(':') {
                Some((thread, file)) => Order { thread: thread.into(), file: Some(file.into()) },
                None => Order { thread: value.into(), file: None },
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn orders_are_read() {
            let end = |step, kind: &str, pause| {
                Some(End { step, kind: kind.to_owned(), pause: Duration::from_millis(pause) })
            };
            assert_eq!(End::read("store:7"), end(7, "", 0));
            assert_eq!(End::read("store:2:sync blobs/"), end(2, "sync blobs/", 0));
            assert_eq!(End::read("store:2::50"), end(2, "", 50));
            assert_eq!(["7", "store:", "store:x"].map(End::read), [None, None, None]);
            let order = Order::read("panel:/tmp/now");
            assert_eq!((order.thread.as_str(), order.file), ("panel", Some("/tmp/now".into())));
            assert_eq!(Order::read("loop"), Order { thread: "loop".into(), file: None });
        }
    }
}
