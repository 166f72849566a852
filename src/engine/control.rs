//! What the agent asks of pigent: which requests go to the user, and which are answered at once.
//!
//! It decides nothing a user could decide: it knows the permission mode, keeps the inputs that an
//! answer must repeat, and makes lines for stdin. Requests come from [`super::transcript`],
//! verdicts from the bridge.

use super::protocol;
use super::shown::shown;
use super::transcript::Control;
use crate::bridge::AgentEvent;
use crate::bridge::agent::{Choice, Question, Verdict};
use crate::bridge::rules::Permissions;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// The tool by which the agent asks the user something.
const QUESTION: &str = "AskUserQuestion";

/// Requests that may be open at once; the agent asks for parallel tools one by one.
const OPEN_MAX: usize = 32;

/// Questions in one request. The tool allows four.
const QUESTIONS_MAX: usize = 8;

/// Choices of one question. The tool allows four; what is beyond can be typed.
const CHOICES_MAX: usize = 8;

/// The requests of one run.
#[derive(Debug)]
pub struct Requests {
    permissions: Permissions,
    open: VecDeque<Open>,
}

/// A request that waits for the user.
#[derive(Debug)]
struct Open {
    request: String,
    /// Raw JSON, for a question only.
    input: Option<String>,
}

impl Requests {
    /// None yet.
    #[must_use]
    pub fn new(permissions: Permissions) -> Requests {
        Requests { permissions, open: VecDeque::new() }
    }

    /// Judges a new request: what to tell the bridge, and what to answer at once.
    ///
    /// In bypass mode every tool is allowed, only questions go to the user. A request of a kind
    /// pigent does not know gets an error, so that the agent does not wait for ever.
    pub fn take(&mut self, control: Control) -> (AgentEvent, Option<Vec<u8>>) {
        let request = control.request.as_str();
        let answer = match control.subtype.as_str() {
            _ if request.is_empty() => None,
            "can_use_tool" if control.tool == QUESTION => return self.open(question(control)),
            "can_use_tool" if self.permissions == Permissions::Bypass => {
                Some(protocol::allow(request))
            }
            "can_use_tool" => return self.open((ask(control), None)),
            // Its contract is that who cannot show dialogs stays silent (STREAM.md section 6).
            "request_user_dialog" => None,
            other => {
                let why = format!("pigent does not support the request \"{other}\"");
                Some(protocol::error(request, &why))
            }
        };
        (AgentEvent::Alive, answer)
    }

    /// The line for a verdict; `None` if nobody waits for it any more.
    pub fn answer(&mut self, request: &str, verdict: &Verdict) -> Option<Vec<u8>> {
        let at = self.open.iter().position(|open| open.request == request)?;
        let open = self.open.remove(at)?;
        Some(match verdict {
            Verdict::Allow => protocol::allow(request),
            Verdict::Deny { message } => protocol::deny(request, message),
            Verdict::Answers(answers) => {
                let input = open.input.as_deref().unwrap_or_default();
                protocol::answers(request, input, answers)
                    .unwrap_or_else(|| protocol::deny(request, "The answer could not be sent."))
            }
        })
    }

    /// The agent no longer waits for this one.
    pub fn withdraw(&mut self, request: &str) {
        self.open.retain(|open| open.request != request);
    }

    fn open(
        &mut self,
        (event, input): (AgentEvent, Option<String>),
    ) -> (AgentEvent, Option<Vec<u8>>) {
        let (AgentEvent::Ask { request, .. } | AgentEvent::Question { request, .. }) = &event
        else {
            return (event, None);
        };
        if self.open.len() >= OPEN_MAX {
            let line = protocol::deny(request, "Too many requests are open; ask again later.");
            return (AgentEvent::Alive, Some(line));
        }
        self.open.push_back(Open { request: request.clone(), input });
        (event, None)
    }
}

