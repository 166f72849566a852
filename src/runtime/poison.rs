//! What ends pigent: an update is set aside after three crashes, and an answer is sent as plain
//! text after two.
//!
//! An update that was not confirmed comes again at the next start, and a post that was not taken is
//! laid out again; if it was the reason of the crash, it would be so for ever. So the crash report
//! begins with a line for each suspect, which the next start reads. Nothing is written while
//! nothing crashes.

use crate::bridge::effect::{Format, Post};
use crate::bridge::ids::PostId;
use crate::bridge::input::{Batch, Content, Told};
use crate::failpoint;
use crate::telegram::outbox;
use core::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Crashes until an update is set aside.
const TRIES: u32 = 3;
/// Crashes until an answer loses its formatting: what fails is the laying out, not the text.
const FORMATTED: u32 = 2;
/// Suspects that are remembered.
const MOST: usize = 8;
/// How a suspect's line begins.
const UPDATES: &str = "updates ";
const POST: &str = "post ";

/// During or after what pigent crashed, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suspect {
    what: What,
    tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Ids, both included.
    Updates(i64, i64),
    Post(PostId),
}

impl What {
    /// A batch that crashed is read one by one the next time: it is still the same.
    fn touches(self, other: What) -> bool {
        match (self, other) {
            (What::Updates(a, b), What::Updates(c, d)) => a <= d && c <= b,
            (one, other) => one == other,
        }
    }
}

/// The newest updates given to the bridge. It is not cleared after them: a thread that carries
/// out what they caused may crash a little later, and what has been confirmed by then never
/// comes again to be suspected.
static NEWEST: Mutex<Option<(i64, i64)>> = Mutex::new(None);

/// Whether updates should be read one at a time, to find the one.
pub(super) fn among_updates(suspects: &[Suspect]) -> bool {
    suspects.iter().any(|one| matches!(one.what, What::Updates(..)))
}

/// Notes what is handed to the bridge now, and takes out of it what is to be set aside.
pub(super) fn hand_over(batch: &mut Batch, suspects: &[Suspect]) {
    for update in &mut batch.updates {
        let alone = What::Updates(update.id.0, update.id.0);
        if suspects.iter().any(|one| one.what == alone && one.tries >= TRIES) {
            update.what = Told::Unreadable { why: format!("it ended pigent {TRIES} times") };
        }
    }
    let ids = (batch.updates.first().map(|one| one.id.0)).zip(batch.updates.last());
    if let Some((first, last)) = ids {
        *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = Some((first, last.id.0));
    }
    for update in &batch.updates {
        if let Told::Message(message) = &update.what
            && let Content::Text(text) = &message.content
        {
            failpoint::poison("STAND_IN_POISON", text);
        }
    }
}

/// Takes the formatting off a post that ended pigent.
pub(super) fn tame(post: &mut Post, suspects: &[Suspect]) {
    let what = What::Post(post.id);
    if post.format == Format::Markdown
        && suspects.iter().any(|one| one.what == what && one.tries >= FORMATTED)
    {
        log::error!("{} ended pigent {FORMATTED} times: it is sent as plain text", post.id);
        post.format = Format::Plain;
    }
}

/// The lines a crash report begins with. To be called in the thread that crashes.
pub(super) fn lines(earlier: &[Suspect]) -> String {
    // The lock may be held by whoever crashes.
    let updates = || NEWEST.try_lock().ok().and_then(|newest| *newest);
    let newest = outbox::laid_out()
        .map(What::Post)
        .or_else(|| updates().map(|(first, last)| What::Updates(first, last)));
    let mut text = String::new();
    for Suspect { what, tries } in after_crash(earlier, newest) {
        let _ = match what {
            What::Updates(first, last) => writeln!(text, "{UPDATES}{first} {last} {tries}"),
            What::Post(PostId(id)) => writeln!(text, "{POST}{id} {tries}"),
        };
    }
    text
}

/// Takes the suspects off the beginning of a crash report.
pub(super) fn read(note: &str) -> (Vec<Suspect>, &str) {
    let (mut suspects, mut rest) = (Vec::new(), note);
    while let Some((line, after)) = rest.split_once('\n')
        && let Some(suspect) = parse(line)
    {
        rest = after;
        if suspects.len() < MOST {
            suspects.push(suspect);
        }
    }
    (suspects, rest)
}

