//! Whatever stands in `.env`: pairs or a line number, a configuration or problems, and none of
//! them ever shows the token.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pigent::config::{Config, Sources, TOKEN, parse_dotenv};

/// The secret part of a token; the rest of the input is the fuzzer's.
const SECRET: &str = "AAHsecretSECRETsecretSECRETsecretSECRE";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.contains(SECRET) {
        // Without the number before it nothing tells that it is one.
        return;
    }
    check(text);
    check(&format!("{TOKEN}=123456:{SECRET}\n{text}"));
    // In a place where it does not belong.
    check(&format!("{text}123456:{SECRET}"));
});

fn check(text: &str) {
    let mut shown = String::new();
    match parse_dotenv(text) {
        Err(why) => shown.push_str(&why),
        Ok(dotenv) => {
            assert!(dotenv.len() <= text.lines().count());
            let sources = Sources { project_dir: "/dev/shm".into(), dotenv, ..Sources::default() };
            shown.push_str(&format!("{sources:?}"));
            match Config::load(&sources) {
                Ok(config) => shown.push_str(&format!("{:?}", config.telegram)),
                Err(problems) => {
                    problems.iter().for_each(|problem| shown.push_str(&problem.to_string()));
                }
            }
        }
    }
    assert!(!shown.contains(SECRET), "{shown}");
}
