//! What pigent promises, each promise with a name. `RELIABILITY.md` uses the same names.

use core::fmt;

/// A promise. After every step of every story all of them are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    NoPromptLost,
    WrittenBeforeConfirmed,
    NoneStartedTwice,
    FirstInFirstOut,
    NothingFromStrangers,
    OneFinalPost,
    FinalPostArrives,
    PostsInOrder,
    OldStopsAreHarmless,
    OneRunAtATime,
    LampTellsTheTruth,
    StopIsObeyed,
    QuestionsAreAnswered,
    AnswersCountOnce,
    TapsAreAnswered,
    SendIsHonest,
    WithinBounds,
    ComesToRest,
    NeverPanics,
}

pub const ALL: [Promise; 19] = [
    Promise::NoPromptLost,
    Promise::WrittenBeforeConfirmed,
    Promise::NoneStartedTwice,
    Promise::FirstInFirstOut,
    Promise::NothingFromStrangers,
    Promise::OneFinalPost,
    Promise::FinalPostArrives,
    Promise::PostsInOrder,
    Promise::OldStopsAreHarmless,
    Promise::OneRunAtATime,
    Promise::LampTellsTheTruth,
    Promise::StopIsObeyed,
    Promise::QuestionsAreAnswered,
    Promise::AnswersCountOnce,
    Promise::TapsAreAnswered,
    Promise::SendIsHonest,
    Promise::WithinBounds,
    Promise::ComesToRest,
    Promise::NeverPanics,
];

impl Promise {
    /// The promise in one sentence.
    pub fn text(self) -> &'static str {
        match self {
            Promise::NoPromptLost => {
                "every prompt is started, refused to its writer's face, dropped on request or reported"
            }
            Promise::WrittenBeforeConfirmed => {
                "Telegram forgets a prompt only when the disk has it, and what a snapshot or post names is there"
            }
            Promise::NoneStartedTwice => {
                "no prompt is started twice, but for a tap on Run again and one fresh start without a session"
            }
            Promise::FirstInFirstOut => "prompts start in the order in which Telegram took them",
            Promise::NothingFromStrangers => "who is not on the list causes nothing but an answer",
            Promise::OneFinalPost => "for a started job exactly one final post is created",
            Promise::FinalPostArrives => {
                "a post is remembered until Telegram has taken all of it or refused it for good"
            }
            Promise::PostsInOrder => {
                "posts of one chat are given once a start, in the order in which they were made"
            }
            Promise::OldStopsAreHarmless => {
                "a stop that comes late or again never hits a later run"
            }
            Promise::OneRunAtATime => "no run begins before everything of a stopped one is gone",
            Promise::LampTellsTheTruth => {
                "the lamps show what the agent, the disk and the network do"
            }
            Promise::StopIsObeyed => {
                "a stop ends the run within the ladder, and its final post says so"
            }
            Promise::QuestionsAreAnswered => "every question of the agent gets exactly one verdict",
            Promise::AnswersCountOnce => {
                "an answer in words is written before it is confirmed and never runs; no tap answers twice"
            }
            Promise::TapsAreAnswered => "every tap is answered in the step that takes it in",
            Promise::SendIsHonest => {
                "what `pigent send` was told to be taken arrives; what was refused does not"
            }
            Promise::WithinBounds => "queue, snapshot, posts and views stay within their bounds",
            Promise::ComesToRest => {
                "when the inputs end everything is finished, nothing is awake, and a restart changes nothing"
            }
            Promise::NeverPanics => "no input whatever ends the process",
        }
    }
}

/// A promise that was broken, and how.
#[derive(Clone, Debug)]
pub struct Broken {
    pub promise: Promise,
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is broken ({}): {}", self.promise, self.promise.text(), self.how)
    }
}
