//! Reads single values, and collects what is wrong with them.

use super::VARIABLES;
use super::duration::parse_duration;
use super::error::Problem;
use super::sources::Sources;
use crate::panel::settings::BadValue;
use core::ops::RangeInclusive;
use core::str::FromStr;
use core::time::Duration;

/// Longest value repeated in an error.
const SHOWN: usize = 60;

/// See the module.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    sources: &'a Sources,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources) -> Reader<'a> {
        Reader { sources, problems: sources.problems.clone() }
    }

    pub(super) fn finish(self) -> Result<(), Vec<Problem>> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn bad(&mut self, name: &'static str, value: &str, allowed: impl Into<String>) {
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        self.problems.push(Problem::Value { name, value: shown, allowed: allowed.into() });
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.sources.get(name).map(str::to_owned)
    }

    pub(super) fn secret_token(&mut self) -> Option<String> {
        self.sources.token().map(str::to_owned)
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let Some(value) = self.text(name) else { return default };
        match choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(&value)) {
            Some((_, choice)) => *choice,
            None => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                self.bad(name, &value, format!("one of {}", words.join(", ")));
                default
            }
        }
    }

    pub(super) fn number(
        &mut self,
        name: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> u32 {
        let Some(value) = self.text(name) else { return default };
        match value.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.bad(
                    name,
                    &value,
                    format!("a number from {} to {}", range.start(), range.end()),
                );
                default
            }
        }
    }

    pub(super) fn duration(&mut self, name: &'static str, default: Duration) -> Option<Duration> {
        let Some(value) = self.text(name) else { return Some(default) };
        match parse_duration(&value) {
            Ok(duration) => duration,
            Err(allowed) => {
                self.bad(name, &value, allowed);
                Some(default)
            }
        }
    }

    /// A value of the panel's.
    pub(super) fn parsed<T: FromStr<Err = BadValue>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.text(name)?;
        value.parse().map_err(|error: BadValue| self.bad(name, &value, error.allowed())).ok()
    }

    /// Ids, separated by commas.
    pub(super) fn ids<T: From<Id>>(&mut self, name: &'static str) -> Vec<T> {
        let Some(value) = self.text(name) else { return Vec::new() };
        let ids: Result<Vec<i64>, _> = value
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(str::parse::<i64>)
            .collect();
        match ids {
            Ok(ids) if !ids.contains(&0) => ids.into_iter().map(|id| T::from(Id(id))).collect(),
            _ => {
                self.bad(
                    name,
                    &value,
                    "numbers separated by commas, like 123456789,-1001234567890",
                );
                Vec::new()
            }
        }
    }

    /// Words as a shell would split them.
    pub(super) fn words(&mut self, name: &'static str) -> Vec<String> {
        let Some(value) = self.text(name) else { return Vec::new() };
        shell_words::split(&value).unwrap_or_else(|_| {
            self.bad(name, &value, "words quoted as in a shell, with every quote closed");
            Vec::new()
        })
    }

    /// Names of variables, separated by commas or spaces.
    pub(super) fn names(&mut self, name: &'static str) -> Vec<String> {
        let Some(value) = self.text(name) else { return Vec::new() };
        let separators = |c: char| c == ',' || c.is_whitespace();
        let names: Vec<String> =
            value.split(separators).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let is_name = |name: &String| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !names.iter().all(is_name) {
            self.bad(name, &value, "names of variables separated by commas");
        } else if names.iter().any(|name| name == super::TOKEN) {
            self.bad(name, &value, "any name but that of the bot token: the agent never gets it");
        }
        names
    }

    /// Names that look like ours and are not.
    pub(super) fn unknown(&mut self) {
        let known = |name: &str| {
            name == "PIGENT_RUN_ID" || VARIABLES.iter().any(|(known, _, _)| *known == name)
        };
        let mut unknown: Vec<&str> = self
            .sources
            .names()
            .filter(|name| name.starts_with("PIGENT_") && !known(name))
            .collect();
        unknown.dedup();
        for name in unknown {
            let problem =
                Problem::Unknown { name: name.chars().take(SHOWN).collect(), like: like(name) };
            self.problems.push(problem);
        }
    }
}

/// A plain id, on its way into a type of its own.
#[derive(Debug)]
pub(super) struct Id(i64);

impl From<Id> for crate::bridge::ids::ChatId {
    fn from(id: Id) -> Self {
        Self(id.0)
    }
}

impl From<Id> for crate::bridge::ids::UserId {
    fn from(id: Id) -> Self {
        Self(id.0)
    }
}

/// The known name with the smallest edit distance, if that is small.
fn like(name: &str) -> Option<&'static str> {
    let names = VARIABLES.iter().map(|(known, _, _)| *known);
    let (distance, known) = names.map(|known| (distance(name, known), known)).min()?;
    // A short name is like every other short one.
    (distance <= 4 && distance * 4 <= name.len().saturating_sub(4)).then_some(known)
}

/// Levenshtein's.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().take(64).enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.bytes().enumerate() {
            let cost = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
