//! The board: lamps, button, pins.

use super::{Finding, broken, fine};
use crate::config::Config;
use crate::panel;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let finding = |found: panel::Finding| match (found.ok, found.remedy) {
        (true, remark) if remark.is_empty() => fine(format!("panel: {}", found.what)),
        (true, remark) => fine(format!("panel: {}: {remark}", found.what)),
        (false, remedy) => broken(format!("panel: {}: {remedy}", found.what)),
    };
    panel::probe(&config.panel).into_iter().map(finding).collect()
}
