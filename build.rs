//! Notes the build date: a board whose clock is before it has not been told the time yet. And
//! tells the linker which code is rare, in builds for boards.

fn main() {
    note_date();
    order_code();
}

fn note_date() {
    // Reproducible builds give the date; see https://reproducible-builds.org/specs/source-date-epoch/
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=Cargo.toml");
    let now = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_secs())
    };
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|date| date.parse().ok());
    println!("cargo:rustc-env=PIGENT_BUILD_DATE={}", given.unwrap_or_else(now));
}

/// See `.cargo/rare.ld`. Only for musl: other linkers on a developer's machine may not know it,
/// and memory does not matter there.
fn order_code() {
    println!("cargo:rerun-if-changed=.cargo/rare.ld");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_ENV", "musl") && is("PROFILE", "release") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/.cargo/rare.ld");
    }
}
