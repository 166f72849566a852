//! Updates that end pigent: after a crash they are read one at a time, and after three crashes set
//! aside.
//!
//! An update that was not confirmed comes again at the next start; if it was the reason of the
//! crash, it would be so for ever. So the crash report begins with a line for each suspect, which
//! the next start reads. Nothing is written while nothing crashes.

use crate::bridge::input::{Batch, Told};
use core::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Crashes until an update is set aside.
const TRIES: u32 = 3;
/// Suspects that are remembered.
const MOST: usize = 8;
/// How a suspect's line begins.
const WORD: &str = "updates ";

/// Updates during or after which pigent crashed: ids, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suspect {
    first: i64,
    last: i64,
    tries: u32,
}

/// The newest updates given to the bridge. It is not cleared after them: a thread that carries
/// out what they caused may crash a little later, and what has been confirmed by then never
/// comes again to be suspected.
static NEWEST: Mutex<Option<(i64, i64)>> = Mutex::new(None);

/// Notes what is handed to the bridge now, and takes out of it what is to be set aside.
pub(super) fn hand_over(batch: &mut Batch, suspects: &[Suspect]) {
    for update in &mut batch.updates {
        let id = update.id.0;
        let guilty = |one: &Suspect| (one.first, one.last) == (id, id) && one.tries >= TRIES;
        if suspects.iter().any(guilty) {
            update.what = Told::Unreadable { why: format!("it ended pigent {TRIES} times") };
        }
    }
    let ids = (batch.updates.first().map(|one| one.id.0)).zip(batch.updates.last());
    if let Some((first, last)) = ids {
        *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = Some((first, last.id.0));
    }
    #[cfg(feature = "emulator")]
    fail_on_purpose(batch);
}

/// The lines a crash report begins with.
pub(super) fn lines(earlier: &[Suspect]) -> String {
    // The lock may be held by whoever crashes.
    let newest = NEWEST.try_lock().ok().and_then(|newest| *newest);
    let mut text = String::new();
    for Suspect { first, last, tries } in after_crash(earlier, newest) {
        let _ = writeln!(text, "{WORD}{first} {last} {tries}");
    }
    text
}

/// Takes the suspects off the beginning of a crash report.
pub(super) fn read(note: &str) -> (Vec<Suspect>, &str) {
    let (mut suspects, mut rest) = (Vec::new(), note);
    while let Some((line, after)) = rest.split_once('\n')
        && let Some(suspect) = line.strip_prefix(WORD).and_then(parse)
    {
        rest = after;
        if suspects.len() < MOST {
            suspects.push(suspect);
        }
    }
    (suspects, rest)
}

fn parse(line: &str) -> Option<Suspect> {
    let mut words = line.split(' ');
    let mut number = || words.next()?.parse::<i64>().ok();
    let (first, last, tries) = (number()?, number()?, number()?);
    Some(Suspect { first, last, tries: u32::try_from(tries).ok()? })
}

/// What is suspected after a crash: the newest, and whoever was suspected before.
fn after_crash(earlier: &[Suspect], newest: Option<(i64, i64)>) -> Vec<Suspect> {
    let Some((first, last)) = newest else { return earlier.to_vec() };
    // A batch that crashed is read one by one the next time: the count goes on.
    let same = |one: &&Suspect| one.first <= last && first <= one.last;
    let tries = earlier.iter().filter(same).map(|one| one.tries).max().unwrap_or(0);
    let mut all = vec![Suspect { first, last, tries: tries.saturating_add(1) }];
    all.extend(earlier.iter().filter(|one| !same(one)).cloned());
    all.truncate(MOST);
    all
}

/// `STAND_IN_POISON` is a text at which tests want pigent to crash.
#[cfg(feature = "emulator")]
fn fail_on_purpose(batch: &Batch) {
    use crate::bridge::input::Content;
    let Ok(poison) = std::env::var("STAND_IN_POISON") else { return };
    for update in &batch.updates {
        if let Told::Message(message) = &update.what {
            assert!(message.content != Content::Text(poison.clone()), "crashed on purpose");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::ids::UpdateId;
    use crate::bridge::input::Update;

    fn suspect(first: i64, last: i64, tries: u32) -> Suspect {
        Suspect { first, last, tries }
    }

    #[test]
    fn tries_are_counted_from_the_batch_to_the_one() {
        let once = after_crash(&[], Some((5, 9)));
        assert_eq!(once, [suspect(5, 9, 1)]);
        let twice = after_crash(&once, Some((6, 6)));
        assert_eq!(twice, [suspect(6, 6, 2)]);
        let other = after_crash(&twice, Some((8, 8)));
        assert_eq!(other, [suspect(8, 8, 1), suspect(6, 6, 2)]);
        assert_eq!(after_crash(&other, Some((6, 6))).first(), Some(&suspect(6, 6, 3)));
        assert_eq!(after_crash(&other, None), other);
        let many: Vec<Suspect> = (0..20).map(|id| suspect(id, id, 1)).collect();
        assert_eq!(after_crash(&many, Some((99, 99))).len(), MOST);
    }

    #[test]
    fn a_report_with_suspects_is_read_without_them() {
        let note = "updates 6 6 2\nupdates -8 9 1\npanicked at x:\nwhy";
        let (suspects, text) = read(note);
        assert_eq!(suspects, [suspect(6, 6, 2), suspect(-8, 9, 1)]);
        assert_eq!(text, "panicked at x:\nwhy");
        for odd in ["", "updates", "updates \n", "updates 1 2\nx", "updates a b c\n", "x\n"] {
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
