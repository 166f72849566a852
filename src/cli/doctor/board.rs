//! The board: model, lamps, button, pins.

use super::{Finding, broken, fine, mind, picture};
use crate::cli::Failure;
use crate::cli::output::put;
use crate::config::{Config, Sources};
use crate::panel::{self, Inventory, Verdict};

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let board = Inventory::read(&config.panel.folders);
    panel::probe(&config.panel, &board).into_iter().map(told).collect()
}

/// Prints all there is on the board, and where pigent's lamps and button are on it.
pub(super) fn show(sources: &Sources) -> Result<(), Failure> {
    let settings = Config::panel(sources).map_err(Failure::Config)?;
    let board = Inventory::read(&settings.folders);
    put(format_args!("{}", picture::picture(&board, &board.marks(&settings))));
    Ok(())
}

/// The remedy has a line of its own, below what it is about.
fn told(found: panel::Finding) -> Finding {
    let what = format!("board: {}{}{}", found.what, found.gap("\n     "), found.remedy);
    match found.verdict {
        Verdict::Fine => fine(what),
        Verdict::Mind => mind(what),
        Verdict::Broken => broken(what),
    }
}