fn ask(control: Control) -> AgentEvent {
    AgentEvent::Ask {
        request: control.request,
        tool: control.tool,
        preview: control.preview,
        input: control.input.as_deref().map(shown).unwrap_or_default(),
        description: control.description,
        cut: control.cut,
    }
}

/// The questions, and the input to send back. What cannot be read, or is more than can be asked,
/// counts as cut: it must be declined.
fn question(control: Control) -> (AgentEvent, Option<String>) {
    let input = control.input.filter(|_| !control.cut);
    let questions = input.as_deref().and_then(read).unwrap_or_default();
    let cut = questions.is_empty();
    let event = AgentEvent::Question { request: control.request, questions, cut };
    (event, input)
}

/// The input of AskUserQuestion, as far as it matters. By hand: serde's derive takes three times the
/// room.
fn read(input: &str) -> Option<Vec<Question>> {
    let asked: Map<String, Value> = serde_json::from_str(input).ok()?;
    let questions = asked.get("questions")?.as_array()?;
    if questions.len() > QUESTIONS_MAX {
        return None;
    }
    questions.iter().map(question_of).collect()
}

fn question_of(asked: &Value) -> Option<Question> {
    let options = match asked.get("options") {
        Some(options) => options.as_array()?,
        None => &Vec::new(),
    };
    Some(Question {
        text: text_of(asked, "question")?,
        header: text_of(asked, "header").unwrap_or_default(),
        options: options.iter().take(CHOICES_MAX).map(choice_of).collect::<Option<_>>()?,
        multi: asked.get("multiSelect").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn choice_of(asked: &Value) -> Option<Choice> {
    let description = text_of(asked, "description").unwrap_or_default();
    Some(Choice { label: text_of(asked, "label")?, description })
}

fn text_of(asked: &Value, name: &str) -> Option<String> {
    asked.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = r#"{"questions":[{"question":"Which colour do you want?","header":"Colour",
        "options":[{"label":"Red","description":"warm"},{"label":"Blue","description":"cold"}],
        "multiSelect":false}]}"#;

    fn control(subtype: &str, tool: &str, input: &str) -> Control {
        Control {
            request: "r1".into(),
            subtype: subtype.into(),
            tool: tool.into(),
            input: Some(input.into()),
            ..Control::default()
        }
    }

    fn read_back(line: Option<Vec<u8>>) -> Value {
        serde_json::from_slice(&line.unwrap()).unwrap()
    }

    #[test]
    fn bypass_allows_tools_at_once() {
        let mut requests = Requests::new(Permissions::Bypass);
        let (event, line) = requests.take(control("can_use_tool", "Bash", "{}"));
        assert_eq!(event, AgentEvent::Alive);
        assert_eq!(line, Some(protocol::allow("r1")));
        assert_eq!(requests.answer("r1", &Verdict::Allow), None);
    }

    #[test]
    fn other_modes_ask_and_answer_once() {
        for mode in [Permissions::Ask, Permissions::AcceptEdits, Permissions::Plan] {
            let mut requests = Requests::new(mode);
            let asked = Control {
                cut: true,
                preview: "rm x".into(),
                ..control("can_use_tool", "Bash", "{}")
            };
            let (event, line) = requests.take(asked);
            assert_eq!(line, None);
            assert_eq!(
                event,
                AgentEvent::Ask {
                    request: "r1".into(),
                    tool: "Bash".into(),
                    preview: "rm x".into(),
                    input: String::new(),
                    description: String::new(),
                    cut: true,
                }
            );
            assert_eq!(requests.answer("r1", &Verdict::Allow), Some(protocol::allow("r1")));
            assert_eq!(requests.answer("r1", &Verdict::Allow), None);
        }
    }

    #[test]
    fn questions_go_to_the_user_in_every_mode() {
        let mut requests = Requests::new(Permissions::Bypass);
        let (event, line) = requests.take(control("can_use_tool", QUESTION, INPUT));
        assert_eq!(line, None);
        let AgentEvent::Question { questions, cut: false, .. } = event else { panic!("{event:?}") };
        assert_eq!(questions[0].text, "Which colour do you want?");
        assert_eq!(questions[0].options[1].description, "cold");
        let given = vec![("Which colour do you want?".to_owned(), vec!["Blue".to_owned()])];
        let answer = read_back(requests.answer("r1", &Verdict::Answers(given)));
        let updated = &answer["response"]["response"]["updatedInput"];
        assert_eq!(updated["answers"]["Which colour do you want?"], "Blue");
        assert_eq!(updated["questions"][0]["header"], "Colour");
    }

    #[test]
    fn what_cannot_be_asked_must_be_declined() {
        let many = format!(r#"{{"questions":[{}]}}"#, [r#"{"question":"q"}"#; 9].join(","));
        let inputs = [
            "",
            "{}",
            r#"{"questions":[]}"#,
            r#"{"questions":[{}]}"#,
            many.as_str(),
            "[",
            "[1]",
            r#"{"questions":[1]}"#,
            r#"{"questions":[{"question":"q","options":[{"label":1}]}]}"#,
        ];
        for input in inputs {
            let mut requests = Requests::new(Permissions::Bypass);
            let (event, _) = requests.take(control("can_use_tool", QUESTION, input));
            let unasked =
                AgentEvent::Question { request: "r1".into(), questions: vec![], cut: true };
            assert_eq!(event, unasked, "{input}");
            let message = "too long".to_owned();
            let line = requests.answer("r1", &Verdict::Deny { message });
            assert_eq!(line, Some(protocol::deny("r1", "too long")));
        }
    }

    #[test]
    fn a_cut_input_is_not_sent_back() {
        let mut requests = Requests::new(Permissions::Ask);
        let cut = Control { cut: true, ..control("can_use_tool", QUESTION, INPUT) };
        let (event, _) = requests.take(cut);
        assert!(matches!(event, AgentEvent::Question { cut: true, .. }), "{event:?}");
        let answer = read_back(requests.answer("r1", &Verdict::Answers(vec![])));
        assert_eq!(answer["response"]["response"]["behavior"], "deny");
    }

    #[test]
    fn more_choices_than_buttons_are_left_out() {
        let choices = [r#"{"label":"l"}"#; 12].join(",");
        let input = format!(r#"{{"questions":[{{"question":"q","options":[{choices}]}}]}}"#);
        assert_eq!(read(&input).unwrap()[0].options.len(), CHOICES_MAX);
    }

    #[test]
    fn unknown_requests_get_an_error_at_once() {
        let mut requests = Requests::new(Permissions::Ask);
        for subtype in ["hook_callback", "elicitation", "mcp_message", "new \"thing\""] {
            let (event, line) = requests.take(control(subtype, "", "{}"));
            assert_eq!(event, AgentEvent::Alive);
            assert_eq!(read_back(line)["response"]["subtype"], "error");
        }
        let (event, line) = requests.take(control("request_user_dialog", "", "{}"));
        assert_eq!((event, line), (AgentEvent::Alive, None));
    }

    #[test]
    fn a_withdrawn_request_is_not_answered() {
        let mut requests = Requests::new(Permissions::Ask);
        let _ = requests.take(control("can_use_tool", "Bash", "{}"));
        requests.withdraw("r1");
        assert_eq!(requests.answer("r1", &Verdict::Allow), None);
    }

    #[test]
    fn open_requests_are_bounded() {
        let mut requests = Requests::new(Permissions::Ask);
        for number in 0..=OPEN_MAX {
            let asked =
                Control { request: number.to_string(), ..control("can_use_tool", "Bash", "{}") };
            let (event, line) = requests.take(asked);
            assert_eq!(line.is_some(), number == OPEN_MAX);
            assert_eq!(event == AgentEvent::Alive, number == OPEN_MAX);
        }
    }
}
