//! `pigent service remove`: takes away what install has written, and only that.

use super::dropin::project_in;
use super::files;
use super::install::is_ours;
use super::place::Place;
use super::{Options, systemd};
use crate::cli::Failure;
use crate::cli::output::say;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn main(place: &Place, options: Options) -> Result<ExitCode, Failure> {
    let unit = place.unit();
    let Ok(drop_in) = fs::read_to_string(place.drop_in()) else {
        return Err(Failure::Other(super::status::not_installed(place)));
    };
    // Stops it, and waits until it has stopped.
    systemd::systemctl(&["disable", "--now", "--quiet", &unit])?;
    files::remove(&place.drop_in())?;
    remove_folder(place.drop_in().parent());
    if !shared(place) && is_ours(&place.unit_file(), place.unit_text().0) {
        files::remove(&place.unit_file())?;
    }
    if place.all().is_empty() {
        files::remove(&place.led_rule()[0])?;
    }
    files::remove(&place.env())?;
    if options.keep_token {
        files::say("kept", &place.token());
    } else {
        files::remove(&place.token())?;
        remove_folder(Some(&place.secrets()));
        remove_folder(place.secrets().parent());
    }
    systemd::systemctl(&["daemon-reload"])?;
    // It may have nothing to reset.
    let _ = systemd::systemctl(&["reset-failed", &unit]);
    if let Some(project) = project_in(&drop_in) {
        files::say("stays", &project);
        say!(
            "What pigent remembers is in its state folder there ({}); .env has no token any more.",
            project.join(".pigent").display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether another service uses the same unit file.
fn shared(place: &Place) -> bool {
    place.name().is_instance() && place.all().iter().any(|other| other.name().is_instance())
}

/// Removes a folder unless somebody has something in it.
fn remove_folder(folder: Option<&Path>) {
    if let Some(folder) = folder {
        let _ = fs::remove_dir(folder);
    }
}
