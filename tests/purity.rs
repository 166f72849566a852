//! The rooms of the house (ARCHITECTURE.md) and what each may know, read from the sources: the
//! bridge touches nothing of the world, and no room reaches into one that it must not know.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use, besides itself.
const ARROWS: [(&str, &[&str]); 7] = [
    ("bridge", &[]),
    ("stream", &[]),
    ("engine", &["bridge", "stream"]),
    ("telegram", &["bridge", "failpoint", "haste"]),
    ("panel", &["bridge", "failpoint"]),
    ("store", &["bridge", "failpoint"]),
    ("config", &["bridge", "engine", "panel", "telegram"]),
];
/// All of the standard library that decisions need.
const STD: [&str; 3] = ["collections", "hash", "sync::Arc"];
/// Crates without I/O: derives for the memory, and levels of log lines.
const CRATES: [&str; 2] = ["serde", "log"];
const MACROS: [&str; 9] = [
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "env!",
    "option_env!",
    "include_str!",
    "include_bytes!",
];

/// A source file as the compiler sees it: comments and the insides of literals are blank.
fn code_of(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let (mut code, mut i) = (String::new(), 0);
    while i < letters.len() {
        let hashes = (i + 1..).take_while(|n| at(*n) == '#').count();
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..).find(|n| matches!(at(*n), '\n' | '\0')).unwrap_or(i),
            ('/', '*') => {
                (i + 3..=letters.len()).find(|n| at(n - 1) == '*' && at(*n) == '/').unwrap_or(i) + 1
            }
            ('r', _) if at(i + 1 + hashes) == '"' && !code.ends_with(char::is_alphanumeric) => {
                let close = |n: &usize| at(*n) == '"' && (1..=hashes).all(|h| at(n + h) == '#');
                (i + 2 + hashes..letters.len()).find(close).unwrap_or(i) + hashes + 1
            }
            ('"', _) => {
                let mut n = i + 1;
                while n < letters.len() && at(n) != '"' {
                    n += if at(n) == '\\' { 2 } else { 1 };
                }
                n + 1
            }
            ('\'', '\\') => (i + 3..).find(|n| matches!(at(*n), '\'' | '\0')).unwrap_or(i) + 1,
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => {
                code.push(at(i));
                i += 1;
                continue;
            }
        };
        code.push(' ');
        i = end.max(i + 1);
    }
    code
}

/// Without inline test modules.
fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    while let Some(start) = kept.find("#[cfg(test)]\nmod tests {") {
        let (mut depth, mut end) = (0_i32, kept.len());
        for (index, letter) in kept[start..].char_indices() {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            if letter == '}' && depth == 0 {
                end = start + index + 1;
                break;
            }
        }
        kept.replace_range(start..end, "");
    }
    kept
}

/// Every path in the code that begins with this word, groups taken apart: `std::{a::b, c}` are
/// `a::b` and `c`.
fn paths_from(code: &str, root: &str) -> Vec<String> {
    let dense: String = code.split_whitespace().collect::<Vec<_>>().join(" ").replace(":: ", "::");
    let start = format!("{root}::");
    let mut paths = Vec::new();
    for (index, _) in dense.match_indices(&start) {
        let before = dense[..index].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &dense[index + start.len()..];
        match rest.strip_prefix('{') {
            Some(group) => paths.extend(members(group)),
            None => paths.push(path_at(rest)),
        }
    }
    paths
}

fn path_at(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect()
}

/// The first path of each member of a group, up to its closing brace.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut found, mut fresh) = (0_usize, Vec::new(), true);
    for (index, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' => fresh |= depth == 0,
            _ if fresh && letter != ' ' => {
                found.push(path_at(&group[index..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(index, _)| {
        let before = code[..index].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':'))
    })
}

/// What makes decisions depend on the world.
fn impurities(code: &str, crates: &[String]) -> Vec<String> {
    let allowed =
        |path: &String| STD.iter().any(|ok| path == ok || path.starts_with(&format!("{ok}::")));
    let mut found: Vec<String> =
        paths_from(code, "std").into_iter().filter(|path| !allowed(path)).collect();
    found.extend(MACROS.iter().filter(|name| has_word(code, name)).map(|name| name.to_string()));
    let foreign = |name: &&String| {
        has_word(code, &format!("{name}::")) || has_word(code, &format!("use {name}"))
    };
    found.extend(crates.iter().filter(foreign).cloned());
    found.extend(
        ["unsafe", "extern crate"].iter().filter(|w| has_word(code, w)).map(|w| w.to_string()),
    );
    found
}

/// Rooms that this code uses. `depth` is how deep its module lies: 1 is `src/room/mod.rs`.
fn strays(code: &str, depth: usize, room: &str, allowed: &[&str]) -> Vec<String> {
    let known = |path: &String| {
        let first = path.split("::").next().unwrap_or_default();
        first == room || allowed.contains(&first)
    };
    let mut found: Vec<String> =
        paths_from(code, "crate").into_iter().filter(|path| !known(path)).collect();
    if code.contains(&"super::".repeat(depth)) {
        found.push("super, past the room's door".to_owned());
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(sources(&entry));
        } else if entry.extension().is_some_and(|end| end == "rs") {
            files.push(entry);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every crate the house is built with, but those the bridge may use.
fn crates() -> Vec<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, rest) = text.split_once("[dependencies]\n").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split_once(" = "));
    let names = names.map(|(name, _)| name.trim().replace('-', "_"));
    names.filter(|name| !name.starts_with('#') && !CRATES.contains(&name.as_str())).collect()
}

