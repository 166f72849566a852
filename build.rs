//! Notes the build date: a board whose clock is before it has not been told the time yet.

fn main() {
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