fn parse(line: &str) -> Option<Suspect> {
    let (what, tries) = line.rsplit_once(' ')?;
    let what = match what.strip_prefix(POST) {
        Some(id) => What::Post(PostId(id.parse().ok()?)),
        None => {
            let (first, last) = what.strip_prefix(UPDATES)?.split_once(' ')?;
            What::Updates(first.parse().ok()?, last.parse().ok()?)
        }
    };
    Some(Suspect { what, tries: tries.parse().ok()? })
}

/// What is suspected after a crash: the newest, and whoever was suspected before.
fn after_crash(earlier: &[Suspect], newest: Option<What>) -> Vec<Suspect> {
    let Some(what) = newest else { return earlier.to_vec() };
    let same = |one: &&Suspect| one.what.touches(what);
    // The count goes on.
    let tries = earlier.iter().filter(same).map(|one| one.tries).max().unwrap_or(0);
    let mut all = vec![Suspect { what, tries: tries.saturating_add(1) }];
    all.extend(earlier.iter().filter(|one| !same(one)).cloned());
    all.truncate(MOST);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::ids::UpdateId;
    use crate::bridge::input::Update;

    fn suspect(first: i64, last: i64, tries: u32) -> Suspect {
        Suspect { what: What::Updates(first, last), tries }
    }

    fn accused(post: u64, tries: u32) -> Suspect {
        Suspect { what: What::Post(PostId(post)), tries }
    }

    #[test]
    fn tries_are_counted_from_the_batch_to_the_one() {
        let once = after_crash(&[], Some(What::Updates(5, 9)));
        assert_eq!(once, [suspect(5, 9, 1)]);
        let twice = after_crash(&once, Some(What::Updates(6, 6)));
        assert_eq!(twice, [suspect(6, 6, 2)]);
        let other = after_crash(&twice, Some(What::Updates(8, 8)));
        assert_eq!(other, [suspect(8, 8, 1), suspect(6, 6, 2)]);
        assert_eq!(after_crash(&other, Some(What::Updates(6, 6))).first(), Some(&suspect(6, 6, 3)));
        assert_eq!(after_crash(&other, None), other);
        let many: Vec<Suspect> = (0..20).map(|id| suspect(id, id, 1)).collect();
        assert_eq!(after_crash(&many, Some(What::Updates(99, 99))).len(), MOST);
    }

    #[test]
    fn posts_are_counted_apart_from_updates() {
        let once = after_crash(&[suspect(5, 5, 2)], Some(What::Post(PostId(5))));
        assert_eq!(once, [accused(5, 1), suspect(5, 5, 2)]);
        assert_eq!(after_crash(&once, Some(What::Post(PostId(5)))).first(), Some(&accused(5, 2)));
        assert!(among_updates(&once) && !among_updates(&[accused(5, 9)]));
    }

    #[test]
    fn a_report_with_suspects_is_read_without_them() {
        let note = "updates 6 6 2\nupdates -8 9 1\npost 7 1\npanicked at x:\nwhy";
        let (suspects, text) = read(note);
        assert_eq!(suspects, [suspect(6, 6, 2), suspect(-8, 9, 1), accused(7, 1)]);
        assert_eq!(text, "panicked at x:\nwhy");
        for odd in [
            "",
            "updates",
            "updates \n",
            "updates 1 2\nx",
            "updates a b c\n",
            "x\n",
            "post\n",
            "post -1 1\n",
        ] {
            assert_eq!(read(odd), (vec![], odd));
        }
    }

    #[test]
    fn only_a_single_update_is_set_aside_and_only_after_three_crashes() {
        let update = |id| Update { id: UpdateId(id), what: Told::Nothing };
        let suspects = [suspect(1, 1, 3), suspect(2, 2, 2), suspect(3, 4, 9)];
        let mut batch =
            Batch { updates: (1..5).map(update).collect(), next: UpdateId(5), ..Batch::default() };
        hand_over(&mut batch, &suspects);
        let aside = |one: &Update| matches!(one.what, Told::Unreadable { .. });
        assert_eq!(
            batch.updates.iter().map(aside).collect::<Vec<_>>(),
            [true, false, false, false]
        );
    }
}
