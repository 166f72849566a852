//! The last account: every start of an agent against every prompt, and what is left on the disk.

use crate::month::Month;
use crate::prompt::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Prompts of one text.
#[derive(Default)]
struct Account {
    answered: usize,
    stopped: usize,
    starts: usize,
}

/// Every prompt was started at most once, and what was not was not answered. Gives the starts.
pub fn starts(month: &Month) -> usize {
    let mut accounts: BTreeMap<&str, Account> = BTreeMap::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for prompt in &month.prompts {
        let name = prompt.texts[0].as_str();
        names.extend(prompt.starts().map(|text| (text, name)));
        let account = accounts.entry(name).or_default();
        account.answered += usize::from(prompt.outcome == Some(Outcome::Answered));
        account.stopped += usize::from(prompt.outcome == Some(Outcome::Stopped));
    }
    let starts = month.harness.starts();
    let mut runs = BTreeSet::new();
    for start in &starts {
        if !runs.insert(&start.run) {
            month.fail(&format!("TWICE: the run {} was started twice", start.run));
        }
        match names.get(start.prompt.as_str()).and_then(|name| accounts.get_mut(name)) {
            Some(account) => account.starts += 1,
            None if month.questions.words.contains(&start.prompt) => {}
            None => month.fail(&format!("nobody who may asked for {start:?}")),
        }
    }
    for (name, Account { answered, stopped, starts }) in accounts {
        // What is stopped at once may be gone before it has read its prompt.
        if starts < answered || starts > answered + stopped {
            let how = if starts < answered { "LOST" } else { "TWICE" };
            month.fail(&format!(
                "{how}: {name:?} was started {starts} times, answered {answered} times and \
                 stopped {stopped} times"
            ));
        }
    }
    starts.len()
}

/// Nothing is left in the state folder that the snapshot does not name.
pub fn orphans(month: &Month) -> Vec<String> {
    let state = month.harness.home.state();
    let names = |folder: &str| {
        let files = fs::read_dir(state.join(folder)).into_iter().flatten().flatten();
        files.map(|file| file.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let snapshot = month.snapshot().unwrap_or_default();
    let named: BTreeSet<String> = snapshot.bodies().map(|id| id.to_string()).collect();
    let blobs = names("blobs").into_iter().filter(|name| !named.contains(name));
    let known = ["state.json", "blobs", "inbox", "lock", "ctl.sock"];
    let others = names("").into_iter().filter(|name| !known.contains(&name.as_str()));
    blobs.chain(names("inbox")).chain(others).collect()
}
