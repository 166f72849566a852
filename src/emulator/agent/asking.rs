//! Turns that need the user's word: permissions and questions.

use super::lines;
use super::sessions;
use super::stage::{Stage, Stop};
use serde_json::{Value, json};

/// Wants to run a command. In bypass mode nobody is asked, as in the real program, unless the
/// script insists.
pub(super) fn ask(stage: &mut Stage, command: &str, even_in_bypass: bool) -> Result<(), Stop> {
    let input = json!({ "command": command, "description": "Run what was asked for" });
    let call = stage.call("Bash", &input);
    let answer = match (stage.flags.bypass && !even_in_bypass, stage.flags.asks) {
        (true, _) => Some(json!({ "behavior": "allow" })),
        (false, false) => None,
        (false, true) => request(stage, &call, "Bash", &input)?,
    };
    conclude(stage, &call, answer.as_ref(), |_| format!("ran {command}"))
}

/// Asks the user one of the sets of questions, and answers with what came back.
pub(super) fn question(stage: &mut Stage, which: &str) -> Result<(), Stop> {
    let input = json!({ "questions": questions(which) });
    let call = stage.call("AskUserQuestion", &input);
    let answer = match stage.flags.asks {
        true => request(stage, &call, "AskUserQuestion", &input)?,
        false => None,
    };
    conclude(stage, &call, answer.as_ref(), |answer| {
        let given = &answer["updatedInput"];
        let whole = given["questions"] == input["questions"];
        let note = if whole { "" } else { " (the questions did not come back whole)" };
        format!("answers: {}{note}", given["answers"])
    })
}

/// Sends `can_use_tool` and waits for the answer.
fn request(
    stage: &mut Stage,
    call: &str,
    tool: &str,
    input: &Value,
) -> Result<Option<Value>, Stop> {
    let id = sessions::fresh();
    let about = input["description"].as_str().unwrap_or_default();
    lines::print(&lines::can_use(&id, call, tool, input, about));
    stage.answer(&id)
}

/// Goes on as it was told, and says how that was.
fn conclude(
    stage: &mut Stage,
    call: &str,
    answer: Option<&Value>,
    allowed: impl FnOnce(&Value) -> String,
) -> Result<(), Stop> {
    match answer {
        Some(answer) if answer["behavior"] == "allow" => {
            let text = allowed(answer);
            stage.tool_result(call, "(completed with no output)", false);
            stage.done(&text);
        }
        refused => {
            let message = refused.and_then(|refused| refused["message"].as_str());
            let message = message.unwrap_or("nobody answered");
            stage.tool_result(call, message, true);
            if refused.is_some_and(|refused| refused["interrupt"] == true) {
                return Err(Stop::Interrupt);
            }
            stage.done(&format!("denied: {message}"));
        }
    }
    Ok(())
}

fn questions(which: &str) -> Value {
    let colour = json!({ "question": "Which colour do you want?", "header": "Colour",
        "multiSelect": false, "options": [{ "label": "Red", "description": "warm" },
        { "label": "Blue", "description": "cold" }] });
    let size = json!({ "question": "How big shall it be?", "header": "Size",
        "multiSelect": false, "options": [{ "label": "Small", "description": "" },
        { "label": "Large", "description": "needs more room" }] });
    let toppings = json!({ "question": "What shall be on it?", "header": "On it",
        "multiSelect": true, "options": [{ "label": "Cheese", "description": "" },
        { "label": "Olives", "description": "" }, { "label": "Ham", "description": "" }] });
    match which {
        "questions" => json!([colour, size]),
        "multi" => json!([toppings]),
        "question big" => {
            let long = "This choice has a long description. ".repeat(300);
            json!([{ "question": "Which one?", "header": "Big", "multiSelect": false,
                "options": [{ "label": "One", "description": long },
                { "label": "Two", "description": long }] }])
        }
        _ => json!([colour]),
    }
}
