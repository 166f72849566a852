//! Whatever the agent asks: no panic, every answer is one line of JSON that names its request,
//! and outside of bypass mode nothing is allowed without the user.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pigent::bridge::AgentEvent;
use pigent::bridge::agent::Verdict;
use pigent::bridge::rules::Permissions;
use pigent::engine::control::Requests;
use pigent::engine::transcript::{Heard, Transcript};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let mut heard = Vec::new();
    let mut transcript = Transcript::new();
    transcript.feed(data, &mut heard);
    transcript.finish(&mut heard);
    for permissions in [Permissions::Bypass, Permissions::Ask] {
        let mut requests = Requests::new(permissions);
        for one in &heard {
            let Heard::Control(control) = one else { continue };
            let id = control.request.clone();
            let (event, line) = requests.take(control.clone());
            if let Some(line) = line {
                let allowed = check(&id, &line);
                assert!(!allowed || permissions == Permissions::Bypass, "allowed by itself");
            }
            if let Some(line) = requests.answer(&id, &verdict(&event)) {
                check(&id, &line);
            }
            assert!(requests.answer(&id, &Verdict::Allow).is_none(), "answered twice");
        }
    }
});

fn verdict(event: &AgentEvent) -> Verdict {
    match event {
        AgentEvent::Question { questions, .. } => {
            let label = |question: &pigent::bridge::agent::Question| {
                let labels = question.options.iter().map(|option| option.label.clone());
                (question.text.clone(), labels.collect())
            };
            Verdict::Answers(questions.iter().map(label).collect())
        }
        AgentEvent::Ask { tool, .. } => Verdict::Deny { message: tool.clone() },
        _ => Verdict::Allow,
    }
}

/// Whether the line allows something.
fn check(request: &str, line: &[u8]) -> bool {
    let (end, rest) = line.split_last().expect("a line");
    assert_eq!(*end, b'\n');
    assert!(!rest.contains(&b'\n'), "two lines");
    let value: Value = serde_json::from_slice(rest).expect("JSON");
    assert_eq!(value["type"], "control_response");
    assert_eq!(value["response"]["request_id"], request);
    value["response"]["response"]["behavior"] == "allow"
}
