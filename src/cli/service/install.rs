//! `pigent service install`: everything is checked first, then written, then started.
//!
//! To be said again after any change: what is as it should be stays.

use super::dropin::DropIn;
use super::files::{self, PUBLIC, SECRET};
use super::place::Place;
use super::project::{Project, parts};
use super::systemd::{self, Properties};
use super::{Options, accounts, token, words};
use crate::cli::Failure;
use crate::cli::output::say;
use crate::panel::settings::{Lamp, Wire};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Lines of the log that are shown when it does not start.
const LOG: u32 = 20;

const LED_RULE: &str = include_str!("units/60-pigent-leds.rules");

pub(super) fn main(place: &Place, options: Options) -> Result<ExitCode, Failure> {
    let project = Project::find(place, &options)?;
    let program = std::env::current_exe().and_then(fs::canonicalize).map_err(Failure::other)?;
    let state = &project.config.state_dir;
    let state = &fs::canonicalize(state).unwrap_or_else(|_| state.clone());
    let drop_in = DropIn {
        user: &project.user.name,
        group: &project.user.group,
        gpio: accounts::has_group(place, "gpio"),
        home: &project.user.home,
        project: &project.dir,
        state,
        program: &program,
        systemd: systemd::version(),
    };
    let text = drop_in.text().map_err(Failure::Other)?;
    let env = project.env_text()?;
    if drop_in.needs_state() && !state.exists() {
        // Not made here: .env, where its name may be from, is the agent's to write.
        let (user, state) = (&project.user.name, state.display());
        return Err(Failure::Other(format!(
            "{state} is missing: sudo install -d -o {user} {state}"
        )));
    }

    write_secrets(place, &project, &env)?;
    write_unit(place)?;
    files::write(&place.drop_in(), &text, PUBLIC)?;
    write_led_rule(place, &project)?;
    blank_token(place, &project, options.env.as_deref())?;
    for warning in project.warnings(place, &drop_in.path().map_err(Failure::Other)?, &program) {
        say!("mind      {warning}");
    }
    start(place, &project, options.no_start)
}

fn write_secrets(place: &Place, project: &Project, env: &str) -> Result<(), Failure> {
    files::secret_folder(&place.secrets())?;
    files::write(&place.token(), &format!("{}\n", project.token), SECRET)?;
    match project.settings.is_empty() {
        true => files::remove(&place.env()),
        false => files::write(&place.env(), env, SECRET),
    }
}

/// The unit, unless a package has brought the same.
fn write_unit(place: &Place) -> Result<(), Failure> {
    let (text, _) = place.unit_text();
    let is_same = |path: &Path| fs::read_to_string(path).is_ok_and(|known| known == text);
    let Some(packaged) = place.packaged().into_iter().find(|path| is_same(path)) else {
        return files::write(&place.unit_file(), text, PUBLIC);
    };
    files::say("packaged", &packaged);
    // An older one of ours would hide it.
    if is_ours(&place.unit_file(), text) { files::remove(&place.unit_file()) } else { Ok(()) }
}

/// Whether a file begins as this unit does: written by this pigent or an earlier one.
pub(super) fn is_ours(path: &Path, text: &str) -> bool {
    let known = fs::read_to_string(path).unwrap_or_default();
    known.lines().next().is_some_and(|first| text.lines().next() == Some(first))
}

/// The rule for LEDs, if a lamp is one of the kernel's and no package has brought it.
fn write_led_rule(place: &Place, project: &Project) -> Result<(), Failure> {
    let is_led = |lamp| matches!(project.config.panel.wire(lamp), Some(Wire::Led(_)));
    let [own, packaged] = place.led_rule();
    if !Lamp::ALL.into_iter().any(is_led) || packaged.exists() {
        return Ok(());
    }
    let known = fs::read_to_string(&own).is_ok_and(|known| known == LED_RULE);
    files::write(&own, LED_RULE, PUBLIC)?;
    if !known {
        systemd::apply_led_rule();
    }
    Ok(())
}

/// Only now: the token is safe where it belongs.
fn blank_token(place: &Place, project: &Project, env: Option<&Path>) -> Result<(), Failure> {
    let dotenv = project.dir.join(".env");
    for file in [Some(dotenv.as_path()), env].into_iter().flatten() {
        let (folder, name) = parts(file);
        let blanked =
            token::blank(folder, name).map_err(|error| files::failed("change", file, &error))?;
        if blanked {
            say!(
                "blanked   the token in {}: it is in {} now",
                file.display(),
                place.token().display()
            );
        }
        let left = token::read(folder, name).ok().flatten();
        if left.is_some_and(|text| text.contains(&project.token)) {
            say!("mind      {} still holds the token somewhere: take it out", file.display());
        }
    }
    Ok(())
}

fn start(place: &Place, project: &Project, no_start: bool) -> Result<ExitCode, Failure> {
    let unit = place.unit();
    let running = place.at("/run/systemd/system").is_dir();
    if running {
        systemd::systemctl(&["daemon-reload"])?;
    }
    systemd::systemctl(&["enable", "--quiet", &unit])?;
    if no_start {
        say!("enabled   {unit}: it starts with the board");
        return Ok(ExitCode::SUCCESS);
    }
    // Comes back when it has said that it is ready, or has ended.
    let started = systemd::systemctl(&["restart", &unit]);
    let found = Properties::of(&unit)?;
    if started.is_ok() && found.get("ActiveState") == "active" {
        let (user, dir) = (&project.user.name, project.dir.display());
        say!("running   {unit} as {user} in {dir}: {}", found.get("StatusText"));
        say!("Next: pigent service status{}, or just write to the bot.", place.name().option());
        return Ok(ExitCode::SUCCESS);
    }
    say!("{}", systemd::log(&unit, LOG));
    let why = words::trouble(place, &found).unwrap_or_else(|| "it does not start".into());
    Err(Failure::Other(format!("{unit}: {why}")))
}