fn code_in(file: &Path) -> String {
    code_of(&fs::read_to_string(file).unwrap())
}

#[test]
fn the_bridge_touches_nothing_of_the_world() {
    let folder = root().join("src/bridge");
    let crates = crates();
    assert!(crates.contains(&"tokio".to_owned()) && crates.contains(&"serde_json".to_owned()));
    let mut seen = 0;
    for file in sources(&folder) {
        if file.starts_with(folder.join("tests")) {
            continue;
        }
        seen += 1;
        let found = impurities(&without_tests(&code_in(&file)), &crates);
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
    assert!(seen > 20, "only {seen} files were read");
}

#[test]
fn no_room_reaches_into_one_it_must_not_know() {
    for (room, allowed) in ARROWS {
        for file in sources(&root().join("src").join(room)) {
            let inside = file.strip_prefix(root().join("src")).unwrap().with_extension("");
            let door = inside.file_name().is_some_and(|name| name == "mod");
            // `x_tests.rs` is the module `x::tests`.
            let tests = inside.to_string_lossy().ends_with("_tests");
            let depth = inside.components().count() - usize::from(door) + usize::from(tests);
            let code = without_tests(&code_in(&file));
            let found = strays(&code, depth, room, allowed);
            assert!(found.is_empty(), "{}: {found:?}", file.display());
        }
    }
}

#[test]
fn the_parser_knows_neither_processes_nor_files() {
    for file in sources(&root().join("src/stream")) {
        let code = without_tests(&code_in(&file));
        let world = ["fs", "io", "net", "process", "thread", "os", "env", "time"];
        let found = paths_from(&code, "std");
        let found = found.iter().filter(|path| world.contains(&path.split("::").next().unwrap()));
        let found: Vec<_> = found.collect();
        assert!(found.is_empty() && !has_word(&code, "tokio"), "{}: {found:?}", file.display());
    }
}

#[test]
fn a_bad_line_is_found_and_a_harmless_one_is_not() {
    let crates = ["tokio".to_owned(), "serde_json".to_owned(), "rustix".to_owned()];
    for bad in [
        "use std::fs;",
        "use std::{collections::HashMap, net::TcpStream};",
        "use std::{\n    sync::{Arc, Mutex},\n    time::Instant,\n};",
        "let now = std::time::SystemTime::now();",
        "::std::process::exit(1)",
        "use tokio::sync::mpsc;",
        "use rustix;",
        "serde_json::to_string(&memory)",
        "println!(\"{x}\")",
        "let path = env!(\"HOME\");",
        "use std::sync::Mutex;",
        "let quote = '\"'; std::thread::sleep(wait);",
        "let text = r#\"\"\"#; std::env::var(name)",
        "unsafe { x() }",
    ] {
        assert!(!impurities(&code_of(bad), &crates).is_empty(), "{bad}");
    }
    for fine in [
        "use std::collections::{HashMap, VecDeque};",
        "use std::sync::Arc;",
        "use core::time::Duration;",
        "// std::fs would be wrong here",
        "/* tokio:: */ let text = \"std::net, \\\" tokio::spawn\";",
        "let text = r#\"use std::fs; \"tokio::\" \"#;",
        "fn life<'a>(text: &'a str) -> &'a str { text }",
        "my_std::x; my_tokio::x;",
        "log::Level::Info; serde::Serialize",
    ] {
        assert_eq!(impurities(&code_of(fine), &crates), Vec::<String>::new(), "{fine}");
    }
    let hidden =
        "use std::fs;\n#[cfg(test)]\nmod tests {\n    use std::env; fn f() { }\n}\nuse std::os;";
    assert_eq!(impurities(&without_tests(&code_of(hidden)), &crates), ["fs", "os"]);
    for bad in ["use crate::panel::Handle;", "use crate::{engine, bridge};", "super::super::x"] {
        assert_eq!(strays(&code_of(bad), 2, "telegram", &["bridge"]).len(), 1, "{bad}");
    }
    assert!(
        strays("crate::telegram::x; crate::bridge::y; super::z", 2, "telegram", &["bridge"])
            .is_empty()
    );
}
